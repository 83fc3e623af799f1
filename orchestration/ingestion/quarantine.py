"""Records that break the contract: found with every flaw, and written to the quarantine.

Belongs here: line, column, value and reason of a flaw. Does not belong here: what a flaw is (`landing` says
it in conditions), or the rows that are fine.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import duckdb

from orchestration.ingestion.contracts import Column
from orchestration.ingestion.conversion import identifier, quote
from orchestration.ingestion.formats import UnreadableFile
from orchestration.ingestion.lines import line_queries
from orchestration.ingestion.readers import REJECTS, Reading

SOURCE = "temp.funnelhouse_source"
PROBLEMS = "temp.funnelhouse_problems"

_KEPT_TEXT = 10_000
# 12,50 or 1.234,56, which no English number looks like; and 1.234, which may be either kind.
_COMMA = r"[+-]?(\d+,(\d{1,2}|\d{4,})|\d{1,3}([.\s]\d{3})+,\d+)"
_POINT = r"[+-]?\d{1,3}(\.\d{3})+"


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


def refuse_decimal_commas(connection: duckdb.DuckDBPyConnection, reading: Reading, values: list[Value]) -> None:
    """Refuse a file whose 1.234 may mean 1234: where 12,50 stands beside it, a point marks thousands."""
    for value in values:
        number = value.column.data_type == "double" or value.column.data_type.startswith("decimal")
        if not number or reading.types[reading.mapping.columns[value.column.name]] != "VARCHAR":
            continue
        comma, point = (f"regexp_full_match({value.raw}, {quote(p)})" for p in (_COMMA, _POINT))
        [(commas, points)] = connection.execute(
            f"select max({value.raw}) filter ({comma}), max({value.raw}) filter ({point}) from {SOURCE}"
        ).fetchall()
        if commas is not None and points is not None:
            raise UnreadableFile(
                f"column {value.column.name} is written with a decimal comma ({commas!r}), so that"
                f" {points!r} is ambiguous; decimal commas are not read yet: export with a decimal point"
            )


def find_problems(connection: duckdb.DuckDBPyConnection, reading: Reading, values: list[Value]) -> None:
    """Note every record that breaks the contract, with its position and flaws, in a scratch table."""
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
    connection.execute(
        # The few flawed records are chosen first: describing every record would take far longer.
        f"create temp table {PROBLEMS.removeprefix('temp.')} as"
        f" select _ordinal, {listed} as problems, to_json(struct_pack({fields})) as row from {SOURCE}"
        f" where {' or '.join(f'({flaw})' for flaw in flaws) or 'false'}"
    )


def write_quarantine(connection: duckdb.DuckDBPyConnection, reading: Reading, version: FileVersion) -> int:
    """Write one quarantine row per bad record: its first flaw, the others named in the reason."""
    flaws, rejects = f"select *, _ordinal as line from {PROBLEMS}", ""
    if reading.dialect:
        [(found,)] = connection.execute(
            f"select (select count(*) from {PROBLEMS}) + (select count(*) from {REJECTS})"
        ).fetchall()
        if not found:
            return 0
        flaws, rejects = line_queries(connection, reading, SOURCE, PROBLEMS)
    others = "list_transform(problems[2:], lambda p: concat(p.column_name, ': ', p.reason))"
    selects = [
        f"select line, problems[1].column_name, left(problems[1].value, {_KEPT_TEXT}),"
        f" concat_ws('; also ', problems[1].reason, nullif(array_to_string({others}, '; '), '')), row from ({flaws})"
    ]
    if rejects:
        names = " ".join(f"when 'c{i}' then {quote(name)}" for i, name in enumerate(reading.headers))
        reason = (
            "case error_type when 'UNQUOTED VALUE' then 'a quote is not closed or stands inside a value'"
            " else lower(error_type) || ': ' || error_message end"
        )
        selects.append(
            f"select line, case column_name {names} end, left(csv_line, {_KEPT_TEXT}), {reason},"
            f" to_json({{'line': left(csv_line, {_KEPT_TEXT})}}) from ({rejects})"
        )
    total = 0
    for select in selects:
        [(count,)] = connection.execute(
            "insert into ledger.quarantine (file_id, source, table_name, file, line, column_name, value,"
            " reason, first_seen_at, row)"
            " select ?::ubigint, ?, ?, ?, flaw.line, flaw.column_name, flaw.value, flaw.reason, ?::timestamp,"
            f" flaw.row from ({select}) as flaw(line, column_name, value, reason, row)",
            [version.file_id, version.source, version.table, version.file, version.now],
        ).fetchall()
        total += count
    return total


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
