"""The demo's older CRM, of a company that was bought, in the canonical tables.

Belongs here: its people, stage history, accounts and opportunities, and the second records of people who
are in HubSpot too.
Does not belong here: the plan itself (`people.py`, `lifecycle.py`).
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from orchestration.demo import vocabulary as words
from orchestration.demo.crm import PHONE, company_rows, conversion_at, person_columns, secondary_created_at
from orchestration.demo.draws import Draws
from orchestration.demo.lifecycle import BY_HISTORY, Lifecycle
from orchestration.demo.people import Accounts, People
from orchestration.demo.stages import CUSTOMER, DISQUALIFIED, LEAD, OPPORTUNITY, RECYCLED, STAGES
from orchestration.demo.writer import Writer, stamps, texts


def write_legacy_crm(
    writer: Writer,
    draws: Draws,
    accounts: Accounts,
    people: People,
    lifecycle: Lifecycle,
    deals: pa.Table,
    block: int,
) -> None:
    """Write a block's accounts, people, stage history and opportunities."""
    rows = company_rows(accounts)
    writer.write(
        "crm",
        "accounts",
        """select legacy_account(number) as id, company_of(number) || ' ' || form_of(form) as name,
            domain_of(number) as domain, industry, employees, country, created_at
        from rows where is_legacy and not is_absent""",
        block=block,
        rows=rows,
    )
    _write_people(writer, accounts, people, lifecycle, block)
    _write_history(writer, draws, people, lifecycle, block)
    rows = deals
    writer.write(
        "crm",
        "opportunities",
        """select
            legacy_deal(number) as id,
            legacy_account(account) as account_id,
            case when is_contact then legacy_contact(person) else legacy_lead(person) end
                as primary_person_id,
            company_of(account) || case when is_expansion then ' - extension' else ' - abonnement' end
                as name,
            legacy_type as opportunity_type,
            label as stage,
            reason as loss_reason,
            amount,
            currency,
            created_at,
            closed_at,
            cast(expected_at as date) as expected_close_on,
            is_closed,
            is_won,
            cast(owner_id as varchar) as owner_id,
            probability,
            coalesce(closed_at, created_at) as updated_at
        from rows where not is_hubspot order by number""",
        block=block,
        rows=rows,
    )


def _write_people(writer: Writer, accounts: Accounts, people: People, lifecycle: Lifecycle, block: int) -> None:
    entries = lifecycle.entries
    converted = conversion_at(lifecycle, people)
    last = np.full(len(people), LEAD, dtype=np.int64)
    order = np.lexsort((entries.stage, entries.at, entries.person))
    last[entries.person[order]] = entries.stage[order]
    changed = people.known_at.copy()
    changed[entries.person[order]] = entries.at[order]
    columns = person_columns(accounts, people) | {
        "is_legacy": people.is_crm,
        "has_twin": people.has_twin,
        "has_accent": people.has_accent,
        "second_at": stamps(secondary_created_at(people, lifecycle)),
        "converted_at": stamps(converted),
        "uses_alias": people.converts_to_alias,
        "changed_at": stamps(np.maximum(changed, people.known_at)),
        "stage": texts(last, list(STAGES)),
        "source": texts(
            np.where(people.misses_source, -1, people.number % 4),
            ["Partenaire", "Site web", "Salon", "Recommandation"],
        ),
        "form": accounts.number[people.account] % len(words.COMPANY_FORMS),
    }
    rows = pa.table(columns)
    sql = f"""with records as (
            -- 1 leads, 2 the contacts some of them became, 3 second records of people who are in HubSpot.
            select *,
                case part when 1 then created_at when 2 then converted_at else second_at end as made_at,
                case
                    when part = 1 then spelled(email, spelling)
                    when part = 2 then case when uses_alias then alias else email end
                    when has_accent then decomposed
                    else spelled(email, spelling)
                end as address
            from rows, (values (1), (2), (3)) as parts(part)
            where case part when 1 then is_legacy when 2 then is_legacy
            and converted_at is not null else has_twin end
        )
        select
            case part when 2 then legacy_contact(number) else legacy_lead(number) end as id,
            address as email,
            case when part < 3 then {PHONE} end as phone,
            first_name,
            case when part = 3 then upper(last_name) else last_name end as last_name,
            company_of(account) || ' ' || form_of(form) as company,
            domain_of(account) as company_domain,
            case when part < 3 then legacy_account(account) end as account_id,
            iso as country,
            job_title,
            source as lead_source,
            cast(owner_id as varchar) as owner_id,
            made_at as created_at,
            case
                when part = 3 then made_at
                when part = 2 then greatest(made_at, changed_at)
                else coalesce(converted_at, changed_at)
            end as updated_at,
            case when part = 3 then 'lead' when part = 1
            and converted_at is not null then 'sql' else stage end as stage,
            case when part = 2 then legacy_lead(number) end as converted_from_id
        from records order by place, part"""
    if block == 0:
        # An export of last summer lies beside the present one: its rows are older versions of the same
        # records.
        writer.write(
            "crm",
            "people",
            f"""select * replace (created_at as updated_at, 'lead' as stage) from ({sql})
            where id like 'L-%' and account_id is not null and created_at < timestamp '2025-07-01'
            order by created_at, id limit 250""",
            batch="2025-07-01",
            once=True,
            rows=rows,
        )
    writer.write("crm", "people", sql, block=block, batch="2026-01-01", rows=rows)


def _write_history(writer: Writer, draws: Draws, people: People, lifecycle: Lifecycle, block: int) -> None:
    entries = lifecycle.entries
    converted = conversion_at(lifecycle, people)
    mine = np.flatnonzero(people.is_crm[entries.person] & (entries.proof == BY_HISTORY))
    # Opportunities prove their own stages; churn stands in the history alone.
    mine = mine[~np.isin(entries.stage[mine], [OPPORTUNITY, CUSTOMER])]
    mine = mine[np.lexsort((entries.stage[mine], entries.person[mine], entries.at[mine]))]
    reasons: list[str | None] = ["Budget", "Pas le bon moment", "Hors cible", None]
    reason = np.where(np.isin(entries.stage[mine], [RECYCLED, DISQUALIFIED]), draws.whole(len(mine), 0, 3), -1)
    writer.write(
        "crm",
        "stage_history",
        f"""select 'H{block}-' || printf('%07d', place) as id,
            case when is_contact then legacy_contact(number) else legacy_lead(number) end as person_id, stage,
            happened_at as entered_at, reason, changed_by
        from rows""",
        block=block,
        rows=pa.table(
            {
                "place": np.arange(len(mine)),
                "number": people.number[entries.person[mine]],
                "is_contact": pa.array(entries.at[mine] > converted[entries.person[mine]]),
                "stage": texts(entries.stage[mine], list(STAGES)),
                "happened_at": stamps(entries.at[mine]),
                "reason": texts(reason, reasons),
                "changed_by": texts(people.owner[entries.person[mine]], [f"{f} {n}" for _, f, n in words.OWNERS]),
            }
        ),
    )
