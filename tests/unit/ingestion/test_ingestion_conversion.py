"""What people and their programs write is read in the notation of its column, and never guessed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import duckdb
import pytest

from orchestration.ingestion.contracts import Column
from orchestration.ingestion.conversion import (
    PLAIN,
    Notation,
    cleaned,
    convert,
    quote,
    spoilt_id,
    spoilt_number,
)

COMMA = Notation(decimal=",")
DAY = Notation(day_first=True)
MONTH = Notation(month_first=True)


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        yield connection


def read(connection: duckdb.DuckDBPyConnection, text: str, column: Column, notation: Notation | None) -> Any:
    raw = f"(select {cleaned(quote(text), 'VARCHAR', trim=True)} as raw)"
    [(value,)] = connection.execute(f"select {convert('raw', 'VARCHAR', column, notation)} from {raw}").fetchall()
    return value


NUMBERS = [
    ("1,234.56", PLAIN, "1234.56"),
    ("1 234.56", PLAIN, "1234.56"),
    ("1\u00a0234\u00a0567.5", PLAIN, "1234567.5"),
    ("1'234.50", PLAIN, "1234.5"),
    ("12.50 \u20ac", PLAIN, "12.5"),
    ("$1,234", PLAIN, "1234"),
    ("-$5", PLAIN, "-5"),
    ("$-5", PLAIN, "-5"),
    ("US$ 5", PLAIN, "5"),
    ("5 EUR", PLAIN, "5"),
    ("(12.50)", PLAIN, "-12.5"),
    ("(\u20ac 12.50)", PLAIN, "-12.5"),
    ("\u22123", PLAIN, "-3"),
    ("+.5", PLAIN, "0.5"),
    ("1 234,56", COMMA, "1234.56"),
    ("1\u202f234,56\u00a0\u20ac", COMMA, "1234.56"),
    ("1.234,56", COMMA, "1234.56"),
    ("1.234", COMMA, "1234"),
    ("1,234", COMMA, "1.234"),
    ("-0,5", COMMA, "-0.5"),
    ("12", COMMA, "12"),
    ("1,5e3", COMMA, "1500"),
    ("12 %", PLAIN, "0.12"),
    ("12,5\u202f%", COMMA, "0.125"),
    ("12.50", COMMA, None),
    ("1,23,456.50", PLAIN, None),
    ("12,34", PLAIN, None),
    ("1 2", PLAIN, None),
    ("1,234 567", PLAIN, None),
    ("12 MIO", PLAIN, None),
    ("(12.50", PLAIN, None),
    ("--5", PLAIN, None),
    ("$5 \u20ac", PLAIN, None),
    ("1.2.3", PLAIN, None),
    ("twelve", PLAIN, None),
    ("--", PLAIN, None),
    ("\u2013", PLAIN, None),
    ("#N/A", PLAIN, None),
]


@pytest.mark.parametrize(("text", "notation", "value"), NUMBERS)
def test_numbers(connection: duckdb.DuckDBPyConnection, text: str, notation: Notation, value: str | None) -> None:
    wanted = None if value is None else Decimal(value)
    assert read(connection, text, Column("spend", "decimal(18,6)"), notation) == wanted
    assert read(connection, text, Column("rate", "double"), notation) == (None if wanted is None else float(wanted))


@pytest.mark.parametrize(
    ("text", "notation", "value"),
    [
        ("1,234", PLAIN, 1234),
        ("1 234", PLAIN, 1234),
        ("12.000", PLAIN, 12),
        ("1.234.567", COMMA, 1234567),
        ("12.000", COMMA, 12000),
        ("12,0", COMMA, 12),
        ("(7)", PLAIN, -7),
        ("1.5", PLAIN, None),
        ("12 %", PLAIN, None),
        ("1,23457E+17", COMMA, None),
        ("1.5", COMMA, None),
    ],
)
def test_whole_numbers(connection: duckdb.DuckDBPyConnection, text: str, notation: Notation, value: int | None) -> None:
    assert read(connection, text, Column("clicks", "bigint"), notation) == value


def test_a_percentage_stays_one_where_the_contract_says_percent(connection: duckdb.DuckDBPyConnection) -> None:
    column = Column("share", "double", unit="percent")
    assert read(connection, "12 %", column, PLAIN) == 12
    assert read(connection, "12", column, PLAIN) == 12


TIMES = [
    ("31/12/2024", DAY, datetime(2024, 12, 31)),
    ("1/2/2024", DAY, datetime(2024, 2, 1)),
    ("01-02-2024 10:20", DAY, datetime(2024, 2, 1, 10, 20)),
    ("01/02/2024 10:20:30", MONTH, datetime(2024, 1, 2, 10, 20, 30)),
    ("1/2/2024 3:04 PM", MONTH, datetime(2024, 1, 2, 15, 4)),
    ("12/31/2024, 23:59:59", MONTH, datetime(2024, 12, 31, 23, 59, 59)),
    ("31.12.2024", PLAIN, datetime(2024, 12, 31)),
    ("2018.02.26 19:58", PLAIN, datetime(2018, 2, 26, 19, 58)),
    ("2024-01-05 10:00", PLAIN, datetime(2024, 1, 5, 10)),
    ("2024-01-05T10:00Z", PLAIN, datetime(2024, 1, 5, 10)),
    ("2024-01-05 10:00+02:00", PLAIN, datetime(2024, 1, 5, 8)),
    ("2024-01-05 10:00 -0530", PLAIN, datetime(2024, 1, 5, 15, 30)),
    ("2024-01-05T10:00:00.5+02:00", PLAIN, datetime(2024, 1, 5, 8, 0, 0, 500000)),
    ("2024-01-05 10:00:00 Europe/Paris", PLAIN, datetime(2024, 1, 5, 9)),
    ("1704103200", PLAIN, datetime(2024, 1, 1, 10)),
    ("1704103200.25", PLAIN, datetime(2024, 1, 1, 10, 0, 0, 250000)),
    ("1704103200123", PLAIN, datetime(2024, 1, 1, 10, 0, 0, 123000)),
    ("1704103200123456", PLAIN, datetime(2024, 1, 1, 10, 0, 0, 123456)),
    ("20240105", PLAIN, datetime(2024, 1, 5)),
    ("5 janv. 2024", PLAIN, datetime(2024, 1, 5)),
    ("1er ao\u00fbt 2024 \u00e0 10:30", PLAIN, datetime(2024, 8, 1, 10, 30)),
    ("Jan 5, 2024", PLAIN, datetime(2024, 1, 5)),
    ("5-Dec-2024 10:00:01", PLAIN, datetime(2024, 12, 5, 10, 0, 1)),
    ("Monday, February 26, 2024", PLAIN, datetime(2024, 2, 26)),
    ("31/12/2024", MONTH, None),
    ("12/31/2024", DAY, None),
    ("31/12/2024", PLAIN, None),
    ("31/12/24", DAY, None),
    ("31/02/2024", DAY, None),
    ("05-Jan", DAY, None),
    ("2024011", PLAIN, None),
    ("20241301", PLAIN, None),
    ("1234567", PLAIN, None),
    ("some day", PLAIN, None),
]


@pytest.mark.parametrize(("text", "notation", "value"), TIMES)
def test_times(connection: duckdb.DuckDBPyConnection, text: str, notation: Notation, value: datetime | None) -> None:
    assert read(connection, text, Column("seen_at", "timestamp"), notation) == value


@pytest.mark.parametrize(
    ("text", "notation", "value"),
    [
        ("31/12/2024", DAY, date(2024, 12, 31)),
        ("31/12/2024 23:59", DAY, date(2024, 12, 31)),
        ("2024-12-31T23:00:00+05:00", PLAIN, date(2024, 12, 31)),
        ("20241231", PLAIN, date(2024, 12, 31)),
        ("31 d\u00e9c. 2024", PLAIN, date(2024, 12, 31)),
    ],
)
def test_dates(connection: duckdb.DuckDBPyConnection, text: str, notation: Notation, value: date) -> None:
    assert read(connection, text, Column("day", "date"), notation) == value


@pytest.mark.parametrize(
    ("source_type", "value", "target", "wanted"),
    [
        ("BIGINT", "1704103200000", "timestamp", datetime(2024, 1, 1, 10)),
        ("INTEGER", "20240105", "date", date(2024, 1, 5)),
        ("DOUBLE", "1.0", "boolean", True),
        ("INTEGER[]", "[1, 2]", "json", "[1,2]"),
        ("INTEGER", "12", "timestamp", None),
    ],
)
def test_types_of_other_formats(
    connection: duckdb.DuckDBPyConnection, source_type: str, value: str, target: str, wanted: Any
) -> None:
    typed = convert("v", source_type, Column("x", target))
    assert connection.execute(f"select {typed} from (select {value}::{source_type} as v)").fetchall() == [(wanted,)]


@pytest.mark.parametrize("text", ["05-Jan", "janv-05", "1-mai", "5-f\u00e9vr.", "1,23457E+17", "1.2E+20"])
def test_ids_that_excel_spoilt(connection: duckdb.DuckDBPyConnection, text: str) -> None:
    assert connection.execute(f"select {spoilt_id(quote(text))}").fetchall() == [(True,)]


@pytest.mark.parametrize("text", ["p-00012", "1-5", "jan", "jan-05-x", "decade-1", "120210000000000001", "E+1"])
def test_ids_that_are_sound(connection: duckdb.DuckDBPyConnection, text: str) -> None:
    assert connection.execute(f"select {spoilt_id(quote(text))}").fetchall() == [(False,)]


def test_numbers_that_excel_spoilt(connection: duckdb.DuckDBPyConnection) -> None:
    for text, spoilt in {
        "05-Jan": True,
        "janv-24": True,
        "01/05/2024": True,
        "2024-05-01": True,
        "n.a.": False,
    }.items():
        assert connection.execute(f"select {spoilt_number(quote(text))}").fetchall() == [(spoilt,)], text
