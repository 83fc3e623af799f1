"""The demo's visits, forms, e-mails and events, and the touches that they truly are.

Belongs here: sessions with their devices, form submissions, e-mail events, attendance,
and each person's first touch as planned.
Does not belong here: stages and deals. Rules: `semantics.md`, Identity and Channels and touches.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from orchestration.demo.channels import Arrival
from orchestration.demo.draws import Booleans, Draws, Integers
from orchestration.demo.lifecycle import Lifecycle
from orchestration.demo.mailings import (
    BOT,
    CLICK,
    MAILINGS,
    plan_attendance,
    plan_emails,
    write_attendance,
    write_emails,
)
from orchestration.demo.people import FORM_ONLY, People
from orchestration.demo.stages import MQL, OPPORTUNITY, SQL
from orchestration.demo.timeline import DAY, END, HOUR, START, web_times
from orchestration.demo.writer import Writer, stamps, texts

LANDING_PAGES = [
    "/",
    "/tarifs",
    "/demo",
    "/produit/planning",
    "/produit/integrations",
    "/ressources/livre-blanc",
    "/blog/ia-et-planning",
    "/clients",
    "/en/",
    "/en/pricing",
]
FORMS = ["demande_demo", "livre_blanc", "newsletter", "contact", "chat"]


@dataclass
class Visits:
    """Sessions, one position each. `person` is -1 for visitors; `device` names the anonymous id.

    `is_stitched` says whether the person's submissions on that device give the session to them.
    """

    person: Integers
    device: Integers
    at: Integers
    arrival: Integers
    mailing: Integers
    form: Integers
    address: Integers
    is_stitched: Booleans


@dataclass
class Touches:
    """What a block's people did, for the truth: person, time, channel code (position in `channels`)."""

    person: Integers
    at: Integers
    channel: Integers
    channels: list[str]
    count: int
    mess: dict[str, int]


# Which of a person's addresses a form was filled in with.
_MAIN, _ALIAS, _PRIVATE = range(3)


def write_web(
    writer: Writer, draws: Draws, people: People, lifecycle: Lifecycle, arrivals: list[Arrival], block: int
) -> Touches:
    """Plan and write sessions, submissions, e-mail events and attendance of a block."""
    shared_with = _share_devices(draws, people)
    is_first_user = np.zeros(len(people), dtype=bool)
    is_first_user[shared_with[shared_with >= 0]] = True
    emails = plan_emails(draws, people)
    follows = people.is_web[emails["person"]] & ~is_first_user[emails["person"]]
    follows &= (emails["type"] == CLICK) & draws.chance(len(follows), 0.65)
    visits = _plan_visits(draws, people, lifecycle, arrivals, shared_with, is_first_user, emails, follows)
    attendance = plan_attendance(draws, people)

    channels = sorted({arrival.channel for arrival in arrivals} | {"email", "event"})
    code = np.array([channels.index(arrival.channel) for arrival in arrivals])
    visit_channel = np.where(visits.mailing >= 0, channels.index("email"), code[visits.arrival])
    own = visits.is_stitched & (visits.address != _PRIVATE) & (visits.person >= 0)
    alone = (emails["type"] == CLICK) & ~follows
    counted = (emails["type"] == CLICK) & follows
    person = np.concatenate([visits.person[own], emails["person"][alone | counted], attendance["person"]])
    at = np.concatenate([visits.at[own], emails["at"][alone | counted], attendance["at"]])
    channel = np.concatenate(
        [
            visit_channel[own],
            np.full(int((alone | counted).sum()), channels.index("email")),
            np.full(len(attendance["person"]), channels.index("event")),
        ]
    )

    chats = _write_visits(writer, draws, people, visits, arrivals, block)
    write_emails(writer, people, emails, block)
    write_attendance(writer, draws, people, attendance, block)
    order = np.lexsort((at, person))
    first = np.ones(len(order), dtype=bool)
    first[1:] = person[order][1:] != person[order][:-1]
    chosen = order[first]
    mess = {
        "shared_devices": int((shared_with >= 0).sum()),
        "second_devices_never_identified": len(np.unique(visits.device[~visits.is_stitched & (visits.person >= 0)])),
        "visitors_who_never_submit": len(np.unique(visits.device[visits.person < 0])),
        "private_addresses_nobody_can_link": int(people.has_private.sum()),
        "submissions_without_session": chats,
        "bot_clicks": int((emails["type"] == BOT).sum()),
        "unassigned_utm_sessions": int((visit_channel == channels.index("unassigned")).sum()),
    }
    total = int(own.sum() + alone.sum()) + len(attendance["person"]) + chats
    return Touches(person[chosen], at[chosen], channel[chosen], channels, total, mess)


