"""The demo's opportunities: what is sold to whom, when it closes, and which colleagues take part.

Belongs here: opportunities as numpy arrays. Does not belong here: what they mean for people's
stages (`lifecycle.py`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from orchestration.demo import vocabulary as words
from orchestration.demo.draws import Booleans, Draws, Integers
from orchestration.demo.people import Accounts, People
from orchestration.demo.stages import GAP, MQL, OPPORTUNITY, follow
from orchestration.demo.timeline import DAY, END, HOUR, NEVER, office_times


@dataclass
class Opportunities:
    """Opportunities, one position each. `person` is the one who led it; `members` pairs (opportunity,
    person) hold all roles.

    `closed_at` is NEVER while open; `stated_close_at` is what the close date field says. `amount` is in
    whole units of `currency`.
    """

    number: Integers
    person: Integers
    created_at: Integers
    closed_at: Integers
    stated_close_at: Integers
    expected_at: Integers
    is_won: Booleans
    is_expansion: Booleans
    has_stage_row: Booleans
    amount: Integers
    currency: Integers
    loss_reason: Integers
    member_of: Integers
    member: Integers

    @property
    def is_closed(self) -> Booleans:
        """Closed before the end of the demo."""
        return self.closed_at < END


def make_opportunities(
    draws: Draws,
    accounts: Accounts,
    people: People,
    chosen: Integers,
    created: Integers,
    win_rate: float,
    early: Booleans,
) -> Opportunities:
    """New business led by the people at the positions `chosen`; `early` ones are won within nine days."""
    count = len(chosen)
    created = created[chosen]
    won = draws.chance(count, win_rate) | early[chosen]
    days = np.where(won, draws.lognormal(count, 34, 0.6), draws.lognormal(count, 46, 0.7))
    closed = office_times(draws, created + np.round(days * DAY).astype(np.int64))
    closed = np.maximum(closed, created + GAP)
    closed = np.where(early[chosen], created + 9 * DAY, closed)
    expected = (created + 60 * DAY + draws.whole(count, 0, 45) * DAY) // DAY * DAY
    closed = np.where(closed < END, closed, NEVER)
    # Reps date some wins by hand, a few days off; the stage history has the moment.
    stated = np.where(won & draws.chance(count, 0.2), (closed - draws.whole(count, 1, 4) * DAY) // DAY * DAY, closed)
    stated = np.where(closed < END, np.maximum(stated, created), expected)
    has_row = draws.chance(count, 0.94)
    stated = np.where(has_row & people.is_hubspot[chosen], stated, np.where(closed < END, closed, expected))
    size = np.clip(np.log10(accounts.employees[people.account[chosen]]) / 2.2, 0.6, 1.5)
    amount = np.round(draws.lognormal(count, 9_400, 0.42) * size / 120).astype(np.int64) * 120
    currencies = np.array([("EUR", "USD", "GBP").index(currency) for _, _, currency, _, _ in words.COUNTRIES])
    return Opportunities(
        number=np.arange(count),
        person=chosen,
        created_at=created,
        closed_at=closed,
        stated_close_at=stated,
        expected_at=expected,
        is_won=won & (closed < END),
        is_expansion=np.zeros(count, dtype=bool),
        has_stage_row=has_row,
        amount=np.maximum(amount, 2_400),
        currency=currencies[accounts.country[people.account[chosen]]],
        loss_reason=draws.whole(count, 0, len(words.LOSS_REASONS)),
        member_of=np.arange(count),
        member=chosen.copy(),
    )


def add_members(draws: Draws, people: People, deals: Opportunities, times: Integers) -> tuple[Booleans, Integers]:
    """Colleagues who were leads by then join a HubSpot deal; what they had planned beyond it gives way to
    the deal."""
    count = len(people)
    deal_of_account = np.full(int(people.account.max()) + 1 if count else 0, -1, dtype=np.int64)
    deal_of_account[people.account[deals.person]] = deals.number
    deal = deal_of_account[people.account] if count else np.zeros(0, dtype=np.int64)
    created = np.where(deal >= 0, deals.created_at[deal] if len(deals.number) else NEVER, NEVER)
    joins = (deal >= 0) & (people.place > 0) & people.is_hubspot & people.is_lead
    joins &= (people.known_at < created - GAP) & draws.chance(count, 0.62)
    times[joins, MQL:OPPORTUNITY] = np.where(
        times[joins, MQL:OPPORTUNITY] < created[joins, None] - HOUR, times[joins, MQL:OPPORTUNITY], NEVER
    )
    times[joins, OPPORTUNITY] = created[joins]
    deals.member_of = np.concatenate([deals.member_of, deal[joins]])
    deals.member = np.concatenate([deals.member, np.flatnonzero(joins)])
    is_member = np.zeros(count, dtype=bool)
    is_member[deals.member] = True
    return is_member, times


def plan_expansions(draws: Draws, people: People, first: Opportunities, churned_at: Integers) -> Opportunities:
    """Won customers buy more: only the people of the first deal, so that no stage is entered anew."""
    created = follow(
        draws,
        np.where(first.is_won, first.closed_at, NEVER),
        110.0,
        0.4,
        draws.chance(len(first.number), 0.2),
    )
    chosen = np.flatnonzero((created < END) & (churned_at[first.person] >= NEVER))
    created = created[chosen]
    closed = follow(draws, created, 16.0, 0.5, np.ones(len(chosen), dtype=bool))
    expected = (created + 40 * DAY) // DAY * DAY
    return Opportunities(
        number=np.arange(len(chosen)),
        person=first.person[chosen],
        created_at=created,
        closed_at=closed,
        stated_close_at=np.where(closed < END, closed, expected),
        expected_at=expected,
        is_won=closed < END,
        is_expansion=np.ones(len(chosen), dtype=bool),
        has_stage_row=np.ones(len(chosen), dtype=bool),
        amount=np.maximum(first.amount[chosen] // 480 * 120, 1_200),
        currency=first.currency[chosen],
        loss_reason=np.zeros(len(chosen), dtype=np.int64),
        member_of=np.arange(len(chosen)),
        member=first.person[chosen],
    )


def combine(parts: list[Opportunities], first_number: int) -> Opportunities:
    """Several plans as one, numbered from `first_number`."""
    offsets = np.cumsum([0] + [len(part.number) for part in parts[:-1]])
    names = [name for name in Opportunities.__dataclass_fields__ if name not in ("number", "member_of")]
    joined = {name: np.concatenate([getattr(part, name) for part in parts]) for name in names}
    member_of = np.concatenate([part.member_of + offset for part, offset in zip(parts, offsets, strict=True)])
    return Opportunities(number=first_number + np.arange(len(joined["person"])), member_of=member_of, **joined)
