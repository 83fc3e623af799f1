"""The truth can be found again: the documented rules, applied to extracts alone, give what was planted."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import Any

import pytest
from extracted_company import Extracts, match_key

STAGES = {"lead": 1, "mql": 2, "sal": 3, "sql": 4, "opportunity": 5, "customer": 6}
EXITS = {"recycled", "disqualified", "lost", "churned"}
HUBSPOT_STAGES = {
    ("lifecyclestage", "subscriber"): "subscriber",
    ("lifecyclestage", "lead"): "lead",
    ("lifecyclestage", "marketingqualifiedlead"): "mql",
    ("lifecyclestage", "salesqualifiedlead"): "sql",
    ("lifecyclestage", "opportunity"): "opportunity",
    ("lifecyclestage", "customer"): "customer",
    ("hs_lead_status", "IN_PROGRESS"): "sal",
    ("hs_lead_status", "RECYCLED"): "recycled",
    ("hs_lead_status", "NURTURE"): "recycled",
    ("hs_lead_status", "UNQUALIFIED"): "disqualified",
}


@pytest.fixture(scope="module")
def groups(company: Extracts) -> dict[Any, Any]:
    """Identifier (record key, or match key of an address) to the identifier that stands for its component."""
    parent: dict[Any, Any] = {}

    def find(item: Any) -> Any:
        while parent.setdefault(item, item) != item:
            parent[item] = parent[parent[item]]
            item = parent[item]
        return item

    for record, email, merged in company.table(
        "hubspot", "contact", "id, property_email, property_hs_merged_object_ids"
    ):
        parent[find(("hubspot", str(record)))] = find(match_key(email))
        if merged is not None:
            for other in str(merged).split(";"):
                parent[find(("hubspot", str(record)))] = find(("hubspot", other))
    for record, email, origin in company.table("crm", "people", "id, email, converted_from_id"):
        parent[find(("crm", record))] = find(match_key(email))
        if origin is not None:
            parent[find(("crm", record))] = find(("crm", origin))
    for (email,) in company.table("web", "form_submissions", "email"):
        find(match_key(email))
    return {item: find(item) for item in list(parent)}


@pytest.fixture(scope="module")
def person_of(company: Extracts, groups: dict[Any, Any]) -> dict[Any, int]:
    """Component to true person, from the first record of each person."""
    found: dict[Any, int] = {}
    for person, source, record, email in company.planted("people", "truth_person_id, source_system, record_id, email"):
        if source == "web" and (person in found.values()):
            continue
        key = (source, record) if record is not None else match_key(email)
        found.setdefault(groups[key], person)
    return found


def test_records_fall_into_the_planted_people(company: Extracts, groups: dict[Any, Any]) -> None:
    planted: dict[Any, set[Any]] = defaultdict(set)
    components: dict[Any, set[Any]] = defaultdict(set)
    for person, source, record, email, linkable in company.planted(
        "people", "truth_person_id, source_system, record_id, email, is_recoverable"
    ):
        key = (source, record) if record is not None else match_key(email)
        planted[(person, linkable if linkable else email)].add(key)
        components[groups[key]].add(key)
    assert sorted(map(sorted_key, planted.values())) == sorted(map(sorted_key, components.values()))
    # Nobody is met in the extracts that the truth does not know.
    assert set(groups.values()) == set(components)


def sorted_key(keys: set[Any]) -> list[str]:
    return sorted(map(str, keys))


def test_addresses_are_nobodys(company: Extracts) -> None:
    for (email,) in company.rows(
        f"""select property_email from {company.load("hubspot", "contact")} union
        select email from {company.load("crm", "people")}
        union select email from {company.load("web", "form_submissions")}"""
    ):
        local, _, domain = match_key(email).partition("@")
        # Gmail allows 30 characters before the @ at most.
        assert domain.endswith((".example", ".test")) or (domain == "gmail.com" and len(local) > 30), email


def test_companies_share_no_domain(company: Extracts) -> None:
    """Two companies under one domain would be one account."""
    twice = company.rows(
        f"""select domain from (
            select property_domain as domain from {company.load("hubspot", "company")}
            union all select domain from {company.load("crm", "accounts")})
        group by all having count(*) > 1"""
    )
    assert twice == []


def stage_evidence(company: Extracts, groups: dict[Any, Any], person_of: dict[Any, int]) -> dict[int, list[tuple]]:
    """True person to (time, rank, stage) of every record that proves a stage."""
    found: dict[int, list[tuple[datetime, int, str]]] = defaultdict(list)

    def prove(key: tuple[str, str], stage: str | None, at: datetime | None) -> None:
        if stage is not None and at is not None:
            found[person_of[groups[key]]].append((at, STAGES.get(stage, 9), stage))

    subscribers = set()
    for contact, name, at, value in company.table(
        "hubspot", "contact_property_history", "contact_id, name, timestamp, value"
    ):
        prove(("hubspot", str(contact)), HUBSPOT_STAGES.get((name, value)), at)
        if value == "subscriber":
            subscribers.add(person_of[groups[("hubspot", str(contact))]])
    for record, stage, at in company.table("crm", "stage_history", "person_id, stage, cast(entered_at as timestamp)"):
        prove(("crm", record), stage, at)
    created: dict[int, datetime] = {}
    for source, table, columns in (
        ("hubspot", "contact", "id, property_createdate"),
        ("crm", "people", "id, created_at"),
    ):
        for record, at in company.table(source, table, columns):
            person = person_of[groups[(source, str(record))]]
            created[person] = min(at, created.get(person, at))
    for person, at in created.items():
        if person not in subscribers and all(stage != "lead" for *_, stage in found[person]):
            found[person].append((at, 1, "lead"))
    for people, opened, closed, won, _ in new_business(company):
        for key in people:
            prove(key, "opportunity", opened)
            prove(key, "customer" if won else "lost", closed)
    return found


def new_business(
    company: Extracts,
) -> list[tuple[list[tuple[str, str]], datetime, datetime | None, bool, str]]:
    """People, creation, close (or None), won and account of every new-business opportunity."""
    roles: dict[int, list[tuple[str, str]]] = defaultdict(list)
    for deal, contact in company.table("hubspot", "deal_contact", "deal_id, contact_id"):
        roles[deal].append(("hubspot", str(contact)))
    won_at = dict(
        company.rows(
            f"""select deal_id, min(date_entered) from {company.load("hubspot", "deal_stage")}
            where value = 'closedwon' group by all"""
        )
    )
    accounts = dict(company.table("hubspot", "deal_company", "deal_id, cast(company_id as varchar)"))
    deals = []
    for deal, stage, kind, opened, closed in company.rows(
        f"""select deal_id, deal_pipeline_stage_id, property_dealtype, property_createdate, property_closedate
        from {company.load("hubspot", "deal")} where not is_deleted"""
    ):
        ended = stage in ("closedwon", "closedlost")
        won = stage == "closedwon"
        time = (won_at.get(deal, closed) if won else closed) if ended else None
        deals.append(
            (
                roles[deal],
                opened,
                time,
                won,
                accounts[deal],
                {"existingbusiness": "expansion"}.get(kind, kind),
            )
        )
    for record, account, kind, opened, closed, won in company.table(
        "crm",
        "opportunities",
        "primary_person_id, account_id, opportunity_type, created_at, closed_at, is_won",
    ):
        deals.append(([("crm", record)], opened, closed, won, account, kind))
    first_win: dict[str, datetime] = {}
    for _, _, closed, won, account, _ in deals:
        if won:
            first_win[account] = min(closed, first_win.get(account, closed))
    return [
        (people, opened, closed, won, account)
        for people, opened, closed, won, account, kind in deals
        if kind in ("newbusiness", "new_business") or (kind is None and opened <= first_win.get(account, opened))
    ]


def test_stage_history_follows_from_the_records(
    company: Extracts, groups: dict[Any, Any], person_of: dict[Any, int]
) -> None:
    found = set()
    for person, evidence in stage_evidence(company, groups, person_of).items():
        cycle, current, inside = 0, None, False
        for at, _, stage in sorted(evidence):
            if stage == "subscriber":
                found.add((person, 0, stage, at))
                continue
            if stage in EXITS:
                assert inside, f"{person} leaves a cycle it is not in"
                inside, current = False, None
            elif not inside:
                cycle, inside, current = cycle + 1, True, stage
            elif stage == current:
                continue
            else:
                current = stage
            found.add((person, cycle, stage, at))
    planted = set(company.planted("stage_history", "truth_person_id, cycle_number, stage, entered_at"))
    assert found == planted


def test_first_entries_are_flagged(company: Extracts) -> None:
    wrong = company.rows(
        f"""select * from (
            select is_first_in_cycle, row_number() over (
                partition by truth_person_id, cycle_number, stage order by entered_at) as place
            from '{company.truth / "stage_history.csv"}') where is_first_in_cycle <> (place = 1)"""
    )
    assert wrong == []


def test_wins_follow_from_the_opportunities(
    company: Extracts, groups: dict[Any, Any], person_of: dict[Any, int]
) -> None:
    found = {(account, closed) for _, _, closed, won, account in new_business(company) if won}
    planted = company.planted("wins", "account_id, won_at, truth_person_id")
    assert found == {(str(account), at) for account, at, _ in planted}
    assert len({account for account, *_ in planted}) == len(planted), "an account is won once"


def test_first_touches_follow_from_the_stitching_rule(
    company: Extracts, groups: dict[Any, Any], person_of: dict[Any, int]
) -> None:
    """Each session belongs to the next submitter on its anonymous id, else to the last one."""
    stitched = company.rows(
        f"""with sessions as (select * from {company.load("web", "sessions")}),
        forms as (select * from {company.load("web", "form_submissions")} where anonymous_id is not null)
        select started_at, coalesce(
            (select min_by(email, submitted_at) from forms where forms.anonymous_id = sessions.anonymous_id
                and submitted_at >= started_at),
            (select max_by(email, submitted_at) from forms where forms.anonymous_id = sessions.anonymous_id)
        ) as email from sessions"""
    )
    touches = [(at, email) for at, email in stitched if email is not None]
    touches += company.rows(
        f"select occurred_at, email from {company.load('email', 'events')} where event_type = 'click'"
    )
    touches += company.table("events", "attendance", "attended_at, email")
    touches += company.rows(
        f"select submitted_at, email from {company.load('web', 'form_submissions')} where session_id is null"
    )
    linked = {
        match_key(email) for email, linkable in company.planted("people", "email, is_recoverable") if not linkable
    }
    found: dict[int, datetime] = {}
    for at, email in touches:
        key = match_key(email)
        if key not in linked:
            person = person_of[groups[key]]
            found[person] = min(at, found.get(person, at))
    assert found == dict(company.planted("first_touches", "truth_person_id, touched_at"))


def test_first_channels_can_be_told_from_the_extracts(company: Extracts) -> None:
    """What a session shows (UTM values, referrer, click id, campaign) never means two channels."""
    told = company.rows(
        f"""select utm_source, utm_medium, utm_campaign, referrer, gclid is not null, fbclid is not null,
            msclkid is not null, li_fat_id is not null, list(distinct channel) as channels, count(*) as met
        from {company.load("web", "sessions")}
        inner join '{company.truth / "first_touches.csv"}' as touches on touched_at = started_at
        where started_at in (
            select started_at from web__sessions group by all having count(*) = 1
        ) and channel <> 'event'
        group by all"""
    )
    assert sum(row[-1] for row in told) > 1_500
    assert [row for row in told if len(row[-2]) > 1] == []
    assert {channel for row in told for channel in row[-2]} >= {
        "paid_search",
        "direct",
        "ai_assistant",
        "unassigned",
    }


def test_no_first_touch_is_open(company: Extracts) -> None:
    """Two sessions of one anonymous id in the same second would leave the first channel open."""
    firsts = {at for (at,) in company.planted("first_touches", "touched_at")}
    twice = company.rows(
        f"""select started_at from {company.load("web", "sessions")}
        group by anonymous_id, started_at having count(*) > 1"""
    )
    assert not firsts & {at for (at,) in twice}


def test_mess_is_there_as_counted(company: Extracts) -> None:
    mess = dict(company.planted("mess", "what, planted"))
    assert all(count > 0 for count in mess.values()), mess
    assert mess["wins_before_first_contact"] == 1
    ((bots,),) = company.rows(f"select count(*) from {company.load('email', 'events')} where event_type = 'bot_click'")
    assert bots == mess["bot_clicks"]
    ((chats,),) = company.rows(
        f"select count(*) from {company.load('web', 'form_submissions')} where session_id is null"
    )
    assert chats == mess["submissions_without_session"]
    ((shared,),) = company.rows(
        f"""select count(*) from (
            select anonymous_id from {company.load("web", "form_submissions")} where anonymous_id is not null
            group by all
            having count(distinct lower(trim(replace(replace(email, '+salon', ''), 'mailto:', '')))) > 1)"""
    )
    assert shared == mess["shared_devices"]
    regressions = company.rows(
        f"""select count(*) from '{company.truth / "stage_history.csv"}'
        where stage = 'lead' and not is_first_in_cycle"""
    )
    assert regressions == [(mess["stage_regressions"],)]
