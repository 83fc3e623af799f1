"""How the values of a column are written: decimal mark and order of dates, decided over the whole file.

Belongs here: the evidence that a column's values give, what it proves, and the refusal of what it leaves open. Does
not belong here: the expressions that convert values (`conversion`).

A number such as 1,234 or 1.234 may mean two things; 12,50 or 1.234,56 may not. Values that can be read one way only
are evidence for their column, and in a delimited text or a workbook (one program wrote all of it, in one locale) also
for columns that have no evidence of their own. Without any evidence:

- a point is a decimal mark, as every connector writes it, but not in a file with semicolons between the values:
  there the comma is usually the decimal mark, and 1.234 is refused;
- a comma before three digits marks thousands in a column of whole numbers, since nothing else fits the contract;
- anything else is refused with the name of the column.

A date with slashes or hyphens is read day first or month first, whichever one value of its column proves; a column
of such dates without a proof is refused. Dates with points and the year last are read day first: no country writes
the month first with points.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import duckdb

from orchestration.ingestion.contracts import Column, Table
from orchestration.ingestion.conversion import (
    PLAIN,
    Notation,
    amount_parts,
    cleaned,
    convert,
    quote,
)
from orchestration.ingestion.formats import UnreadableFile
from orchestration.ingestion.readers import Reading

# Formats that one program writes in one locale; in the others a number is a number, whatever the texts beside it say.
_LOCALISED = frozenset({"csv", "xlsx", "xls", "xlsb", "ods"})

_COMMA, _POINT, _OPEN_COMMA, _OPEN_POINT = 1, 2, 3, 4


def _proof(mark: str, other: str) -> str:
    """What only a number with that decimal mark looks like."""
    return "|".join(
        (
            rf"\d{{1,3}}(?:{other}\d{{3}})+{mark}\d*",
            rf"\d{{1,3}}(?:[ ']\d{{3}})+{mark}\d*",
            rf"\d*{mark}(?:\d{{1,2}}|\d{{4,}})",
            rf"(?:\d{{4,}}|0\d*|){mark}\d{{3}}",
            rf"\d{{1,3}}(?:{other}\d{{3}}){{2,}}",
        )
    )


_KINDS = (
    (_COMMA, _proof(",", r"\.")),
    (_POINT, _proof(r"\.", ",")),
    (_OPEN_COMMA, r"[1-9]\d{0,2},\d{3}"),
    (_OPEN_POINT, r"[1-9]\d{0,2}\.\d{3}"),
)
_DAYS = r"^(\d{1,2})[/-](\d{1,2})[/-]\d{4}(?:$|[ ,T])"


@dataclass(frozen=True)
class _Numbers:
    """Evidence of one column of numbers: how many values prove a mark, and examples of each kind."""

    commas: int
    points: int
    comma: str | None
    point: str | None
    open_comma: str | None
    open_point: str | None
    percent: str | None
    without_percent: str | None
    first_sign: str | None
    last_sign: str | None
    is_plain: bool

    @property
    def is_open(self) -> bool:
        return self.open_comma is not None or self.open_point is not None


@dataclass(frozen=True)
class _Dates:
    """Evidence of one column of dates: a date that fits one order only, one that fits both, and whether any is ISO."""

    day_first: str | None
    month_first: str | None
    either: str | None
    has_plain: bool
    is_plain: bool


def find_notations(
    connection: duckdb.DuckDBPyConnection, reading: Reading, table: Table
) -> tuple[dict[str, Notation], dict[str, Any]]:
    """The notation of each text column that machines do not write so, and what to tell about it, with the evidence.

    Raises:
        UnreadableFile: a column can be read in two ways; the message names it and the values.
    """
    read = [
        (column, reading.mapping.columns[column.name])
        for column in table.columns
        if column.name in reading.mapping.columns and reading.types[reading.mapping.columns[column.name]] == "VARCHAR"
    ]
    numbers = [(column, position) for column, position in read if column.is_number]
    dates = [(column, position) for column, position in read if column.data_type in ("date", "timestamp")]
    if not numbers and not dates:
        return {}, {}
    found = _evidence(connection, reading, numbers, dates)
    told: dict[str, Any] = {}
    notations = _decimals(reading, dict(zip((c for c, _ in numbers), found[: len(numbers)], strict=True)), told)
    for (column, _), evidence in zip(dates, found[len(numbers) :], strict=True):
        if not evidence.is_plain:
            notations[column.name] = _date_order(column, evidence, told)
    return notations, told


def _evidence(
    connection: duckdb.DuckDBPyConnection,
    reading: Reading,
    numbers: list[tuple[Column, int]],
    dates: list[tuple[Column, int]],
) -> list[Any]:
    raw, plain, parts, kinds, selected = [], [], [], [], []
    for i, (column, position) in enumerate(numbers + dates):
        raw.append(f"{cleaned(reading.values[position], 'VARCHAR', trim=True)} as r{i}")
        plain.append(f"({convert(f'r{i}', 'VARCHAR', column)}) is null and r{i} is not null as f{i}")
    for i in range(len(numbers)):
        parts.append(f"case when f{i} then {amount_parts(f'r{i}')} end as p{i}")
        number = f"case when f{i} then trim(p{i}.n) else ltrim(r{i}, '+-') end"
        cases = " ".join(f"when regexp_full_match(n{i}, {quote(shape)}) then {kind}" for kind, shape in _KINDS)
        kinds.append(
            (
                f"{number} as n{i}",
                f"case when contains(n{i}, '.') or contains(n{i}, ',') then case {cases} end end as k{i}",
            )
        )
        examples = [f"min(r{i}) filter (k{i} = {kind})" for kind, _ in _KINDS]
        selected += [f"count(*) filter (k{i} = {_COMMA})", f"count(*) filter (k{i} = {_POINT})", *examples]
        # A zero is the same number with and without a percent sign.
        bare = f"not (f{i} and p{i}.pct = '%') and n{i} <> '' and regexp_matches(n{i}, '[1-9]')"
        selected += [f"min(r{i}) filter (f{i} and p{i}.pct = '%')", f"min(r{i}) filter ({bare})"]
        sign = f"nullif(concat(p{i}.cur1, p{i}.cur2), '')"
        selected += [f"min({sign})", f"max({sign})", f"not coalesce(bool_or(f{i}), false)"]
    for i in range(len(numbers), len(numbers) + len(dates)):
        first, second = (f"try_cast(regexp_extract(r{i}, '{_DAYS}', {n}) as integer)" for n in (1, 2))
        parts.append(f"case when f{i} then {first} end as d{i}, case when f{i} then {second} end as m{i}")
        selected += [
            f"min(r{i}) filter (d{i} > 12 and m{i} <= 12)",
            f"min(r{i}) filter (m{i} > 12 and d{i} <= 12)",
            f"min(r{i}) filter (d{i} <= 12 and m{i} <= 12 and d{i} <> m{i})",
            f"coalesce(bool_or(not f{i} and r{i} is not null), false)",
            f"not coalesce(bool_or(f{i}), false)",
        ]
    # One definition over the other: a name keeps DuckDB from evaluating an expression wherever it is used.
    relation = f"(select {', '.join(raw)} from {reading.profiled_relation})"
    for definitions in (plain, parts, [n for n, _ in kinds], [k for _, k in kinds]):
        if definitions:
            relation = f"(select *, {', '.join(definitions)} from {relation})"
    [row] = connection.execute(f"select {', '.join(selected)} from {relation}").fetchall()
    per_number = [_Numbers(*row[11 * i : 11 * i + 11]) for i in range(len(numbers))]
    rest = row[11 * len(numbers) :]
    return [*per_number, *(_Dates(*rest[5 * i : 5 * i + 5]) for i in range(len(dates)))]


def _decimals(reading: Reading, found: Mapping[Column, _Numbers], told: dict[str, Any]) -> dict[str, Notation]:
    localised = reading.format in _LOCALISED
    elsewhere = _mark_of_file(found.items()) if localised else None
    notations = {}
    for column, evidence in found.items():
        _check_signs(column, evidence)
        mark, why = _mark(column, evidence, reading, elsewhere if localised else None)
        if mark == "," or not evidence.is_plain:
            notations[column.name] = Notation(decimal=mark)
        if why:
            told.setdefault("decimal_comma" if mark == "," else "decimal_point", {})[column.name] = why
    return notations


def _mark_of_file(found: Iterable[tuple[Column, _Numbers]]) -> tuple[str, str] | None:
    """The decimal mark on which all columns with evidence agree, and an example."""
    found = list(found)
    commas = [(column, e) for column, e in found if e.commas]
    points = [(column, e) for column, e in found if e.points]
    if commas and not points:
        return ",", f"{commas[0][1].comma!r} in {commas[0][0].name}"
    if points and not commas:
        return ".", f"{points[0][1].point!r} in {points[0][0].name}"
    if not commas and not points:
        for column, e in found:
            if column.data_type == "bigint" and e.open_comma and not e.open_point:
                return ".", f"{e.open_comma!r} in {column.name}"
    return None


def _mark(
    column: Column, evidence: _Numbers, reading: Reading, elsewhere: tuple[str, str] | None
) -> tuple[str, str | None]:
    """Decimal mark of a column, and why; without a reason where nothing hangs on it."""
    localised = reading.format in _LOCALISED
    if evidence.commas and evidence.points:
        if evidence.is_open:
            raise UnreadableFile(
                f"column {column.name} is written with decimal commas ({evidence.comma!r}) and decimal points"
                f" ({evidence.point!r}), so that {evidence.open_comma or evidence.open_point!r} is ambiguous;"
                " export it with one of them"
            )
        commas = evidence.commas > evidence.points
        return (",", repr(evidence.comma)) if commas else (".", repr(evidence.point))
    if evidence.commas:
        if evidence.open_point and not localised:
            raise UnreadableFile(
                f"column {column.name} is written with a decimal comma ({evidence.comma!r}), so that"
                f" {evidence.open_point!r} is ambiguous; export it with decimal points"
            )
        return ",", repr(evidence.comma)
    if evidence.points:
        return ".", repr(evidence.point) if evidence.open_comma else None
    if not evidence.is_open:
        return ".", None
    if elsewhere:
        return elsewhere[0], elsewhere[1]
    if evidence.open_comma and evidence.open_point:
        raise _undecided(column, evidence.open_comma, evidence.open_point)
    whole = column.data_type == "bigint"
    if evidence.open_comma:
        if whole:
            return ".", f"{evidence.open_comma!r} is a whole number"
        raise _undecided(column, evidence.open_comma)
    semicolons = reading.dialect is not None and reading.dialect.delimiter == ";"
    if evidence.open_point and localised and (whole or semicolons):
        raise _undecided(column, evidence.open_point)
    return ".", None


def _undecided(column: Column, *values: str) -> UnreadableFile:
    examples = " and ".join(repr(value) for value in values)
    return UnreadableFile(
        f"column {column.name}: nothing in the file tells whether {examples} holds thousands or decimals;"
        " export it with a point as decimal mark and without marks for thousands"
    )


def _check_signs(column: Column, evidence: _Numbers) -> None:
    if evidence.first_sign != evidence.last_sign:
        raise UnreadableFile(
            f"column {column.name} holds several currencies ({evidence.first_sign!r} and {evidence.last_sign!r});"
            " export one file per currency, or the currency in a column of its own"
        )
    if evidence.percent and evidence.without_percent and column.unit != "percent":
        raise UnreadableFile(
            f"column {column.name} is written with percent signs ({evidence.percent!r}) and without"
            f" ({evidence.without_percent!r}), so that its values cannot be compared; export it one way"
        )


def _date_order(column: Column, evidence: _Dates, told: dict[str, Any]) -> Notation:
    day, month, either = evidence.day_first, evidence.month_first, evidence.either
    if either is not None:
        if day is not None and month is not None:
            raise UnreadableFile(
                f"column {column.name} holds dates with the day first ({day!r}) and with the month first ({month!r}),"
                f" so that {either!r} is ambiguous; export dates as YYYY-MM-DD"
            )
        if day is None and month is None and evidence.has_plain:
            # Strangers in a column of ISO dates: they go to quarantine.
            return PLAIN
        if day is None and month is None:
            raise UnreadableFile(
                f"column {column.name}: every date reads day first and month first, such as {either!r}; export dates"
                " as YYYY-MM-DD, or a longer period"
            )
    if day is not None:
        told.setdefault("day_first", {})[column.name] = repr(day)
    if month is not None:
        told.setdefault("month_first", {})[column.name] = repr(month)
    # With proof of both and nothing ambiguous each date fits one order only; without any proof, day and month are
    # the same number in every date.
    return Notation(day_first=day is not None or month is None, month_first=month is not None)
