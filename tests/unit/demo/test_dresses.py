"""The dresses of the demo: what their files look like, and that they hold what was planned."""

from __future__ import annotations

import csv
import hashlib
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from python_calamine import CalamineWorkbook

from orchestration.demo.dresses import DRESSES, TAILORED
from orchestration.demo.dresses.delimited import Delimited
from orchestration.demo.dresses.workbook import Workbook
from orchestration.demo.generate import DemoError, DemoSummary, generate
from orchestration.ingestion.contracts import load_contracts
from orchestration.ingestion.headers import map_headers
from orchestration.settings import PROJECT_ROOT

SCALE = 0.1
NARROW = "\u202f"

VALUES = """select * from (values
    (date '2025-03-09', timestamp '2025-03-09 07:05:01', 1234567.5::decimal(18, 2), 4711::bigint, 0.5::double, true,
        'a;b "c" é'),
    (date '2025-12-31', null, -3.25::decimal(18, 2), null, null, false, null)
) as rows("Jour", "Heure", "Coût", "ID", "Part", "Gagnée", "Texte")"""


@pytest.fixture
def engine() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[str, DemoSummary]:
    return {dress: generate(tmp_path_factory.mktemp("dressed") / dress, scale=SCALE, dress=dress) for dress in DRESSES}


