"""The file ledger: what was met, what became of it, and the tables that ingestion writes.

Belongs here: the bookkeeping tables, the raw tables' shape, and every statement on `ledger.files`. Does not
belong
here: reading files, or which row wins (`load`).
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import duckdb

from orchestration.ingestion.contracts import ContractError, Contracts, Table
from orchestration.ingestion.conversion import identifier

_SCHEMAS = ("raw", "ledger")
_LEDGER = """
create table if not exists ledger.files (
    file_id ubigint, source varchar, table_name varchar, file varchar, sha256 varchar, size_bytes bigint,
    format varchar, dialect json, version timestamp, batch varchar, loaded_at timestamp, rows_in_file bigint,
    rows_loaded bigint, rows_quarantined bigint, rows_duplicate bigint, rows_superseded bigint, status
    varchar, error varchar, newest_event_at timestamp, unknown_columns varchar[], modified_at timestamp, columns json
);
alter table ledger.files add column if not exists modified_at timestamp;
alter table ledger.files add column if not exists columns json;
create table if not exists ledger.quarantine (
    file_id ubigint, source varchar, table_name varchar, file varchar, line bigint, column_name varchar,
    value varchar, reason varchar, first_seen_at timestamp, row json, key varchar, resolved_at timestamp,
    resolved_by varchar
);
alter table ledger.quarantine add column if not exists key varchar;
alter table ledger.quarantine add column if not exists resolved_at timestamp;
alter table ledger.quarantine add column if not exists resolved_by varchar;
create table if not exists ledger.check_results (
    run_id varchar, checked_at timestamp, layer varchar, asset varchar, expectation varchar, column_name
    varchar, severity varchar, success boolean, observed_value varchar, unexpected_count bigint,
    unexpected_percent double
);
"""
_ADDED_COLUMNS = (("_extra", "json"), ("_file_id", "ubigint"), ("_version", "timestamp"))
# A file that was modified just before it was loaded may change again within the clock's resolution.
_CLOCK_RESOLUTION = timedelta(seconds=2)
# Statuses after which the same content at the same path is not looked at again.
SETTLED = ("loaded", "duplicate", "empty")


@dataclass(frozen=True)
class Entry:
    """One row of `ledger.files`; the columns bear the same names."""

    file_id: int
    source: str | None
    table_name: str
    file: str
    sha256: str
    size_bytes: int
    version: datetime
    batch: str
    loaded_at: datetime
    status: str
    format: str | None = None
    dialect: Mapping[str, Any] | None = None
    rows_in_file: int = 0
    rows_loaded: int = 0
    rows_quarantined: int = 0
    rows_duplicate: int = 0
    rows_superseded: int = 0
    error: str | None = None
    newest_event_at: datetime | None = None
    unknown_columns: tuple[str, ...] = ()
    modified_at: datetime | None = None
    columns: Sequence[Mapping[str, str | None]] = ()

    @property
    def newest_stamp(self) -> datetime | None:
        """The newest sync stamp among its rows."""
        return _moment(self.dialect, "newest_stamp")

    def is_of(self, size: int, modified: datetime | None) -> bool:
        """Whether a file of this size and time still has this content, as git and rsync would say."""
        if modified is None or (size, modified) != (self.size_bytes, self.modified_at):
            return False
        return modified < self.loaded_at - _CLOCK_RESOLUTION

    @property
    def unstamped_version(self) -> datetime | None:
        """The version by name or time, if any row has it; None where every row has a sync stamp."""
        return _moment(self.dialect, "unstamped_version")


def version_of(newest_stamp: datetime | None, unstamped_version: datetime | None) -> datetime:
    """The version of a file: the newest among its rows."""
    return max(version for version in (newest_stamp, unstamped_version) if version is not None)


_COLUMNS = tuple(Entry.__dataclass_fields__)


def create_tables(connection: duckdb.DuckDBPyConnection, contracts: Contracts) -> None:
    """Create the schemas, the bookkeeping tables and one raw table for each contract, empty where there is
    none.

    A column that a contract has gained is added to its table.

    Raises:
        ContractError: the warehouse holds a column in another type than the contract now says.
    """
    for schema in _SCHEMAS:
        connection.execute(f"create schema if not exists {schema}")
    connection.execute(_LEDGER)
    held: dict[str, dict[str, str]] = {}
    for name, column, data_type in connection.execute(
        "select table_name, column_name, lower(data_type) from duckdb_columns()"
        " where schema_name = 'raw' and database_name = current_database()"
    ).fetchall():
        held.setdefault(name, {})[column] = data_type
    for table in contracts.values():
        columns = [(c.name, c.data_type.replace(" ", "")) for c in table.columns] + list(_ADDED_COLUMNS)
        relation = f"raw.{identifier(table.identifier)}"
        if table.identifier not in held:
            declared = ", ".join(f"{identifier(name)} {data_type}" for name, data_type in columns)
            connection.execute(f"create table {relation} ({declared})")
            continue
        for name, data_type in columns:
            before = held[table.identifier].get(name)
            if before is None:
                connection.execute(f"alter table {relation} add column {identifier(name)} {data_type}")
            elif before != data_type:
                raise ContractError(
                    f"{table.relation}: column {name} is {before} in the warehouse but {data_type} in its"
                    " contract; load into a new home, or change the contract back."
                )


def entries(
    connection: duckdb.DuckDBPyConnection, condition: str = "true", parameters: Iterable[Any] = ()
) -> list[Entry]:
    """Ledger rows that meet an SQL condition, by path."""
    rows = connection.execute(
        f"select {', '.join(_COLUMNS)} from ledger.files where {condition} order by file, loaded_at",
        list(parameters),
    ).fetchall()
    found = []
    for row in rows:
        values = dict(zip(_COLUMNS, row, strict=True))
        values["dialect"] = json.loads(values["dialect"]) if values["dialect"] else None
        values["columns"] = json.loads(values["columns"]) if values["columns"] else ()
        values["unknown_columns"] = tuple(values["unknown_columns"] or ())
        found.append(Entry(**values))
    return found


def write(connection: duckdb.DuckDBPyConnection, entries: Sequence[Entry]) -> None:
    """Add ledger rows, in one statement."""
    columns = [[getattr(entry, name) for entry in entries] for name in _COLUMNS]
    columns[_COLUMNS.index("unknown_columns")] = [list(entry.unknown_columns) for entry in entries]
    for name in ("dialect", "columns"):
        at = _COLUMNS.index(name)
        columns[at] = [json.dumps(value, default=str) if value else None for value in columns[at]]
    connection.execute(
        f"insert into ledger.files ({', '.join(_COLUMNS)}) select {', '.join('unnest(?)' for _ in _COLUMNS)}", columns
    )


def forget_unsettled(connection: duckdb.DuckDBPyConnection, files: Sequence[str]) -> None:
    """Remove what was noted about paths that are looked at again: a rejection, or the lack of a contract."""
    connection.execute(
        "delete from ledger.files where file in (select unnest(?)) and status in ('rejected', 'ignored')",
        [list(files)],
    )


def forget_absent(
    connection: duckdb.DuckDBPyConnection, present: Collection[str], sources: Collection[str] | None
) -> None:
    """Remove rejected and ignored files that are no longer there: nothing of them was ever loaded."""
    for entry in entries(connection, "status in ('rejected', 'ignored')"):
        if entry.file not in present and (sources is None or entry.source in sources):
            forget_unsettled(connection, [entry.file])


def undo(connection: duckdb.DuckDBPyConnection, entry: Entry, table: Table) -> None:
    """Take a loaded file out again, so that it can be loaded anew: rows, quarantine and ledger row."""
    connection.execute(f"delete from {table.relation} where _file_id = ?", [entry.file_id])
    where = "where file_id = ? and source = ? and table_name = ? and file = ?"
    identity = [entry.file_id, entry.source, entry.table_name, entry.file]
    connection.execute(f"delete from ledger.quarantine {where}", identity)
    connection.execute(f"delete from ledger.files {where}", identity)


def add_counts(connection: duckdb.DuckDBPyConnection, table: Table, counts: str) -> None:
    """Adjust other files' counts.

    Args:
        connection: the warehouse, inside the loading file's transaction.
        table: table that they belong to.
        counts: query with `file_id`, `superseded` (rows that lost) and `duplicate` (rows whose equal won).
    """
    connection.execute(
        "update ledger.files as f set rows_superseded = f.rows_superseded + c.superseded,"
        " rows_loaded = f.rows_loaded - c.duplicate, rows_duplicate = f.rows_duplicate + c.duplicate"
        f" from ({counts}) as c where f.file_id = c.file_id and f.status = 'loaded'"
        " and f.source = ? and f.table_name = ?",
        [table.source, table.name],
    )


def batch_versions(connection: duckdb.DuckDBPyConnection, table: Table) -> dict[str, datetime]:
    """The newest version among the files of each batch; nothing where batches play no part (no window is replaced)."""
    if table.load_mode != "replace_window":
        return {}
    return dict(
        connection.execute(
            "select batch, max(version) from ledger.files where source = ? and table_name = ?"
            " and status in ('loaded', 'duplicate') group by batch",
            [table.source, table.name],
        ).fetchall()
    )


def _moment(dialect: Mapping[str, Any] | None, name: str) -> datetime | None:
    text = (dialect or {}).get(name)
    return datetime.fromisoformat(text) if text else None
