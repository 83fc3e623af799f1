"""Export buttons and spreadsheets: what they add, how they write, and what is told about it."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from ingestion_house import House

from orchestration.ingestion.conversion import SPOILT
from orchestration.ingestion.ingest import check

SELECT = "select date, campaign_id, campaign_name, impressions, spend, currency from raw.ui__report order by 1, 2"
FRENCH = (
    "Rapport sur les campagnes\n"
    "1 janvier 2024 - 31 janvier 2024\n"
    "\n"
    "Jour;ID de la campagne;Campagne;Impressions;Montant d\u00e9pens\u00e9 (EGP);CTR;share\n"
    '14/01/2024;c1;"Marque; \u00e9t\u00e9\n2024";1\u202f234;1\u00a0234,56;0,5;12,5 %\n'
    "02/01/2024;c2;Total;--;(12,50);-;\n"
    "Total : campagnes;;;1 234;1 222,06;;\n"
    "Total : compte;;;1 234;1 222,06\n"
)


def test_a_french_export_is_read_in_full_and_what_was_found_is_told(house: House) -> None:
    result = house.load_one("ui/report.csv", FRENCH.encode("cp1252", "replace").replace(b"1?234", b"1\xa0234"))
    assert (result.status, result.error, result.rows_in_file, result.rows_loaded) == ("loaded", None, 2, 2)
    assert house.rows(SELECT) == [
        (date(2024, 1, 2), "c2", "Total", None, Decimal("-12.5"), "EGP"),
        (date(2024, 1, 14), "c1", "Marque; \u00e9t\u00e9\n2024", 1234, Decimal("1234.56"), "EGP"),
    ]
    assert house.rows("select ctr, share from raw.ui__report order by date desc") == [(0.5, 12.5), (None, None)]
    told = dict(result.dialect)
    totals = told.pop("totals")
    assert (
        told.items()
        >= {
            "encoding": "cp1252",
            "delimiter": ";",
            "header_line": 4,
            "preamble": "Rapport sur les campagnes / 1 janvier 2024 - 31 janvier 2024",
            "total_rows": 2,
            "currency": "EGP",
        }.items()
    )
    assert told["day_first"] == {"date": "'14/01/2024'"}
    assert told["decimal_comma"]["spend"] == "'(12,50)'"
    assert [text.split(":")[0] for text in totals] == ["line 8", "line 9"]
    assert "1 222,06" in totals[0] and totals[1] == "line 9: Total : compte;;;1 234;1 222,06"


def test_check_shows_how_a_file_is_read(house: House) -> None:
    house.put("ui/report.csv", FRENCH)
    [found] = check(house.contracts, str(house.extracts))
    assert (found.status, found.rows, found.rows_quarantined) == ("ok", 2, 0)
    assert found.dialect["encoding"] == "utf-8"
    assert found.dialect["total_rows"] == 2


def test_lines_are_counted_from_the_top_of_the_file(house: House) -> None:
    result = house.load_one(
        "ui/report.csv", 'Report\n\nDate,Campaign ID,Impressions\n2024-01-01,"a\nb",1\nx,c,2\n2024\n'
    )
    assert (result.rows_in_file, result.rows_loaded, result.dialect["header_line"]) == (3, 1, 3)
    assert [(line, column) for _, line, column, *_ in house.quarantine()] == [(6, "date"), (7, "Campaign ID")]


def test_a_preamble_may_hold_a_lone_quote_and_a_byte_order_mark(house: House) -> None:
    text = 'sep=,\nReport "2024\nDate,Campaign ID\n2024-01-01,a\n'
    result = house.load_one("ui/report.csv", text.encode("utf-8-sig"))
    assert (result.rows_in_file, result.rows_loaded, result.dialect["header_line"]) == (1, 1, 3)


def test_a_title_that_is_named_like_a_column_is_no_header(house: House) -> None:
    result = house.load_one("crm/people.csv", "ID\nid,email\n1,a@x.example\n")
    assert (result.rows_in_file, result.rows_loaded) == (1, 1)
    assert house.rows("select email from raw.crm__people") == [("a@x.example",)]


TOTALS = {
    "Total,,120": True,
    "Totals,,120": True,
    "Grand total,,120": True,
    "Total: contacts,--,120": True,
    '"Total : contacts, tous",,"1,120"': True,
    "Gesamt,,12 %": True,
    "Total,a@x.example,120": False,
    "Totality,,120": False,
    "Total energy,,120": False,
}


@pytest.mark.parametrize("line", TOTALS)
def test_a_total_is_told_and_a_record_is_loaded(house: House, line: str) -> None:
    result = house.load_one("crm/people.csv", f"id,email,_tag\n1,b@x.example,5\n{line}\n")
    is_total = TOTALS[line]
    assert (result.rows_in_file, result.rows_loaded) == ((1, 1) if is_total else (2, 2))
    assert result.dialect.get("total_rows") == (1 if is_total else None)


@pytest.mark.parametrize(
    "line", ["©2025 Microsoft Corporation. All rights reserved.", '"© 2025 Acme, Inc."', "© Acme,,"]
)
def test_the_owner_s_line_below_a_report_is_no_record(house: House, line: str) -> None:
    result = house.load_one("crm/people.csv", f"id,email,created_at\n1,b@x.example,2024-01-01\n\n{line}\n")
    assert (result.rows_in_file, result.rows_loaded, result.rows_quarantined) == (1, 1, 0)
    assert result.dialect["total_rows"] == 1 and line.strip('"')[:5] in result.dialect["totals"][0]


def test_a_record_that_begins_with_a_copyright_sign_is_loaded(house: House) -> None:
    result = house.load_one("crm/people.csv", "id,email\n1,b@x.example\n©2,c@x.example\n")
    assert (result.rows_in_file, result.rows_loaded) == (2, 2)


NUMBERS = {
    "commas prove": ("1,5;1.234", [Decimal("1.5"), Decimal(1234)]),
    "points prove": ("1.5;1,234", [Decimal("1.5"), Decimal(1234)]),
    "long fractions prove": ("1,2345;1.234", [Decimal("1.2345"), Decimal(1234)]),
    "a leading zero proves": ("0,125;1.234", [Decimal("0.125"), Decimal(1234)]),
    "two groups prove": ("1.234.567;1,234", [Decimal(1234567), Decimal("1.234")]),
    "spaces prove": ("1 234,125;2,125", [Decimal("1234.125"), Decimal("2.125")]),
    "nothing is open": ("1 234;7", [Decimal(1234), Decimal(7)]),
}


@pytest.mark.parametrize("kind", NUMBERS)
def test_the_decimal_mark_is_what_one_value_of_the_column_proves(house: House, kind: str) -> None:
    texts, wanted = NUMBERS[kind]
    lines = "".join(f"{number}\t{text}\n" for number, text in enumerate(texts.split(";")))
    result = house.load_one("crm/people.tsv", f"id\tamount\n{lines}")
    assert (result.status, result.error) == ("loaded", None)
    assert [amount for (amount,) in house.rows("select amount from raw.crm__people order by id")] == wanted


def test_one_column_proves_the_decimal_mark_of_the_others(house: House) -> None:
    house.load_one("crm/people.csv", "id;amount;rate;score\n1;1.234;0,5;12.000\n2;5;1.234;1.234\n")
    assert house.rows("select amount, rate, score from raw.crm__people order by id") == [
        (Decimal(1234), 0.5, 12000),
        (Decimal(5), 1234.0, 1234),
    ]


def test_columns_that_prove_different_marks_stand_for_themselves(house: House) -> None:
    house.load_one("crm/people.csv", "id;amount;rate\n1;1,5;1.5\n2;1.234;1,234\n")
    assert house.rows("select amount, rate from raw.crm__people order by id") == [
        (Decimal("1.5"), 1.5),
        (Decimal(1234), 1234.0),
    ]


def test_the_proof_may_come_last(house: House) -> None:
    rows = "".join(f"{number};1.234;01/02/1990\n" for number in range(30_000))
    result = house.load_one("crm/people.csv", f"id;amount;born_on\n{rows}x;0,5;31/12/1990\n")
    assert (result.rows_loaded, result.rows_quarantined) == (30_001, 0)
    assert house.rows("select distinct amount, born_on from raw.crm__people where id <> 'x'") == [
        (Decimal(1234), date(1990, 2, 1))
    ]


def test_whole_numbers_with_points_in_groups_are_not_cut(house: House) -> None:
    result = house.load_one("crm/people.csv", "id,score\n1,12.000\n2,3\n")
    assert result.status == "rejected"
    assert "column score: nothing in the file tells whether '12.000' holds thousands or decimals" in str(result.error)


def test_the_minority_of_a_mixed_column_goes_to_quarantine(house: House) -> None:
    result = house.load_one("crm/people.csv", "id;amount\n1;1,5\n2;12,50\n3;12.50\n")
    assert (result.rows_loaded, result.rows_quarantined) == (2, 1)
    assert house.quarantine()[0][1:] == (4, "amount", "12.50", "not a number with a comma as its decimal mark")


def test_numbers_of_json_are_never_taken_for_thousands(house: House) -> None:
    result = house.load_one("crm/people.jsonl", '{"id": "1", "amount": "12,50", "rate": 1.234}\n')
    assert (result.rows_loaded, house.rows("select amount, rate from raw.crm__people")) == (
        1,
        [(Decimal("12.5"), 1.234)],
    )


DATES = {
    "day first": ("31/12/2024", "01/02/2024", date(2024, 2, 1)),
    "month first": ("12/31/2024", "01/02/2024", date(2024, 1, 2)),
    "spaces around": (" 31/12/2024 ", " 1/02/2024", date(2024, 2, 1)),
    "no zeros": ("1/31/2024", "1/2/2024", date(2024, 1, 2)),
    "no such month proves nothing": ("13/25/2024", "2/2/2024", date(2024, 2, 2)),
    "the same day and month": ("", "03/03/2024", date(2024, 3, 3)),
    "points": ("", "01.02.2024", date(2024, 2, 1)),
    "words": ("", "1 f\u00e9vrier 2024", date(2024, 2, 1)),
}


@pytest.mark.parametrize("kind", DATES)
def test_the_order_of_dates_is_what_one_value_of_the_column_proves(house: House, kind: str) -> None:
    proof, text, wanted = DATES[kind]
    house.load_one("crm/people.csv", f"id,born_on\n1,{text}\n2,{proof}\n")
    assert house.rows("select born_on from raw.crm__people where id = '1'") == [(wanted,)]


def test_each_column_has_its_own_order(house: House) -> None:
    house.load_one(
        "crm/people.csv", "id,born_on,created_at\n1,01/02/2024,01/02/2024 10:00\n2,31/12/2024,12/31/2023 3:00 PM\n"
    )
    assert house.rows("select born_on, created_at from raw.crm__people where id = '1'") == [
        (date(2024, 2, 1), datetime(2024, 1, 2, 10))
    ]


@pytest.mark.parametrize(
    ("header", "currency"),
    [
        ("Amount spent (USD)", "USD"),
        ("AMOUNT SPENT [gbp]", "GBP"),
        ("Montant d\u00e9pens\u00e9 (\u20ac)", "EUR"),
        ("Spend (XOF)", "XOF"),
        ("Spend", None),
    ],
)
def test_the_currency_may_stand_in_a_header(house: House, header: str, currency: str | None) -> None:
    result = house.load_one("ui/report.csv", f"Date,Campaign ID,{header}\n2024-01-01,a,1.5\n")
    assert result.unknown_columns == ()
    assert house.rows("select spend, currency from raw.ui__report") == [(Decimal("1.5"), currency)]


def test_a_column_of_currencies_beats_the_header(house: House) -> None:
    house.load_one("ui/report.csv", "Date,Campaign ID,Amount spent (USD),Currency\n2024-01-01,a,1.5,EUR\n")
    assert house.rows("select currency from raw.ui__report") == [("EUR",)]


def test_no_currency_is_taken_for_another(house: House) -> None:
    result = house.load_one("crm/people.csv", "id,Montant d\u00e9pens\u00e9 (EGP)\n1,5\n")
    assert result.unknown_columns == ("Montant d\u00e9pens\u00e9 (EGP)",)
    assert house.rows("select amount from raw.crm__people") == [(None,)]


def test_headers_with_two_currencies_are_refused(house: House) -> None:
    result = house.load_one("ui/report.csv", "Date,Campaign ID,Spend (USD),ctr (EUR)\n2024-01-01,a,1,2\n")
    assert result.error == (
        "ui/report.csv: the headers name several currencies (Spend (USD), ctr (EUR)), and no column currency tells"
        " which is whose; export one currency"
    )


@pytest.mark.parametrize(
    ("column", "value"), [("campaign_id", "05-Jan"), ("campaign_id", "1,23457E+17"), ("impressions", "05-Jan")]
)
def test_what_excel_spoilt_goes_to_quarantine(house: House, column: str, value: str) -> None:
    other = {"campaign_id": "impressions", "impressions": "campaign_id"}[column]
    result = house.load_one("ui/report.csv", f"date;{column};{other}\n2024-01-01;{value};1\n2024-01-01;7;8\n")
    assert (result.rows_loaded, result.rows_quarantined) == (1, 1)
    assert house.quarantine()[0][1:] == (2, column, value, SPOILT)


def test_a_name_like_a_date_is_a_name(house: House) -> None:
    house.load_one("ui/report.csv", "date,campaign_id,campaign_name\n2024-01-01,1,Jan-24\n")
    assert house.rows("select campaign_name from raw.ui__report") == [("Jan-24",)]


def workbook(rows: list[list[Any]], *, before: list[list[Any]] | None = None) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    if before is not None:
        for row in before:
            sheet.append(row)
        sheet = book.create_sheet("Data")
    for row in rows:
        sheet.append(row)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


SHEET: list[list[Any]] = [
    ["Campaign report"],
    [],
    ["Date", "Campaign ID", "Campaign name", "Impressions", "Amount spent (EUR)", "is_on", "seen_at", "labels"],
    [date(2024, 1, 5), 12, "a\nb", 1234, 12.5, True, datetime(2024, 1, 5, 10, 30), '["x"]'],
    [],
    ["2024-01-06", "c2", date(2024, 2, 1), "1 234", 1.234, "oui", "2018.02.26 19:58", None, "beyond"],
    [date(2024, 1, 6), date(2024, 1, 5), "x", 5, 6],
    [date(2024, 1, 6), 1234567890123456789, "x", date(2024, 1, 5), 6],
    ["Total", None, None, 1234, 12.5],
]


@pytest.mark.parametrize("name", ["report.xlsx", "report.csv"])
def test_a_workbook_is_read_by_what_its_cells_hold(house: House, name: str) -> None:
    result = house.load_one(f"ui/{name}", workbook(SHEET, before=[["Notes"], ["about", "this"]]))
    assert (result.status, result.error, result.format) == ("loaded", None, "xlsx")
    assert (result.rows_in_file, result.rows_loaded, result.rows_quarantined) == (4, 2, 2)
    assert house.rows(SELECT) == [
        (date(2024, 1, 5), "12", "a\nb", 1234, Decimal("12.5"), "EUR"),
        (date(2024, 1, 6), "c2", "2024-02-01", 1234, Decimal("1.234"), "EUR"),
    ]
    assert house.rows("select is_on, seen_at, labels, _extra from raw.ui__report order by 2 desc") == [
        (True, datetime(2024, 1, 5, 10, 30), '["x"]', None),
        (True, datetime(2018, 2, 26, 19, 58), None, '{"column_9":"beyond"}'),
    ]
    assert [row[1:] for row in house.quarantine()] == [
        (7, "campaign_id", "2024-01-05 (Excel date)", SPOILT),
        (8, "campaign_id", "1.234567890123457E+18", SPOILT + f"; also impressions: {SPOILT}"),
    ]
    assert (result.dialect["sheet"], result.dialect["header_line"]) == ("Data", 3)
    assert result.dialect["total_rows"] == 1 and result.dialect["totals"][0].startswith("line 9: ")


def test_a_workbook_without_the_columns_or_without_anything_is_told(house: House) -> None:
    result = house.load_one("ui/report/a.xlsx", workbook([["Notes"], ["about", "this"]]))
    assert str(result.error).startswith("ui/report/a.xlsx: sheet Sheet: required columns missing: date")
    assert house.load_one("ui/report/b.xlsx", workbook([])).status == "empty"
    assert house.load_one("ui/report/c.xlsx", workbook([["Date", "Campaign ID"]])).status == "empty"
    broken = house.load_one("ui/report/d.xls", b"\xd0\xcf\x11\xe0" + b"x" * 600)
    assert str(broken.error).startswith("ui/report/d.xls: this workbook is broken or cut short")


def zipped(*members: tuple[str, bytes]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return content.getvalue()


def test_archives_with_one_table_are_opened(house: House) -> None:
    table = b"event_id\n1\n"
    for number, content in enumerate(
        (
            zipped(("in a folder/a.csv", table), ("__MACOSX/._a.csv", b"x"), (".DS_Store", b"x")),
            zipped(("a.xlsx", workbook([["event_id"], ["1"]]))),
            gzip.compress(workbook([["event_id"], ["1"]])),
        )
    ):
        result = house.load_one(f"email/events/{number}.csv", content)
        assert (result.status, result.rows_in_file) == ("loaded", 1), result.error
        assert result.dialect["compression"] == ("gzip" if number == 2 else "zip")
    several = house.load_one("email/events/several.zip", zipped(("a.csv", table), ("b.csv", table)))
    assert str(several.error).endswith(
        "this is a ZIP archive with 2 files (a.csv, b.csv), where one table is expected; unpack it into the"
        " table's folder"
    )
    cut = house.load_one("email/events/cut.zip", zipped(("a.csv", table * 100))[:-30])
    assert "this ZIP archive is broken, cut short or locked" in str(cut.error)


NESTED = [
    {
        "segments": {"date": "2024-01-05"},
        "campaign": {"id": 12, "name": "a"},
        "metrics": {"impressions": 5, "deep": {"er": [1]}},
        "labels": {"x": [1, {"y": None}]},
        "other": {"kept": True},
    },
    {"segments": {"date": "2024-01-06"}, "campaign": {"id": "c2"}, "metrics": None, "labels": "text", "spend": 1.5},
]


def test_nested_json_is_flattened_as_far_as_the_contract_knows_it(house: House) -> None:
    result = house.load_one("ui/report.jsonl", "\n".join(json.dumps(record) for record in NESTED))
    assert (result.status, result.error, result.rows_loaded) == ("loaded", None, 2)
    assert house.rows(
        "select date, campaign_id, campaign_name, impressions, labels from raw.ui__report order by 1"
    ) == [
        (date(2024, 1, 5), "12", "a", 5, '{"x":[1,{"y":null}]}'),
        (date(2024, 1, 6), "c2", None, None, '"text"'),
    ]
    assert result.unknown_columns == ("metrics_deep", "other")
    assert house.rows("select _extra from raw.ui__report order by date limit 1") == [
        ('{"metrics_deep":{"er":[1]},"other":{"kept":true}}',)
    ]


def test_nested_parquet_is_flattened_the_same_way(house: House, tmp_path: Path) -> None:
    path = tmp_path / "report.parquet"
    records = [
        {
            "segments": {"date": date(2024, 1, 5)},
            "campaign": {"id": 12, "name": "a"},
            "metrics": {"impressions": 5.0, "deep": {"er": [1]}},
            "labels": {"x": [1]},
            "seen_at": 1704103200000,
            "spend": "1 234,50",
            "is_on": 1,
        }
    ]
    pq.write_table(pa.Table.from_pylist(records), path)
    result = house.load_one("ui/report.parquet", path.read_bytes())
    assert (result.status, result.error, result.rows_loaded) == ("loaded", None, 1)
    assert house.rows("select * exclude (_file_id, _version) from raw.ui__report") == [
        (
            date(2024, 1, 5),
            "12",
            "a",
            5,
            Decimal("1234.5"),
            None,
            None,
            True,
            datetime(2024, 1, 1, 10),
            None,
            '{"x":[1]}',
            '{"metrics_deep":{"er":[1]}}',
        )
    ]


def test_a_text_that_is_no_json_goes_to_quarantine(house: House) -> None:
    house.load_one("ui/report.csv", 'date,campaign_id,labels\n2024-01-01,1,"{""a"": 1}"\n2024-01-01,2,{a\n')
    assert house.rows("select labels from raw.ui__report") == [('{"a": 1}',)]
    assert house.quarantine()[0][1:] == (3, "labels", "{a", "not JSON")
