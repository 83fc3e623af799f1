"""Whatever files arrive, in whatever order and however often, the raw tables are the same and no row is lost."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ingestion_house import House


@dataclass(frozen=True)
class File:
    name: str
    content: str
    modified: datetime


PLACES = st.sampled_from(
    ["", "a/", "b/", "2024-02-01/"],
)
NAMES = st.sampled_from(["one", "two_2024-01-05", "three_2024-01-06", "four_20240106"])
MOMENTS = st.integers(0, 3).map(lambda day: datetime(2024, 1, 4) + timedelta(days=day))
SMALL = st.sampled_from(["", "x", "y"])


def csv(header: str, rows: list[tuple[str, ...]]) -> str:
    return "\n".join([header, *(",".join(row) for row in rows)]) + "\n"


def export(text: str) -> str:
    """The same table as an export button writes it: a title, semicolons and a total row."""
    total = "Total" + ";" * text.split("\n", 1)[0].count(",")
    return "Report\n\n" + text.replace(",", ";") + total + "\n"


def files(folder: str, header: str, row: st.SearchStrategy[tuple[str, ...]]) -> st.SearchStrategy[list[File]]:
    one = st.builds(
        lambda place, name, rows, modified, dress: File(
            f"{folder}/{place}{name}.csv", dress(csv(header, rows)), modified
        ),
        PLACES,
        NAMES,
        st.lists(row, min_size=1, max_size=4),
        MOMENTS,
        st.sampled_from([str, str, export]),
    )
    return st.lists(one, min_size=1, max_size=5, unique_by=lambda file: file.name)


STAMPS = st.sampled_from(["2024-01-05 00:00:00", "2024-01-06 00:00:00", ""])
EVENTS = st.one_of(
    files(
        "email/events",
        "event_id,value,occurred_at",
        st.tuples(st.sampled_from(["1", "2", "3", ""]), SMALL, st.sampled_from(["2024-01-01", "", "x"])),
    ),
    files("email/events", "event_id,value,_fivetran_synced", st.tuples(st.sampled_from(["1", "2"]), SMALL, STAMPS)),
)
PEOPLE = files(
    "crm/people",
    "id,email,updated_at",
    st.tuples(
        st.sampled_from(["1", "2", ""]), SMALL, st.sampled_from(["", "2024-01-01 00:00:00", "2024-01-02 00:00:00"])
    ),
)
DAYS = st.one_of(
    files(
        "ads/days",
        "date,account,campaign,spend",
        st.tuples(
            st.sampled_from(["2024-01-01", "2024-01-02", "nonsense"]),
            st.sampled_from(["", "A"]),
            SMALL,
            st.sampled_from(["1", "2.5"]),
        ),
    ),
    files(
        "ads/days",
        "date,account,campaign,spend,_fivetran_synced",
        st.tuples(st.just("2024-01-01"), st.sampled_from(["", "A"]), SMALL, st.just("1"), STAMPS),
    ),
)
COSTS = files(
    "costs/costs",
    "date,amount",
    st.tuples(st.sampled_from(["2024-01-01", "2024-01-02", "2024-02-01", "x"]), st.sampled_from(["1", "2"])),
)


def put(house: House, file: File) -> None:
    house.put(file.name, file.content, modified=file.modified)


@pytest.mark.parametrize(
    ("place", "some_files"),
    [
        pytest.param(("email", "events"), EVENTS, id="append"),
        pytest.param(("crm", "people"), PEOPLE, id="upsert"),
        pytest.param(("ads", "days"), DAYS, id="replace_window_with_key"),
        pytest.param(("costs", "costs"), COSTS, id="replace_window_without_key"),
    ],
)
def test_any_order_and_repetition_gives_the_same_raw_table(
    place: tuple[str, str], some_files: st.SearchStrategy[list[File]]
) -> None:
    @settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def check(data: st.DataObject) -> None:
        together = data.draw(some_files)
        order = data.draw(st.permutations(together))
        stops = data.draw(st.lists(st.booleans(), min_size=len(order), max_size=len(order)))
        with tempfile.TemporaryDirectory() as first, tempfile.TemporaryDirectory() as second:
            at_once, piecemeal = House(Path(first)), House(Path(second))
            for file in together:
                put(at_once, file)
            at_once.load()
            for file, stop in zip(order, stops, strict=True):
                put(piecemeal, file)
                if stop:
                    piecemeal.load()
            piecemeal.load()
            table = at_once.contracts[place]
            assert at_once.raw(table) == piecemeal.raw(table)
            before = piecemeal.rows("from ledger.files order by all")
            again = piecemeal.load()
            assert {result.status for result in again.files} == {"unchanged"}
            assert piecemeal.rows("from ledger.files order by all") == before

    check()
