"""The demo's companies and people: who exists, where they work, how they were met, and under which addresses.

Belongs here: one block of accounts with their people as numpy arrays. Does not belong here: what happens
to them
(`lifecycle.py`, `web.py`) and how it is written (`crm.py`).
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa

from orchestration.demo import vocabulary as words
from orchestration.demo.channels import Arrival
from orchestration.demo.draws import Booleans, Draws, Integers
from orchestration.demo.timeline import DAY, END, HOUR, LEGACY_START, START, office_times, season_times, utc
from orchestration.demo.writer import texts

# How a person was met.
INBOUND, FAIR, OUTBOUND, SUBSCRIBER, FORM_ONLY, LEGACY, LEGACY_WEB = range(7)
PEOPLE_PER_ACCOUNT = 1.71
LEADS_PER_ACCOUNT = 1.498

FAIRS = [
    ("Salon Data & Marketing Paris", "EV-2025-03", utc(2025, 3, 18, 9), 0.24),
    ("Big Data Expo Utrecht", "EV-2025-05", utc(2025, 5, 21, 8), 0.18),
    ("Forum Relation Client Lyon", "EV-2025-09", utc(2025, 9, 17, 8), 0.27),
    ("SaaS Connect Berlin", "EV-2025-11", utc(2025, 11, 12, 9), 0.31),
]

HUBSPOT_CONTACT, HUBSPOT_COMPANY, HUBSPOT_DEAL = 51_000_000, 8_200_000_000, 13_400_000_000


@dataclass
class Accounts:
    """Companies, one position each. `number` counts over all blocks; a free-mail account is one person
    without a company."""

    number: Integers
    size: Integers
    is_legacy: Booleans
    is_free_mail: Booleans
    country: Integers
    industry: Integers
    employees: Integers
    created_at: Integers


@dataclass
class People:
    """People, one position each, ordered by account.

    `known_at` is when the first record about them was made; `lead_at` is that time for leads. `has_*`
    flags say which other
    records exist; `*_spelling` says how their address is written there.
    """

    number: Integers
    account: Integers
    place: Integers
    kind: Integers
    known_at: Integers
    first_name: Integers
    last_name: Integers
    job: Integers
    owner: Integers
    arrival: Integers
    fair: Integers
    attended_at: Integers
    has_twin: Booleans
    is_merged: Booleans
    is_converted: Booleans
    converts_to_alias: Booleans
    has_accent: Booleans
    has_private: Booleans
    misses_source: Booleans
    crm_spelling: Integers
    form_spelling: Integers
    email: pa.Array
    alias: pa.Array
    private: pa.Array
    decomposed: pa.Array

    def __len__(self) -> int:
        return len(self.number)

    @property
    def is_hubspot(self) -> Booleans:
        """People with a HubSpot contact."""
        return self.kind <= SUBSCRIBER

    @property
    def is_crm(self) -> Booleans:
        """People whose main record stands in the older CRM."""
        return self.kind >= LEGACY

    @property
    def is_lead(self) -> Booleans:
        """People who entered the funnel."""
        return self.is_crm | (self.kind <= OUTBOUND)

    @property
    def is_web(self) -> Booleans:
        """People who came over the web site and sent a form there."""
        return (self.kind == INBOUND) | (self.kind == FORM_ONLY) | (self.kind == LEGACY_WEB)

    @property
    def is_merged_away(self) -> Booleans:
        """People whose second HubSpot contact vanished with its merge; of others it stays."""
        return self.is_merged & (self.number % 3 != 0)


def make_accounts(draws: Draws, count: int, first_number: int) -> Accounts:
    """`count` accounts, numbered from `first_number`."""
    size = 1 + draws.choice(count, [0.56, 0.22, 0.13, 0.09])
    legacy = draws.chance(count, 0.15)
    free = draws.chance(count, 0.06) & ~legacy
    country = draws.choice(count, [weight for *_, weight in words.COUNTRIES])
    return Accounts(
        number=first_number + np.arange(count),
        size=np.where(free, 1, size),
        is_legacy=legacy,
        is_free_mail=free,
        country=country,
        industry=draws.whole(count, 0, len(words.INDUSTRIES)),
        employees=np.round(draws.lognormal(count, 140, 1.1)).astype(np.int64) + 4,
        created_at=np.zeros(count, dtype=np.int64),
    )


def make_people(
    draws: Draws,
    accounts: Accounts,
    first_number: int,
    arrivals: list[Arrival],
    engine: duckdb.DuckDBPyConnection,
) -> People:
    """The people of some accounts; those who would be met after the end of the demo do not exist yet."""
    account = np.repeat(np.arange(len(accounts.size)), accounts.size)
    starts = np.cumsum(accounts.size) - accounts.size
    place = np.arange(len(account)) - starts[account]
    count = len(account)

    kind = np.where(
        place == 0,
        np.array([INBOUND, FAIR, OUTBOUND])[draws.choice(count, [0.74, 0.09, 0.17])],
        np.array([INBOUND, FAIR, OUTBOUND, SUBSCRIBER, FORM_ONLY])[draws.choice(count, [0.6, 0.08, 0.08, 0.14, 0.1])],
    )
    free_kind = np.where(draws.chance(count, 0.75), INBOUND, FORM_ONLY)
    kind = np.where(accounts.is_free_mail[account], free_kind, kind)
    legacy = accounts.is_legacy[account]

    known = season_times(draws, count)
    early = draws.chance(len(accounts.size), 0.42)[account]
    legacy_known = np.where(
        early,
        season_times(draws, count, LEGACY_START, START),
        season_times(draws, count, START + 10 * DAY, END),
    )
    known = np.where(legacy, legacy_known, known)
    # Colleagues follow the first person of their company within weeks.
    later = known[starts[account]] + np.round(draws.lognormal(count, 16 * DAY, 1.0)).astype(np.int64)
    known = np.where(place > 0, office_times(draws, later), known)
    fair = draws.choice(count, [weight for *_, weight in FAIRS])
    attended = np.array([begin for _, _, begin, _ in FAIRS])[fair] + draws.whole(count, 0, 7 * HOUR)
    # Badge scans come in as a list one to three days after the fair.
    known = np.where(kind == FAIR, attended + draws.whole(count, DAY, 3 * DAY), known) if count else known
    legacy_web = draws.chance(count, 0.4) & (known > START + 12 * DAY)
    kind = np.where(legacy, np.where(legacy_web, LEGACY_WEB, LEGACY), kind)
    known = np.where(legacy & (kind == FAIR), legacy_known, known)
    web = (kind == INBOUND) | (kind == FORM_ONLY) | (kind == LEGACY_WEB)
    known = np.where(web, np.maximum(known, START + 12 * HOUR + draws.whole(count, 0, 30 * HOUR)), known)

    exists = known < END - 2 * HOUR
    account, place, kind, known, fair, attended = (
        values[exists] for values in (account, place, kind, known, fair, attended)
    )
    count = len(account)
    base_first = draws.whole(len(accounts.size), 0, len(words.FIRST_NAMES))[account]
    base_last = draws.whole(len(accounts.size), 0, len(words.LAST_NAMES))[account]
    inbound = kind == INBOUND
    hubspot = kind <= SUBSCRIBER
    leads = hubspot & (kind != SUBSCRIBER)
    company = ~accounts.is_free_mail[account]
    twin = leads & company & draws.chance(count, 0.06)
    merged = leads & company & ~twin & draws.chance(count, 0.03)
    accounts.created_at[:] = END
    np.minimum.at(accounts.created_at, account, known)
    people = People(
        number=first_number + np.arange(count),
        account=account,
        place=place,
        kind=kind,
        known_at=known,
        # Steps that are prime to the lists' lengths: no two people of a company share a name.
        first_name=(base_first + 5 * place) % len(words.FIRST_NAMES),
        last_name=(base_last + 11 * place) % len(words.LAST_NAMES),
        job=draws.whole(count, 0, len(words.JOB_TITLES)),
        owner=draws.whole(count, 0, len(words.OWNERS)),
        arrival=draws.choice(count, [arrival.first for arrival in arrivals]),
        fair=fair,
        attended_at=attended,
        has_twin=twin,
        is_merged=merged,
        is_converted=(kind >= LEGACY) & draws.chance(count, 0.25),
        converts_to_alias=draws.chance(count, 0.35),
        has_accent=twin & draws.chance(count, 0.25),
        has_private=inbound & company & draws.chance(count, 0.006),
        misses_source=draws.chance(count, 0.08),
        crm_spelling=draws.choice(count, [0.5, 0.2, 0.12, 0.08, 0.05, 0.05]),
        form_spelling=draws.choice(count, [0.82, 0.05, 0.05, 0.03, 0.01, 0.04]),
        email=pa.array([], type=pa.string()),
        alias=pa.array([], type=pa.string()),
        private=pa.array([], type=pa.string()),
        decomposed=pa.array([], type=pa.string()),
    )
    people.email, people.alias, people.private, people.decomposed = _addresses(engine, accounts, people)
    return people


def company_sql(number: str) -> str:
    """SQL for the name of the company with the given number: distinct for every number."""
    combinations = len(words.COMPANY_STEMS) * len(words.COMPANY_TRADES)
    # 7919 is prime to the number of combinations, so neighbours in number have unlike names.
    mixed = f"(({number} % {combinations}) * 7919 % {combinations})"
    suffix = f"case when {number} < {combinations} then '' else ' ' || ({number} // {combinations} + 1) end"
    stems = len(words.COMPANY_STEMS)
    return f"stem_of({mixed} % {stems}) || ' ' || trade_of({mixed} // {stems}) || {suffix}"


def prepare_engine(engine: duckdb.DuckDBPyConnection) -> None:
    """Give an engine the word lists (position in the list to word) and the ids of all records as macros."""

    def listed(values: list[str]) -> str:
        return "[" + ", ".join("'" + value.replace("'", "''") + "'" for value in values) + "]"

    for name, values in (
        ("stem_of", words.COMPANY_STEMS),
        ("trade_of", words.COMPANY_TRADES),
        ("form_of", words.COMPANY_FORMS),
    ):
        engine.execute(f"create macro {name}(place) as {listed(values)}[place + 1]")
    ids = {
        "company_of(number)": company_sql("number"),
        "hubspot_contact(number)": f"{HUBSPOT_CONTACT} + 10 * number",
        "hubspot_company(number)": f"{HUBSPOT_COMPANY} + number",
        "hubspot_deal(number)": f"{HUBSPOT_DEAL} + 10 * number",
        "legacy_account(number)": "'A-' || printf('%06d', number)",
        "legacy_lead(number)": "'L-' || printf('%07d', number)",
        "legacy_contact(number)": "'C-' || printf('%07d', number)",
        "legacy_deal(number)": "'O-' || printf('%06d', number)",
        "account_key(is_legacy, number)": """case
            when is_legacy then legacy_account(number) else cast(hubspot_company(number) as varchar) end""",
    }
    for signature, expression in ids.items():
        engine.execute(f"create macro {signature} as {expression}")
    engine.execute(
        """create macro domain_of(number) as replace(lower(strip_accents(company_of(number))), ' ', '-')
            || case when number % 9 = 0 then '.test' else '.example' end"""
    )


def _addresses(engine: duckdb.DuckDBPyConnection, accounts: Accounts, people: People) -> list[pa.Array]:
    """Main address, second address at work, private address, and the main one with decomposed accents."""
    rows = pa.table(
        {
            "first": texts(people.first_name, [words.address_part(name) for name in words.FIRST_NAMES]),
            "accented": texts(people.first_name, [name.lower() for name in words.FIRST_NAMES]),
            "decomposed": texts(
                people.first_name, [unicodedata.normalize("NFD", name.lower()) for name in words.FIRST_NAMES]
            ),
            "last": texts(people.last_name, [words.address_part(name) for name in words.LAST_NAMES]),
            "number": people.number,
            "company": accounts.number[people.account],
            "is_free": accounts.is_free_mail[people.account],
            "has_accent": people.has_accent,
        }
    )
    engine.register("rows", rows)
    found = engine.execute(
        """select
            case
                when is_free then first || '.' || last || '.compte.de.demonstration.' || printf('%06d',
                number)
                    || '@gmail.com'
                when has_accent then accented || '.' || last || '@' || domain_of(company)
                else first || '.' || last || '@' || domain_of(company)
            end as email,
            substr(first, 1, 1) || '.' || last || '@' || domain_of(company) as alias,
            first || '.' || last || '.adresse.privee.imaginaire.' || printf('%06d',
            number) || '@gmail.com' as private,
            decomposed || '.' || last || '@' || domain_of(company) as decomposed
        from rows"""
    ).to_arrow_table()
    engine.unregister("rows")
    return [found.column(name).combine_chunks() for name in ("email", "alias", "private", "decomposed")]
