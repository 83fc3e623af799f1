"""Rows of one file, typed and checked against the contract, landed in a table; the rest in quarantine.

Belongs here: the fast way (one pass that gives up at the first flaw) and the thorough way (flaw by flaw). Does not
belong here: what a flaw is (`rows`), how flaws are written down (`quarantine`), or what the rows do to rows
that are there already (`load`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import duckdb

from orchestration.ingestion.contracts import Column, Table
from orchestration.ingestion.conversion import (
    identifier,
)
from orchestration.ingestion.formats import UnreadableFile, with_unix_lines
from orchestration.ingestion.ledger import Entry
from orchestration.ingestion.notation import find_notations
from orchestration.ingestion.quarantine import (
    PROBLEMS,
    FileVersion,
    Value,
    find_problems,
    find_totals,
    with_lines,
    write_quarantine,
)
from orchestration.ingestion.readers import REJECTS, REJECTS_AGAIN, Reading, first_line
from orchestration.ingestion.rows import Origin, defined, insert, latest, moment_literal, total_row, values_of

# The disk, the memory or DuckDB itself failed: no file is to blame, and trying on would hide it.
_NOT_THE_FILES_FAULT = (duckdb.OutOfMemoryException, duckdb.FatalException, duckdb.InternalException)


_GROUP_ORIGIN = Origin("__file_id", "__file_version")


class OtherEncoding(Exception):
    """The text turned out not to be UTF-8 beyond its first bytes."""


@dataclass(frozen=True)
class Landed:
    """What came out of a file.

    Attributes:
        rows_in_file: records met, quarantined ones included.
        rows_quarantined: records in quarantine.
        newest_event_at: newest value of the clock columns among accepted rows (UTC).
        newest_stamp: newest sync stamp, None without one.
        has_unstamped: some row has the version of the file's name.
        dialect: how the file was read.
        is_ahead: some observed event is later than the load.
        corrects: the file that this one corrects, whose version and batch it takes.
    """

    rows_in_file: int
    rows_quarantined: int
    newest_event_at: datetime | None
    newest_stamp: datetime | None
    has_unstamped: bool
    dialect: dict[str, object]
    is_ahead: bool = False
    corrects: Entry | None = None

    def columns(self, reading: Reading) -> list[dict[str, str | None]]:
        """What each column of a file is, so that the next file can be compared with it."""
        meant = {position: name for name, position in reading.mapping.columns.items()}
        columns: dict[str, dict[str, str | None]] = {}
        for position, (header, data_type) in enumerate(zip(reading.headers, reading.types, strict=True)):
            name = meant.get(position)
            notations = [key for key, told in self.dialect.items() if isinstance(told, dict) and name in told]
            written = ", ".join(["text" if data_type == "VARCHAR" else data_type.lower(), *notations])
            columns.setdefault(header, {"name": header, "type": written, "column": name})
        return list(columns.values())


def land(
    connection: duckdb.DuckDBPyConnection,
    reading: Reading,
    table: Table,
    version: FileVersion,
    scratch: Path,
    restart: Callable[[], None],
    *,
    has_flaw: bool = False,
) -> Landed:
    """Write a file's good rows to the raw table and its bad rows to the quarantine, inside the open transaction.

    When the fast way meets a flaw, `restart` gives the transaction up and begins it anew. With `has_flaw` the fast way
    is known to fail and not tried.

    Raises:
        UnreadableFile: no row can be trusted.
        OtherEncoding: the text must be read in another character set.
    """
    if not reading.has_malformed and not has_flaw:
        try:
            values = values_of(reading, table, version.now)
            connection.execute(insert(reading, table, _origin(version), values))
            landed = _summary(connection, reading, table, version, 0)
            if not landed.is_ahead:
                return landed
        except _NOT_THE_FILES_FAULT:
            raise
        except duckdb.Error as error:
            raise_if_disk_is_full(error)
        restart()
    try:
        return _land_thoroughly(connection, reading, table, version, scratch, restart)
    except _NOT_THE_FILES_FAULT:
        raise
    except duckdb.Error as error:
        raise_if_disk_is_full(error)
        raise UnreadableFile(f"it cannot be read: {first_line(error)}") from error


def land_group(
    connection: duckdb.DuckDBPyConnection,
    reading: Reading,
    table: Table,
    versions: Sequence[FileVersion],
    group: str,
) -> list[Landed] | None:
    """Write the rows of files that are written alike to the raw table in one pass, inside the open transaction.

    Args:
        connection: the warehouse.
        reading: the files as one relation with a column `filename`.
        table: contract of their table.
        versions: the files.
        group: temp table with `path` (plain copy), `_file_id` and `version` of each.

    Returns:
        What came out of each file, in the order of `versions`; None where any of them has a flaw, after which the
        transaction must be rolled back.
    """
    if reading.has_malformed:
        return None
    now = versions[0].now
    stamped = replace(
        reading,
        relation=f"(select r.*, g._file_id as {_GROUP_ORIGIN.file_id}, g.version as {_GROUP_ORIGIN.version}"
        f" from {reading.relation} as r join {group} as g on r.filename = g.path)",
    )
    clocks = [column for column in table.columns if column.clock]
    newest = "".join(f", max(r.{identifier(column.name)})::timestamp" for column in clocks)
    try:
        connection.execute(insert(stamped, table, _GROUP_ORIGIN, values_of(stamped, table, now)))
        found = connection.execute(
            "select _file_id, count(*), max(r._version) filter (r._version <> g.version),"
            f" bool_or(r._version = g.version){newest}"
            f" from {table.relation} as r join {group} as g using (_file_id) group by _file_id"
        ).fetchall()
    except _NOT_THE_FILES_FAULT:
        raise
    except duckdb.Error as error:
        raise_if_disk_is_full(error)
        return None
    by_file = {
        file_id: _landed(reading, clocks, now, rows, stamp, is_unstamped, events)
        for file_id, rows, stamp, is_unstamped, *events in found
    }
    nothing = Landed(0, 0, None, None, True, reading.described)
    landed = [by_file.get(version.file_id, nothing) for version in versions]
    return None if any(one.is_ahead for one in landed) else landed


def raise_if_disk_is_full(error: duckdb.Error) -> None:
    """Let an error through that says nothing about the file."""
    if "No space left" in str(error):
        raise error


def drop_scratch_tables(connection: duckdb.DuckDBPyConnection) -> None:
    """Drop what reading left behind in the session."""
    rejects = [f"temp.{name}{scan}" for name in (REJECTS, REJECTS_AGAIN) for scan in ("", "_scan")]
    for name in (PROBLEMS, *rejects):
        connection.execute(f"drop table if exists {name}")


def _origin(version: FileVersion) -> Origin:
    return Origin(f"{version.file_id}::ubigint", moment_literal(version.version))


def _summary(
    connection: duckdb.DuckDBPyConnection,
    reading: Reading,
    table: Table,
    version: FileVersion,
    quarantined: int,
) -> Landed:
    clocks = [column for column in table.columns if column.clock]
    newest = ", ".join(f"max({identifier(column.name)})::timestamp" for column in clocks)
    unstamped = f"_version = {moment_literal(version.version)}"
    [(rows, stamp, is_unstamped, *events)] = connection.execute(
        f"select count(*), max(_version) filter (not ({unstamped})), coalesce(bool_or({unstamped}), true)"
        f"{', ' if newest else ''}{newest} from {table.relation}"
        f" where _file_id = {version.file_id}"
    ).fetchall()
    return _landed(reading, clocks, version.now, rows, stamp, is_unstamped, events, quarantined)


def _landed(
    reading: Reading,
    clocks: list[Column],
    now: datetime,
    rows: int,
    stamp: datetime | None,
    is_unstamped: bool,
    events: list[datetime | None],
    quarantined: int = 0,
) -> Landed:
    event = max((event for event in events if event), default=None)
    return Landed(
        rows_in_file=rows + quarantined,
        rows_quarantined=quarantined,
        newest_event_at=min(event, now) if event else None,
        newest_stamp=stamp,
        has_unstamped=is_unstamped,
        dialect=reading.described,
        is_ahead=any(event and event > latest(column, now) for column, event in zip(clocks, events, strict=True)),
    )


def _land_thoroughly(
    connection: duckdb.DuckDBPyConnection,
    reading: Reading,
    table: Table,
    version: FileVersion,
    scratch: Path,
    restart: Callable[[], None],
) -> Landed:
    try:
        reading, values, records = _insert_all(connection, reading, table, version, restart)
    except duckdb.InvalidInputException as error:
        if reading.dialect is None or "invalid state" not in str(error):
            raise
        # Lines that end now with CR LF, now with LF.
        restart()
        reading = reading.with_dialect(reading.dialect, with_unix_lines(reading.path, scratch))
        reading, values, records = _insert_all(connection, reading, table, version, restart)
    quarantined = 0
    [(flawed,)] = connection.execute(f"delete from {table.relation} where _file_id is null").fetchall()
    if flawed or _rejects(connection, reading):
        find_problems(connection, reading, table, values, _numbered(reading, values))
        located = with_lines(connection, reading, records)
        quarantined = write_quarantine(connection, reading, version, located)
        reading = replace(reading, described=reading.described | find_totals(connection, reading, located))
    return _summary(connection, reading, table, version, quarantined)


def _insert_all(
    connection: duckdb.DuckDBPyConnection,
    reading: Reading,
    table: Table,
    version: FileVersion,
    restart: Callable[[], None],
) -> tuple[Reading, list[Value], int]:
    """Write all records to the raw table, in the dialect that reads most of them; how many there are.

    A second pass looks for what is wrong with flawed ones: it costs far less than a copy of every record.
    """
    read = _insert_once(connection, reading, table, version)
    errors = _rejects(connection, reading)
    if "INVALID ENCODING" in errors:
        raise OtherEncoding
    if reading.dialect and "UNQUOTED VALUE" in errors:
        restart()
        escaped = reading.with_dialect(replace(reading.dialect, escape="\\"))
        other = _insert_once(connection, escaped, table, version)
        if sum(_rejects(connection, reading).values()) < sum(errors.values()):
            return other
        restart()
        return _insert_once(connection, reading, table, version)
    return read


def _rejects(connection: duckdb.DuckDBPyConnection, reading: Reading) -> dict[str, int]:
    """How many records are none, by kind of error."""
    if reading.dialect is None:
        return {}
    return dict(connection.execute(f"select error_type, count(*) from {REJECTS} group by 1").fetchall())


def _insert_once(
    connection: duckdb.DuckDBPyConnection, reading: Reading, table: Table, version: FileVersion
) -> tuple[Reading, list[Value], int]:
    notations, told = find_notations(connection, reading, table)
    values = values_of(reading, table, version.now, notations)
    drop_scratch_tables(connection)
    source = defined(reading.tolerant_relation, values, total_row(reading, values))
    [(records,)] = connection.execute(insert(reading, table, _origin(version), values, source=source)).fetchall()
    return replace(reading, described=reading.described | told), values, records


def _numbered(reading: Reading, values: list[Value]) -> str:
    """The records with their typed values and, numbered after them, their position.

    Conditions over it are not pushed below the numbers: otherwise every value would be converted for them once more.
    """
    records = defined(reading.profiled_relation, values, total_row(reading, values))
    return f"(select row_number() over () as _ordinal, * from {records})"
