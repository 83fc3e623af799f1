"""The demo's funnel: who reached which stage when, in which cycle, and which opportunities came of it.

Belongs here: the plan that is the truth of `stage_history` and `wins`. Does not belong here: its traces in
the CRMs (`hubspot.py`, `legacy_crm.py`), which must be enough to find it again. The rules
are the project's semantics of lifecycle and opportunities.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from orchestration.demo.channels import Arrival
from orchestration.demo.draws import Booleans, Draws, Integers
from orchestration.demo.opportunities import (
    Opportunities,
    add_members,
    combine,
    make_opportunities,
    plan_expansions,
)
from orchestration.demo.people import FAIR, LEGACY, LEGACY_WEB, OUTBOUND, SUBSCRIBER, Accounts, People
from orchestration.demo.stages import (
    CHURNED,
    CUSTOMER,
    DISQUALIFIED,
    LEAD,
    LOST,
    MQL,
    OPPORTUNITY,
    RECYCLED,
    SAL,
    SQL,
    SUBSCRIBER_STAGE,
    follow,
)
from orchestration.demo.timeline import DAY, END, NEVER, office_times

# What proves an entry: the CRM's stage history, a record's creation, or an opportunity.
BY_HISTORY, BY_CREATION, BY_OPPORTUNITY = range(3)


@dataclass
class Entries:
    """Entries to stages, one position each: person (position in the block), cycle, stage, time, proof.

    `is_first` is false for a stage that its cycle had entered before. A repeated entry or an echo of a
    proven one in another record
    is no entry of its own.
    """

    person: Integers
    cycle: Integers
    stage: Integers
    at: Integers
    proof: Integers
    is_first: Booleans


@dataclass
class Lifecycle:
    """A block's entries and opportunities, and facts that writers need of people."""

    entries: Entries
    opportunities: Opportunities
    stage_times: Integers
    exit_at: Integers
    churned_at: Integers
    depth: Integers
    early_win: Booleans
    mess: dict[str, int] = field(default_factory=dict)


