"""Stages of the demo's funnel, as codes, and the time that one stage follows another.

Belongs here: codes that plans and writers share. Does not belong here: who reaches them (`lifecycle.py`).
"""

from __future__ import annotations

import numpy as np

from orchestration.demo.draws import Booleans, Draws, Integers
from orchestration.demo.timeline import DAY, END, HOUR, NEVER, office_times

STAGES = [
    "subscriber",
    "lead",
    "mql",
    "sal",
    "sql",
    "opportunity",
    "customer",
    "recycled",
    "disqualified",
    "lost",
    "churned",
]
SUBSCRIBER_STAGE, LEAD, MQL, SAL, SQL, OPPORTUNITY, CUSTOMER, RECYCLED, DISQUALIFIED, LOST, CHURNED = range(11)

# The least time between two stages; second records of a person are made within it.
GAP = 3 * HOUR


def follow(draws: Draws, previous: Integers, median_days: float, spread: float, goes_on: Booleans) -> Integers:
    """The next stage's time: some days later, in office hours, at least three hours after the stage
    before."""
    delay = np.round(draws.lognormal(len(previous), median_days * DAY, spread)).astype(np.int64)
    planned = office_times(draws, np.where(previous >= END, NEVER, previous + delay))
    planned = np.maximum(planned, np.where(previous >= END, NEVER, previous + GAP + delay % HOUR))
    return np.where(goes_on & (previous < END) & (planned < END), planned, NEVER)
