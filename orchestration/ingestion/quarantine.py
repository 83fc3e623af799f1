"""Records that break the contract: found with every flaw, and written to the quarantine.

Belongs here: line, column, value and reason of a flaw. Does not belong here: what a flaw is (`rows` says it in
conditions), or the rows that are fine.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import duckdb

from orchestration.ingestion.contracts import Column, Table
from orchestration.ingestion.conversion import identifier, quote
from orchestration.ingestion.lines import line_queries
from orchestration.ingestion.readers import Reading
from orchestration.ingestion.totals import AROUND, looks_like_total

PROBLEMS = "temp.funnelhouse_problems"
# Column of the source: the record is a total row.
IS_TOTAL = "__is_total"

_KEPT_TEXT = 10_000
# Total rows whose text the ledger keeps; a file has one or two.
_TOLD_TOTALS = 20


@dataclass(frozen=True)
class FileVersion:
    """One content of one file, as rows know it.

    Attributes:
        source: folder of the source.
        table: table below it.
        file: path below the extracts.
        file_id: first eight bytes of the content's SHA-256.
        version: version of rows without a sync stamp (UTC).
        now: moment of the load (UTC); observed events cannot be later.
    """

    source: str
    table: str
    file: str
    file_id: int
    version: datetime
    now: datetime


@dataclass(frozen=True)
class Value:
    """One contract column of a file.

    Attributes:
        column: the contract column.
        raw: expression of the value as it stands in the file, with null spellings as NULL.
        typed: expression of the value in the column's type, NULL where it cannot be read.
        raw_definition: what `raw` stands for, when it is a name.
        typed_definition: what `typed` stands for, when it is a name.
        flaws: condition and reason of each flaw.
    """

    column: Column
    raw: str
    typed: str
    raw_definition: str | None
    typed_definition: str | None
    flaws: tuple[tuple[str, str], ...]

    def or_error(self) -> str:
        """The typed value, or a failing query where it cannot be read or is required and missing.

        `coalesce` evaluates the rest for NULLs only: written as conditions before it, every conversion would
        run twice.
        """
        if self.column.required:
            return f"coalesce({self.typed}, error('flaw')::{self.column.data_type})"
        if not self.flaws:
            return self.typed
        unread = f"case when ({self.raw}) is not null then error('flaw')::{self.column.data_type} end"
        return f"coalesce({self.typed}, {unread})"


# Queries of the problem records and of the rejected records, with their lines.
Located = tuple[str, str]


def find_problems(
    connection: duckdb.DuckDBPyConnection, reading: Reading, table: Table, values: list[Value], source: str
) -> None:
    """Note every record that breaks the contract, with its position and flaws, in a scratch table.

    Args:
        connection: the warehouse.
        reading: the file.
        table: its contract.
        values: its columns.
        source: its records with their position `_ordinal`, and whatever the values and flaws name.
    """
    problem = "{{'column_name': {column}, 'value': {value}, 'reason': {reason}}}"
    found = []
    if reading.malformed:
        broken = problem.format(column="null::varchar", value="json::varchar", reason="'not a JSON object'")
        found.append(f"case when {reading.malformed} then {broken} end")
    for value in values:
        cases = " ".join(
            f"when {condition} then "
            + problem.format(column=quote(value.column.name), value=f"({value.raw})::varchar", reason=quote(reason))
            for condition, reason in value.flaws
        )
        if cases:
            found.append(f"case {cases} end")
    listed = f"list_filter([{', '.join(found)}], lambda p: p is not null)" if found else "[]"
    fields = ", ".join(
        f"{identifier(name)} := {reading.originals[i]}" for i, name in enumerate(_unique(reading.headers))
    )
    flaws = [condition for value in values for condition, _ in value.flaws]
    flaws += [reading.malformed] if reading.malformed else []
    flaws += [IS_TOTAL] if reading.is_handmade else []
    # So that a later export of the same row is recognised; a key that cannot be read is none.
    typed = {value.column.name: value.typed for value in values}
    key = "null::varchar"
    if table.key and all(name in typed for name in table.key):
        is_whole = " and ".join(f"{typed[name]} is not null" for name in table.key)
        texts = ", ".join(f"{typed[name]}::varchar" for name in table.key)
        key = f"case when {is_whole} then to_json([{texts}])::varchar end"
    connection.execute(
        # The few flawed records are chosen first: describing every record would take far longer.
        f"create temp table {PROBLEMS.removeprefix('temp.')} as"
        f" select _ordinal, {reading.line or '_ordinal'} as _line, {listed} as problems,"
        f" to_json(struct_pack({fields})) as row, {key} as key,"
        f" {IS_TOTAL if reading.is_handmade else 'false'} as is_total from {source}"
        f" where {' or '.join(f'({flaw})' for flaw in flaws) or 'false'}"
    )


def write_quarantine(
    connection: duckdb.DuckDBPyConnection, reading: Reading, version: FileVersion, located: Located
) -> int:
    """Write one quarantine row per bad record: its first flaw, the others named in the reason."""
    flaws, rejects = located
    flaws = f"select * from ({flaws}) where not is_total"
    others = "list_transform(problems[2:], lambda p: concat(p.column_name, ': ', p.reason))"
    selects = [
        f"select line, problems[1].column_name, left(problems[1].value, {_KEPT_TEXT}),"
        f" concat_ws('; also ', problems[1].reason, nullif(array_to_string({others}, '; '), '')), row, key"
        f" from ({flaws})"
    ]
    if rejects:
        names = " ".join(f"when 'c{i}' then {quote(name)}" for i, name in enumerate(reading.headers))
        reason = (
            "case error_type when 'UNQUOTED VALUE' then 'a quote is not closed or stands inside a value'"
            " else lower(error_type) || ': ' || error_message end"
        )
        selects.append(
            f"select line, case column_name {names} end, left(csv_line, {_KEPT_TEXT}), {reason},"
            f" to_json({{'line': left(csv_line, {_KEPT_TEXT})}}), null::varchar from ({rejects})"
            f" where not ({_is_rejected_total(reading)})"
        )
    total = 0
    for select in selects:
        [(count,)] = connection.execute(
            "insert into ledger.quarantine (file_id, source, table_name, file, line, column_name, value,"
            " reason, first_seen_at, row, key)"
            " select ?::ubigint, ?, ?, ?, flaw.line, flaw.column_name, flaw.value, flaw.reason, ?::timestamp,"
            f" flaw.row, flaw.key from ({select}) as flaw(line, column_name, value, reason, row, key)",
            [version.file_id, version.source, version.table, version.file, version.now],
        ).fetchall()
        total += count
    return total


def find_totals(connection: duckdb.DuckDBPyConnection, reading: Reading, located: Located) -> dict[str, object]:
    """How many total rows there are, and what they say."""
    if not reading.is_handmade:
        return {}
    flaws, rejects = located
    # Empty cells say nothing, and an export has many of them in its total row.
    filled = "json_merge_patch('{}'::json, row)"
    selects = [f"select line, {filled}::varchar as says from ({flaws}) where is_total"]
    if rejects:
        selects.append(f"select line, csv_line from ({rejects}) where {_is_rejected_total(reading)}")
    totals = connection.execute(f"{' union all '.join(selects)} order by 1").fetchall()
    if not totals:
        return {}
    return {
        "total_rows": len(totals),
        "totals": [f"line {line}: {says}" for line, says in totals[:_TOLD_TOTALS]],
    }


def with_lines(connection: duckdb.DuckDBPyConnection, reading: Reading, records: int) -> Located:
    """The problem records and the rejected records of a file with that many records, with their lines."""
    if not reading.dialect:
        return f"select *, _line as line from {PROBLEMS}", ""
    before = len(reading.dialect.preamble)
    flaws, rejects = (
        f"select * replace (line + {before} as line) from ({query})"
        for query in line_queries(connection, reading, PROBLEMS, records)
    )
    return flaws, rejects


def _is_rejected_total(reading: Reading) -> str:
    """A total row that has fewer columns than the others."""
    assert reading.dialect is not None
    delimiter = reading.dialect.delimiter
    first = f"split_part(ltrim(csv_line, {quote(delimiter + AROUND)}), {quote(delimiter)}, 1)"
    return f"coalesce({looks_like_total(first)}, false)"


def _unique(headers: tuple[str, ...]) -> list[str]:
    """Headers as distinct field names, compared as DuckDB does: without case."""
    names: list[str] = []
    seen: set[str] = set()
    for position, header in enumerate(headers, start=1):
        name = header or f"column_{position}"
        while name.lower() in seen:
            name += "_"
        seen.add(name.lower())
        names.append(name)
    return names
