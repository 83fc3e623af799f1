"""The ledger of check results."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import duckdb
import pytest

from expectations.results import create_tables, record
from expectations.runner import CheckResult

COLUMNS = [
    ("run_id", "VARCHAR"),
    ("checked_at", "TIMESTAMP"),
    ("layer", "VARCHAR"),
    ("asset", "VARCHAR"),
    ("expectation", "VARCHAR"),
    ("column_name", "VARCHAR"),
    ("severity", "VARCHAR"),
    ("success", "BOOLEAN"),
    ("observed_value", "VARCHAR"),
    ("unexpected_count", "BIGINT"),
    ("unexpected_percent", "DOUBLE"),
]
FAILED = CheckResult(
    "raw", "raw.crm__people", "id_is_filled", "id", "critical", False, "1 of 3", 1, 33.3, "Ids.", ("x",)
)
PASSED = CheckResult("raw", "raw.crm__people", "rows", None, "info", True, "3", None, None, "Rows.")
NOON = datetime(2024, 1, 1, 12, tzinfo=UTC)


@pytest.fixture
def connection() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()


def rows(connection: duckdb.DuckDBPyConnection) -> list[tuple[object, ...]]:
    return connection.execute("select * from ledger.check_results order by run_id, expectation").fetchall()


def test_the_table_exists_empty_and_twice_is_once(connection: duckdb.DuckDBPyConnection) -> None:
    create_tables(connection)
    create_tables(connection)
    described = connection.execute("describe ledger.check_results").fetchall()
    assert [(name, kind) for name, kind, *_ in described] == COLUMNS
    record(connection, "run", NOON, [])
    assert rows(connection) == []


def test_results_are_recorded(connection: duckdb.DuckDBPyConnection) -> None:
    record(connection, "a", NOON, [FAILED, PASSED])
    noon = datetime(2024, 1, 1, 12)
    asset = ("raw", "raw.crm__people")
    assert rows(connection) == [
        ("a", noon, *asset, "id_is_filled", "id", "critical", False, "1 of 3", 1, 33.3),
        ("a", noon, *asset, "rows", None, "info", True, "3", None, None),
    ]


def test_times_are_kept_in_utc(connection: duckdb.DuckDBPyConnection) -> None:
    record(connection, "a", NOON.astimezone(timezone(timedelta(hours=5))), [PASSED])
    record(connection, "b", NOON.replace(tzinfo=None), [PASSED])
    assert [row[1] for row in rows(connection)] == [datetime(2024, 1, 1, 12)] * 2


def test_a_retried_step_does_not_count_twice(connection: duckdb.DuckDBPyConnection) -> None:
    record(connection, "a", NOON, [FAILED, PASSED])
    record(connection, "b", NOON, [FAILED])
    record(connection, "a", NOON + timedelta(hours=1), [FAILED])
    found = [(row[0], row[1].hour, row[4]) for row in rows(connection)]  # type: ignore[attr-defined]
    assert found == [("a", 13, "id_is_filled"), ("a", 12, "rows"), ("b", 12, "id_is_filled")]
