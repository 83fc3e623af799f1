"""Quarantined rows that are put right: by a steward's correction file, under their key, or under their file's name."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from ingestion_house import NOW, House

from orchestration.cli import call
from orchestration.ingestion.contracts import load_contracts
from orchestration.ingestion.ingest import ingest
from orchestration.settings import Settings
from orchestration.warehouse import connect

LATER = datetime(2024, 6, 2)


def resolved(house: House) -> list[tuple[object, ...]]:
    return house.rows("select file, line, resolved_by, resolved_at from ledger.quarantine order by file, line")


def test_a_stewards_file_loads_the_row_and_resolves_it(house: House) -> None:
    house.put("crm/people/2024-01-05.csv", "id,score\n1,10\n2,ten\n3,x\n")
    house.load()
    assert resolved(house) == [
        ("crm/people/2024-01-05.csv", 3, None, None),
        ("crm/people/2024-01-05.csv", 4, None, None),
    ]
    house.put(
        "crm/people/corrections/by_ann.csv",
        "id,score,_corrects_file,_corrects_line,_corrects_reason\n2,10,crm/people/2024-01-05.csv,3,not a number\n",
    )
    report = house.load(now=LATER)
    assert [(r.file, r.status, r.unknown_columns) for r in report.files] == [
        ("crm/people/2024-01-05.csv", "unchanged", ()),
        ("crm/people/corrections/by_ann.csv", "loaded", ()),
    ]
    assert house.rows("select id, score, _version from raw.crm__people order by id") == [
        ("1", 10, datetime(2024, 1, 5)),
        ("2", 10, datetime(2024, 1, 5)),
    ]
    assert resolved(house) == [
        ("crm/people/2024-01-05.csv", 3, "crm/people/corrections/by_ann.csv", LATER),
        ("crm/people/2024-01-05.csv", 4, None, None),
    ]
    house.load(now=datetime(2024, 6, 3))
    assert resolved(house)[0][3] == LATER


def test_a_correction_comes_after_what_it_corrects_whatever_the_names(house: House) -> None:
    house.put("crm/people/z.csv", "id,score\n2,ten\n")
    house.put("crm/people/a.csv", "id,score,_corrects_file,_corrects_line\n2,10,crm/people/z.csv,2\n")
    assert {result.status for result in house.load().files} == {"loaded"}
    assert [row[2] for row in resolved(house)] == ["crm/people/a.csv"]


def test_a_correction_belongs_to_the_window_of_its_file_and_replaces_no_other_row(house: House) -> None:
    """A correction is younger than a restated export, yet it corrects the older one."""
    house.put("ads/days/2024-01-05.csv", "date,account,campaign,spend\n2024-01-01,A,x,1\n2024-01-01,A,y,one\n")
    house.put("ads/days/fix.csv", (
        "date,account,campaign,spend,_corrects_file,_corrects_line\n2024-01-01,A,y,1,ads/days/2024-01-05.csv,3\n"
    ), modified=datetime(2024, 3, 1))  # fmt: skip
    house.load()
    assert house.rows("select campaign, spend from raw.ads__days order by 1") == [
        ("x", Decimal("1")),
        ("y", Decimal("1")),
    ]
    assert [row[2] for row in resolved(house)] == ["ads/days/fix.csv"]
    house.put("ads/days/2024-01-06.csv", "date,account,campaign,spend\n2024-01-01,A,z,5\n")
    house.load(now=LATER)
    assert house.rows("select campaign from raw.ads__days") == [("z",)]


def test_a_fixed_export_under_another_name_resolves_rows_by_their_key(house: House) -> None:
    house.put("email/events/2024-01-05.csv", "event_id,occurred_at\n1,2024-01-01\n2,soon\n")
    house.put("email/events/2024-01-04.csv", "event_id,occurred_at\n2,2024-01-01\n")
    house.load()
    # What was there before the flawed export is no correction of it.
    assert [row[2] for row in resolved(house)] == [None]
    house.put("email/events/2024-01-06.csv", "event_id,occurred_at\n2,2024-01-02\n")
    house.load(now=LATER)
    assert [row[2] for row in resolved(house)] == ["email/events/2024-01-06.csv"]


def test_a_fixed_export_under_the_same_name_resolves_all_rows_of_the_old_content(house: House) -> None:
    house.put("costs/costs/2024-01.csv", "date,amount\n2024-01-01,1\nwhen,2\n")
    house.load()
    house.put("costs/costs/2024-01.csv", "date,amount\n2024-01-01,1\n2024-01-02,2\n", modified=datetime(2024, 2, 1))
    house.load(now=LATER)
    assert [row[2] for row in resolved(house)] == ["costs/costs/2024-01.csv"]
    assert house.rows("select count(*) from raw.costs__costs") == [(2,)]


def test_a_correction_that_is_wrong_itself_goes_to_quarantine_and_resolves_nothing(house: House) -> None:
    house.put("crm/people/a.csv", "id,score\n2,ten\n")
    house.put("crm/people/fix.csv", "id,score,_corrects_file,_corrects_line\n2,eleven,crm/people/a.csv,2\n")
    house.load()
    assert [(row[0], row[2]) for row in resolved(house)] == [("crm/people/a.csv", None), ("crm/people/fix.csv", None)]


def test_corrections_that_do_not_say_what_they_correct_are_rejected(house: House) -> None:
    house.put("crm/people/a.csv", "id,score\n2,ten\n")
    for name, content, reason in (
        ("b", "id,_corrects_file\n2,crm/people/a.csv\n", "no column _corrects_line"),
        ("c", "id,_corrects_file,_corrects_line\n2,crm/people/a.csv,2\n3,crm/people/b.csv,2\n", "must name one file"),
        ("d", "id,_corrects_file,_corrects_line\n2,,2\n", "must name one file"),
        ("e", "id,_corrects_file,_corrects_line\n2,crm/people/gone.csv,2\n", "no loaded file of crm/people"),
    ):
        house.put(f"crm/people/{name}.csv", content)
        result = next(r for r in house.load(now=NOW).files if r.file == f"crm/people/{name}.csv")
        assert result.status == "rejected"
        assert reason in str(result.error)


def test_a_steward_gets_the_rows_as_files_corrects_them_and_loads_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """From the command line: see, write, correct, run again; what was corrected is not offered twice."""
    extracts, home = tmp_path / "extracts", tmp_path / "home"
    (extracts / "crm").mkdir(parents=True)
    source = extracts / "crm" / "people.csv"
    source.write_text('id,"first ""name""",created_at\n1,Ann,2024-01-01\n2,"B, ob",sometime\n', encoding="utf-8")
    assert call(["quarantine", "--home", str(home)]) == 2

    def load() -> None:
        settings = Settings(extracts=str(extracts), home=home, pii_key="key")
        with connect(settings) as connection:
            ingest(connection, load_contracts(settings.dbt_project), settings.extracts, now=NOW)

    load()
    capsys.readouterr()
    assert call(["quarantine", "--home", str(home), "--out", str(extracts)]) == 0
    shown = capsys.readouterr().out
    template = extracts / "crm" / "people" / "corrections" / "crm_people_csv.csv"
    assert "sometime" in shown
    assert str(template) in shown
    text = template.read_text(encoding="utf-8")
    assert text.startswith('id,"first ""name""",created_at,_corrects_file,_corrects_line,_corrects_reason\n2,"B, ob",')
    template.write_text(text.replace("sometime", "2024-01-02"), encoding="utf-8")
    load()
    assert call(["quarantine", "--home", str(home)]) == 0
    assert "Nothing waits for a correction." in capsys.readouterr().out
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as connection:
        rows = connection.execute("select id, created_at from raw.crm__people order by id").fetchall()
    assert rows == [("1", datetime(2024, 1, 1)), ("2", datetime(2024, 1, 2))]