def plan_lifecycle(
    draws: Draws, accounts: Accounts, people: People, arrivals: list[Arrival], first_deal: int
) -> Lifecycle:
    """Plan stages, exits, second cycles and opportunities for a block."""
    count = len(people)
    quality = np.array([arrival.quality for arrival in arrivals])[people.arrival]
    quality = np.where(people.kind == FAIR, 1.0, quality)
    quality = np.where(people.kind == OUTBOUND, 0.8, quality)
    quality = np.where((people.kind == LEGACY) | (people.kind == LEGACY_WEB), 1.2, quality)
    leads_it = (people.place == 0) & ~accounts.is_free_mail[people.account]

    depth = np.where(people.is_lead, LEAD, 0)
    for stage, odds, alone in ((MQL, 0.5, 0.4), (SAL, 0.8, 0.7), (SQL, 0.74, 0.5), (OPPORTUNITY, 0.66, 0.0)):
        chance = np.minimum(np.where(leads_it, odds, alone) * quality, 0.95)
        depth = np.where((depth == stage - 1) & draws.chance(count, chance), stage, depth)

    times = np.full((count, 7), NEVER, dtype=np.int64)
    times[:, LEAD] = np.where(depth >= LEAD, people.known_at, NEVER)
    for stage, median in ((MQL, 5.0), (SAL, 1.5), (SQL, 6.0), (OPPORTUNITY, 9.0)):
        times[:, stage] = follow(draws, times[:, stage - 1], median, 0.9, depth >= stage)
    skips_sal = (depth >= SQL) & draws.chance(count, 0.14)
    skips_mql = (depth >= SAL) & draws.chance(count, 0.06)

    # A win that the CRM dates before the first contact: sales signed first and wrote the contact down
    # afterwards.
    early_win = leads_it & people.is_hubspot & (depth == OPPORTUNITY) & (times[:, OPPORTUNITY] < END - 60 * DAY)
    early_win &= people.known_at > people.known_at.min() + 120 * DAY if count else early_win
    early_win &= np.cumsum(early_win) == 1
    times[early_win, OPPORTUNITY] = office_times(draws, people.known_at[early_win] - 24 * DAY)
    times[early_win, MQL:OPPORTUNITY] = NEVER

    first = make_opportunities(
        draws,
        accounts,
        people,
        np.flatnonzero(times[:, OPPORTUNITY] < END),
        times[:, OPPORTUNITY],
        0.4,
        early_win,
    )
    is_member, times = add_members(draws, people, first, times)
    lost = np.full(count, NEVER, dtype=np.int64)
    won = np.full(count, NEVER, dtype=np.int64)
    ended = first.is_closed[first.member_of]
    member_won = first.is_won[first.member_of]
    won[first.member[ended & member_won]] = first.closed_at[first.member_of][ended & member_won]
    lost[first.member[ended & ~member_won]] = first.closed_at[first.member_of][ended & ~member_won]
    times[:, CUSTOMER] = won

    exit_stage, exit_at = _plan_exits(draws, people, times, is_member, depth)
    exit_stage = np.where(lost < NEVER, LOST, exit_stage)
    exit_at = np.where(lost < NEVER, lost, exit_at)

    skip_lead_row = people.is_lead & (times[:, MQL] < END) & ~skips_mql & draws.chance(count, 0.12) & (exit_at >= NEVER)
    parts = [(np.arange(count), 1, stage, times[:, stage]) for stage in range(LEAD, CUSTOMER + 1)]
    for stage, skipped in ((SAL, skips_sal), (MQL, skips_mql)):
        person, cycle, code, at = parts[stage - 1]
        parts[stage - 1] = (person, cycle, code, np.where(skipped, NEVER, at))
    parts += [
        (np.arange(count), 1, stage, np.where(exit_stage == stage, exit_at, NEVER))
        for stage in (RECYCLED, DISQUALIFIED, LOST)
    ]

    back = _plan_returns(draws, people, exit_stage, exit_at, leads_it)
    second = make_opportunities(
        draws,
        accounts,
        people,
        np.flatnonzero(back[:, OPPORTUNITY] < END),
        back[:, OPPORTUNITY],
        0.4,
        np.zeros(count, dtype=bool),
    )
    again_won = second.is_closed & second.is_won
    again_lost = second.is_closed & ~second.is_won
    parts += [(np.arange(count), 2, stage, back[:, stage]) for stage in range(LEAD, OPPORTUNITY + 1)]
    parts.append((second.person[again_won], 2, CUSTOMER, second.closed_at[again_won]))
    parts.append((second.person[again_lost], 2, LOST, second.closed_at[again_lost]))
    churned_at = follow(draws, won, 210.0, 0.4, people.is_crm & (won < END) & draws.chance(count, 0.2))
    parts.append((np.arange(count), 1, CHURNED, churned_at))
    # People of imported lists are known, and no leads.
    listed = np.where(people.kind == SUBSCRIBER, people.known_at, NEVER)
    parts.append((np.arange(count), 0, SUBSCRIBER_STAGE, listed))

    expansions = plan_expansions(draws, people, first, churned_at)
    opportunities = combine([first, second, expansions], first_deal)
    entries = _entries(parts, people, skip_lead_row)
    entries, regressions = _add_regressions(
        draws, people, times, skips_sal | skips_mql | skip_lead_row, exit_at, entries
    )
    mess = {
        "stage_regressions": regressions,
        "skipped_stages": int((skips_sal & (times[:, SQL] < END)).sum() + (skips_mql & (times[:, SAL] < END)).sum()),
        "recycled_leads": int(((exit_stage == RECYCLED) & (exit_at < END)).sum()),
        "returned_leads": int((back.min(axis=1) < END).sum()) if count else 0,
        "disqualified_leads": int(((exit_stage == DISQUALIFIED) & (exit_at < END)).sum()),
        "lost_opportunities": int((opportunities.is_closed & ~opportunities.is_won).sum()),
        "wins_before_first_contact": int((early_win & (won < END)).sum()),
        "leads_proven_by_creation_alone": int(skip_lead_row.sum()),
    }
    return Lifecycle(entries, opportunities, times, exit_at, churned_at, depth, early_win, mess)


