"""E-mail systems: events by type against a plain count of the files, and Brevo, whose files the test writes itself."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from orchestration.ingestion.contracts import load_contracts
from orchestration.ingestion.ingest import ingest
from orchestration.settings import Settings
from orchestration.transformation import run_dbt
from orchestration.warehouse import connect
from tests.conftest import PII_KEY, SHARED_DATA, Outcome

SAMPLES = SHARED_DATA / "connector_samples"

# What each table of Marketo's activities is called everywhere.
MARKETO_TYPES = {
    "activity_send_email": "sent",
    "activity_email_delivered": "delivered",
    "activity_open_email": "open",
    "activity_click_email": "click",
    "activity_email_bounced": "bounce",
    "activity_unsubscribe_email": "unsubscribe",
}
HUBSPOT_TYPES = {"SPAMREPORT": "complaint", "STATUSCHANGE": "unsubscribe"}


def records(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        yield from csv.DictReader(stream)


def staged(connectors: Outcome, sql: str) -> list[tuple]:  # type: ignore[type-arg]
    """Rows of a query over the warehouse under its own name, which the views of staging spell out."""
    with duckdb.connect(str(connectors.home / "warehouse.duckdb"), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def by_type(connectors: Outcome, source: str) -> dict[str, int]:
    return dict(
        staged(
            connectors,
            "select event_type, count(*) from intermediate.int_email_events_unioned"
            f" where source_system = '{source}' group by 1",
        )
    )


def test_marketo_events_by_type_equal_a_plain_count(connectors: Outcome) -> None:
    counted: Counter[str] = Counter()
    for table, event_type in MARKETO_TYPES.items():
        for record in records(SAMPLES / "marketo" / f"{table}.csv"):
            result = record.get("action_result", "")
            # A step of a flow that Marketo skipped sent nothing.
            counted["skipped" if result == "skipped" else event_type] += 1
    assert counted["sent"] == 98 and counted["skipped"] == 2
    assert by_type(connectors, "marketo") == counted


def test_hubspot_events_by_type_equal_a_plain_count(connectors: Outcome) -> None:
    counted: Counter[str] = Counter()
    for record in records(SAMPLES / "hubspot" / "email_event.csv"):
        kind, is_filtered = record["type"], record["filtered_event"].lower() == "true"
        name = HUBSPOT_TYPES.get(kind, kind.lower())
        machine_made = {"open": "proxy_open", "click": "bot_click"}
        counted[machine_made.get(name, name) if is_filtered else name] += 1
    assert counted["open"] == 90
    assert by_type(connectors, "hubspot") == counted


def test_marketo_leads_and_merges_equal_a_plain_count(connectors: Outcome) -> None:
    leads = {record["id"] for record in records(SAMPLES / "marketo" / "lead.csv")}
    pairs = {
        (record["lead_id"], merged)
        for record in records(SAMPLES / "marketo" / "activity_merge_leads.csv")
        for merged in json.loads(record["merge_ids"] or "[]")
    }
    gone = {record["lead_id"] for record in records(SAMPLES / "marketo" / "activity_delete_lead.csv")}
    gone |= {str(merged) for _, merged in pairs}
    assert staged(connectors, "select count(*), count(*) filter (is_deleted) from staging.stg_marketo__people") == [
        (len(leads), len(leads & gone))
    ]
    assert staged(connectors, "select count(*) from staging.stg_marketo__merged_people") == [(len(pairs),)]


# Brevo ------------------------------------------------------------------------------------------------------

NOW = datetime(2024, 9, 1, tzinfo=UTC)
OPENED_AT = int(datetime(2024, 7, 10, 8, 30, tzinfo=UTC).timestamp())


def webhook(event: str, email: str, message: str, at: int, **more: object) -> dict[str, object]:
    """A transactional webhook: `id` is that of the webhook, `ts` is shifted, `date` is local time of Paris."""
    local = datetime.fromtimestamp(at + 7200, UTC)
    return {
        "event": event,
        "email": email,
        "id": 26224,
        "date": f"{local:%Y-%m-%d %H:%M:%S}",
        "ts": at + 7200,
        "message-id": message,
        "ts_event": at,
        "ts_epoch": at * 1000,
        "tag": "welcome",
    } | more


WEBHOOKS = [
    webhook("request", "ann@acme.example", "<1@mail>", OPENED_AT - 60),
    webhook("delivered", "ann@acme.example", "<1@mail>", OPENED_AT - 50),
    webhook("unique_proxy_open", "ann@acme.example", "<1@mail>", OPENED_AT - 40),
    webhook("unique_opened", "ann@acme.example", "<1@mail>", OPENED_AT),
    webhook("opened", "ann@acme.example", "<1@mail>", OPENED_AT + 600),
    webhook("click", "ann@acme.example", "<1@mail>", OPENED_AT + 610, link="https://acme.example/a"),
    webhook("click", "ann@acme.example", "<1@mail>", OPENED_AT + 610, link="https://acme.example/b"),
    # Brevo calls again when the receiver did not answer in time.
    webhook("click", "ann@acme.example", "<1@mail>", OPENED_AT + 610, link="https://acme.example/b"),
    webhook("soft_bounce", "bob@acme.example", "<2@mail>", OPENED_AT, reason="mailbox full"),
    webhook("spam", "eve@acme.example", "<3@mail>", OPENED_AT),
]
# A marketing webhook has a campaign, no message; an older one nothing but the local date.
MARKETING = [
    {"event": "unsubscribe", "email": "eve@acme.example", "camp_id": 7, "campaign name": "July", "id": 1,
     "date_event": "2024-07-10 11:00:00", "ts_event": OPENED_AT + 1800},
    {"event": "opened", "email": "eve@acme.example", "camp_id": 7, "campaign name": "July", "id": 1,
     "date_event": "2024-01-10 11:00:00"},
    {"event": "list_addition", "email": "eve@acme.example", "id": 1, "ts_event": OPENED_AT},
]  # fmt: skip
CONTACTS = [
    {"id": 1, "email": "ann@acme.example", "emailBlacklisted": False, "createdAt": "2024-05-02T16:40:31.000+02:00",
     "modifiedAt": "2024-05-02T16:40:31.000+02:00", "listIds": [2],
     "attributes": {"FIRSTNAME": "Ann", "LASTNAME": "Lee", "SMS": "33611111111", "DOUBLE_OPT-IN": 1}},
    {"id": 2, "email": "bob@acme.example", "emailBlacklisted": True, "createdAt": "2024-05-03T00:00:00.000Z",
     "modifiedAt": "2024-05-03T00:00:00.000Z", "attributes": {"PRENOM": "Bob", "NOM": "Martin"}},
]  # fmt: skip
EXPORT = """EMAIL;NOM;PRENOM;Statut;Date d'ajout
zoe@acme.example;Brûlé;Zoé;Désinscrit;2024-06-01 12:00:00
ann@acme.example;Lee;Anne;Inscrit;2024-05-02 16:40:31
"""
RECIPIENTS = """ID de la campagne;Nom de la campagne;Adresse e-mail;Date d'envoi;Date d'ouverture;Date de désinscription
7;July;eve@acme.example;2024-01-10 10:00:00;2024-01-10 11:00:00;2024-07-10 11:00:00
"""
DEALS = [
    {"id": "d1", "attributes": {"deal_name": "Big", "deal_stage": "s2", "pipeline": "p", "amount": 1200.5,
     "created_at": "2024-06-01T08:00:00.000Z", "stage_updated_at": "2024-07-01T08:00:00.000Z"},
     "linkedCompaniesIds": ["c1"], "linkedContactsIds": [2, 1]},
]  # fmt: skip
COMPANIES = [{"id": "c1", "attributes": {"name": "Acme", "domain": "acme.example"}, "linkedContactsIds": [1]}]


def lines(rows: list[dict[str, object]]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


@pytest.fixture(scope="module")
def brevo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """A warehouse with Brevo's files loaded and staged."""
    folder = tmp_path_factory.mktemp("brevo")
    files = {
        "events/2024-07-10.jsonl": lines(WEBHOOKS),
        "events/marketing/2024-07-11.jsonl": lines(MARKETING),
        # The same file a day later: everything in it is known.
        "events/2024-07-12.jsonl": lines(WEBHOOKS[:3]),
        "contacts/api.jsonl": lines(CONTACTS),
        "contacts/export.csv": EXPORT,
        "campaign_recipients.csv": RECIPIENTS,
        "crm_deals.jsonl": lines(DEALS),
        "crm_pipeline_stages.csv": "id,name\ns1,New\ns2,Won\n",
        "companies.json": json.dumps(COMPANIES),
    }
    for name, content in files.items():
        path = folder / "extracts" / "brevo" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    settings = Settings(extracts=str(folder / "extracts"), home=folder / "home", pii_key=PII_KEY)
    with connect(settings) as connection:
        report = ingest(connection, load_contracts(settings.dbt_project), settings.extracts, now=NOW)
        told = [(r.file, r.status, r.error) for r in report.files if r.source == "brevo"]
        assert [row for row in told if row[1] not in ("loaded", "duplicate")] == []
        assert len(told) == len(files)
        assert connection.execute("select file, reason from ledger.quarantine").fetchall() == []
    run_dbt(settings, "build", select="staging.brevo").raise_for_failure()
    with connect(settings) as connection:
        yield connection


