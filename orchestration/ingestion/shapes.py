"""The shapes of a file's values: each with a nine for every digit, and examples of them.

Belongs here: looking at all values of a file in few queries. Does not belong here: what the shapes prove (`notation`).
"""

from __future__ import annotations

from collections.abc import Iterator

import duckdb

from orchestration.ingestion.contracts import Column
from orchestration.ingestion.conversion import TRIMMED, quote
from orchestration.ingestion.readers import Reading

_DIGITS = "0123456789"
_LONGEST = 48


class Look:
    """Looks into a file: once at the shapes of all its values, and for single examples of them.

    A shape is a value with a nine for every digit. A file has millions of values and a few dozen shapes, so that
    everything hard is decided over shapes, and rows are read with no more than what their shapes need.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, reading: Reading) -> None:
        self.connection = connection
        self.relation = reading.profiled_relation
        # Between semicolons a comma is usually the decimal mark.
        self.prefers_comma = reading.dialect is not None and reading.dialect.delimiter == ";"
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
        return _number_code(value, prefers_comma=self.prefers_comma), f"case when {value} is not null then {shape} end"


def _common(mark: str, other: str, spaces: str) -> Iterator[tuple[str, str]]:
    """Common ways to write a number with that decimal mark, and one shape that proves as much as each of them."""
    yield rf"-?(?:\d+[{mark}](?:\d{{1,2}}|\d{{4,}})|(?:0\d*|\d{{4,}})[{mark}]\d{{3}})", f".9{mark}9"
    for group in (*spaces, other):
        yield rf"-?[1-9]\d{{0,2}}(?:[{group}]\d{{3}})+[{mark}]\d*", f".9{group}999{mark}9"
    yield rf"-?[1-9]\d{{0,2}}[{mark}]\d{{3}}", f".9{mark}999"


# A match costs a tenth of a shape.
_COMMON_NUMBERS = (
    (r"-?[1-9]\d*", ".9"),
    ("0", "09"),
    *_common(",", ".", " \u202f\u00a0"),
    *_common(".", ",", ""),
)
_WITH_COMMA = [code for code, (_, shape) in enumerate(_COMMON_NUMBERS) if shape.find(",") > shape.find(".", 1)]


def _number_code(value: str, *, prefers_comma: bool) -> str:
    """Which of the common ways to write a number this is; the likely ones are tried first."""
    order = sorted(range(len(_COMMON_NUMBERS)), key=lambda code: (code > 0, (code in _WITH_COMMA) != prefers_comma))
    cases = (f"when regexp_full_match({value}, {quote(_COMMON_NUMBERS[code][0])}) then {code}" for code in order)
    return f"case {' '.join(cases)} end"


def _number_shape(code: int) -> str:
    return _COMMON_NUMBERS[code][1]


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
