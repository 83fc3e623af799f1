"""The same rows come out of every format, delimiter, character set and compression; nothing is misread."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from ingestion_house import NOW, House

from orchestration.ingestion.ingest import ingest

HEADERS = ["Person ID", "E-Mail Address", "Score", "montant depense (eur)", "rate", "is_active", "born_on"]
HEADERS += ["created_at", "shoe size"]
ROWS = [
    ["1", "zoé@x.example", "10", "12.50", "0.25", "TRUE", "1990-02-01", "2024-01-01T10:00:00+02:00", "44"],
    ["2", "", "--", "N/A", "NULL", "no", "", "2024-01-01 2:20:51", ""],
    ["3", "a, b", "-7", "-0.000001", "1e3", "f", "2000-12-31", "2024-01-01 10:00:00.5 UTC", "45"],
]
EXPECTED = [
    (
        "1",
        "zoé@x.example",
        10,
        Decimal("12.5"),
        0.25,
        True,
        date(1990, 2, 1),
        datetime(2024, 1, 1, 8),
        '{"shoe size":"44"}',
    ),
    ("2", None, None, None, None, False, None, datetime(2024, 1, 1, 2, 20, 51), None),
    (
        "3",
        "a, b",
        -7,
        Decimal("-0.000001"),
        1000.0,
        False,
        date(2000, 12, 31),
        datetime(2024, 1, 1, 10, 0, 0, 500000),
        '{"shoe size":"45"}',
    ),
]
SELECT = "select id, email, score, amount, rate, is_active, born_on, created_at, _extra from raw.crm__people order by 1"


def delimited(delimiter: str, newline: str = "\n") -> str:
    lines = [delimiter.join(f'"{value}"' if delimiter in value else value for value in row) for row in [HEADERS, *ROWS]]
    return newline.join(lines) + newline


def zstd(content: bytes) -> bytes:
    return pa.Codec("zstd").compress(content).to_pybytes()


OBJECTS = [dict(zip(HEADERS, row, strict=True)) for row in ROWS]
LINES = "\n".join(json.dumps(row) for row in OBJECTS)
CSV = delimited(",")
FILES: dict[str, tuple[str, bytes]] = {
    "comma": ("people.csv", CSV.encode()),
    "semicolon": ("people.csv", delimited(";").encode()),
    "tab": ("people.tsv", delimited("\t").encode()),
    "pipe, carriage returns": ("people.txt", delimited("|", "\r\n").encode()),
    "mixed line ends": ("people.csv", CSV.replace("\n", "\r\n", 2).encode()),
    "byte order mark": ("people.csv", CSV.encode("utf-8-sig")),
    "utf-16": ("people.csv", CSV.encode("utf-16")),
    "utf-16 without mark": ("people.csv", CSV.encode("utf-16-le")),
    "latin-1": ("people.csv", CSV.encode("latin-1")),
    "gzip": ("people.csv.gz", gzip.compress(CSV.encode())),
    "gzip without the ending": ("people.csv", gzip.compress(CSV.encode())),
    "two gzip members": ("people.csv.gz", gzip.compress(CSV[:100].encode()) + gzip.compress(CSV[100:].encode())),
    "zstd": ("people.csv.zst", zstd(CSV.encode())),
    "json lines": ("people.jsonl", LINES.encode()),
    "json lines, gzip": ("people.ndjson.gz", gzip.compress(LINES.encode())),
    "json array": ("people.json", json.dumps(OBJECTS).encode()),
    "json array, indented": ("people.json", json.dumps(OBJECTS, indent=2).encode()),
    "json objects, indented": ("people.json", "\n".join(json.dumps(o, indent=2) for o in OBJECTS).encode()),
    "json named csv": ("people.csv", LINES.encode()),
}


@pytest.mark.parametrize("kind", FILES)
def test_the_same_rows_come_out_of_every_text_format(house: House, kind: str) -> None:
    name, content = FILES[kind]
    result = house.load_one(f"crm/{name}", content)
    assert (result.status, result.error, result.rows_loaded) == ("loaded", None, 3), house.quarantine()
    assert house.rows(SELECT) == EXPECTED
    assert result.unknown_columns == ("shoe size",)


def test_typed_parquet_is_read_as_it_is(house: House, tmp_path: Path) -> None:
    table = pa.table(
        {
            "id": pa.array([1.0, 2.0, 3.0]),  # pandas makes doubles of whole numbers with gaps
            "email": ["zoé@x.example", "", "a, b"],
            "score": pa.array([10.0, float("nan"), -7.0]),
            "amount": pa.array([Decimal("12.50"), None, Decimal("-0.000001")], pa.decimal128(38, 9)),
            "rate": pa.array([0.25, None, 1000.0]),
            "is_active": pa.array([True, False, False]),
            "born_on": pa.array([date(1990, 2, 1), None, date(2000, 12, 31)]),
            "created_at": pa.array(
                [
                    datetime(2024, 1, 1, 8, tzinfo=UTC),
                    datetime(2024, 1, 1, 2, 20, 51, tzinfo=UTC),
                    datetime(2024, 1, 1, 10, 0, 0, 500000, tzinfo=UTC),
                ],
                pa.timestamp("us", "Europe/Paris"),
            ),
            "shoe size": ["44", None, "45"],
        }
    )
    path = tmp_path / "people.parquet"
    pq.write_table(table, path)
    result = house.load_one("crm/people.parquet", path.read_bytes())
    assert (result.status, result.error, result.rows_loaded) == ("loaded", None, 3)
    assert house.rows(SELECT) == EXPECTED


def test_what_parquet_cannot_give_goes_to_quarantine(house: House, tmp_path: Path) -> None:
    path = tmp_path / "people.parquet"
    pq.write_table(
        pa.table({"id": ["1", "2", None], "score": [1.0, 1.5, 2.0], "created_at": pa.array([None, None, 1700000000])}),
        path,
    )
    result = house.load_one("crm/people.parquet", path.read_bytes())
    assert (result.rows_loaded, result.rows_quarantined) == (1, 2)
    assert [(line, column, value) for _, line, column, value, _ in house.quarantine()] == [
        (2, "score", "1.5"),
        (3, "id", None),
    ]


MISREAD = {
    "two-digit year": ("born_on", "24-05-06"),
    "words after a date": ("born_on", "2024-01-01 or so"),
    "no such day": ("born_on", "31/02/2024"),
    "a day without a year": ("born_on", "31/12"),
    "far future": ("created_at", "infinity"),
    "groups of two": ("amount", "1,23,456.50"),
    "an amount in millions": ("amount", "12 MIO"),
    "a percentage of a whole number": ("score", "12 %"),
    "a sign that is not closed": ("amount", "(12.50"),
    "not finite": ("rate", "inf"),
    "fraction of a whole number": ("score", "1.5"),
    "hexadecimal": ("score", "0x1F"),
    "underscores": ("score", "1_000"),
    "too many digits": ("score", "99999999999999999999"),
    "neither true nor false": ("is_active", "2"),
}


@pytest.mark.parametrize("kind", MISREAD)
def test_what_cannot_be_read_goes_to_quarantine_and_is_never_guessed(house: House, kind: str) -> None:
    column, value = MISREAD[kind]
    result = house.load_one("crm/people.csv", f"id;{column}\n1;{value}\n2;\n")
    assert (result.status, result.rows_loaded, result.rows_quarantined) == ("loaded", 1, 1)
    [(_, line, found_column, found_value, _)] = house.quarantine()
    assert (line, found_column, found_value) == (2, column, value)


GOOD = {
    "score": {"12": 12, " 12 ": 12, "12.0": 12, "+5": 5, "007": 7},
    "rate": {" 1.5": 1.5, "-1e-3": -0.001},
    "is_active": {"T": True, "false": False, "1": True, "0": False, "Yes": True, "NO": False},
    "born_on": {"2024-1-5": date(2024, 1, 5), "2024-01-05 00:00:00": date(2024, 1, 5)},
    "created_at": {
        "2024-01-05": datetime(2024, 1, 5),
        " 2024-01-05 10:00:00 ": datetime(2024, 1, 5, 10),
        "2024-01-05T23:00:00-05:00": datetime(2024, 1, 6, 4),
        "2024-01-05 10:00:00+02": datetime(2024, 1, 5, 8),
        "2024-01-05T10:00:00.123Z": datetime(2024, 1, 5, 10, 0, 0, 123000),
        "2024-01-05 10:00:00+0530": datetime(2024, 1, 5, 4, 30),
    },
}


@pytest.mark.parametrize(("column", "text"), [(column, text) for column in GOOD for text in GOOD[column]])
def test_spellings_that_are_read(house: House, column: str, text: str) -> None:
    house.load_one("crm/people.csv", f"id;{column}\n1;{text}\n")
    assert house.rows(f"select {column} from raw.crm__people") == [(GOOD[column][text],)]


def test_the_zone_of_the_session_changes_nothing_and_is_left_as_it_was(house: House) -> None:
    house.connection.execute("set TimeZone = 'America/New_York'")
    house.load_one("crm/people.csv", "id,created_at\n1,2024-01-05 10:00:00.5\n")
    assert house.rows("select created_at from raw.crm__people") == [(datetime(2024, 1, 5, 10, 0, 0, 500000),)]
    assert house.rows("select current_setting('TimeZone')") == [("America/New_York",)]


def test_latin_1_beyond_the_first_bytes_is_found(house: House) -> None:
    rows = "".join(f"{number},user{number}@x.example\n" for number in range(20_000))
    result = house.load_one("crm/people.csv", f"id,email\n{rows}x,zoé\n".encode("latin-1"))
    assert (result.rows_loaded, result.rows_quarantined, result.dialect["encoding"]) == (20_001, 0, "cp1252")
    assert house.rows("select email from raw.crm__people where id = 'x'") == [("zoé",)]


def test_backslashes_may_escape_quotes(house: House) -> None:
    result = house.load_one("crm/people.csv", 'id,email,score\n1,"say \\"a\\", b",1\n2,b,2\n')
    assert (result.rows_loaded, result.dialect["escape"]) == (2, "\\")
    assert house.rows("select email from raw.crm__people where id = '1'") == [('say "a", b',)]


def test_a_column_that_comes_late_in_json_is_kept(house: House) -> None:
    lines = [json.dumps({"id": str(number)}) for number in range(30_000)]
    lines.append(json.dumps({"id": "last", "score": 5, "late": {"a": [1]}}))
    result = house.load_one("crm/people.jsonl", "\n".join(lines))
    assert result.unknown_columns == ("late",)
    assert house.rows("select score, _extra from raw.crm__people where id = 'last'") == [(5, '{"late":{"a":[1]}}')]


def test_the_exact_name_beats_an_alias_and_the_loser_is_kept(house: House) -> None:
    house.load_one("crm/people.csv", "contact_id,ID,person_id,id\na,b,c,d\n")
    assert house.rows("select id, _extra from raw.crm__people") == [
        ("d", '{"ID":"b","contact_id":"a","person_id":"c"}')
    ]


def test_a_gained_contract_column_is_added_to_the_table(house: House) -> None:
    house.load()
    house.connection.execute("alter table raw.crm__people drop column rate")
    house.load_one("crm/people.csv", "id,rate\n1,0.5\n")
    assert house.rows("select rate from raw.crm__people") == [(0.5,)]


def test_remote_folders_are_read_through_fsspec(house: House) -> None:
    memory: Any = fsspec.filesystem("memory")
    memory.pipe("/lake/crm/people/part.csv.gz", gzip.compress(b"id,email\n1,a\n"))
    memory.pipe("/lake/email/events.jsonl", b'{"event_id": 1}\n')
    try:
        report = ingest(house.connection, house.contracts, "memory://lake", now=NOW)
        assert report.rows == {("crm", "people"): 1, ("email", "events"): 1}
        again = ingest(house.connection, house.contracts, "memory://lake", now=NOW)
        assert {result.status for result in again.files} == {"unchanged"}
    finally:
        memory.rm("/lake", recursive=True)


def test_a_table_without_a_file_exists_empty_with_its_columns(house: House) -> None:
    house.load()
    assert house.rows(
        "select column_name, lower(data_type) from duckdb_columns() where table_name = 'costs__costs'"
    ) == [
        ("date", "date"),
        ("amount", "decimal(18,6)"),
        ("_extra", "json"),
        ("_file_id", "ubigint"),
        ("_version", "timestamp"),
    ]


def test_loading_works_in_a_warehouse_file(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.connection = duckdb.connect(str(tmp_path / "warehouse.duckdb"))
    house.put("email/events/1.csv", "event_id,value\n1,a\n2,b\n")
    house.put("email/events/2.csv", "event_id,value\n2,b\n3,x\n")
    house.load()
    house.connection.close()
    house.connection = duckdb.connect(str(tmp_path / "warehouse.duckdb"))
    assert house.rows("select count(*) from raw.email__events") == [(3,)]
    house.connection.close()
