"""The demo's HubSpot, as Fivetran lands it.

Belongs here: contacts, companies, deals, their histories and merges. Does not belong here: the plan itself
(`people.py`,
`lifecycle.py`).
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from orchestration.demo import hubspot_sql as sql
from orchestration.demo import vocabulary as words
from orchestration.demo.channels import Arrival
from orchestration.demo.crm import PIPELINE, company_rows, person_columns, secondary_created_at
from orchestration.demo.draws import Booleans, Draws, Integers
from orchestration.demo.lifecycle import BY_HISTORY, Lifecycle
from orchestration.demo.opportunities import Opportunities
from orchestration.demo.people import (
    FAIR,
    OUTBOUND,
    SUBSCRIBER,
    Accounts,
    People,
)
from orchestration.demo.stages import (
    CUSTOMER,
    DISQUALIFIED,
    LEAD,
    MQL,
    OPPORTUNITY,
    RECYCLED,
    SAL,
    SQL,
    STAGES,
    SUBSCRIBER_STAGE,
)
from orchestration.demo.timeline import DAY, END
from orchestration.demo.writer import Writer, stamps, texts

_LIFECYCLE = {
    SUBSCRIBER_STAGE: "subscriber",
    LEAD: "lead",
    MQL: "marketingqualifiedlead",
    SQL: "salesqualifiedlead",
    OPPORTUNITY: "opportunity",
    CUSTOMER: "customer",
}
_STATUSES = ["NEW", "OPEN", "IN_PROGRESS", "UNQUALIFIED", "RECYCLED", "NURTURE", "ATTEMPTED_TO_CONTACT"]
_ANALYTICS = {
    "organic_search": "ORGANIC_SEARCH",
    "paid_search": "PAID_SEARCH",
    "paid_social": "PAID_SOCIAL",
    "organic_social": "SOCIAL_MEDIA",
    "email": "EMAIL_MARKETING",
    "referral": "REFERRALS",
    "direct": "DIRECT_TRAFFIC",
}
_REPEATED = 40


def write_reference(writer: Writer) -> None:
    """Write what does not depend on people: owners, the pipeline and its stages."""
    owners = pa.table(
        {
            "owner_id": [o for o, *_ in words.OWNERS],
            "first_name": [f for _, f, _ in words.OWNERS],
            "last_name": [n for *_, n in words.OWNERS],
        }
    )
    writer.write(
        "hubspot",
        "owner",
        sql.OWNERS,
        once=True,
        rows=owners,
    )
    writer.write(
        "hubspot",
        "deal_pipeline",
        sql.PIPELINES,
        once=True,
    )
    stages = pa.table(
        {
            "place": range(len(PIPELINE)),
            **{
                name: [row[place] for row in PIPELINE]
                for place, name in enumerate(("stage_id", "label", "probability", "is_closed", "closed_won"))
            },
        }
    )
    writer.write(
        "hubspot",
        "deal_pipeline_stage",
        sql.PIPELINE_STAGES,
        once=True,
        rows=stages,
    )


def write_hubspot(
    writer: Writer,
    draws: Draws,
    accounts: Accounts,
    people: People,
    lifecycle: Lifecycle,
    arrivals: list[Arrival],
    deals: pa.Table,
    block: int,
) -> None:
    """Write a block's companies, contacts, histories and deals."""
    rows = company_rows(accounts)
    writer.write(
        "hubspot",
        "company",
        sql.COMPANIES,
        block=block,
        rows=rows,
    )
    current = _write_history(writer, draws, people, lifecycle, block)
    _write_contacts(writer, draws, accounts, people, lifecycle, arrivals, current, block)
    _write_deals(writer, deals, people, lifecycle, block)


def _write_history(
    writer: Writer, draws: Draws, people: People, lifecycle: Lifecycle, block: int
) -> dict[str, Integers]:
    """Write property changes; the result holds each person's last lifecycle stage and lead status, as
    positions."""
    entries = lifecycle.entries
    mine = people.is_hubspot[entries.person]
    stage_values = sorted(set(_LIFECYCLE.values()))
    value_of = np.array([stage_values.index(_LIFECYCLE[s]) if s in _LIFECYCLE else -1 for s in range(len(STAGES))])
    history = mine & (entries.proof == BY_HISTORY)
    staged = history & np.isin(entries.stage, [SUBSCRIBER_STAGE, LEAD, MQL, SQL])
    # HubSpot's workflow copies deals to the contact some seconds later: the same stage in a second record.
    echo = mine & np.isin(entries.stage, [OPPORTUNITY, CUSTOMER]) & ~lifecycle.early_win[entries.person]
    echo &= draws.chance(len(entries.at), 0.9)
    person = np.concatenate([entries.person[staged], entries.person[echo]])
    value = value_of[np.concatenate([entries.stage[staged], entries.stage[echo]])]
    at = np.concatenate([entries.at[staged], entries.at[echo] + 4])

    code = {name: place for place, name in enumerate(_STATUSES)}
    left = np.flatnonzero(history & np.isin(entries.stage, [SAL, RECYCLED, DISQUALIFIED]))
    kinds = entries.stage[left]
    status = np.select(
        [kinds == SAL, kinds == DISQUALIFIED], [code["IN_PROGRESS"], code["UNQUALIFIED"]], code["RECYCLED"]
    )
    status = np.where((kinds == RECYCLED) & draws.chance(len(left), 0.35), code["NURTURE"], status)
    fresh = np.flatnonzero(people.is_hubspot & people.is_lead)
    called = np.flatnonzero(
        people.is_hubspot & (lifecycle.stage_times[:, MQL] < END - DAY) & draws.chance(len(people), 0.15)
    )
    status_person = np.concatenate([entries.person[left], fresh, called])
    status_value = np.concatenate(
        [status, np.full(len(fresh), code["NEW"]), np.full(len(called), code["ATTEMPTED_TO_CONTACT"])]
    )
    status_at = np.concatenate([entries.at[left], people.known_at[fresh], lifecycle.stage_times[called, MQL] + 1800])

    is_status = np.repeat([False, True], [len(person), len(status_person)])
    person = np.concatenate([person, status_person])
    value = np.concatenate([value, len(stage_values) + status_value])
    at = np.concatenate([at, status_at])
    kept = at < END
    person, value, at, is_status = person[kept], value[kept], at[kept], is_status[kept]
    order = np.lexsort((is_status, person, at))
    # The connector sent some rows twice.
    order = np.concatenate([order, order[:_REPEATED]]) if block == 0 else order
    writer.write(
        "hubspot",
        "contact_property_history",
        sql.PROPERTY_HISTORY,
        block=block,
        rows=pa.table(
            {
                "number": people.number[person[order]],
                "is_status": is_status[order],
                "happened_at": stamps(at[order]),
                "value": texts(value[order], stage_values + list(_STATUSES)),
            }
        ),
    )
    current = {}
    by_time = np.lexsort((at, person))
    for name, mask in (("lifecycle", ~is_status), ("status", is_status)):
        last = np.full(len(people), -1, dtype=np.int64)
        chosen = by_time[mask[by_time]]
        last[person[chosen]] = value[chosen]
        current[name] = last
    current["values"] = np.array(stage_values + list(_STATUSES))
    return current


