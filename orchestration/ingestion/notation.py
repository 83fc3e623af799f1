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

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import duckdb

from orchestration.ingestion.contracts import Column, Table
from orchestration.ingestion.conversion import (
    ALL_NULLS,
    AMOUNT,
    FULL,
    GROUPED,
    PRINTED,
    SIMPLE,
    TRIMMED,
    TYPED,
    Notation,
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
_IS_KIND = [(kind, re.compile(shape)) for kind, shape in _KINDS]
_AMOUNT = re.compile(AMOUNT)
_PLAIN_NUMBER = re.compile(r"[+-]?(?:9+(?:\.9*)?|\.9+)(?:[eE][+-]?9+)?")
_DAY_AND_MONTH = re.compile(r"(\d{1,2})[/-](\d{1,2})(?!\d)")
_WITHOUT_SECONDS = re.compile(r"9999-99?-99?[ T]99?:99 ?(?:Z|[+-]99(?::?99)?)")
_PLAIN_DATE = re.compile(rf"(?!{_WITHOUT_SECONDS.pattern}$)9999[-/]99?[-/]99?.*", re.DOTALL)
_CLOCK = r"(?P<gap>,? |T)(?P<clock>99?:99(?P<seconds>:99)?(?P<fraction>\.9+)?)(?P<half> [aApP][mM])?"
_NUMERIC_DATE = re.compile(rf"(?:(?P<first>9999)(?P<m1>[./])99?(?P=m1)99?|99?(?P<m2>[-./])99?(?P=m2)9999)(?:{_CLOCK})?")
_DIGITS = "0123456789"
_LONGEST = 48


@dataclass(frozen=True)
class _Numbers:
    """Evidence of one column of numbers: which values prove a mark, and which leave it open, as shapes of digits."""

    shapes: tuple[str, ...]
    kinds: Mapping[int, str]
    percent: str | None
    without_percent: str | None
    signs: tuple[str, ...]

    def shape(self, kind: int) -> str | None:
        return self.kinds.get(kind)


def find_notations(
    connection: duckdb.DuckDBPyConnection, reading: Reading, table: Table
) -> tuple[dict[str, Notation], dict[str, Any]]:
    """The notation of each text column that machines do not write so, and what to tell about it, with the evidence.

    Raises:
        UnreadableFile: a column can be read in two ways; the message names it and the values.
    """
    read = [
        (column, reading.values[reading.mapping.columns[column.name]])
        for column in table.columns
        if column.name in reading.mapping.columns and reading.types[reading.mapping.columns[column.name]] == "VARCHAR"
    ]
    numbers = [(column, value) for column, value in read if column.is_number]
    dates = [(column, value) for column, value in read if column.data_type in ("date", "timestamp")]
    if not numbers and not dates:
        return {}, {}
    look = _Look(connection, reading)
    shapes = look.at(numbers, dates)
    told: dict[str, Any] = {}
    evidence = {column: _evidence(shapes[column.name]) for column, _ in numbers}
    notations = _decimals(reading, evidence, look, told)
    for column, _ in dates:
        notation = _date_notation(column, shapes[column.name], look, told)
        if notation:
            notations[column.name] = notation
    return notations, told


class _Look:
    """Looks into a file: once at the shapes of all its values, and for single examples of them.

    A shape is a value with a nine for every digit. A file has millions of values and a few dozen shapes, so that
    everything hard is decided over shapes, and rows are read with no more than what their shapes need.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, reading: Reading) -> None:
        self.connection = connection
        self.relation = reading.profiled_relation
        self.values: dict[str, str] = {}
        self.dates: frozenset[str] = frozenset()
        self.conditions: dict[tuple[str, str], str] = {}

    def at(self, numbers: list[tuple[Column, str]], dates: list[tuple[Column, str]]) -> dict[str, list[str]]:
        """The distinct shapes of each column, each with a letter before it that tells what nines do not."""
        self.values = {column.name: value for column, value in numbers + dates}
        self.dates = frozenset(column.name for column, _ in dates)
        selected = []
        for name in self.values:
            common, other = self._shapes(name)
            selected += [f"list(distinct {common})", f"list(distinct case when {common} is null then {other} end)"]
        [row] = self.connection.execute(f"select {', '.join(selected)} from {self.relation}").fetchall()
        shapes = {}
        for i, name in enumerate(self.values):
            common, other = self._shapes(name)
            spelt = _date_shape if name in self.dates else _number_shape
            found = {spelt(code): f"{common} = {code!r}" for code in row[2 * i] or () if code is not None}
            for shape in row[2 * i + 1] or ():
                if shape is not None:
                    found.setdefault(shape, f"{common} is null and {other} = {quote(shape)}")
            self.conditions |= {(name, shape): condition for shape, condition in found.items()}
            shapes[name] = sorted(found)
        return shapes

    def example(self, column: Column, shape: str) -> str:
        """The first value of that shape, as it stands in the file."""
        value, condition = self.values[column.name], self.conditions[column.name, shape]
        found = self.connection.execute(f"select {value} from {self.relation} where {condition} limit 1").fetchall()
        return str(found[0][0]).strip() if found else shape

    def count(self, column: Column, mark: str) -> int:
        """How many values hold a mark."""
        holds = f"contains({self.values[column.name]}, {quote(mark)})"
        [(count,)] = self.connection.execute(f"select count(*) from {self.relation} where {holds}").fetchall()
        return int(count)

    def _shapes(self, name: str) -> tuple[str, str]:
        """A short code for a value of a common shape, NULL for others; and the shape of any value."""
        value = self.values[name]
        digits = f"left(translate({value}, '{_DIGITS}', '{'9' * len(_DIGITS)}'), {_LONGEST})"
        if name in self.dates:
            order = _order_of(f"trim({value}, {quote(TRIMMED)})")
            return _date_code(value), f"case when {value} is not null then concat({order}, {digits}) end"
        # 0,125 is no thousand: whether a value begins with a zero belongs to its shape.
        zero = f"{value} ^@ '0' or {value} ^@ '-0'"
        shape = f"concat(case when {zero} then '0' else '.' end, {digits})"
        return _number_code(value, zero), f"case when {value} is not null then {shape} end"


def _number_code(value: str, zero: str) -> str:
    """Where sign and mark stand in a number that has no more than these; that costs a third of translating it."""
    number = f"isfinite(try_cast(replace({value}, ',', '.') as double))"
    strange = " or ".join(f"contains({value}, '{mark}')" for mark in ("_", "e", "E", " "))
    return (
        f"case when {number} and strlen({value}) < 40 and not ({strange}) then"
        f" (case when {zero} then 2000000 else 0 end)"
        f" + (case when {value} ^@ '-' or {value} ^@ '+' then 1000000 else 0 end)"
        f" + instr({value}, ',') * 10000 + instr({value}, '.') * 100 + strlen({value}) end"
    )


def _number_shape(code: int) -> str:
    zero, sign, comma, point, length = (
        code // 2000000,
        code // 1000000 % 2,
        code // 10000 % 100,
        code // 100 % 100,
        code % 100,
    )
    shape = ["9"] * length
    for at, mark in ((sign, "-"), (comma, ","), (point, ".")):
        if at:
            shape[at - 1] = mark
    return ("0" if zero else ".") + "".join(shape)


# Common shapes of dates: a letter for the order of day and month, and one for each mark and length.
_CODED = {
    f"{letter}": shape
    for letter, shape in zip(
        "abcdefghi",
        (f"99{mark}99{mark}9999{time}" for mark in "/-." for time in ("", " 99:99", " 99:99:99")),
        strict=True,
    )
}
_CODED_ISO = {"x": "9999-99-99", "y": "9999-99-99 99:99:99"}


def _date_code(value: str) -> str:
    """The code of a date with two digits for day and month, or of an ISO date."""
    shapes = " ".join(
        f"when {value}[3] = '{shape[2]}' and strlen({value}) = {len(shape)} then '{letter}'"
        for letter, shape in _CODED.items()
    )
    order = _order_of(value)
    return (
        f"case when {value}[3] = {value}[6] and (strlen({value}) = 10 or {value}[11] = ' ' and {value}[14] = ':')"
        f" then {order} || case {shapes} end"
        f" when {value}[5] = '-' and {value}[8] = '-' then case when strlen({value}) = 10 then '.x'"
        f" when strlen({value}) = 19 and {value}[17] = ':' then '.y' end end"
    )


def _date_shape(code: str) -> str:
    return code[0] + (_CODED | _CODED_ISO)[code[1]]


def _order_of(value: str) -> str:
    """The letter before the shape of 14/01/2024 (D), 01/14/2024 (M), 01/02/2024 (E for either); a point for others."""

    def mark(at: int) -> str:
        return f"{value}[{at}] in ('/', '-')"

    def above_twelve(part: str) -> str:
        return f"{part} between '13' and '31'"

    wide, narrow = f"{value}[4:5]", f"{value}[3:4]"
    day = above_twelve(f"{value}[1:2]")
    month = f"{mark(6)} and {above_twelve(wide)}"
    return (
        f"case when {mark(3)} then case when {day} then case when {month} then '.' else 'D' end"
        f" when {month} then 'M' when {value}[1:2] <> {wide} then 'E' else '.' end"
        f" when {mark(2)} then case when {mark(5)} and {above_twelve(narrow)} then 'M'"
        f" when {value}[1:2] <> {narrow} then 'E' else '.' end else '.' end"
    )


def _bare(shape: str) -> str:
    """A shape without the letter before it, and without what surrounds it."""
    return shape[1:].strip(TRIMMED)


def _parts(shape: str) -> re.Match[str] | None:
    return _AMOUNT.fullmatch(_bare(shape).translate(str.maketrans(PRINTED, TYPED)))


def _number(shape: str) -> str:
    """The digits and marks of a shape that is a number, an empty text for others."""
    parts = _parts(shape)
    if not parts:
        return ""
    number = parts.group(5).strip()
    return number.replace("9", "0", 1) if shape[0] == "0" else number


def _evidence(shapes: list[str]) -> _Numbers:
    kinds: dict[int, str] = {}
    percent = without = None
    signs: dict[str, None] = {}
    for shape in sorted(shapes):
        parts = _parts(shape)
        if not parts:
            continue
        number = _number(shape)
        for kind, pattern in _IS_KIND:
            if pattern.fullmatch(number):
                kinds.setdefault(kind, shape)
                break
        if parts.group(6):
            percent = percent or shape
        elif number not in ("0", "0.0", "0,0", "0.00", "0,00"):
            without = without or shape
        sign = (parts.group(3) or "") + (parts.group(7) or "")
        if sign:
            signs.setdefault(sign)
    return _Numbers(tuple(sorted(shapes)), kinds, percent, without, tuple(sorted(signs)))


def _number_notation(column: Column, evidence: _Numbers, mark: str) -> Notation | None:
    """What reading the shapes of a column needs; None where a machine wrote them."""
    shapes = [_bare(shape) for shape in evidence.shapes]
    if (
        mark == "."
        and not evidence.percent
        and all(_PLAIN_NUMBER.fullmatch(shape) for shape in map(_bare, evidence.shapes))
    ):
        return None
    trims = any(shape[1:] != bare for shape, bare in zip(evidence.shapes, shapes, strict=True))
    trims = trims or any(bare.lower() in ALL_NULLS for bare in shapes)
    way = SIMPLE
    other = "." if mark == "," else ","
    for shape in shapes:
        if shape.lower() in ALL_NULLS:
            continue
        if re.fullmatch(rf"[+-]?9+(?:[{mark}]9*)?|[+-]?[{mark}]9+", shape):
            continue
        sound = (
            rf"[+-]?9{{1,3}}(?:(?:[{other}]999)+|(?:[ \u00a0\u2007\u2009\u202f]999)+|(?:['\u2019]999)+)(?:[{mark}]9*)?"
        )
        if re.fullmatch(sound, shape):
            way = GROUPED
        elif re.search(r"[A-Za-z\u00c0-\u024f]", shape) and not _parts(shape):
            # Words are no number in any way of reading.
            continue
        else:
            return Notation(decimal=mark, trims=trims, way=FULL)
    return Notation(decimal=mark, trims=trims, way=way)


def _decimals(
    reading: Reading, found: Mapping[Column, _Numbers], look: _Look, told: dict[str, Any]
) -> dict[str, Notation]:
    localised = reading.format in _LOCALISED
    elsewhere = _mark_of_file(found.items(), look) if localised else None
    notations = {}
    for column, evidence in found.items():
        _check_signs(column, evidence, look)
        mark, why = _mark(column, evidence, reading, look, elsewhere)
        if why:
            told.setdefault("decimal_comma" if mark == "," else "decimal_point", {})[column.name] = why
        notation = _number_notation(column, evidence, mark)
        if notation:
            notations[column.name] = notation
    return notations


def _mark_of_file(found: Iterable[tuple[Column, _Numbers]], look: _Look) -> tuple[str, str] | None:
    """The decimal mark on which all columns with evidence agree, and an example."""
    found = list(found)
    commas = [(column, evidence.shape(_COMMA)) for column, evidence in found if evidence.shape(_COMMA)]
    points = [(column, evidence.shape(_POINT)) for column, evidence in found if evidence.shape(_POINT)]
    if bool(commas) != bool(points):
        mark, (column, shape) = (",", commas[0]) if commas else (".", points[0])
        return mark, f"{look.example(column, shape)!r} in {column.name}"
    if not commas:
        for column, evidence in found:
            shape = evidence.shape(_OPEN_COMMA)
            if column.data_type == "bigint" and shape and not evidence.shape(_OPEN_POINT):
                return ".", f"{look.example(column, shape)!r} in {column.name}"
    return None


def _mark(
    column: Column, evidence: _Numbers, reading: Reading, look: _Look, elsewhere: tuple[str, str] | None
) -> tuple[str, str | None]:
    """Decimal mark of a column, and why; without a reason where nothing hangs on it."""
    localised = reading.format in _LOCALISED
    comma, point, open_comma, open_point = (evidence.shape(kind) for kind in (_COMMA, _POINT, _OPEN_COMMA, _OPEN_POINT))
    if comma and point:
        if open_comma or open_point:
            raise UnreadableFile(
                f"column {column.name} is written with decimal commas ({look.example(column, comma)!r}) and decimal"
                f" points ({look.example(column, point)!r}), so that {look.example(column, open_comma or open_point)!r}"
                " is ambiguous; export it with one of them"
            )
        # Every value can be read one way only; the fewer ones are somebody's mistake, and go to quarantine.
        commas, points = look.count(column, ","), look.count(column, ".")
        return (",", repr(look.example(column, comma))) if commas > points else (".", repr(look.example(column, point)))
    if comma:
        if open_point and not localised:
            raise UnreadableFile(
                f"column {column.name} is written with a decimal comma ({look.example(column, comma)!r}), so that"
                f" {look.example(column, open_point)!r} is ambiguous; export it with decimal points"
            )
        return ",", repr(look.example(column, comma))
    if point:
        return ".", repr(look.example(column, point)) if open_comma else None
    if not (open_comma or open_point):
        return ".", None
    if elsewhere:
        return elsewhere
    if open_comma and open_point:
        raise _undecided(column, look, open_comma, open_point)
    whole = column.data_type == "bigint"
    if open_comma:
        if whole:
            return ".", f"{look.example(column, open_comma)!r} is a whole number"
        raise _undecided(column, look, open_comma)
    semicolons = reading.dialect is not None and reading.dialect.delimiter == ";"
    if open_point and localised and (whole or semicolons):
        raise _undecided(column, look, open_point)
    return ".", None


def _undecided(column: Column, look: _Look, *shapes: str) -> UnreadableFile:
    examples = " and ".join(repr(look.example(column, shape)) for shape in shapes)
    return UnreadableFile(
        f"column {column.name}: nothing in the file tells whether {examples} holds thousands or decimals;"
        " export it with a point as decimal mark and without marks for thousands"
    )


def _check_signs(column: Column, evidence: _Numbers, look: _Look) -> None:
    if len(evidence.signs) > 1:
        raise UnreadableFile(
            f"column {column.name} holds several currencies ({evidence.signs[0]!r} and {evidence.signs[-1]!r});"
            " export one file per currency, or the currency in a column of its own"
        )
    if evidence.percent and evidence.without_percent and column.unit != "percent":
        raise UnreadableFile(
            f"column {column.name} is written with percent signs ({look.example(column, evidence.percent)!r}) and"
            f" without ({look.example(column, evidence.without_percent)!r}), so that its values cannot be compared;"
            " export it one way"
        )


def _date_notation(column: Column, shapes: list[str], look: _Look, told: dict[str, Any]) -> Notation | None:
    """The order of day and month, and the formats that the shapes of a column need; None where all are ISO dates."""
    bare = {_bare(shape) for shape in shapes}
    strange = {shape for shape in bare if not _PLAIN_DATE.fullmatch(shape)}
    if not strange:
        return None
    numeric = [match for shape in sorted(strange) if (match := _NUMERIC_DATE.fullmatch(shape))]
    day_first, month_first = True, False
    if any(match["m2"] and match["m2"] != "." for match in numeric):
        day_first, month_first = _order(column, shapes, len(strange) < len(bare), look, told)
    return Notation(
        formats=tuple(dict.fromkeys(f for match in numeric for f in _formats(match, day_first, month_first))),
        trims=any(shape[1:] != _bare(shape) for shape in shapes)
        or not strange.isdisjoint(ALL_NULLS)
        or any(shape.lower() in ALL_NULLS for shape in strange),
        offset=any(_WITHOUT_SECONDS.fullmatch(shape) for shape in strange),
        digits=any(re.fullmatch(r"9{8,19}(\.9+)?", shape) for shape in strange),
        words=any(re.search(r"[^\W\d_]{3}", shape) for shape in strange),
    )


def _order(column: Column, shapes: list[str], has_plain: bool, look: _Look, told: dict[str, Any]) -> tuple[bool, bool]:
    """Whether dates of the column are read day first, and whether they are read month first."""
    dates = [shape for shape in shapes if _NUMERIC_DATE.fullmatch(_bare(shape))]
    day, month, either = (next((shape for shape in dates if shape[0] == letter), None) for letter in "DME")
    shown = {shape: repr(look.example(column, shape)) for shape in (day, month) if shape}
    if either and day and month:
        raise UnreadableFile(
            f"column {column.name} holds dates with the day first ({shown[day]}) and with the month first"
            f" ({shown[month]}), so that {look.example(column, either)!r} is ambiguous; export dates as YYYY-MM-DD"
        )
    if either and not day and not month:
        if has_plain:
            # Strangers in a column of ISO dates: they go to quarantine.
            return False, False
        raise UnreadableFile(
            f"column {column.name}: every date reads day first and month first, such as"
            f" {look.example(column, either)!r}; export dates as YYYY-MM-DD, or a longer period"
        )
    for name, text in (("day_first", day), ("month_first", month)):
        if text:
            told.setdefault(name, {})[column.name] = shown[text]
    # With proof of both and nothing ambiguous each date fits one order only; without any proof, day and month are
    # the same number in every date.
    return bool(day) or not month, bool(month)


def _formats(match: re.Match[str], day_first: bool, month_first: bool) -> list[str]:
    """The formats in which a shape is read."""
    mark = match["m1"] or match["m2"]
    if match["first"]:
        days = [f"%Y{mark}%m{mark}%d"]
    else:
        # No country writes the month first with points.
        days = [f"%d{mark}%m{mark}%Y"] if day_first or mark == "." else []
        days += [f"%m{mark}%d{mark}%Y"] if month_first and mark != "." else []
    time = ""
    if match["clock"]:
        time = f"{match['gap']}%{'I' if match['half'] else 'H'}:%M"
        time += (":%S" if match["seconds"] else "") + (".%f" if match["fraction"] else "")
        time += " %p" if match["half"] else ""
    return [day + time for day in days]
