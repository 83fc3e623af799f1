"""Small extracts of GA4, Matomo and Stripe in the shapes that they export, through ingestion and staging."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.ingestion.contracts import load_contracts
from orchestration.ingestion.ingest import ingest
from orchestration.settings import Settings
from orchestration.transformation import run_dbt
from orchestration.warehouse import connect

NOW = datetime(2025, 6, 1, tzinfo=UTC)
MODELS = (
    "stg_ga4__sessions stg_ga4__form_submissions stg_matomo__sessions stg_matomo__form_submissions"
    " stg_stripe__invoices stg_stripe__subscriptions"
)
Query = Callable[[str], list[tuple[Any, ...]]]


def microseconds(moment: str) -> int:
    return int(datetime.fromisoformat(moment + "+00:00").timestamp() * 1_000_000)


def event(moment: str, name: str, browser: str | None, **more: Any) -> dict[str, Any]:
    """One row of BigQuery's export as JSON: whole numbers are texts, empty columns are left out."""
    parameters = {"ga_session_id": more.pop("session", 77), **more.pop("parameters", {})}
    row = {
        "event_date": more.pop("day", moment[:10].replace("-", "")),
        "event_timestamp": str(microseconds(moment)),
        "event_name": name,
        "stream_id": "1",
        "user_pseudo_id": browser,
        "event_params": [
            {"key": key, "value": {"int_value": str(value)} if isinstance(value, int) else {"string_value": value}}
            for key, value in parameters.items()
        ],
        "device": {"category": "desktop", "web_info": {"browser": "Firefox"}},
        "traffic_source": {"source": "bing", "medium": "cpc", "name": "the very first"},
        **more,
    }
    return {key: value for key, value in row.items() if value is not None}


LANDING = {
    "page_location": "https://example.com/?utm_source=news&utm_medium=email",
    "page_referrer": "https://a.example/",
}
FIRST_DAY = [
    event("2025-03-10T22:50:00", "page_view", "1.1", parameters=LANDING),
    event("2025-03-10T22:58:00", "page_view", "1.1", parameters={"page_location": "https://example.com/b"}),
]
# The property's day begins in Paris, an hour before the day of UTC.
SECOND_DAY = [
    event(
        "2025-03-10T23:05:00", "page_view", "1.1", day="20250311", parameters={"page_location": "https://example.com/c"}
    ),
    event("2025-03-10T23:06:00", "generate_lead", "1.1", day="20250311", parameters={"email": "Ann@corp.example"}),
    event("2025-03-11T09:00:00", "page_view", None, session=1, privacy_info={"analytics_storage": "No"}),
]
LATE = event("2025-03-10T22:40:00", "page_view", "9.9", parameters={"page_location": "https://example.com/late"})


