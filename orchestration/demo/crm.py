"""What the demo's two CRMs have in common: columns of people, companies and opportunities, and the times
of second records.

Belongs here: planned arrays as Arrow columns that both CRMs select from,
and the true list of records. Does not belong here:
the shape of either CRM (`hubspot.py`, `legacy_crm.py`).
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from orchestration.demo import vocabulary as words
from orchestration.demo.draws import Draws, Integers
from orchestration.demo.lifecycle import Lifecycle
from orchestration.demo.people import FORM_ONLY, Accounts, People
from orchestration.demo.stages import SQL
from orchestration.demo.timeline import END, HOUR, NEVER
from orchestration.demo.writer import Writer, moments, stamps, texts

CURRENCIES = ["EUR", "USD", "GBP"]
PIPELINE = [
    ("appointmentscheduled", "Découverte", 0.2, False, False),
    ("presentationscheduled", "Démonstration", 0.4, False, False),
    ("decisionmakerboughtin", "Décideur convaincu", 0.6, False, False),
    ("contractsent", "Contrat envoyé", 0.9, False, False),
    ("closedwon", "Gagné", 1.0, True, True),
    ("closedlost", "Perdu", 0.0, True, False),
]
# Ranges that the regulators keep for documentation and fiction: nobody's numbers.
_PHONES = {"FR": "01 99 00 ", "DE": "+49 30 23125 ", "GB": "+44 20 7946 0", "US": "+1 202 555 01"}
PHONE = """phone || case iso when 'FR' then printf('%02d', number // 3 % 100) || ' ' || printf('%02d',
number % 100)
    when 'US' then printf('%02d', number % 100) else printf('%03d', number % 1000) end"""


def secondary_created_at(people: People, lifecycle: Lifecycle) -> Integers:
    """When a lead's second record was made: within the hour after the first, so before the next stage."""
    return people.known_at + 1200 + people.number % 2400


def conversion_at(lifecycle: Lifecycle, people: People) -> Integers:
    """When the older CRM turned a lead into a contact: a minute after it became an SQL, else NEVER."""
    at = lifecycle.stage_times[:, SQL]
    return np.where(people.is_converted & (at < END - HOUR), at + 60, NEVER)


def person_columns(accounts: Accounts, people: People) -> dict[str, pa.Array]:
    """Columns of people that both CRMs show."""
    country = accounts.country[people.account]
    return {
        "number": people.number,
        "place": np.arange(len(people)),
        "account": accounts.number[people.account],
        "is_free": accounts.is_free_mail[people.account],
        "email": people.email,
        "alias": people.alias,
        "decomposed": people.decomposed,
        "spelling": people.crm_spelling,
        "first_name": texts(people.first_name, list(words.FIRST_NAMES)),
        "last_name": texts(people.last_name, list(words.LAST_NAMES)),
        "job_title": texts(people.job, words.JOB_TITLES),
        "country": texts(country, [name for name, *_ in words.COUNTRIES]),
        "iso": texts(country, [iso for _, iso, *_ in words.COUNTRIES]),
        "phone": texts(
            np.where(people.number % 3 == 0, country, -1),
            [_PHONES.get(iso) for _, iso, *_ in words.COUNTRIES],
        ),
        "owner_id": np.array([owner for owner, *_ in words.OWNERS])[people.owner],
        "created_at": stamps(people.known_at),
    }


def company_rows(accounts: Accounts) -> pa.Table:
    """Companies; `is_absent` marks free-mail accounts, and those nobody was met from."""
    return pa.table(
        {
            "number": accounts.number,
            "is_legacy": accounts.is_legacy,
            "is_absent": accounts.is_free_mail | (accounts.created_at >= END),
            "form": accounts.number % len(words.COMPANY_FORMS),
            "country": texts(accounts.country, [name for name, *_ in words.COUNTRIES]),
            "industry": texts(accounts.industry, list(words.INDUSTRIES)),
            "employees": accounts.employees,
            "created_at": stamps(accounts.created_at),
        }
    )