def hashes(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def records(path: Path) -> list[list[str]]:
    """The records of a text of the French dress, preamble and totals included."""
    raw = path.read_bytes()
    encoding = "utf-16" if raw.startswith(b"\xff\xfe") else "utf-8-sig"
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError:
        text = raw.decode("cp1252")
    widest = max(("\t", ";", ","), key=lambda mark: text.splitlines()[2].count(mark))
    return list(csv.reader(text.splitlines(), delimiter=widest))


def amount(text: str) -> Decimal:
    return Decimal(text.replace(NARROW, "").replace("\u00a0", "").replace(",", "."))


def test_french_text_looks_as_excel_writes_it(engine: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    layout = Delimited(
        delimiter=";",
        encoding="utf-8-sig",
        decimal_mark=",",
        thousands=NARROW,
        dates="%d/%m/%Y",
        times="%d/%m/%Y %H:%M:%S",
        booleans=("VRAI", "FAUX"),
    )
    assert layout.write(engine, VALUES, tmp_path / "rows.csv") == 2
    assert (tmp_path / "rows.csv").read_bytes().decode("utf-8") == (
        "\ufeffJour;Heure;Coût;ID;Part;Gagnée;Texte\n"
        f'09/03/2025;09/03/2025 07:05:01;1{NARROW}234{NARROW}567,50;4711;0,5;VRAI;"a;b ""c"" é"\n'
        "31/12/2025;;-3,25;;;FAUX;\n"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["rows.csv"]


def test_reports_have_a_preamble_and_totals(engine: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    layout = Delimited(
        delimiter="\t", encoding="utf-16-le", decimal_mark=",", preamble=("Rapport", "2025"), total="Total : Compte"
    )
    layout.write(engine, VALUES, tmp_path / "report.csv")
    raw = (tmp_path / "report.csv").read_bytes()
    assert raw.startswith(b"\xff\xfe")
    lines = raw.decode("utf-16").splitlines()
    assert lines[:2] == ["Rapport", "2025"]
    assert lines[-1] == "Total : Compte\t--\t1234564,25\t--\t--\t--\t--"
    assert len(lines) == 6


def test_cp1252_holds_accents(engine: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    Delimited(encoding="cp1252").write(engine, VALUES, tmp_path / "rows.csv")
    assert "Coût".encode("cp1252") in (tmp_path / "rows.csv").read_bytes()


@pytest.mark.parametrize("layout", [Delimited(), Workbook("vide")])
def test_no_rows_make_no_file(engine: duckdb.DuckDBPyConnection, tmp_path: Path, layout: Delimited | Workbook) -> None:
    assert layout.write(engine, f"{VALUES} where false", tmp_path / "none") == 0
    assert list(tmp_path.iterdir()) == []


def test_workbook_is_read_back_by_a_spreadsheet_reader(engine: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    sql = f"""select * replace (coalesce("Texte", '<&>') as "Texte") from ({VALUES})"""
    assert Workbook("Feuille é").write(engine, sql, tmp_path / "rows.xlsx") == 2
    book = CalamineWorkbook.from_path(str(tmp_path / "rows.xlsx"))
    assert book.sheet_names == ["Feuille é"]
    header, first, second = book.get_sheet_by_index(0).to_python()
    assert header == ["Jour", "Heure", "Coût", "ID", "Part", "Gagnée", "Texte"]
    assert first == [
        date(2025, 3, 9), datetime(2025, 3, 9, 7, 5, 1), 1234567.5, 4711, 0.5, True, 'a;b "c" é',
    ]  # fmt: skip
    assert second == [date(2025, 12, 31), "", -3.25, "", "", False, "<&>"]


def test_same_seed_gives_same_bytes(written: dict[str, DemoSummary], tmp_path: Path) -> None:
    for dress in TAILORED:
        again = generate(tmp_path / dress, scale=SCALE, dress=dress)
        assert hashes(again.extracts) == hashes(written[dress].extracts)


def test_every_dress_has_the_same_truth(written: dict[str, DemoSummary]) -> None:
    truths = [hashes(summary.truth) for summary in written.values()]
    assert len(truths[0]) == 9
    assert all(truth == truths[0] for truth in truths)


def test_canonical_dress_has_no_vendors_table(written: dict[str, DemoSummary]) -> None:
    sources = {name.split("/")[0] for name in written["canonical"].tables}
    assert sources.isdisjoint({"google_ads", "hubspot"})
    assert {"ads", "crm"} <= sources


def test_canonical_spend_is_the_true_spend(written: dict[str, DemoSummary]) -> None:
    """The newest file of each platform, account and day counts."""
    summary = written["canonical"]
    wrong = duckdb.execute(
        f"""with files as (
            select * from read_csv(
                '{summary.extracts}/ads/performance_daily/*.csv', filename = true, union_by_name = true
            )
        ), newest as (
            select * from files
            qualify dense_rank() over (partition by platform, account_id, date
                order by regexp_extract(filename, '[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}') desc) = 1
        ), found as (
            select date, platform, account_id, currency, sum(spend::decimal(18, 6)) as spend from newest group by all
        )
        select * from found full join (
            select * replace (spend::decimal(18, 6) as spend) from '{summary.truth}/spend.csv'
        ) as planted on planted.date = found.date and planted.source_system = found.platform
            and planted.account_id = found.account_id and planted.spend = found.spend
        where planted.date is null or found.date is null"""
    ).fetchall()
    assert wrong == []


def test_google_reports_add_up_to_their_total(written: dict[str, DemoSummary]) -> None:
    reports = sorted((written["ui_exports_fr"].extracts / "google_ads").rglob("*.csv"))
    assert len(reports) == 9
    for path in reports:
        title, period, header, *rows, total = records(path)
        assert title[0].startswith("Rapport sur")
        assert " 2025 - " in period[0]
        cost = header.index("Coût")
        assert total[0].startswith("Total : ")
        assert total[1] == "--"
        assert sum(amount(row[cost]) for row in rows) == amount(total[cost]) > 0


def test_a_year_of_reports_holds_each_day_at_every_level(written: dict[str, DemoSummary]) -> None:
    for table in ("account_stats", "campaign_stats", "ad_group_stats"):
        [path] = (written["ui_exports_fr"].extracts / "google_ads" / table).glob("*_4410028731_2026-01-01.csv")
        days = {row[0] for row in records(path)[3:-1]}
        assert len(days) > 360
        [again] = (written["ui_exports_fr"].extracts / "google_ads" / table).glob("*_2026-01-05.csv")
        assert {row[0] for row in records(again)[3:-1]} == {f"{day:02}/06/2025" for day in range(2, 16)}


def test_french_headers_are_known_to_the_contracts(written: dict[str, DemoSummary]) -> None:
    """No required column is missing; what stays unknown is known to stay so."""
    contracts = load_contracts(PROJECT_ROOT / "dbt_project")
    unknown = set()
    root = written["ui_exports_fr"].extracts
    for path in sorted(file for file in root.rglob("*") if file.is_file()):
        source, table, _ = path.relative_to(root).parts
        if path.suffix == ".xlsx":
            headers = CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python()[0]
        else:
            headers = records(path)[2 if source == "google_ads" else 0]
        mapping = map_headers([str(header) for header in headers], contracts[source, table])
        assert mapping.missing == (), path
        unknown |= {(table, name) for name in mapping.unknown}
    assert unknown == {
        ("account_stats", "Nom du compte"),
        ("campaign_stats", "Nom du compte"),
        ("ad_group_stats", "Nom du compte"),
        ("deal_stage", "Nom de la propriété"),
    }


def test_summary_counts_what_is_on_disk(written: dict[str, DemoSummary]) -> None:
    for dress in TAILORED:
        summary = written[dress]
        files = [path for path in summary.extracts.rglob("*") if path.is_file()]
        assert summary.files == len(files)
        assert {"/".join(path.relative_to(summary.extracts).parts[:2]) for path in files} == set(summary.tables)
    kinds = {path.suffix for path in written["ui_exports_fr"].extracts.rglob("*") if path.is_file()}
    assert kinds == {".csv", ".xlsx"}


def test_wrong_calls_say_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DemoError, match="fivetran, ui_exports_fr, canonical"):
        generate(tmp_path / "a", dress="tuxedo")
    with pytest.raises(DemoError, match="formats of its own"):
        generate(tmp_path / "a", dress="canonical", file_format="csv")
    with pytest.raises(DemoError, match="up to 50,000 leads"):
        generate(tmp_path / "a", dress="canonical", scale="S")
    assert list(tmp_path.iterdir()) == []
