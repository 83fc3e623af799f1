"""Bad input: each kind has a clear message, loses nothing and lets the other files load."""

from __future__ import annotations

import gzip
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from ingestion_house import NOW, House

from orchestration.ingestion.discovery import Extract
from orchestration.ingestion.ingest import ExtractsNotFound, ingest

BAD = Path(__file__).parents[2] / "fixtures" / "bad"

REJECTED = {
    "missing_required_column.csv": (
        "crm/people.csv: required column missing: id (also looked for as person_id, contact_id)."
        " Columns found: email, score"
    ),
    "image.csv": "crm/people.csv: this is a PNG image, not a table",
    "error_page.csv": (
        "crm/people.csv: this is an HTML or XML page, not a table; the export was probably an error page"
    ),
    "truncated.csv.gz": (
        "crm/people.csv.gz: the gzip compression is broken or cut short (Truncated compressed stream);"
        " export or copy it again"
    ),
    "workbook.xlsx": (
        "crm/people.xlsx: this ZIP archive is broken, cut short or locked (File is not a zip file); export or copy it"
        " again"
    ),
    "undecidable_dates.csv": (
        "crm/people.csv: column born_on: every date reads day first and month first, such as '01/02/1990'; export"
        " dates as YYYY-MM-DD, or a longer period"
    ),
    "both_date_orders.csv": (
        "crm/people.csv: column born_on holds dates with the day first ('31/12/1990') and with the month first"
        " ('12/31/1990'), so that '01/02/1990' is ambiguous; export dates as YYYY-MM-DD"
    ),
    "undecidable_number.csv": (
        "crm/people.csv: column amount: nothing in the file tells whether '1,234' holds thousands or decimals; export"
        " it with a point as decimal mark and without marks for thousands"
    ),
    "point_of_thousands.csv": (
        "crm/people.csv: column amount: nothing in the file tells whether '1.234' holds thousands or decimals; export"
        " it with a point as decimal mark and without marks for thousands"
    ),
    "both_decimal_marks.csv": (
        "crm/people.csv: column amount is written with decimal commas ('12,50') and decimal points ('12.50'), so that"
        " '1.234' is ambiguous; export it with one of them"
    ),
    "several_currencies.csv": (
        "crm/people.csv: column amount holds several currencies ('$' and '\u20ac'); export one file per currency, or"
        " the currency in a column of its own"
    ),
    "mixed_percent.csv": (
        "crm/people.csv: column rate is written with percent signs ('12 %') and without ('0.5'), so that its values"
        " cannot be compared; export it one way"
    ),
    "broken.json": ("crm/people.json: this is broken JSON: Malformed JSON in file"),
    "not_json.jsonl": "crm/people.jsonl: this is broken JSON: no record is a JSON object",
}


@pytest.mark.parametrize("name", REJECTED)
def test_a_file_that_cannot_be_read_is_rejected_and_the_others_load(house: House, name: str) -> None:
    file = "crm/people." + name.split(".", 1)[1]
    house.put(file, (BAD / name).read_bytes())
    house.put("email/events.csv", "event_id\n1\n")
    report = house.load()
    [rejected] = report.rejected
    assert rejected.error is not None
    assert rejected.error.startswith(REJECTED[name])
    if name != "broken.json":
        assert rejected.error == REJECTED[name]
    assert report.rows[("email", "events")] == 1
    assert house.rows("select status, rows_in_file, error from ledger.files where source = 'crm'") == [
        ("rejected", 0, rejected.error)
    ]
    assert house.rows("select count(*) from raw.crm__people") == [(0,)]


def test_a_truncated_parquet_file_is_rejected(house: House, tmp_path: Path) -> None:
    whole = tmp_path / "people.parquet"
    pq.write_table(pa.table({"id": ["1", "2"]}), whole)
    result = house.load_one("crm/people.parquet", whole.read_bytes()[:-20])
    assert result.status == "rejected"
    assert result.error is not None
    assert result.error.startswith("crm/people.parquet: this Parquet file is broken or cut short")


def test_a_rejected_file_is_tried_again_and_mending_clears_it(house: House) -> None:
    house.put("crm/people.csv", "nothing\n1\n")
    assert len(house.load().rejected) == 1
    assert len(house.load().rejected) == 1
    assert house.rows("select count(*) from ledger.files where status = 'rejected'") == [(1,)]
    house.put("crm/people.csv", "id\n1\n")
    assert not house.load().rejected
    assert house.rows("select file, status from ledger.files where source = 'crm'") == [("crm/people.csv", "loaded")]