def _share_devices(draws: Draws, people: People) -> Integers:
    """For some second colleagues, the position of the first one whose computer they use; else -1."""
    count = len(people)
    shared = np.full(count, -1, dtype=np.int64)
    if count < 2:
        return shared
    second = np.flatnonzero((people.place[1:] == 1) & (people.place[:-1] == 0)) + 1
    fits = people.is_web[second] & people.is_web[second - 1]
    fits &= people.known_at[second] > people.known_at[second - 1] + 3 * DAY
    fits &= draws.chance(len(second), 0.1)
    shared[second[fits]] = second[fits] - 1
    return shared


def _plan_visits(
    draws: Draws,
    people: People,
    lifecycle: Lifecycle,
    arrivals: list[Arrival],
    shared_with: Integers,
    is_first_user: Booleans,
    emails: dict[str, np.ndarray],
    follows: Booleans,
) -> Visits:
    count = len(people)
    web = people.is_web
    before = np.where(web, 1 + np.minimum(draws.geometric(count, 1.9), 12), 0)
    interest = np.select(
        [lifecycle.depth >= OPPORTUNITY, lifecycle.depth >= SQL, lifecycle.depth >= MQL],
        [24.0, 16.0, 11.0],
        6.5,
    )
    after = np.where(web & (people.known_at < END - 6 * HOUR), np.minimum(draws.geometric(count, interest), 60), 0)

    # Before the first form: the last session holds the form, the others lie up to two months back.
    person = np.repeat(np.arange(count), before)
    rank = np.arange(len(person)) - np.repeat(np.cumsum(before) - before, before)
    is_form = rank == before[person] - 1
    known = people.known_at[person]
    floor = np.where(shared_with[person] >= 0, people.known_at[shared_with[person]] + HOUR, START + 60)
    away = HOUR + np.round(draws.lognormal(len(person), 8 * DAY, 1.0)).astype(np.int64)
    planned = web_times(draws, known - np.minimum(away, 60 * DAY))
    squeezed = floor + np.floor(draws.uniform(len(person)) * (known - HOUR - floor)).astype(np.int64)
    at = np.where((planned > floor) & (planned < known - HOUR), planned, squeezed)
    at = np.where(is_form, known - draws.whole(len(person), 70, 900), at)
    early = {"person": person, "at": at, "is_form": is_form}

    person = np.repeat(np.arange(count), after)
    known = people.known_at[person]
    until = np.minimum(END - HOUR, known + 190 * DAY)
    at = known + HOUR // 2 + np.floor(draws.uniform(len(person)) ** 1.6 * (until - known - HOUR // 2)).astype(np.int64)
    moved = web_times(draws, at)
    late = {"person": person, "at": np.where((moved > known + HOUR // 2) & (moved < until), moved, at)}

    clicker = emails["person"][follows]
    mail_at = emails["at"][follows] + draws.whole(len(clicker), 3, 90)
    private = np.flatnonzero(people.has_private)
    private_at = np.minimum(people.known_at[private] + draws.whole(len(private), 2 * DAY, 40 * DAY), END - 2 * HOUR)

    person = np.concatenate([early["person"], late["person"], clicker, private])
    at = np.concatenate([early["at"], late["at"], mail_at, private_at])
    sizes = [len(early["person"]), len(late["person"]), len(clicker), len(private)]
    kind = np.repeat(np.arange(4), sizes)
    is_form = np.concatenate([early["is_form"], np.zeros(sum(sizes[1:]), dtype=bool)])
    mailing = np.concatenate([np.full(sizes[0] + sizes[1], -1), emails["mailing"][follows], np.full(sizes[3], -1)])

    # Devices: 0 the one with the first form, 1 another one, 2 a private one.
    total = len(person)
    owns_second = draws.chance(count, 0.25) & web
    second = owns_second[person] & np.where(kind == 0, draws.chance(total, 0.3), draws.chance(total, 0.45))
    second &= ~is_form & (kind <= 1)
    second |= is_first_user[person] & (kind == 1)
    slot = np.where(kind == 3, 2, np.where(second, 1, 0))
    owner = np.where((slot == 0) & (shared_with[person] >= 0), shared_with[person], person)
    device = people.number[owner] * 3 + slot

    # On half of the second devices the last visit ends with a form; then all visits there are the person's.
    last = np.full(count, -1, dtype=np.int64)
    np.maximum.at(last, person[slot == 1], at[slot == 1])
    identifies = is_first_user | draws.chance(count, 0.6)
    is_last = (slot == 1) & (at == last[person]) & (kind == 1) & identifies[person]
    identified = np.zeros(count, dtype=bool)
    identified[person[is_last]] = True
    stitched = (slot != 1) | identified[person]

    extra = (kind == 1) & stitched & draws.chance(total, 0.07)
    form = np.full(total, -1, dtype=np.int64)
    form[is_form] = draws.choice(int(is_form.sum()), [0.45, 0.3, 0.1, 0.15])
    form[is_form & (people.kind[person] == FORM_ONLY)] = FORMS.index("newsletter")
    form[extra | is_last] = draws.choice(int((extra | is_last).sum()), [0.4, 0.35, 0.05, 0.2])
    form[kind == 3] = FORMS.index("livre_blanc")
    # A second address that only a deleted record tells of links nobody; so only others are used.
    has_alias = people.is_merged & ~people.is_merged_away
    address = np.where(kind == 3, _PRIVATE, np.where((slot == 1) & has_alias[person], _ALIAS, _MAIN))

    arrival = draws.choice(total, [item.later for item in arrivals])
    order = np.lexsort((at, person))
    leads_in = np.ones(total, dtype=bool)
    leads_in[1:] = person[order][1:] != person[order][:-1]
    arrival[order[leads_in]] = people.arrival[person[order[leads_in]]]

    strangers = round(0.42 * int(web.sum()))
    visits_each = 1 + np.minimum(draws.geometric(strangers, 0.35), 4)
    stranger = np.repeat(np.arange(strangers), visits_each)
    away = START + HOUR + np.floor(draws.uniform(len(stranger)) * (END - START - 2 * HOUR)).astype(np.int64)
    stranger_at = np.clip(web_times(draws, away), START, END - 60)
    none = np.full(len(stranger), -1, dtype=np.int64)
    base = -(people.number[0] * 3 + 1) if count else 0
    return Visits(
        person=np.concatenate([person, none]),
        device=np.concatenate([device, base - stranger]),
        at=np.concatenate([at, stranger_at]),
        arrival=np.concatenate([arrival, draws.choice(len(stranger), [item.first for item in arrivals])]),
        mailing=np.concatenate([mailing, none]),
        form=np.concatenate([form, none]),
        address=np.concatenate([address, np.zeros(len(stranger), dtype=np.int64)]),
        is_stitched=np.concatenate([stitched, np.zeros(len(stranger), dtype=bool)]),
    )


def _address_list(people: People, person: Integers, address: Integers) -> pa.Array:
    everyone = pa.concat_arrays([people.email, people.alias, people.private])
    return everyone.take(pa.array(person + address * len(people)))


def _write_visits(
    writer: Writer, draws: Draws, people: People, visits: Visits, arrivals: list[Arrival], block: int
) -> int:
    order = np.lexsort((visits.device, visits.at))
    number = np.empty(len(order), dtype=np.int64)
    number[order] = np.arange(len(order))
    arrival, mailing = visits.arrival[order], visits.mailing[order]
    mailed = mailing >= 0

    def utm(values: list[str | None], mail: list[str | None]) -> pa.DictionaryArray:
        return texts(np.where(mailed, len(values) + mailing, arrival), values + mail)

    count = len(MAILINGS)
    sessions = pa.table(
        {
            "place": np.arange(len(order)),
            "device": visits.device[order],
            "started_at": stamps(visits.at[order]),
            "page": texts(draws.choice(len(order), [9, 3, 3, 4, 2, 3, 4, 2, 3, 1]), list(LANDING_PAGES)),
            "referrer": utm([item.referrer for item in arrivals], [None] * count),
            "utm_source": utm([item.source for item in arrivals], ["brevo"] * count),
            "utm_medium": utm([item.medium for item in arrivals], ["email"] * count),
            "utm_campaign": utm([item.campaign for item in arrivals], [name for name, *_ in MAILINGS]),
            "utm_content": utm([item.content for item in arrivals], [None] * count),
            "click": utm([item.click_id for item in arrivals], [None] * count),
            "page_views": 1 + np.minimum(draws.geometric(len(order), 2.2), 30),
        }
    )
    session_id = f"'s{block}-' || printf('%07d', place)"
    anonymous_id = """case when device < 0 then 'v' || printf('%09d', -device)
        else 'a' || printf('%09d', device) end"""
    click = f"substr(md5(cast(place * 31 + {block} as varchar)), 1, 12)"
    clicks = ", ".join(
        f"case when click = '{column}' then '{prefix}' || {click} end as {column}"
        for column, prefix in (("gclid", "Cj0KCQ"), ("fbclid", "IwAR"), ("msclkid", ""), ("li_fat_id", ""))
    )
    writer.write(
        "web",
        "sessions",
        f"""select {session_id} as session_id, {anonymous_id} as anonymous_id, started_at,
            'https://www.lumiane.example' || page as landing_url, referrer,
            utm_source, utm_medium, utm_campaign, utm_content, {clicks}, page_views
        from rows""",
        block=block,
        rows=sessions,
    )

    has_form = np.flatnonzero(visits.form[order] >= 0)
    sent = order[has_form]
    # A lead's record is made five seconds after its first form; other forms come some minutes into the visit.
    first_form = (visits.at[sent] < people.known_at[visits.person[sent]]) & (visits.mailing[sent] < 0)
    first_form &= visits.at[sent] > people.known_at[visits.person[sent]] - 901
    minutes = draws.whole(len(sent), 40, 900)
    submitted = np.where(first_form, people.known_at[visits.person[sent]] - 5, visits.at[sent] + minutes)
    chatty = np.flatnonzero(people.is_web & draws.chance(len(people), 0.04) & (people.known_at < END - 2 * DAY))
    chat_at = (
        people.known_at[chatty]
        + HOUR
        + np.floor(draws.uniform(len(chatty)) * (END - people.known_at[chatty] - 2 * HOUR)).astype(np.int64)
    )
    person = np.concatenate([visits.person[sent], chatty])
    address = np.concatenate([visits.address[sent], np.zeros(len(chatty), dtype=np.int64)])
    at = np.concatenate([submitted, chat_at])
    none = np.full(len(chatty), -1, dtype=np.int64)
    form = np.concatenate([visits.form[sent], np.full(len(chatty), FORMS.index("chat"))])
    by_time = np.lexsort((person, at))
    submissions = pa.table(
        {
            "number": np.arange(len(by_time)),
            "place": np.concatenate([has_form, none])[by_time],
            "device": np.concatenate([visits.device[sent], none])[by_time],
            "submitted_at": stamps(at[by_time]),
            "email": _address_list(people, person[by_time], address[by_time]),
            "spelling": np.where(address[by_time] == _MAIN, people.form_spelling[person[by_time]], 0),
            "form_name": texts(form[by_time], list(FORMS)),
        }
    )
    writer.write(
        "web",
        "form_submissions",
        f"""select 'f{block}-' || printf('%07d', number) as submission_id,
            case when place >= 0 then {anonymous_id} end as anonymous_id,
            case when place >= 0 then {session_id} end as session_id,
            submitted_at, spelled(email, spelling) as email, form_name, 'granted' as consent
        from rows""",
        block=block,
        rows=submissions,
    )
    return len(chatty)
