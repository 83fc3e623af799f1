"""The demo's calendar: when people in Paris work, browse and sign, as seconds since 1970 in UTC.

Belongs here: days, working hours, seasons and the change between UTC and local days. Does not belong here:
who does what.
Times are int64 seconds; `NEVER` stands for a thing that does not happen.
"""

from __future__ import annotations

from datetime import UTC, date, datetime

import numpy as np

from orchestration.demo.draws import Booleans, Draws, Floats, Integers

HOUR = 3600
DAY = 86_400
NEVER = np.int64(2**60)


def utc(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> int:
    """Seconds since 1970 of a UTC time."""
    return int(datetime(year, month, day, hour, minute, tzinfo=UTC).timestamp())


FIRST_DAY = date(2025, 1, 1)
LAST_DAY = date(2025, 12, 31)
# Midnights of Paris.
START = utc(2024, 12, 31, 23)
LEGACY_START = utc(2024, 6, 30, 22)
# Nothing is seen after 23:30 of the last day in Paris, so that the newest event is still of 2025.
END = utc(2025, 12, 31, 22, 30)

# Summer time in the European Union begins and ends at 01:00 UTC.
_SUMMERS = np.array(
    [[utc(2024, 3, 31, 1), utc(2024, 10, 27, 1)], [utc(2025, 3, 30, 1), utc(2025, 10, 26, 1)]], dtype=np.int64
)
_MONTH_WEIGHTS = np.array([0.82, 0.9, 1.05, 0.98, 0.92, 1.06, 0.74, 0.46, 1.22, 1.3, 1.26, 0.7])
_WEEKDAY_WEIGHTS = np.array([1.0, 1.15, 1.12, 1.08, 0.84, 0.2, 0.16])
_OFFICE_HOURS = np.array([0, 0, 0, 0, 0, 0, 0, 1, 4, 9, 10, 9, 4, 5, 9, 10, 9, 6, 2, 0, 0, 0, 0, 0], dtype=float)
_WEB_HOURS = np.array([1, 1, 0, 0, 0, 1, 2, 4, 8, 12, 13, 12, 9, 10, 12, 12, 11, 9, 6, 5, 6, 6, 4, 2], dtype=float)


def to_utc(local: Integers) -> Integers:
    """Paris wall-clock seconds to UTC seconds."""
    winter = local - HOUR
    return winter - HOUR * _is_summer(winter - HOUR)


def to_local(times: Integers) -> Integers:
    """UTC seconds to Paris wall-clock seconds."""
    return times + HOUR + HOUR * _is_summer(times)


def _is_summer(times: Integers) -> Integers:
    summer = np.zeros(times.shape, dtype=np.int64)
    for begin, end in _SUMMERS:
        summer |= (times >= begin) & (times < end)
    return summer


def local_month(times: Integers) -> Integers:
    """Months since January 1970 of UTC seconds, in Paris."""
    days = (to_local(times) // DAY).astype("datetime64[D]")
    return days.astype("datetime64[M]").astype(np.int64)


def month_end(month: int) -> int:
    """The first UTC second after a month (months since January 1970) in Paris."""
    local = np.array([np.datetime64(month + 1, "M").astype("datetime64[s]").astype(np.int64)])
    return int(to_utc(local)[0])


def add_months(times: Integers, months: int) -> Integers:
    """The same day and local hour some months later; days after the 28th count as the 28th."""
    local = to_local(times)
    days = (local // DAY).astype("datetime64[D]")
    first = days.astype("datetime64[M]")
    day_of_month = np.minimum((days - first.astype("datetime64[D]")).astype(np.int64), 27)
    moved = (first + months).astype("datetime64[D]").astype(np.int64) + day_of_month
    return to_utc(moved * DAY + local % DAY)


def _second_of_day(draws: Draws, count: int, hours: Floats) -> Integers:
    return draws.choice(count, hours) * HOUR + draws.whole(count, 0, HOUR)


def season_times(draws: Draws, count: int, first: int = START, last: int = END) -> Integers:
    """Times of business between two UTC times, weighted by month, weekday, hour and a year of growth."""
    first_day, last_day = (first + 2 * HOUR) // DAY, (last + HOUR) // DAY
    days = np.arange(first_day, last_day + 1)
    months = days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) % 12
    weights = _MONTH_WEIGHTS[months] * _WEEKDAY_WEIGHTS[(days + 3) % 7]
    weights = weights * np.linspace(0.8, 1.2, len(days))
    chosen = days[draws.choice(count, weights)]
    times = to_utc(chosen * DAY + _second_of_day(draws, count, _OFFICE_HOURS))
    return np.clip(times, first + HOUR, last - HOUR)


def office_times(draws: Draws, around: Integers) -> Integers:
    """The given times moved into office hours of the same day, mostly away from weekends; NEVER stays."""
    safe = np.where(around >= NEVER, START, around)
    days = to_local(safe) // DAY
    weekday = (days + 3) % 7
    shift = np.where(weekday >= 5, 7 - weekday, 0)
    days = days + np.where(draws.chance(len(around), 0.9), shift, 0)
    times = to_utc(days * DAY + _second_of_day(draws, len(around), _OFFICE_HOURS))
    return np.where(around >= NEVER, NEVER, times)


def web_times(draws: Draws, around: Integers) -> Integers:
    """The given times moved to an hour at which people browse, on the same day."""
    days = to_local(around) // DAY
    return to_utc(days * DAY + _second_of_day(draws, len(around), _WEB_HOURS))


def happened(times: Integers) -> Booleans:
    """True where a time lies before the end of the demo."""
    return times < END


# Months since January 1970, the first and last of the demo.
FIRST_MONTH = int(local_month(np.array([LEGACY_START + DAY]))[0])
LAST_MONTH = int(local_month(np.array([END]))[0])