def lines(rows: list[dict[str, Any]]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def write(path: Path, content: str, modified: datetime = datetime(2025, 4, 1, tzinfo=UTC)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    os.utime(path, (modified.timestamp(), modified.timestamp()))


def write_ga4(folder: Path) -> None:
    write(folder / "events_20250310.jsonl", lines(FIRST_DAY))
    write(folder / "events_20250311.jsonl", lines(SECOND_DAY))
    # Parquet holds the nested columns as structs, and numbers as numbers.
    duckdb.execute(
        f"copy (select '20250312' as event_date, {microseconds('2025-03-12T10:00:00')} as event_timestamp,"
        " 'page_view' as event_name, '1' as stream_id, '2.2' as user_pseudo_id,"
        " [{'key': 'ga_session_id', 'value': {'string_value': null::varchar, 'int_value': 5::bigint}},"
        " {'key': 'page_location', 'value': {'string_value': 'https://example.com/?gclid=x', 'int_value': null}}]"
        " as event_params, {'manual_source': null::varchar, 'gclid': 'x'} as collected_traffic_source)"
        f" to '{folder / 'events_20250312.parquet'}' (format parquet)"
    )


def write_matomo(folder: Path) -> None:
    header = (
        "idvisit,idsite,idvisitor,user_id,visit_first_action_time,visit_last_action_time,"
        "visit_entry_idaction_url,referer_type,referer_name\n"
    )
    # The newer file comes first by name: what counts is the time of the last action.
    write(
        folder / "log_visit" / "b.csv",
        header + "1,1,0x00000000000000AA,,2025-03-10 10:00:00,2025-03-10 10:00:05,1,1,\n",
        datetime(2025, 4, 9, tzinfo=UTC),
    )
    write(
        folder / "log_visit" / "a.csv",
        header + "1,1,0x00000000000000AA,ann@corp.example,2025-03-10 10:00:00,2025-03-10 10:20:00,1,6,spring\n",
    )
    duckdb.execute(
        "copy (select 2 as idvisit, unhex('00000000000000aa') as idvisitor, timestamp '2025-03-11 10:00:00' as"
        " visit_first_action_time, timestamp '2025-03-11 10:00:00' as visit_last_action_time,"
        " 2::smallint as referer_type, 'Bing' as referer_name)"
        f" to '{folder / 'log_visit' / 'c.parquet'}' (format parquet)"
    )
    write(folder / "log_action.csv", "idaction,name,hash,type,url_prefix\n1,example.com/,1,1,2\n2,Home,2,4,\n")
    write(
        folder / "log_link_visit_action.csv",
        "idlink_va,idvisit,server_time,idaction_url,idaction_name\n"
        "1,1,2025-03-10 10:00:00,1,2\n2,1,2025-03-10 10:20:00,1,2\n",
    )
    write(
        folder / "log_conversion.csv",
        "idvisit,idsite,idgoal,buster,server_time,url\n1,1,4,0,2025-03-10 10:19:00,https://example.com/thanks\n",
    )


def write_stripe(folder: Path) -> None:
    write(
        folder / "invoice.jsonl",
        lines(
            [
                {"id": "in_1", "customer": "cus_1", "currency": "jpy", "status": "open", "total": 5500, "tax": 500,
                 "billing_reason": "manual", "created": "2025-03-01T10:00:00Z", "livemode": True},
                {"id": "in_2", "customer": "cus_1", "currency": "usd", "status": "paid", "total": 5500,
                 "created": "2025-03-01T10:00:00Z", "livemode": False},
            ]
        ),
    )  # fmt: skip
    write(folder / "customer.csv", "id,email,created,livemode\ncus_1,pay@one.example,2025-01-01 00:00:00,true\n")
    write(
        folder / "invoices" / "english.csv",
        "id,Amount Due,Currency,Customer,Customer Email,Date (UTC),Subscription,Tax,Total,Status\n"
        "in_8,120.00,usd,cus_8,pay@eight.example,2025-03-08 10:00,sub_8,20.00,120.00,paid\n",
    )
    write(
        folder / "invoices" / "français.csv",
        "id;Montant dû;Devise;Client;E-mail du client;Créée (UTC);TVA;Total;Statut\n"
        "in_9;3000;jpy;cus_9;pay@nine.example;2025-03-09 10:00;;3000;paid\n",
    )
    write(
        folder / "subscriptions.csv",
        "id,Customer ID,Customer Email,Plan,Quantity,Currency,Interval,Amount,Status,Created (UTC),Start Date (UTC)\n"
        "sub_8,cus_8,pay@eight.example,pro,2,usd,year,600.00,active,2025-03-08 10:00,2025-03-08 10:00\n",
    )


@pytest.fixture(scope="module")
def query(tmp_path_factory: pytest.TempPathFactory) -> Query:
    """The staging models of three vendors, built from files."""
    folder = tmp_path_factory.mktemp("vendors")
    settings = Settings(extracts=str(folder / "extracts"), home=folder / "home", pii_key="a key")
    settings.home.mkdir()
    for vendor, write_vendor in {"ga4/events": write_ga4, "matomo": write_matomo, "stripe": write_stripe}.items():
        (folder / "extracts" / vendor).mkdir(parents=True)
        write_vendor(folder / "extracts" / vendor)
    contracts = load_contracts(settings.dbt_project)
    with connect(settings) as connection:
        first = ingest(connection, contracts, settings.extracts, now=NOW)
        # GA4 writes the table of a day again when events come late.
        write(folder / "extracts/ga4/events/events_20250310.jsonl", lines([*FIRST_DAY, LATE]))
        second = ingest(connection, contracts, settings.extracts, now=NOW)
    problems = [(file.file, file.status) for file in (*first.files, *second.files) if file.error]
    assert problems == []
    run_dbt(settings, "run", select=MODELS).raise_for_failure()

    def rows(sql: str) -> list[tuple[Any, ...]]:
        with connect(settings) as connection:
            return connection.execute(sql).fetchall()

    return rows


def test_no_row_of_the_extracts_is_lost(query: Query) -> None:
    assert query("select count(*) from ledger.quarantine") == [(0,)]
    # Two, three and one; the late one; the first two came twice.
    assert query("select count(*) from raw.ga4__events") == [(7,)]
    assert query("select sum(rows_in_file), sum(rows_duplicate) from ledger.files where source = 'ga4'") == [(9, 2)]


def test_a_ga4_session_over_midnight_is_one_and_has_its_own_source(query: Query) -> None:
    assert query(
        "select session_id, anonymous_id, started_at, page_views, utm_source, utm_medium, referrer, click_id_platform"
        " from staging.stg_ga4__sessions order by session_id"
    ) == [
        ("ga4-1.1.77", "1.1", datetime(2025, 3, 10, 22, 50), 3, "news", "email", "https://a.example/", None),
        ("ga4-2.2.5", "2.2", datetime(2025, 3, 12, 10), 1, None, None, None, "google"),
        ("ga4-9.9.77", "9.9", datetime(2025, 3, 10, 22, 40), 1, None, None, None, None),
    ]
    assert query("select count(*) from staging.stg_ga4__sessions where utm_source = 'bing'") == [(0,)]


def test_a_ga4_submission_belongs_to_its_session(query: Query) -> None:
    assert query("select email, anonymous_id, session_id, submitted_at from staging.stg_ga4__form_submissions") == [
        ("Ann@corp.example", "1.1", "ga4-1.1.77", datetime(2025, 3, 10, 23, 6))
    ]


def test_an_open_matomo_visit_is_updated_and_its_bytes_are_one_browser(query: Query) -> None:
    assert query(
        "select session_id, anonymous_id, landing_url, utm_source, utm_medium, utm_campaign, page_views"
        " from staging.stg_matomo__sessions order by session_id"
    ) == [
        ("matomo-1", "00000000000000aa", "https://example.com/", None, "campaign", "spring", 2),
        ("matomo-2", "00000000000000aa", None, "bing", "organic", None, None),
    ]
    assert query("select email, session_id from staging.stg_matomo__form_submissions") == [
        ("ann@corp.example", "matomo-1")
    ]


def test_stripe_amounts_of_connector_and_dashboard_are_in_units(query: Query) -> None:
    assert query(
        "select invoice_record_id, email, currency, amount, is_recurring from staging.stg_stripe__invoices order by 1"
    ) == [
        ("in_1", "pay@one.example", "JPY", Decimal(5000), False),
        ("in_8", "pay@eight.example", "USD", Decimal(100), True),
        ("in_9", "pay@nine.example", "JPY", Decimal(3000), False),
    ]
    assert query(
        "select subscription_record_id, currency, billing_interval, amount from staging.stg_stripe__subscriptions"
    ) == [("sub_8", "USD", "year", Decimal(1200))]


def test_a_connector_s_invoices_are_not_taken_for_the_dashboard_s(tmp_path: Path, query: Query) -> None:
    """Airbyte names its table invoices as the Dashboard does, and counts in cents: refused instead of a hundredfold."""
    write(tmp_path / "stripe" / "invoices.csv", "id,currency,total,created\nin_1,usd,1000,2025-03-01 10:00:00\n")
    contracts = load_contracts(Settings(extracts="unused", home=tmp_path).dbt_project)
    with duckdb.connect() as connection:
        [result] = [f for f in ingest(connection, contracts, str(tmp_path), now=NOW).files if f.source == "stripe"]
    assert result.status == "rejected"
    assert "invoiced_at" in str(result.error)
