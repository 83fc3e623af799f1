"""Load modes: which of the rows that claim the same place stay in the raw table.

Belongs here: append, upsert and replace_window as set operations, and who counts as duplicate or superseded.
Does not belong here: reading and checking rows (`landing`), or the ledger's shape (`ledger`).

The outcome never depends on the order in which files arrive: of all candidates for a key the greatest one by
(`updated_at`, version, content hash of the file, position in the file) stays, and of all batches that cover a
window the newest stays. Both are maxima, so they can be taken file by file.
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

LANDED = "temp.funnelhouse_landed"
_RANKED = "temp.funnelhouse_ranked"
_CLASHES = "temp.funnelhouse_clashes"
_HELD = "temp.funnelhouse_held"
_KEYS = "temp.funnelhouse_keys"
# The files of a group: `path` (plain copy), `_file_id`, `version` and `batch`.
GROUP = "temp.funnelhouse_group"


@dataclass(frozen=True)
class Merged:
    """What became of the landed rows: duplicates were dropped, superseded rows lost against newer ones."""

    rows_duplicate: int = 0
    rows_superseded: int = 0


def is_empty(connection: duckdb.DuckDBPyConnection, table: Table) -> bool:
    """Whether the raw table holds no row, so that a file can be landed in it directly."""
    return not connection.execute(f"select 1 from {table.relation} limit 1").fetchall()


def create_landing(connection: duckdb.DuckDBPyConnection, table: Table) -> None:
    """Make an empty landing table beside the raw table."""
    drop_scratch_tables(connection)
    connection.execute(f"create temp table {_short(LANDED)} as select * from {table.relation} limit 0")


def drop_scratch_tables(connection: duckdb.DuckDBPyConnection) -> None:
    """Drop what merging left behind in the session."""
    for name in (LANDED, _RANKED, _CLASHES, _HELD, _KEYS, GROUP):
        connection.execute(f"drop table if exists {name}")


def keep_direct(connection: duckdb.DuckDBPyConnection, table: Table) -> bool:
    """Whether rows that were landed in the empty raw table itself can stay; else they move to the landing
    table.
    """
    key = identity(table)
    if not key or _is_unique(connection, table.relation, key):
        return True
    drop_scratch_tables(connection)
    connection.execute(f"create temp table {_short(LANDED)} as select * from {table.relation}")
    connection.execute(f"delete from {table.relation}")
    return False


def create_group(
    connection: duckdb.DuckDBPyConnection,
    paths: Sequence[str],
    file_ids: Sequence[int],
    versions: Sequence[datetime],
    batches: Sequence[str | None] = (),
) -> None:
    """Name the files that are read in one pass."""
    connection.execute(f"drop table if exists {GROUP}")
    connection.execute(
        f"create temp table {_short(GROUP)} as select unnest(?) as path, unnest(?::ubigint[]) as _file_id,"
        " unnest(?::timestamp[]) as version, unnest(?::varchar[]) as batch",
        [list(paths), list(file_ids), list(versions), list(batches) or [None] * len(paths)],
    )


def clashes(connection: duckdb.DuckDBPyConnection, table: Table) -> bool:
    """Whether rows of a group of files, landed in the raw table itself, compete with each other or with others.

    The temp table GROUP names the files and their batches. Keys are compared by their hashes: two that share one only
    cost the thorough way.
    """
    own = f"{table.relation} as r semi join {GROUP} using (_file_id)"
    others = f"{table.relation} as r anti join {GROUP} using (_file_id)"
    questions = []
    if key := identity(table):
        hashed = f"hash({', '.join(key)})"
        connection.execute(f"drop table if exists {_KEYS}")
        connection.execute(f"create temp table {_short(_KEYS)} as select {hashed} as key from {own}")
        questions += [
            f"select count(distinct key) < count(*) from {_KEYS}",
            f"select exists (select 1 from {others} where {hashed} in (select key from {_KEYS}))",
        ]
    if table.load_mode == "replace_window":
        place = f"hash({', '.join(_window(table))}) as place"
        files = f"source = {quote(table.source)} and table_name = {quote(table.name)} and status = 'loaded'"
        questions += [
            # A batch that became newer may win rows back that it lost.
            f"select exists (select 1 from ledger.files semi join {GROUP} using (batch)"
            f" where {files} and rows_superseded > 0)",
            f"with own as (select distinct {place}, g.batch from {table.relation} as r join {GROUP} as g"
            " using (_file_id)),"
            f" held as (select distinct {place}, f.batch from {table.relation} as r join ledger.files as f"
            f" on r._file_id = f.file_id and {files}),"
            " contested as (select place from (select * from own union select * from held)"
            " group by place having count(*) > 1)"
            " select exists (select 1 from own semi join contested using (place))",
        ]
    for question in questions:
        [(is_clash,)] = connection.execute(question).fetchall()
        if is_clash:
            return True
    return False


def merge(connection: duckdb.DuckDBPyConnection, table: Table, batch: str, batch_version: datetime) -> Merged:
    """Bring the landed rows into the raw table, inside the open transaction.

    Args:
        connection: the warehouse.
        table: contract of the table.
        batch: batch of the file (replace_window).
        batch_version: newest version among the files of that batch, this one included.
    """
    merged = Merged()
    key = identity(table)
    if key and not _is_unique(connection, LANDED, key):
        merged = _drop_repeated(connection, table, key)
    if not is_empty(connection, table):
        if table.load_mode == "replace_window":
            merged = _plus(merged, _replace_windows(connection, table, batch, batch_version))
        if key:
            merged = _plus(merged, _settle_clashes(connection, table, key))
    names = ", ".join(identifier(name) for name in (*table.names, "_extra", "_file_id", "_version"))
    connection.execute(f"insert into {table.relation} ({names}) select {names} from {LANDED}")
    drop_scratch_tables(connection)
    return merged


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


def _is_unique(connection: duckdb.DuckDBPyConnection, relation: str, key: list[str]) -> bool:
    # Hashes of 64 bits are a third cheaper than texts; two keys that share one only cost the thorough way.
    [(unique,)] = connection.execute(
        f"select count(distinct hash({', '.join(key)})) = count(*) from {relation}"
    ).fetchall()
    return unique


def _newest_first(table: Table) -> str:
    updated = f"{identifier(table.updated_at)} desc nulls last, " if table.updated_at else ""
    return f"{updated}_version desc, rowid desc"


def _content(table: Table) -> list[str]:
    """What makes two rows equal: everything but when the connector landed them."""
    return [identifier(name) for name in table.names if name.lower() not in SYNC_STAMPS] + ["_extra::varchar"]


def _drop_repeated(connection: duckdb.DuckDBPyConnection, table: Table, key: list[str]) -> Merged:
    """Keep the newest row of each key within the file; an equal row is a duplicate, another one
    superseded.
    """
    hashed, order = f"hash({', '.join(key)})", _newest_first(table)
    connection.execute(
        f"create temp table {_short(_RANKED)} as select rowid as row,"
        f" row_number() over (partition by {', '.join(key)} order by {order}) as place,"
        f" row_number() over (partition by {', '.join([*key, *_content(table)])} order by {order})"
        " as place_among_equals"
        f" from {LANDED} where {hashed} in (select {hashed} from {LANDED} group by 1 having count(*) > 1)"
    )
    [(duplicate, superseded)] = connection.execute(
        "select count(*) filter (place_among_equals > 1), count(*) filter (place_among_equals = 1)"
        f" from {_RANKED} where place > 1"
    ).fetchall()
    connection.execute(f"delete from {LANDED} where rowid in (select row from {_RANKED} where place > 1)")
    return Merged(duplicate, superseded)


def _settle_clashes(connection: duckdb.DuckDBPyConnection, table: Table, key: list[str]) -> Merged:
    """Let the newer of a landed row and a present one with its key stay."""
    same_key = " and ".join(f"{_of('l', k)} is not distinct from {_of('r', k)}" for k in key)
    equal = " and ".join(f"{_of('l', c)} is not distinct from {_of('r', c)}" for c in _content(table))
    newer = "(l._version > r._version or (l._version = r._version and l._file_id > r._file_id))"
    if table.updated_at:
        updated = identifier(table.updated_at)
        newer = (
            f"case when l.{updated} is not distinct from r.{updated} then {newer}"
            f" when r.{updated} is null then true when l.{updated} is null then false"
            f" else l.{updated} > r.{updated} end"
        )
    connection.execute(
        f"create temp table {_short(_CLASHES)} as select l.rowid as landed_row, r.rowid as present_row,"
        f" r._file_id as file_id, {equal} as is_equal, {newer} as is_newer"
        f" from {LANDED} as l join {table.relation} as r on {same_key}"
    )
    [(clashes, duplicate, superseded)] = connection.execute(
        "select count(*), count(*) filter (not is_newer and is_equal),"
        f" count(*) filter (not is_newer and not is_equal) from {_CLASHES}"
    ).fetchall()
    if clashes:
        # A newer equal row takes the place (and the version) of the present one, which becomes its duplicate.
        ledger.add_counts(
            connection,
            table,
            "select file_id, count(*) filter (not is_equal) as superseded,"
            f" count(*) filter (is_equal) as duplicate from {_CLASHES} where is_newer group by 1",
        )
        connection.execute(
            f"delete from {table.relation} where rowid in (select present_row from {_CLASHES} where is_newer)"
        )
        connection.execute(
            f"delete from {LANDED} where rowid in (select landed_row from {_CLASHES} where not is_newer)"
        )
    return Merged(duplicate, superseded)


def _replace_windows(
    connection: duckdb.DuckDBPyConnection, table: Table, batch: str, batch_version: datetime
) -> Merged:
    """Between batches the newest takes each window whole; within one batch files complement each other."""
    window = _window(table)
    named = ", ".join(f"{expression} as w{i}" for i, expression in enumerate(window))
    places = ", ".join(f"w{i}" for i in range(len(window)))

    def same_window(alias: str) -> str:
        return " and ".join(f"{_of(alias, e)} is not distinct from h.w{i}" for i, e in enumerate(window))

    files = f"source = {quote(table.source)} and table_name = {quote(table.name)}"
    connection.execute(
        f"""create temp table {_short(_HELD)} as
        with h as (select distinct {named} from {LANDED}),
        batches as (
            select batch, max(version) as version from ledger.files
            where {files} and status in ('loaded', 'duplicate') group by 1
        ),
        held as (
            select distinct {places}, f.batch
            from {table.relation} as r
            join h on {same_window("r")}
            join ledger.files as f on f.file_id = r._file_id and f.status = 'loaded' and {files}
        )
        select held.*, held.batch <> $batch and ($version, $batch) > (batches.version, held.batch) as is_won,
            held.batch <> $batch and ($version, $batch) < (batches.version, held.batch) as is_lost
        from held join batches using (batch)""",
        {"batch": batch, "version": batch_version},
    )
    ledger.add_counts(
        connection,
        table,
        "select r._file_id as file_id, count(*) as superseded, 0 as duplicate"
        f" from {table.relation} as r join {_HELD} as h on {same_window('r')} where h.is_won group by 1",
    )
    connection.execute(
        f"delete from {table.relation} where rowid in"
        f" (select r.rowid from {table.relation} as r join {_HELD} as h on {same_window('r')} where h.is_won)"
    )
    [(superseded,)] = connection.execute(
        f"delete from {LANDED} where rowid in"
        f" (select l.rowid from {LANDED} as l join {_HELD} as h on {same_window('l')} where h.is_lost)"
    ).fetchall()
    return Merged(0, superseded)


def _plus(one: Merged, other: Merged) -> Merged:
    return Merged(one.rows_duplicate + other.rows_duplicate, one.rows_superseded + other.rows_superseded)


def _of(alias: str, expression: str) -> str:
    """An expression over a bare row, over the row of an alias."""
    head, quote_mark, tail = expression.partition('"')
    if quote_mark:
        return f'{head}{alias}."{tail}'
    return f"{alias}.{expression}"


def _short(name: str) -> str:
    return name.removeprefix("temp.")