def test_removing_a_rejected_file_clears_it(house: House) -> None:
    path = house.put("crm/people.csv", "nothing\n1\n")
    house.put("web/visits.csv", "id\n1\n")
    house.load()
    path.unlink()
    assert not house.load(sources=["email"]).rejected
    assert house.rows("select count(*) from ledger.files where status = 'rejected'") == [(1,)]
    house.load()
    assert house.rows("select status from ledger.files where source <> 'fx_rates'") == [("ignored",)]


def test_letters_in_a_number_go_to_quarantine_with_line_column_value_and_reason(house: House) -> None:
    result = house.load_one("crm/people.csv", (BAD / "letters_in_a_number.csv").read_bytes())
    assert (result.status, result.rows_in_file, result.rows_loaded, result.rows_quarantined) == ("loaded", 4, 1, 3)
    assert house.quarantine() == [
        ("crm/people.csv", 3, "score", "12abc", "not a whole number"),
        (
            "crm/people.csv",
            4,
            "score",
            "1.5",
            "not a whole number; also created_at: not a timestamp as YYYY-MM-DD HH:MM:SS, with or without an offset",
        ),
        ("crm/people.csv", 6, "id", None, "required, but empty"),
    ]
    [(row,)] = house.rows("select row from ledger.quarantine where line = 3")
    assert row == '{"id":"2","email":"b@x.example","score":"12abc","created_at":null}'


def test_rows_of_another_width_go_to_quarantine_and_lines_stay_right(house: House) -> None:
    text = 'id,email,score\n1,a,1\n2,b\n3,"two\nlines",3\n4,d,4,4\n5,e,x\n6,"open" quote,6\n7,g,y\n'
    result = house.load_one("crm/people.csv", text)
    assert (result.rows_in_file, result.rows_loaded) == (7, 2)
    assert [(line, column, value) for _, line, column, value, _ in house.quarantine()] == [
        (3, "score", "2,b"),
        (6, None, "4,d,4,4"),
        (7, "score", "x"),
        (8, "email", '6,"open" quote,6'),
        (9, "score", "y"),
    ]
    assert house.quarantine()[0][-1] == "missing columns: Expected Number of Columns: 3 Found: 2"
    assert house.quarantine()[3][-1] == "a quote is not closed or stands inside a value"


def test_events_later_than_the_load_go_to_quarantine(house: House) -> None:
    house.load_one("email/events.csv", "event_id,occurred_at\n1,2024-06-01 12:00:00\n2,2024-06-01T14:00:01+01:00\n")
    assert house.quarantine() == [
        ("email/events.csv", 3, "occurred_at", "2024-06-01T14:00:01+01:00", f"later than the load at {NOW}")
    ]
    assert house.rows("select max(newest_event_at) from ledger.files") == [(NOW,)]


def test_broken_lines_of_json_go_to_quarantine(house: House) -> None:
    result = house.load_one("crm/people.jsonl", '{"id": 1}\nnot json\n{"id": 2, "score": "x"}\n[3]\n')
    assert (result.rows_in_file, result.rows_loaded) == (4, 1)
    assert [(line, column, reason) for _, line, column, _, reason in house.quarantine()] == [
        (2, None, "not a JSON object; also id: required, but empty"),
        (3, "score", "not a whole number"),
        (4, None, "not a JSON object; also id: required, but empty"),
    ]


@pytest.mark.parametrize("content", ["", "\n", "id,email\n", "id,email"])
def test_an_empty_file_is_empty(house: House, content: str) -> None:
    result = house.load_one("crm/people.csv", content)
    assert (result.status, result.rows_in_file) == ("empty", 0)
    assert house.load().with_status("unchanged")


def test_an_empty_list_and_an_empty_archive_are_empty(house: House) -> None:
    assert house.load_one("crm/people/a.json", "[]").status == "empty"
    assert house.load_one("crm/people/b.csv.gz", gzip.compress(b"")).status == "empty"


def test_the_same_content_under_another_name_is_a_duplicate(house: House) -> None:
    text = "event_id,value\n1,a\n2,b\n"
    house.put("email/events/a.csv", text)
    house.put("email/events/b.csv", text)
    [duplicate] = house.load().with_status("duplicate")
    assert (duplicate.file, duplicate.rows_in_file, duplicate.rows_duplicate) == ("email/events/b.csv", 2, 2)
    assert duplicate.error == "email/events/b.csv: same content as email/events/a.csv"
    assert house.rows("select count(*) from raw.email__events") == [(2,)]