def test_brevo_events_count_once_each_by_type(brevo: duckdb.DuckDBPyConnection) -> None:
    assert dict(
        brevo.execute("select event_type, count(*) from staging.stg_brevo__email_events group by 1").fetchall()
    ) == {
        "sent": 2,  # one webhook, one from the export of recipients
        "delivered": 1,
        "proxy_open": 1,
        "open": 3,
        "click": 2,
        "bounce": 1,
        "complaint": 1,
        "unsubscribe": 1,
    }
    assert brevo.execute(
        "select sum(rows_in_file), sum(rows_loaded), sum(rows_duplicate) from ledger.files"
        " where source = 'brevo' and table_name = 'events'"
    ).fetchall() == [(16, 12, 4)]


def test_brevo_times_are_utc(brevo: duckdb.DuckDBPyConnection) -> None:
    found = brevo.execute(
        "select email, event_type, occurred_at, campaign_name from staging.stg_brevo__email_events"
        " where event_type in ('open', 'unsubscribe') or email = 'eve@acme.example' order by all"
    ).fetchall()
    assert found == [
        ("ann@acme.example", "open", datetime(2024, 7, 10, 8, 30), "welcome"),
        ("ann@acme.example", "open", datetime(2024, 7, 10, 8, 40), "welcome"),
        ("eve@acme.example", "complaint", datetime(2024, 7, 10, 8, 30), "welcome"),
        ("eve@acme.example", "open", datetime(2024, 1, 10, 10), "July"),
        ("eve@acme.example", "sent", datetime(2024, 1, 10, 9), "July"),
        ("eve@acme.example", "unsubscribe", datetime(2024, 7, 10, 9), "July"),
    ]
    # The clock is the newest event in UTC, not its local date.
    assert brevo.execute("select max(newest_event_at) from ledger.files where table_name = 'events'").fetchall() == [
        (datetime(2024, 7, 10, 9),)
    ]


