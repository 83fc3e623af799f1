"""Planted faults: what a good table looks like, and what makes exactly one check of it fail.

Belongs here: how `example` and `fault` of a suite are read, and what they are in SQL. Does not belong here:
planting them in a warehouse (the tests do), and what a suite is besides (`suites`).

A good table has two equal rows. A fault changes them; it is written in one of three ways:

    fault: amount = -0.01                                  # assignments in the first row
    fault: {every_row: email = null}                       # in both rows
    fault: {statement: "insert into {table} ..."}          # one or more whole statements
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_FORMS = ("first_row", "every_row", "statement")
_SCALARS = (str, bool, int, float, datetime.date, type(None))  # a datetime is a date

Example = Mapping[str, Any]


@dataclass(frozen=True)
class Fault:
    """What breaks one check.

    Attributes:
        form: `first_row`, `every_row` or `statement`.
        sql: assignments, or with `statement` whole statements with `{table}` for the table.
    """

    form: str
    sql: str

    def statement(self, table: str) -> str:
        """The fault as SQL on one table."""
        if self.form == "statement":
            return self.sql.replace("{table}", table)
        return f"update {table} set {self.sql}" + (" where rowid = 0" if self.form == "first_row" else "")


def fault_of(value: Any) -> Fault:
    """Read a fault as it is written in a suite.

    Raises:
        ValueError: it is none of the three forms; the message says what was expected.
    """
    if isinstance(value, str):
        value = {"first_row": value}
    if not isinstance(value, dict) or len(value) != 1 or not value.keys() <= set(_FORMS):
        raise ValueError("a fault is `column = value`, {every_row: column = value} or {statement: ...}")
    [(form, sql)] = value.items()
    if not isinstance(sql, str):
        raise ValueError("a fault is written as text in SQL")
    if form == "statement" and "{table}" not in sql:
        raise ValueError("the statement of a fault needs {table} for its table")
    if form != "statement" and "=" not in sql:
        raise ValueError(f"a fault assigns a value, such as `amount = -0.01`; found {sql!r}")
    return Fault(form, sql.strip())


def example_of(value: Any) -> dict[str, Any]:
    """Read the values of a good row as they are written in a suite.

    Raises:
        ValueError: it is not a mapping from columns to plain values.
    """
    if not isinstance(value, dict) or not all(
        isinstance(name, str) and isinstance(held, _SCALARS) for name, held in value.items()
    ):
        raise ValueError("an example is a mapping from columns to plain values")
    return value


def literal(value: Any) -> str:
    """A value of an example in SQL."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime.datetime):
        return f"timestamp '{value}'"
    if isinstance(value, datetime.date):
        return f"date '{value}'"
    if isinstance(value, float):
        return f"cast({value} as decimal(18, 6))"  # a bare 9.0 would be too narrow for a fault of 11
    if isinstance(value, int):
        return str(value)
    return "'" + value.replace("'", "''") + "'"