def deal_rows(draws: Draws, accounts: Accounts, people: People, lifecycle: Lifecycle) -> pa.Table:
    """Opportunities of both CRMs; `step` is the position of the present stage in `PIPELINE`."""
    deals = lifecycle.opportunities
    hubspot = people.is_hubspot[deals.person]
    count = len(deals.number)
    closed, won = deals.is_closed, deals.is_won
    stage = np.where(closed, np.where(won, 4, 5), draws.whole(count, 0, 4))
    untyped = draws.chance(count, 0.1)
    converted = conversion_at(lifecycle, people)[deals.person]
    return pa.table(
        {
            "number": deals.number,
            "account": accounts.number[people.account[deals.person]],
            "person": people.number[deals.person],
            "is_hubspot": hubspot,
            "is_contact": pa.array(converted < END),
            "is_expansion": deals.is_expansion,
            "type": texts(
                np.where(untyped, -1, deals.is_expansion.astype(np.int64)),
                ["newbusiness", "existingbusiness"],
            ),
            "legacy_type": texts(
                np.where(untyped, -1, deals.is_expansion.astype(np.int64)), ["new_business", "expansion"]
            ),
            "stage": texts(stage, [code for code, *_ in PIPELINE]),
            "step": stage,
            "label": texts(stage, [label for _, label, *_ in PIPELINE]),
            "probability": np.array([row[2] for row in PIPELINE])[stage],
            "owner_id": np.array([owner for owner, *_ in words.OWNERS])[people.owner[deals.person]],
            "amount": deals.amount,
            "currency": texts(deals.currency, list(CURRENCIES)),
            "created_at": stamps(deals.created_at),
            "close_date": moments(deals.stated_close_at),
            "closed_at": stamps(deals.closed_at),
            "expected_at": moments(deals.expected_at),
            "is_closed": closed,
            "is_won": won,
            "reason": texts(np.where(closed & ~won, deals.loss_reason, -1), list(words.LOSS_REASONS)),
        }
    )


def true_records(writer: Writer, people: People, lifecycle: Lifecycle) -> pa.Table:
    """Every record by person, as planned; people without a CRM record have the address of their form."""
    rows = pa.table(
        {
            "number": people.number,
            "place": np.arange(len(people)),
            "email": people.email,
            "alias": people.alias,
            "private": people.private,
            "decomposed": people.decomposed,
            "spelling": people.crm_spelling,
            "is_hubspot": people.is_hubspot,
            "is_crm": people.is_crm,
            "is_form_only": people.kind == FORM_ONLY,
            "is_merged": people.is_merged,
            "has_twin": people.has_twin,
            "has_accent": people.has_accent,
            "has_private": people.has_private,
            "is_converted": pa.array(conversion_at(lifecycle, people) < END),
            "uses_alias": people.converts_to_alias,
        }
    )
    writer.engine.register("rows", rows)
    found = writer.engine.execute(
        """with records as (
            -- 1 HubSpot contact, 2 one merged into it, 3 lead and 4 contact of the older CRM, 5 second record
            -- there, 6 an address met in forms alone, 7 a private address that nothing links to its owner.
            select *,
                case
                    when part = 1 then lower(email)
                    when part = 2 then alias
                    when part = 3 then spelled(email, spelling)
                    when part = 4 then case when uses_alias then alias else email end
                    when part = 5 then case when has_accent then decomposed else spelled(email, spelling) end
                    when part = 6 then email
                    else private
                end as address
            from rows, (values (1), (2), (3), (4), (5), (6), (7)) as parts(part)
            where case part
                when 1 then is_hubspot when 2 then is_merged when 3 then is_crm when 4 then is_converted
                when 5 then has_twin when 6 then is_form_only else has_private
            end
        )
        select
            number as truth_person_id,
            case when part <= 2 then 'hubspot' when part <= 5 then 'crm' else 'web' end as source_system,
            case
                when part <= 2 then cast(hubspot_contact(number) + part - 1 as varchar)
                when part = 4 then legacy_contact(number)
                when part <= 5 then legacy_lead(number)
            end as record_id,
            address as email,
            part < 7 as is_recoverable
        from records
        order by place, part"""
    ).to_arrow_table()
    writer.engine.unregister("rows")
    return found
