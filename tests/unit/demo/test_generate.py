"""The generator's promises: same seed, same bytes; formats and scales; bundled files are what it writes."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import yaml
from extracted_company import SEEDS, Extracts

from orchestration.demo.generate import DemoError, DemoSummary, generate, scale_of
from orchestration.settings import PROJECT_ROOT


def hashes(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def content(path: Path) -> bytes:
    """What a file says: compressors may differ between machines, rows may not."""
    if path.name.endswith(".gz"):
        return gzip.decompress(path.read_bytes())
    if path.suffix == ".parquet":
        return repr(pq.read_table(path).to_pydict()).encode()
    return path.read_bytes()


def test_same_seed_gives_same_bytes(written: DemoSummary, tmp_path: Path) -> None:
    again = generate(tmp_path / "again")
    assert hashes(written.extracts) == hashes(again.extracts)
    assert hashes(written.truth) == hashes(again.truth)


def test_another_seed_gives_another_company(tmp_path: Path) -> None:
    one = generate(tmp_path / "one", scale=0.05, seed=1)
    two = generate(tmp_path / "two", scale=0.05, seed=2)
    assert hashes(one.extracts)["hubspot/contact.csv.gz"] != hashes(two.extracts)["hubspot/contact.csv.gz"]


@pytest.mark.parametrize("folder", ["extracts", "truth"])
def test_bundled_company_is_what_the_generator_writes(written: DemoSummary, folder: str) -> None:
    fresh, bundled = getattr(written, folder), SEEDS / folder
    names = [str(path.relative_to(fresh)) for path in sorted(fresh.rglob("*")) if path.is_file()]
    assert names == [str(path.relative_to(bundled)) for path in sorted(bundled.rglob("*")) if path.is_file()]
    differing = [name for name in names if content(fresh / name) != content(bundled / name)]
    assert differing == []


def test_bundled_company_stays_small_and_shows_every_format() -> None:
    files = [path for path in (SEEDS / "extracts").rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 3_000_000
    assert {"".join(path.suffixes[-2:]) if path.suffix == ".gz" else path.suffix for path in files} == {
        ".csv", ".csv.gz", ".jsonl", ".parquet",
    }  # fmt: skip
    assert sum(path.stat().st_size for path in (SEEDS / "truth").rglob("*")) < 2_000_000


def test_summary_counts_what_is_on_disk(written: DemoSummary, company: Extracts) -> None:
    files = [path for path in written.extracts.rglob("*") if path.is_file()]
    assert written.files == len(files)
    assert written.bytes == sum(path.stat().st_size for path in files)
    assert written.rows == sum(company.rows(f"select count(*) from '{path}'")[0][0] for path in files)


def test_volumes_are_a_believable_year(company: Extracts, written: DemoSummary) -> None:
    assert 2_500 <= written.leads <= 4_000
    stages = dict(
        company.rows(
            f"""select stage, count(distinct truth_person_id) from '{company.truth / "stage_history.csv"}'
            where cycle_number = 1 and is_first_in_cycle group by all"""
        )
    )
    assert stages["lead"] > stages["mql"] > stages["sal"] > stages["sql"] > stages["opportunity"] > stages["customer"]
    assert 100 <= len(company.planted("wins")) <= 200
    assert 20_000 <= len(company.table("web", "sessions", "session_id")) <= 35_000


def test_columns_are_those_of_the_contracts(written: DemoSummary, company: Extracts) -> None:
    """Every column is declared, or one that connectors add; every required column is there and filled."""
    connector = {
        "_fivetran_synced",
        "_fivetran_active",
        "_fivetran_start",
        "_fivetran_end",
        "is_deleted",
        "_fivetran_id",
    }
    extra = {"active", "type_id", "category", "num_properties_moved", "auto_tagging_enabled", "source"}
    declared = 0
    for path in sorted((PROJECT_ROOT / "dbt_project" / "models" / "staging").glob("*/_*__sources.yml")):
        for source in yaml.safe_load(path.read_text())["sources"]:
            for table in source["tables"]:
                key = f"{source['name']}/{table['name']}"
                if key not in written.tables:
                    continue
                declared += 1
                view = company.load(source["name"], table["name"])
                columns = {row[0] for row in company.rows(f"describe {view}")}
                names = {column["name"] for column in table["columns"]}
                assert columns - names - connector - extra == set(), f"{key} has columns no contract knows"
                for column in table["columns"]:
                    if column.get("config", {}).get("meta", {}).get("required"):
                        assert column["name"] in columns, f"{key} lacks {column['name']}"
                        empty = company.rows(f'select count(*) from {view} where "{column["name"]}" is null')[0][0]
                        assert empty == 0, f"{key}.{column['name']} has {empty} empty values"
    assert declared == len(written.tables)


@pytest.mark.parametrize("file_format", ["csv", "csv.gz", "jsonl", "parquet"])
def test_every_format_holds_the_same_rows(tmp_path: Path, file_format: str) -> None:
    plain = generate(tmp_path / "plain", scale=0.05, file_format="csv")
    other = generate(tmp_path / "other", scale=0.05, file_format=file_format)
    assert plain.tables == other.tables
    assert all(name.endswith(f".{file_format}") for name in hashes(other.extracts))
    one, two = Extracts(plain.extracts, plain.truth), Extracts(other.extracts, other.truth)
    columns = "session_id, anonymous_id, cast(started_at as timestamp) as started_at, utm_source, page_views"
    assert sorted(one.table("web", "sessions", columns), key=str) == sorted(
        two.table("web", "sessions", columns), key=str
    )


def test_blocks_make_parts_that_belong_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Large companies are written block by block: no id may come twice, and the truth becomes Parquet."""
    monkeypatch.setattr("orchestration.demo.generate._LEADS_PER_BLOCK", 200)
    written = generate(tmp_path / "parts", scale=0.2, file_format="csv")
    found = Extracts(written.extracts, written.truth)
    assert (written.extracts / "web" / "sessions" / "part-00001.csv").exists()
    keys = {
        "hubspot/contact": "id",
        "hubspot/company": "id",
        "hubspot/deal": "deal_id",
        "crm/stage_history": "id",
        "web/sessions": "session_id",
        "web/form_submissions": "submission_id",
        "email/events": "event_id",
        "events/attendance": "id",
        "billing/invoices": "invoice_id",
        "billing/subscriptions": "subscription_id",
        "surveys/responses": "id",
    }
    for name, key in keys.items():
        source, table = name.split("/")
        view = found.load(source, table)
        assert found.rows(f"select {key} from {view} group by all having count(*) > 1") == [], name
    shared = found.rows(
        f"""select session_id from {found.load("web", "sessions")} where anonymous_id in (
            select anonymous_id from {found.load("web", "form_submissions")} group by all
            having count(distinct split_part(submission_id, '-', 1)) > 1)"""
    )
    assert shared == [], "an anonymous id is met in two blocks"
    assert pq.read_table(written.truth / "people.parquet").num_rows > 500


def test_wrong_calls_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(DemoError, match="demo, S, M"):
        generate(tmp_path / "a", scale="XL")
    with pytest.raises(DemoError, match=r"csv, csv\.gz, jsonl, parquet"):
        generate(tmp_path / "a", file_format="xlsx")
    (tmp_path / "b" / "extracts").mkdir(parents=True)
    (tmp_path / "b" / "extracts" / "mine.csv").write_text("id\n1\n")
    with pytest.raises(DemoError, match="not empty"):
        generate(tmp_path / "b")
    assert (tmp_path / "b" / "extracts" / "mine.csv").read_text() == "id\n1\n"
    assert scale_of("M") == pytest.approx(1_000_000 / 3_000)