def test_brevo_contacts_of_the_api_and_of_a_french_export(brevo: duckdb.DuckDBPyConnection) -> None:
    found = brevo.execute(
        "select email, first_name, last_name, phone, has_marketing_consent, created_at, account_record_id"
        " from staging.stg_brevo__people order by email"
    ).fetchall()
    assert found == [
        ("ann@acme.example", "Ann", "Lee", "33611111111", True, datetime(2024, 5, 2, 14, 40, 31), "c1"),
        ("bob@acme.example", "Bob", "Martin", None, False, datetime(2024, 5, 3), None),
        ("zoe@acme.example", "Zoé", "Brûlé", None, False, datetime(2024, 6, 1, 10), None),
    ]


def test_brevo_deals_with_their_contacts_and_company(brevo: duckdb.DuckDBPyConnection) -> None:
    assert brevo.execute(
        "select name, stage, amount, is_won, won_at, account_record_id, primary_person_record_id"
        " from staging.stg_brevo__opportunities"
    ).fetchall() == [("Big", "Won", 1200.5, True, datetime(2024, 7, 1, 8), "c1", "1")]
    assert brevo.execute(
        "select opportunity_record_id, person_record_id from staging.stg_brevo__opportunity_roles order by 2"
    ).fetchall() == [("d1", "1"), ("d1", "2")]
    assert brevo.execute(
        "select person_record_id, stage_field, stage_value, entered_at from staging.stg_brevo__stage_history order by 1"
    ).fetchall() == [(person, "deal_stage", "Won", datetime(2024, 7, 1, 8)) for person in ("1", "2")]
    assert brevo.execute("select name, domain from staging.stg_brevo__accounts").fetchall() == [
        ("Acme", "acme.example")
    ]
