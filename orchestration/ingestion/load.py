"""Load modes: which of the rows that claim the same place stay in the raw table.

Belongs here: append, upsert and replace_window as set operations, and who counts as duplicate or superseded.
Does not belong here: reading and checking rows (`landing`), or the ledger's shape (`ledger`).

The outcome never depends on the order in which files arrive: of all candidates for a key the greatest one by
(`updated_at`, version, content hash of the file, position in the file) stays, and of all batches that cover a
window the newest stays. Both are maxima, so they can be taken file by file or for many files at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import duckdb

from orchestration.ingestion import ledger
from orchestration.ingestion.contracts import Table
from orchestration.ingestion.conversion import identifier, quote
from orchestration.ingestion.headers import SYNC_STAMPS

# The files that are loaded together: `path` (plain copy), `_file_id`, `version` and `batch`.
GROUP = "temp.funnelhouse_group"
_KEYS = "temp.funnelhouse_keys"
_CLASHES = "temp.funnelhouse_clashes"
_LOST = "temp.funnelhouse_lost"


@dataclass(frozen=True)
class Losses:
    """What became of a file's rows: duplicates were dropped, superseded rows lost against newer ones."""

    duplicate: int = 0
    superseded: int = 0


def create_group(
    connection: duckdb.DuckDBPyConnection,
    paths: Sequence[str],
    file_ids: Sequence[int],
    versions: Sequence[datetime],
    batches: Sequence[str | None] = (),
) -> None:
    """Name the files that are loaded together."""
    connection.execute(f"drop table if exists {GROUP}")
    connection.execute(
        f"create temp table {_short(GROUP)} as select unnest(?) as path, unnest(?::ubigint[]) as _file_id,"
        " unnest(?::timestamp[]) as version, unnest(?::varchar[]) as batch",
        [list(paths), list(file_ids), list(versions), list(batches) or [None] * len(paths)],
    )


def drop_scratch_tables(connection: duckdb.DuckDBPyConnection) -> None:
    """Drop what settling left behind in the session."""
    for name in (GROUP, _KEYS, _CLASHES, _LOST):
        connection.execute(f"drop table if exists {name}")


def settle(connection: duckdb.DuckDBPyConnection, table: Table) -> dict[int, Losses]:
    """Let the right rows stay, after the rows of GROUP were landed in the raw table, inside the open transaction.

    Counts of files that were loaded earlier are put right in the ledger.

    Returns:
        What the group's own files lost, by file id; files that lost nothing are left out.
    """
    losses: dict[int, Losses] = {}
    if table.load_mode == "replace_window":
        _find_lost_windows(connection, table)
        _remove_lost(connection, table, losses)
    if key := identity(table):
        _find_lost_keys(connection, table, key)
        _remove_lost(connection, table, losses)
    return losses


def _find_lost_windows(connection: duckdb.DuckDBPyConnection, table: Table) -> None:
    """Between batches the newest takes each window whole; within one batch files complement each other."""
    window = f"hash({', '.join(_window(table))})"
    files = f"source = {quote(table.source)} and table_name = {quote(table.name)}"
    # Equal rows of one file are its duplicates, whatever becomes of their window.
    place = ", ".join([*identity(table), *_content(table)])
    is_duplicate = f"row_number() over (partition by _file_id, {place} order by rowid) > 1" if table.key else "false"
    connection.execute(
        f"""create temp table {_short(_LOST)} as
        with files as (
            select _file_id, batch, version, true as has_rows from {GROUP}
            union all
            select file_id, batch, version, status = 'loaded' from ledger.files
            where {files} and status in ('loaded', 'duplicate')
        ),
        batches as (select batch, max(version) as version from files group by batch),
        owners as (select _file_id, batch from files where has_rows),
        covered as (select distinct {window} as place from {table.relation} semi join {GROUP} using (_file_id)),
        held as (
            select distinct {window} as place, batch
            from {table.relation} join owners using (_file_id)
            where {window} in (select place from covered)
        ),
        ranked as (
            select place, batch, row_number() over (partition by place order by version desc, batch desc) as rank
            from held join batches using (batch)
        ),
        lost as (select place, batch from ranked where rank > 1),
        losing as (
            select r.*, r.rowid as row
            from {table.relation} as r
            join owners as o on r._file_id = o._file_id
            join lost on o.batch = lost.batch and {window} = lost.place
        )
        select row, _file_id, {is_duplicate.replace("rowid", "row")} as is_duplicate from losing"""
    )


