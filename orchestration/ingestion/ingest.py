"""Ingestion from end to end: every file of the extracts into the raw tables.

Belongs here: a whole run over the extracts, and a look into them without loading. Does not belong here: what
happens to one file (`loader`).
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime

import duckdb

from orchestration.ingestion import corrections, fx, ledger
from orchestration.ingestion.contracts import Contracts, Table, no_contract
from orchestration.ingestion.discovery import Extract, ExtractsNotFound, list_extracts, recognised
from orchestration.ingestion.formats import UnreadableFile
from orchestration.ingestion.loader import Loader
from orchestration.ingestion.opening import read
from orchestration.ingestion.quarantine import FileVersion
from orchestration.ingestion.results import FileCheck, FileResult, IngestionReport

__all__ = [
    "ExtractsNotFound",
    "FileCheck",
    "FileResult",
    "IngestionReport",
    "check",
    "create_tables",
    "ingest",
]

create_tables = ledger.create_tables

# A group is one transaction: large enough to keep all cores busy, small enough to show progress and to repeat.
_GROUP_FILES = 2_000
_GROUP_BYTES = 512 << 20

Reporter = Callable[[FileResult], None]


def ingest(
    connection: duckdb.DuckDBPyConnection,
    contracts: Contracts,
    extracts: str,
    *,
    now: datetime,
    sources: Collection[str] | None = None,
    report: Reporter | None = None,
) -> IngestionReport:
    """Load every new file of the extracts and the default exchange rates.

    Args:
        connection: the warehouse, without an open transaction.
        contracts: what `load_contracts` returned.
        extracts: folder or fsspec URL.
        now: moment of the load; without a zone it is UTC.
        sources: only these source folders; None means all.
        report: called after each file, as soon as its outcome is committed.

    Returns:
        One result for each file that was found. A file that cannot be read is `rejected`, never an exception.

    Raises:
        ExtractsNotFound: there is no such folder.
        ContractError: a contract no longer fits the warehouse's table.
    """
    found = recognised(list_extracts(extracts), contracts)
    if (fx.SOURCE, fx.TABLE) in contracts and (history := fx.ecb_history()):
        found.append(history)
    if sources is not None:
        found = [extract for extract in found if extract.source in sources]
    with _session(connection):
        ledger.create_tables(connection, contracts)
        present = {extract.file: extract for extract in found}
        ledger.forget_absent(connection, present, sources)
        loader = Loader(connection, contracts, present, _utc(now))
        queue = deque(found)
        results: dict[str, FileResult] = {}
        while queue:
            started = time.perf_counter()
            for result in loader.handle_group(_next_group(queue)):
                elapsed = time.perf_counter() - started
                started += elapsed
                results[result.file] = replace(result, seconds=elapsed)
                if report:
                    report(results[result.file])
            queue.extendleft(loader.again)
            loader.again.clear()
        report_of_run = IngestionReport(tuple(results.values()))
        touched = {(result.source or "", result.table) for result in report_of_run.loaded}
        corrections.resolve(connection, [contracts[place] for place in sorted(touched)], loader.now)
    return report_of_run


def _next_group(queue: deque[Extract]) -> list[Extract]:
    """Take the next files of one table off the queue: as many as one pass should read."""
    group = [queue.popleft()]
    size = group[0].size
    while queue and len(group) < _GROUP_FILES:
        extract = queue[0]
        size += extract.size
        if (extract.source, extract.table) != (group[0].source, group[0].table) or size > _GROUP_BYTES:
            break
        group.append(queue.popleft())
    return group


def check(contracts: Contracts, extracts: str) -> list[FileCheck]:
    """Read every file as `ingest` would, into memory, and tell what is inside; nothing is kept.

    Raises:
        ExtractsNotFound: there is no such folder.
    """
    checks = []
    now = datetime.now(UTC).replace(tzinfo=None)
    with duckdb.connect() as connection, _session(connection):
        ledger.create_tables(connection, contracts)
        for extract in recognised(list_extracts(extracts), contracts):
            table = contracts.get((extract.source or "", extract.table))
            if table is None:
                problem = no_contract(contracts, extract.file, extract.source, extract.table)
                checks.append(FileCheck(extract.file, extract.source, extract.table, "ignored", problems=(problem,)))
                continue
            connection.begin()
            try:
                checks.append(_check_file(connection, extract, table, now))
            finally:
                connection.rollback()
    return checks


def _check_file(connection: duckdb.DuckDBPyConnection, extract: Extract, table: Table, now: datetime) -> FileCheck:
    result = FileCheck(extract.file, extract.source, extract.table, "ok")

    def restart() -> None:
        connection.rollback()
        connection.begin()

    try:
        version = FileVersion(table.source, table.name, extract.file, 0, extract.version, now)
        opened = read(connection, extract, table, version, restart)
    except UnreadableFile as error:
        return replace(result, status="rejected", problems=(f"{extract.file}: {error}",))
    if opened is None:
        return replace(result, status="empty")
    reading, landed = opened
    unknown = tuple(reading.mapping.unknown)
    problems = [
        f"line {line}, column {column}: {value!r} is {reason} ({count} rows like this)"
        for column, reason, count, line, value in connection.execute(
            "select column_name, reason, count(*), min(line), arg_min(value, line) from ledger.quarantine"
            " group by all order by 3 desc, 1, 2"
        ).fetchall()
    ]
    return replace(
        result,
        status="ok" if landed.rows_in_file else "empty",
        format=reading.format,
        dialect=landed.dialect,
        rows=landed.rows_in_file,
        rows_quarantined=landed.rows_quarantined,
        problems=tuple(problems),
        unknown_columns=unknown,
    )


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


@contextmanager
def _session(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Settings that reading relies on: naive times are UTC, and rows keep the order of their file."""
    wanted = {"TimeZone": "UTC", "preserve_insertion_order": "true"}
    before = {
        name: connection.execute("select current_setting(?)::varchar", [name]).fetchall()[0][0] for name in wanted
    }
    try:
        for name, value in wanted.items():
            connection.execute(f"set {name} = '{value}'")
        yield
    finally:
        for name, value in before.items():
            connection.execute(f"set {name} = '{value}'")
