"""The rows of a file as SQL: each value in its type, what is wrong with it, and the insert into the raw table.

Belongs here: expressions over a reading, and what a flaw is. Does not belong here: running them (`landing`), or how a
single text becomes a number or a time (`conversion`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from orchestration.ingestion.contracts import Column, Table
from orchestration.ingestion.conversion import (
    PLAIN,
    SPOILT,
    Notation,
    cleaned,
    convert,
    expected,
    identifier,
    is_id,
    open_thousands,
    quote,
    spoilt_id,
    spoilt_number,
)
from orchestration.ingestion.quarantine import IS_TOTAL, Value
from orchestration.ingestion.readers import Reading
from orchestration.ingestion.totals import is_total, may_be_total

# Dates stand in the zone of an account or an office: the last zone is 14 hours ahead of UTC.
_AHEAD_OF_UTC = timedelta(hours=14)


@dataclass(frozen=True)
class Origin:
    """SQL expressions of a row's file: its id, and the version of a row without a sync stamp."""

    file_id: str
    version: str


def values_of(
    reading: Reading, table: Table, now: datetime, notations: Mapping[str, Notation] | None = None
) -> list[Value]:
    """The contract columns that the file has; with notations for the thorough way.

    Each is defined over the one before: the file's value, the cleaned one, the typed one. The names keep DuckDB from
    evaluating a definition wherever it is used, which made the thorough way twenty times slower.
    """
    values = []
    thorough = notations is not None
    for number, column in enumerate(table.columns):
        if column.name in reading.mapping.told:
            constant = quote(reading.mapping.told[column.name])
            values.append(Value(column, constant, constant, None, None, ()))
            continue
        position = reading.mapping.columns.get(column.name)
        if position is None:
            continue
        landed, source_type = reading.values[position], reading.types[position]
        notation = notations.get(column.name) if notations is not None else None
        if thorough and column.data_type == "boolean":
            notation = PLAIN
        trims = notation is not None and notation.trims and source_type == "VARCHAR"
        raw, raw_definition = landed, None
        if trims or not reading.nulls_are_read:
            raw, raw_definition = f"__raw_{number}", cleaned(landed, source_type, trim=trims)
        typed = typed_definition = convert(raw, source_type, column, notation)
        if thorough:
            typed = f"__typed_{number}"
        unread = f"{raw} is not null and {typed} is null"
        flaws = [(unread, expected(column.data_type, notation or PLAIN))]
        if source_type == "VARCHAR" and column.data_type == "varchar":
            flaws = []
        if reading.is_handmade and is_id(column):
            flaws = [(spoilt_id(raw), SPOILT)]
            if not thorough:
                typed = f"case when {spoilt_id(raw)} then null else {raw} end"
        elif reading.is_handmade and column.is_number:
            if thorough:
                flaws.insert(0, (f"{unread} and {spoilt_number(raw)}", SPOILT))
            elif column.data_type != "bigint" and reading.dialect and reading.dialect.delimiter == ";":
                # Where the comma marks decimals, a machine's 1.234 is a person's 1234.
                typed = f"case when {open_thousands(raw)} then null else {typed} end"
        if column.required:
            flaws.append((f"{raw} is null", "required, but empty"))
        if column.clock:
            limit = latest(column, now)
            flaws.append((f"coalesce({typed} > {moment_literal(limit)}, false)", f"later than the load at {now}"))
        values.append(Value(column, raw, typed, raw_definition, typed_definition if thorough else None, tuple(flaws)))
    return values


def defined(relation: str, values: list[Value], total: str | None = None) -> str:
    """The relation with the cleaned and the typed values that are defined by name, and what is a total row."""
    raw = "".join(f", {value.raw_definition} as {value.raw}" for value in values if value.raw_definition)
    typed = "".join(f", {value.typed_definition} as {value.typed}" for value in values if value.typed_definition)
    if raw:
        relation = f"(select *{raw} from {relation})"
    relation = f"(select *{typed} from {relation})" if typed else relation
    return f"(select *, {total} as {IS_TOTAL} from {relation})" if total else relation


def insert(
    reading: Reading,
    table: Table,
    origin: Origin,
    values: list[Value],
    *,
    source: str | None = None,
) -> str:
    """An insert that fails at the first flaw; over `source` it cannot fail, and flawed rows get no `_file_id`.

    A condition after `where` would be pushed below the definitions of the values, and evaluate each of them once more.
    """
    by_name = {value.column.name: value for value in values}
    selected = []
    for column in table.columns:
        if column.name not in by_name:
            selected.append(f"null::{column.data_type}")
            continue
        value = by_name[column.name]
        selected.append(value.typed if source else value.or_error())
    file_id = origin.file_id
    if not source and reading.is_handmade:
        file_id = f"case when {_may_be_total(reading, table)} then error('flaw')::ubigint else {file_id} end"
    flawed = [condition for value in values for condition, _ in value.flaws]
    if reading.malformed:
        flawed.append(reading.malformed)
    if source and reading.is_handmade:
        flawed.append(IS_TOTAL)
    if source and flawed:
        file_id = f"case when {' or '.join(f'({condition})' for condition in flawed)} then null else {file_id} end"
    selected += [_extra(reading), file_id, _row_version(reading, origin)]
    names = ", ".join(identifier(name) for name in (*table.names, "_extra", "_file_id", "_version"))
    relation = source or defined(reading.relation, values)
    return f"insert into {table.relation} ({names}) select {', '.join(selected)} from {relation}"


def _may_be_total(reading: Reading, table: Table) -> str:
    """A total row that breaks nothing stands out by its first value, or by a text that is required."""
    positions = {0} | {
        reading.mapping.columns[c.name] for c in table.columns if c.required and c.name in reading.mapping.columns
    }
    typed = {
        reading.mapping.columns[c.name]
        for c in table.columns
        if c.data_type != "varchar" and c.name in reading.mapping.columns
    }
    texts = sorted(positions - typed)
    return may_be_total(reading.values[position] for position in texts) if texts else "false"


def _extra(reading: Reading) -> str:
    """Unknown columns as JSON in the order of their names; NULL where all of them are empty."""
    unknown = reading.mapping.unknown
    if not unknown:
        return "null::json"
    fields = ", ".join(f"{identifier(name)} := {reading.originals[i]}" for name, i in unknown.items())
    filled = " or ".join(f"({cleaned(reading.values[i], reading.types[i])}) is not null" for i in unknown.values())
    return f"case when {filled} then to_json(struct_pack({fields})) end"


def _row_version(reading: Reading, origin: Origin) -> str:
    position = reading.mapping.stamp
    if position is None:
        return origin.version
    stamp = convert(reading.values[position], reading.types[position], Column("stamp", "timestamp"))
    return f"coalesce({stamp}, {origin.version})"


def total_row(reading: Reading, values: list[Value]) -> str | None:
    """Whether a record is a total row, where there can be any."""
    incomplete = " or ".join(f"{value.typed} is null" for value in values if value.column.required) or "false"
    return is_total(reading, incomplete) if reading.is_handmade else None


def latest(column: Column, now: datetime) -> datetime:
    """The latest moment that an observed event can have."""
    return now + (_AHEAD_OF_UTC if column.data_type == "date" else timedelta())


def moment_literal(moment: datetime) -> str:
    """A moment as SQL literal."""
    return f"timestamp '{moment:%Y-%m-%d %H:%M:%S.%f}'"