def _write_contacts(
    writer: Writer,
    draws: Draws,
    accounts: Accounts,
    people: People,
    lifecycle: Lifecycle,
    arrivals: list[Arrival],
    current: dict[str, Integers],
    block: int,
) -> None:
    values = [str(value) for value in current["values"]]
    sources = [_ANALYTICS.get(arrival.channel, "OTHER_CAMPAIGNS") for arrival in arrivals] + ["OFFLINE"]
    offline = (people.kind == FAIR) | (people.kind == OUTBOUND) | (people.kind == SUBSCRIBER)
    source = np.where(people.misses_source, -1, np.where(offline, len(sources) - 1, people.arrival))
    contacts = np.flatnonzero(people.is_hubspot)
    columns = person_columns(accounts, people) | {
        "lifecycle": texts(current["lifecycle"], values),
        "status": texts(current["status"], values),
        "source": texts(source, sources),
        "is_merged": people.is_merged,
        "is_gone": people.is_merged_away,
        "second_at": stamps(secondary_created_at(people, lifecycle)),
        "merged_at": stamps(np.minimum(people.known_at + 3 * DAY + people.number % DAY, END - 60)),
        "consent": pa.array(draws.chance(len(people), 0.7)),
    }
    rows = pa.table(columns).take(pa.array(contacts))
    writer.write(
        "hubspot",
        "contact",
        sql.CONTACTS,
        block=block,
        rows=rows,
    )
    writer.write(
        "hubspot",
        "contact_merge_audit",
        sql.MERGES,
        block=block,
        rows=rows,
    )


def _write_deals(writer: Writer, rows: pa.Table, people: People, lifecycle: Lifecycle, block: int) -> None:
    deals = lifecycle.opportunities
    writer.write(
        "hubspot",
        "deal",
        sql.DEALS,
        block=block,
        rows=rows,
    )
    writer.write(
        "hubspot",
        "deal_company",
        sql.DEAL_COMPANIES,
        block=block,
        rows=rows,
    )
    members = pa.table(
        {
            "number": deals.number[deals.member_of],
            "person": people.number[deals.member],
            "is_hubspot": people.is_hubspot[deals.member],
        }
    )
    writer.write(
        "hubspot",
        "deal_contact",
        sql.DEAL_CONTACTS,
        block=block,
        rows=members,
    )
    _write_deal_stages(writer, deals, people.is_hubspot[deals.person], rows.column("step").to_numpy(), block)


def _write_deal_stages(writer: Writer, deals: Opportunities, hubspot: Booleans, stage: Integers, block: int) -> None:
    """The stages a deal went through; a few closed deals lost the row of their last stage."""
    until = np.where(deals.is_closed, deals.closed_at, END)
    deal, value, at = [], [], []
    for step in range(4):
        # Open stages follow each other in equal steps up to the present one, or to the close.
        passed = hubspot & (deals.is_closed | (step <= stage))
        steps = np.where(deals.is_closed, 4, stage + 1)
        deal.append(deals.number[passed])
        value.append(np.full(int(passed.sum()), step))
        at.append((deals.created_at + (until - deals.created_at) * step // steps)[passed])
    ended = hubspot & deals.is_closed & deals.has_stage_row
    deal.append(deals.number[ended])
    value.append(stage[ended])
    at.append(deals.closed_at[ended])
    number, code, entered = np.concatenate(deal), np.concatenate(value), np.concatenate(at)
    order = np.lexsort((code, number))
    writer.write(
        "hubspot",
        "deal_stage",
        sql.DEAL_STAGES,
        block=block,
        rows=pa.table(
            {
                "place": np.arange(len(order)),
                "number": number[order],
                "value": texts(code[order], [name for name, *_ in PIPELINE]),
                "happened_at": stamps(entered[order]),
            }
        ),
    )
