"""The ledger of check results.

Belongs here: the table `ledger.check_results` and how results are added to it. Does not belong here: how
they came about, and the mart that shows them.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

import duckdb
import pyarrow as pa

from expectations.runner import CheckResult

_SCHEMA = pa.schema(
    [
        ("run_id", pa.string()),
        ("checked_at", pa.timestamp("us")),
        ("layer", pa.string()),
        ("asset", pa.string()),
        ("expectation", pa.string()),
        ("column_name", pa.string()),
        ("severity", pa.string()),
        ("success", pa.bool_()),
        ("observed_value", pa.string()),
        ("unexpected_count", pa.int64()),
        ("unexpected_percent", pa.float64()),
    ]
)


def create_tables(connection: duckdb.DuckDBPyConnection) -> None:
    """Create `ledger.check_results`, empty, where absent. Grain: one row per run, asset and expectation."""
    connection.execute("create schema if not exists ledger")
    connection.execute(
        """
        create table if not exists ledger.check_results (
            run_id varchar not null,
            checked_at timestamp not null,
            layer varchar not null,
            asset varchar not null,
            expectation varchar not null,
            column_name varchar,
            severity varchar not null,
            success boolean not null,
            observed_value varchar,
            unexpected_count bigint,
            unexpected_percent double
        )
        """
    )


def record(
    connection: duckdb.DuckDBPyConnection,
    run_id: str,
    checked_at: datetime,
    results: Iterable[CheckResult],
) -> None:
    """Add the results of one run, in one insert.

    Recording a layer of a run again replaces what that run had recorded for the same checks, so that a
    retried step does not count twice.

    Args:
        connection: a read-write connection to the warehouse; the transaction is the caller's.
        run_id: id of the pipeline run.
        checked_at: when the checks ran; stored in UTC, and a time without a zone is taken as UTC.
        results: what `run_suites` returned.
    """
    create_tables(connection)
    moment = checked_at.astimezone(UTC).replace(tzinfo=None) if checked_at.tzinfo else checked_at
    rows = [
        {
            "run_id": run_id,
            "checked_at": moment,
            **{name: getattr(result, name) for name in _SCHEMA.names[2:]},
        }
        for result in results
    ]
    if not rows:
        return
    connection.register("incoming_check_results", pa.Table.from_pylist(rows, schema=_SCHEMA))
    try:
        connection.execute(
            """
            delete from ledger.check_results as kept using incoming_check_results as incoming
            where kept.run_id = incoming.run_id
              and kept.asset = incoming.asset
              and kept.expectation = incoming.expectation
            """
        )
        connection.execute(
            f"""
            insert into ledger.check_results by name
            select {", ".join(_SCHEMA.names)} from incoming_check_results
            """
        )
    finally:
        connection.unregister("incoming_check_results")