def test_an_absent_folder_says_what_was_expected(house: House, tmp_path: Path) -> None:
    absent = tmp_path / "nowhere"
    with pytest.raises(ExtractsNotFound) as error:
        ingest(house.connection, house.contracts, str(absent), now=NOW)
    assert str(error.value) == (
        f"extracts folder not found: {absent}. Expected a folder with <source>/<table>.<ext> files, such as"
        " crm/people.csv; give its path with --extracts."
    )


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        ("crm/leads.csv", "crm/leads.csv: no contract for crm/leads; tables of crm are people"),
        ("shop/orders.csv", "shop/orders.csv: no contract for a source shop; sources are ads, costs, crm, email, ui"),
        ("loose.csv", "loose.csv: it stands in no source folder; expected <source>/<table>.<ext>"),
    ],
)
def test_a_file_that_no_contract_knows_is_ignored_and_said_so_every_time(house: House, file: str, reason: str) -> None:
    house.put(file, "id\n1\n")
    for _ in range(2):
        [ignored] = house.load().ignored
        assert (ignored.file, ignored.error) == (file, reason)
    assert house.rows("select status, rows_in_file, error from ledger.files") == [("ignored", 0, reason)]


def test_hidden_and_temporary_files_are_no_extracts(house: House) -> None:
    for name in (".DS_Store", "crm/~$people.xlsx", "crm/people.csv.tmp", "README.md", "crm/.gitkeep", ".git/x.csv"):
        house.put(name, "id\n1\n")
    assert house.load().files == ()
    assert house.rows("select count(*) from ledger.files") == [(0,)]


def test_a_file_that_changes_while_it_is_read_is_left_for_the_next_run(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.put("crm/people.csv", "id\n1\n")
    with monkeypatch.context() as patch:
        patch.setattr(Extract, "is_unchanged", lambda self: False)
        [left] = house.load().files
    assert left.status == "changed"
    assert left.error == "crm/people.csv: it changed while it was read; left for the next run"
    assert house.rows("select count(*) from raw.crm__people union all select count(*) from ledger.files") == [
        (0,),
        (0,),
    ]
    assert house.load().loaded


def test_a_file_that_cannot_be_opened_is_rejected_and_one_that_went_away_is_left(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.put("crm/people.csv", "id\n1\n")

    def fail(error: OSError) -> str:
        with monkeypatch.context() as patch:
            patch.setattr(Extract, "sha256", lambda self: (_ for _ in ()).throw(error))
            [result] = house.load().files
        return f"{result.status}: {result.error}"

    assert fail(PermissionError(13, "Permission denied")) == (
        "rejected: crm/people.csv: it cannot be opened (Permission denied); check its permissions"
    )
    assert fail(FileNotFoundError(2, "No such file")) == (
        "changed: crm/people.csv: it went away while it was read; left for the next run"
    )
    house.load()
    assert house.rows("select status from ledger.files") == [("loaded",)]


def test_a_full_disk_is_no_fault_of_the_file(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.put("crm/people.csv", "id\n1\n")
    full = OSError(28, "No space left on device")
    for module in ("loader", "opening"):
        monkeypatch.setattr(f"orchestration.ingestion.{module}.plain", lambda *_, **__: (_ for _ in ()).throw(full))
    with pytest.raises(OSError, match="No space left on device"):
        house.load()
    assert house.rows("select count(*) from ledger.files") == [(0,)]


def test_a_crash_between_files_leaves_whole_files_only(house: House) -> None:
    # Each header is a group of its own, and so a transaction.
    for number in range(4):
        house.put(f"email/events/{number}.csv", f"event_id,extra_{number}\n{number},\n{number}x,\n")
    seen = []

    def die(result: object) -> None:
        seen.append(result)
        if len(seen) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ingest(house.connection, house.contracts, str(house.extracts), now=NOW, report=die)
    house.assert_accounted()
    assert house.rows("select count(*) from raw.email__events") == [(4,)]
    report = house.load(now=datetime(2024, 6, 2))
    assert [result.status for result in report.files] == ["unchanged", "unchanged", "loaded", "loaded"]
    assert house.rows("select count(*) from raw.email__events") == [(8,)]


def test_a_failure_while_merging_rolls_the_whole_file_back(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.put("email/events/1.csv", "event_id,value\n1,a\n")
    house.load()
    house.put("email/events/2.csv", "event_id,value\n1,b\n2,b\n")

    def fail(*_: object) -> None:
        raise MemoryError("planted")

    with monkeypatch.context() as patch:
        patch.setattr("orchestration.ingestion.loader.ledger.write", fail)
        with pytest.raises(MemoryError, match="planted"):
            house.load()
    house.assert_accounted()
    assert house.rows("select event_id, value from raw.email__events") == [("1", "a")]
    house.load()
    assert house.rows("select count(*) from raw.email__events") == [(2,)]