def _plan_exits(
    draws: Draws, people: People, times: Integers, is_member: Booleans, depth: Integers
) -> tuple[Integers, Integers]:
    """Leads that sales gave back or turned down, after the last stage they reached."""
    count = len(people)
    reached = (times[:, LEAD : SQL + 1] < END).sum(axis=1)
    last = (
        np.where(times[:, LEAD : SQL + 1] < END, times[:, LEAD : SQL + 1], 0).max(axis=1)
        if count
        else np.zeros(0, dtype=np.int64)
    )
    # Only those whom their plan took no further: the others are still on their way.
    stuck = people.is_lead & ~is_member & (reached == depth) & (reached > 0)
    roll = draws.uniform(count)
    recycles = stuck & (reached >= MQL) & (roll < 0.4)
    turned_down = stuck & ~recycles & (roll > np.where(reached >= MQL, 0.78, 0.84))
    at = follow(draws, np.where(stuck, last, NEVER), 17.0, 0.7, recycles | turned_down)
    stage = np.where(at < END, np.where(recycles, RECYCLED, DISQUALIFIED), 0)
    return stage, at


def _plan_returns(
    draws: Draws, people: People, exit_stage: Integers, exit_at: Integers, leads_it: Booleans
) -> Integers:
    """Second cycles: leads that came back months after they had been given up."""
    count = len(people)
    odds = np.select([exit_stage == RECYCLED, exit_stage == LOST, exit_stage == DISQUALIFIED], [0.3, 0.12, 0.04], 0.0)
    odds = np.where((exit_stage == LOST) & ~leads_it, 0.0, odds)
    returns = draws.chance(count, odds)
    back = np.full((count, 7), NEVER, dtype=np.int64)
    begin = follow(draws, exit_at, 55.0, 0.6, returns)
    as_lead = draws.chance(count, 0.6)
    back[:, LEAD] = np.where(as_lead, begin, NEVER)
    back[:, MQL] = np.where(as_lead, follow(draws, begin, 4.0, 0.7, draws.chance(count, 0.8)), begin)
    back[:, SAL] = follow(draws, back[:, MQL], 2.0, 0.7, draws.chance(count, 0.7))
    back[:, SQL] = follow(draws, back[:, SAL], 6.0, 0.7, draws.chance(count, 0.6))
    back[:, OPPORTUNITY] = follow(draws, back[:, SQL], 9.0, 0.7, leads_it & draws.chance(count, 0.7))
    return back


def _entries(parts: list[tuple[Integers, int, int, Integers]], people: People, skip_lead_row: Booleans) -> Entries:
    person = np.concatenate([who for who, *_ in parts])
    cycle = np.concatenate([np.full(len(who), number, dtype=np.int64) for who, number, *_ in parts])
    stage = np.concatenate([np.full(len(who), code, dtype=np.int64) for who, _, code, _ in parts])
    at = np.concatenate([times for *_, times in parts])
    kept = at < END
    person, cycle, stage, at = person[kept], cycle[kept], stage[kept], at[kept]
    proof = np.where((stage == OPPORTUNITY) | (stage == CUSTOMER) | (stage == LOST), BY_OPPORTUNITY, BY_HISTORY)
    proof = np.where((stage == LEAD) & (cycle == 1) & skip_lead_row[person], BY_CREATION, proof)
    return Entries(person, cycle, stage, at, proof, np.ones(len(at), dtype=bool))


def _add_regressions(
    draws: Draws, people: People, times: Integers, excluded: Booleans, exit_at: Integers, entries: Entries
) -> tuple[Entries, int]:
    """A few MQLs are set back to lead for a while and become MQLs again, before anything else happens to
    them."""
    until = np.minimum(np.minimum(times[:, SAL], times[:, OPPORTUNITY]), np.minimum(exit_at, END))
    mql = times[:, MQL]
    chosen = people.is_lead & ~excluded & (mql < END) & (until - mql > DAY) & draws.chance(len(people), 0.05)
    who = np.flatnonzero(chosen)
    # Within two days, so that it looks like a correction and not like a new enquiry.
    step = np.minimum(until[who] - mql[who], 2 * DAY)
    back, again = mql[who] + step * 3 // 10, mql[who] + step * 6 // 10
    one = np.ones(2 * len(who), dtype=np.int64)
    return Entries(
        person=np.concatenate([entries.person, who, who]),
        cycle=np.concatenate([entries.cycle, one]),
        stage=np.concatenate([entries.stage, np.full(len(who), LEAD), np.full(len(who), MQL)]),
        at=np.concatenate([entries.at, back, again]),
        proof=np.concatenate([entries.proof, np.full(2 * len(who), BY_HISTORY)]),
        is_first=np.concatenate([entries.is_first, np.zeros(2 * len(who), dtype=bool)]),
    ), len(who)