def _find_lost_keys(connection: duckdb.DuckDBPyConnection, table: Table, key: list[str]) -> None:
    """Of all rows with a key the newest stays; the others are duplicates of an equal one, or superseded."""
    # Hashes of 64 bits find the few rows to look at; two keys that share one are told apart by the partition.
    hashed = f"hash({', '.join(key)})"
    updated = f"{identifier(table.updated_at)} desc nulls last, " if table.updated_at else ""
    newest_first = f"{updated}_version desc, _file_id desc, row desc"
    connection.execute(
        f"create temp table {_short(_KEYS)} as"
        f" select {hashed} as key from {table.relation} semi join {GROUP} using (_file_id)"
    )
    connection.execute(
        f"create temp table {_short(_CLASHES)} as"
        f" select key from {_KEYS} group by key having count(*) > 1 union"
        f" select {hashed} from {table.relation} anti join {GROUP} using (_file_id)"
        f" where {hashed} in (select key from {_KEYS})"
    )
    connection.execute(
        f"""create temp table {_short(_LOST)} as
        with candidates as (
            select *, rowid as row, hash({", ".join(_content(table))}) as content
            from {table.relation}
            where {hashed} in (select key from {_CLASHES})
        ),
        ranked as (
            select
                row, _file_id,
                row_number() over (partition by {", ".join(key)} order by {newest_first}) as place,
                row_number() over (partition by {", ".join(key)}, content order by {newest_first}) as place_among_equals
            from candidates
        )
        select row, _file_id, place_among_equals > 1 as is_duplicate from ranked where place > 1"""
    )


def _remove_lost(connection: duckdb.DuckDBPyConnection, table: Table, losses: dict[int, Losses]) -> None:
    """Delete the rows in LOST, and count them for their files."""
    counts = (
        "select _file_id as file_id, count(*) filter (not is_duplicate) as superseded,"
        f" count(*) filter (is_duplicate) as duplicate from {_LOST}"
    )
    own = connection.execute(f"{counts} semi join {GROUP} using (_file_id) group by 1").fetchall()
    for file_id, superseded, duplicate in own:
        before = losses.get(file_id, Losses())
        losses[file_id] = Losses(before.duplicate + duplicate, before.superseded + superseded)
    ledger.add_counts(connection, table, f"{counts} anti join {GROUP} using (_file_id) group by 1")
    connection.execute(f"delete from {table.relation} where rowid in (select row from {_LOST})")
    for name in (_KEYS, _CLASHES, _LOST):
        connection.execute(f"drop table if exists {name}")


def identity(table: Table) -> list[str]:
    """SQL expressions, over a bare row, that identify it; empty where rows have no identity."""
    if not table.key:
        return []
    return list(dict.fromkeys([*(identifier(name) for name in table.key), *_window(table)]))


def _window(table: Table) -> list[str]:
    expressions = []
    for name in table.window:
        dated = table.window_grain and table.column(name).data_type in ("date", "timestamp")
        column = identifier(name)
        expressions.append(f"date_trunc('{table.window_grain}', {column})" if dated else column)
    return expressions


def _content(table: Table) -> list[str]:
    """What makes two rows equal: everything but when the connector landed them."""
    return [identifier(name) for name in table.names if name.lower() not in SYNC_STAMPS] + ["_extra::varchar"]


def _short(name: str) -> str:
    return name.removeprefix("temp.")
