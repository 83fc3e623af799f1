"""Quarantined rows that were put right: by a steward's correction file, or by a later export.

A correction file is an extract like any other, in the folder of its table, with two columns more: `_corrects_file`
and `_corrects_line` name the quarantined row that a row stands for. It corrects one file, and its rows count as rows
of that file: they have its version and belong to its batch.

Belongs here: which file a correction file corrects, which quarantined rows are resolved, and what a steward is given to
correct the others. Does not belong here: reading files (`opening`) or writing rows into quarantine (`quarantine`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb

from orchestration.ingestion import ledger
from orchestration.ingestion.contracts import Table
from orchestration.ingestion.conversion import identifier, quote
from orchestration.ingestion.formats import UnreadableFile
from orchestration.ingestion.ledger import Entry
from orchestration.ingestion.readers import Reading

CORRECTS_FILE, CORRECTS_LINE, CORRECTS_REASON = "_corrects_file", "_corrects_line", "_corrects_reason"
COLUMNS = (CORRECTS_FILE, CORRECTS_LINE, CORRECTS_REASON)


def corrected_by(connection: duckdb.DuckDBPyConnection, reading: Reading, table: Table) -> Entry | None:
    """The file that a correction file corrects; None for any other file.

    Raises:
        UnreadableFile: it does not say which one, or names several, or one that was not loaded.
    """
    position = reading.mapping.unknown.get(CORRECTS_FILE)
    if position is None:
        return None
    if CORRECTS_LINE not in reading.mapping.unknown:
        raise UnreadableFile(f"this corrects other rows, but has no column {CORRECTS_LINE} that says which")
    named = connection.execute(f"select distinct {reading.values[position]} from {reading.relation} limit 2").fetchall()
    files = [file for (file,) in named]
    if len(files) != 1 or files[0] is None:
        raise UnreadableFile(
            f"column {CORRECTS_FILE} must name one file, the same in every row; write one correction file for each"
        )
    entries = ledger.entries(
        connection,
        "file = ? and source = ? and table_name = ? and status = 'loaded'",
        [files[0], table.source, table.name],
    )
    if not entries:
        raise UnreadableFile(f"this corrects {files[0]}, which is no loaded file of {table.source}/{table.name}")
    return max(entries, key=lambda entry: entry.loaded_at)


def resolve(connection: duckdb.DuckDBPyConnection, tables: Iterable[Table], now: datetime) -> None:
    """Mark quarantined rows of these tables whose correction was loaded.

    By a steward, under their key, or under their file's name.
    """
    open_in = set(
        connection.execute(
            "select distinct source, table_name from ledger.quarantine where resolved_at is null"
        ).fetchall()
    )
    for table in tables:
        if (table.source, table.name) in open_in:
            connection.execute(_resolution(table), [now])


def _resolution(table: Table) -> str:
    own = f"source = {quote(table.source)} and table_name = {quote(table.name)}"
    ways = [
        f"select o.id, r._file_id from {table.relation} as r join open as o"
        f" on json_extract_string(r._extra, '$.{CORRECTS_FILE}') = o.file"
        f" and try_cast(json_extract_string(r._extra, '$.{CORRECTS_LINE}') as bigint) = o.line"
        " where r._extra is not null",
        "select o.id, f.file_id from open as o join loaded as f"
        " on f.file = o.file and f.file_id <> o.file_id and f.loaded_at > o.loaded_at",
    ]
    if table.key:
        ways.append(
            f"select o.id, r._file_id from (select {key_text(table)} as key, _file_id, _version from {table.relation})"
            " as r join open as o on r.key = o.key and r._file_id <> o.file_id and r._version >= o.version"
        )
    return f"""
        with loaded as (select * from ledger.files where {own} and status = 'loaded'),
        open as (
            select q.rowid as id, q.*, was.version, was.loaded_at
            from ledger.quarantine as q join loaded as was using (file_id, file)
            where q.resolved_at is null and q.source = {quote(table.source)} and q.table_name = {quote(table.name)}
        ),
        found as ({" union ".join(ways)}),
        resolved as (
            select found.id, min(loaded.file) as file from found join loaded on loaded.file_id = found._file_id
            group by found.id
        )
        update ledger.quarantine as q set resolved_at = ?::timestamp, resolved_by = resolved.file
        from resolved where q.rowid = resolved.id"""


def key_text(table: Table) -> str:
    """SQL expression of a loaded row's key as one text, as the quarantine keeps it."""
    return f"to_json([{', '.join(f'{identifier(name)}::varchar' for name in table.key)}])::varchar"


@dataclass(frozen=True)
class OpenFlaw:
    """Quarantined rows of one file that wait for a correction, of one column and reason."""

    file: str
    column: str | None
    reason: str
    rows: int
    line: int
    value: str | None


def open_flaws(connection: duckdb.DuckDBPyConnection) -> list[OpenFlaw]:
    """What waits for a correction, with the first line and value of each kind."""
    return [
        OpenFlaw(*row)
        for row in connection.execute(
            "select file, column_name, reason, count(*), min(line), arg_min(value, line) from ledger.quarantine"
            " where resolved_at is null group by all order by file, min(line)"
        ).fetchall()
    ]


def write_templates(connection: duckdb.DuckDBPyConnection, out: Path) -> list[Path]:
    """Write the rows that wait for a correction as files to correct them in, one for each file they came from.

    A file that is there already is left alone: somebody may be working on it.

    Args:
        connection: the warehouse.
        out: folder that takes `<source>/<table>/corrections/<name>.csv`.

    Returns:
        The files that were written.
    """
    written = []
    for source, table, file, layouts in connection.execute(
        "select source, table_name, file, list(distinct json_keys(row))"
        " from ledger.quarantine where resolved_at is null group by all order by all"
    ).fetchall():
        path = out / source / table / "corrections" / (re.sub(r"\W+", "_", file) + ".csv")
        if path.exists():
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        keys = dict.fromkeys(key for layout in layouts for key in layout)
        values = [f"json_extract_string(row, {quote('$.' + json.dumps(key))}) as {identifier(key)}" for key in keys]
        selected = ", ".join(
            [
                *values,
                f"file as {CORRECTS_FILE}",
                f"line as {CORRECTS_LINE}",
                f"concat_ws(' ', column_name, 'is', reason) as {CORRECTS_REASON}",
            ]
        )
        connection.execute(
            f"copy (select {selected} from ledger.quarantine where resolved_at is null and file = {quote(file)}"
            f" order by line) to {quote(str(path))} (header)"
        )
        written.append(path)
    return written
