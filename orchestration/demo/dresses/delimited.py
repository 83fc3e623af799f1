"""Delimited text as export buttons write it: delimiters, encodings, a preamble, a total row, numbers of a locale.

Belongs here: how a value looks in a file. Does not belong here: which columns there are.
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from pathlib import Path

import duckdb

_BYTE_ORDER_MARKS = {"utf-16-le": "\ufeff"}
_DECIMAL = re.compile(r"DECIMAL\(\d+,(\d+)\)")
_UNKNOWN = "--"


@dataclass(frozen=True)
class Delimited:
    """A delimited text.

    A decimal column is a measure: its thousands are grouped and the total row adds it up. Whole numbers are ids
    and counts that nobody groups; doubles have as many places as they need.

    Attributes:
        delimiter: between values; values that hold it are quoted.
        encoding: `utf-8`, `utf-8-sig` (with a byte order mark), `utf-16-le` (with one too) or `cp1252`.
        decimal_mark: before the places.
        thousands: between groups of thousands in decimals.
        dates: form of a date.
        times: form of a time.
        booleans: what true and false are called.
        preamble: lines above the header.
        total: first value of a row of totals below the others; without it there is none.
    """

    delimiter: str = ","
    encoding: str = "utf-8"
    decimal_mark: str = "."
    thousands: str = ""
    dates: str = "%Y-%m-%d"
    times: str = "%Y-%m-%d %H:%M:%S"
    booleans: tuple[str, str] = ("true", "false")
    preamble: tuple[str, ...] = ()
    total: str | None = None

    def write(self, engine: duckdb.DuckDBPyConnection, sql: str, target: Path) -> int:
        """Write the rows of a query and return their number; without rows no file is made."""
        types = {name: data_type for name, data_type, *_ in engine.execute(f"describe {sql}").fetchall()}
        values = ", ".join(f"{self._text(_name(name), kind)} as {_name(name)}" for name, kind in types.items())
        plain = target.with_name(f"{target.name}.utf8")
        literal = str(plain).replace("'", "''")
        options = f"format csv, header true, delim '{self.delimiter}'"
        [(count,)] = engine.execute(f"copy (select {values} from ({sql})) to '{literal}' ({options})").fetchall()
        if count:
            with (
                plain.open(encoding="utf-8", newline="") as source,
                target.open("w", encoding=self.encoding, newline="") as stream,
            ):
                stream.write(_BYTE_ORDER_MARKS.get(self.encoding, ""))
                stream.writelines(f"{line}\n" for line in self.preamble)
                while chunk := source.read(1 << 20):
                    stream.write(chunk)
                stream.write(self._totals(engine, sql, types))
        plain.unlink()
        return int(count)

    def _text(self, value: str, data_type: str) -> str:
        """SQL for a value as it stands in the file."""
        if data_type == "DATE":
            return f"strftime({value}, '{self.dates}')"
        if data_type.startswith("TIMESTAMP"):
            return f"strftime({value}::timestamp, '{self.times}')"
        if data_type == "BOOLEAN":
            true, false = self.booleans
            return f"case when {value} then '{true}' when not {value} then '{false}' end"
        if data_type == "DOUBLE":
            return f"replace({value}::varchar, '.', '{self.decimal_mark}')"
        if places := _DECIMAL.fullmatch(data_type):
            grouped = f"format('{{:,.{places[1]}f}}', {value}::double)"
            # The mark of the places may be the one of the thousands: three steps.
            spaced = f"replace({grouped}, ',', chr(1))"
            return f"replace(replace({spaced}, '.', '{self.decimal_mark}'), chr(1), '{self.thousands}')"
        return f"{value}::varchar"

    def _totals(self, engine: duckdb.DuckDBPyConnection, sql: str, types: dict[str, str]) -> str:
        if self.total is None:
            return ""
        sums = [
            self._text(f"sum({_name(name)})::{kind}", kind) if _DECIMAL.fullmatch(kind) else f"'{_UNKNOWN}'"
            for name, kind in list(types.items())[1:]
        ]
        [totals] = engine.execute(f"select {', '.join(sums)} from ({sql})").fetchall()
        line = io.StringIO()
        csv.writer(line, delimiter=self.delimiter, lineterminator="\n").writerow([self.total, *totals])
        return line.getvalue()


def _name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
