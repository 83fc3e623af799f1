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
)
from orchestration.ingestion.formats import UnreadableFile
from orchestration.ingestion.readers import Reading
from orchestration.ingestion.shapes import Look

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
    look = Look(connection, reading)
    shapes = look.at(numbers, dates)
    told: dict[str, Any] = {}
    evidence = {column: _evidence(shapes[column.name]) for column, _ in numbers}
    notations = _decimals(reading, evidence, look, told)
    for column, _ in dates:
        notation = _date_notation(column, shapes[column.name], look, told)
        if notation:
            notations[column.name] = notation
    return notations, told


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
    way, groups = SIMPLE, set()
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
            groups |= set(shape) - {*"9+-", mark}
        elif re.search(r"[A-Za-z\u00c0-\u024f]", shape) and not _parts(shape):
            # Words are no number in any way of reading.
            continue
        else:
            return Notation(decimal=mark, trims=trims, way=FULL)
    return Notation(decimal=mark, trims=trims, way=way, groups="".join(sorted(groups)))


def _decimals(
    reading: Reading, found: Mapping[Column, _Numbers], look: Look, told: dict[str, Any]
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


def _mark_of_file(found: Iterable[tuple[Column, _Numbers]], look: Look) -> tuple[str, str] | None:
    """The decimal mark on which all columns with evidence agree, and an example."""
    found = list(found)
    commas = [(column, shape) for column, evidence in found if (shape := evidence.shape(_COMMA))]
    points = [(column, shape) for column, evidence in found if (shape := evidence.shape(_POINT))]
    if bool(commas) != bool(points):
        mark, (column, shape) = (",", commas[0]) if commas else (".", points[0])
        return mark, f"{look.example(column, shape)!r} in {column.name}"
    if not commas:
        for column, evidence in found:
            whole = evidence.shape(_OPEN_COMMA)
            if column.data_type == "bigint" and whole and not evidence.shape(_OPEN_POINT):
                return ".", f"{look.example(column, whole)!r} in {column.name}"
    return None


def _mark(
    column: Column, evidence: _Numbers, reading: Reading, look: Look, elsewhere: tuple[str, str] | None
) -> tuple[str, str | None]:
    """Decimal mark of a column, and why; without a reason where nothing hangs on it."""
    localised = reading.format in _LOCALISED
    comma, point, open_comma, open_point = (evidence.shape(kind) for kind in (_COMMA, _POINT, _OPEN_COMMA, _OPEN_POINT))
    if comma and point:
        if ambiguous := open_comma or open_point:
            raise UnreadableFile(
                f"column {column.name} is written with decimal commas ({look.example(column, comma)!r}) and decimal"
                f" points ({look.example(column, point)!r}), so that {look.example(column, ambiguous)!r}"
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


def _undecided(column: Column, look: Look, *shapes: str) -> UnreadableFile:
    examples = " and ".join(repr(look.example(column, shape)) for shape in shapes)
    return UnreadableFile(
        f"column {column.name}: nothing in the file tells whether {examples} holds thousands or decimals;"
        " export it with a point as decimal mark and without marks for thousands"
    )


def _check_signs(column: Column, evidence: _Numbers, look: Look) -> None:
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


def _date_notation(column: Column, shapes: list[str], look: Look, told: dict[str, Any]) -> Notation | None:
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
        iso=len(strange) < len(bare),
    )


def _order(column: Column, shapes: list[str], has_plain: bool, look: Look, told: dict[str, Any]) -> tuple[bool, bool]:
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
