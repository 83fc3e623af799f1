"""`funnelhouse run` and `check` over a tiny project: what is printed, and the exit codes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import tiny_project

from orchestration import cli
from orchestration.settings import Settings


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    settings = tiny_project.build(tmp_path)

    def configured(**arguments: Any) -> Settings:
        given = {name: value for name, value in arguments.items() if value is not None}
        return Settings(**{**settings.__dict__, **given})

    monkeypatch.setattr(cli, "_settings", configured)
    return settings


def test_run_prints_a_line_per_step_and_a_table(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.call(["run"]) == 0
    shown = capsys.readouterr()
    assert shown.err == ""
    lines = shown.out.splitlines()
    steps = [line.split("  ok  ")[1].strip().split("  ")[0] for line in lines if "  ok  " in line]
    assert steps == [
        "load", "check raw", "build staging", "check staging", "build marts", "check marts", "build quality", "publish",
    ]  # fmt: skip
    table = {line.split("  ")[0]: line.rstrip().split("  ")[-1].strip() for line in lines[lines.index("") :] if line}
    assert table["rows"] == "3 loaded, 0 quarantined, 0 duplicate"
    assert table["checks raw"] == "3 passed, 0 failed"
    assert table["dbt tests"] == "3 passed, 0 failed"
    assert table["published"].startswith("3 marts, ")
    assert table["marts"] == str(settings.home / "published" / "marts.duckdb")
    assert table["checks"] == str(settings.home / "data_docs" / "index.html")


def test_run_with_a_failing_check_ends_with_1_and_names_it(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    extract = Path(settings.extracts) / "crm" / "opportunities.csv"
    extract.write_text(extract.read_text().replace(",lost,", ",mislaid,"))
    assert cli.call(["run"]) == 1
    shown = capsys.readouterr()
    assert shown.err.startswith("Error: 1 critical check failed after layer staging: ")
    assert "staging.stg_crm__opportunities stage_is_known (stage): 1 of 3 unexpected" in shown.err
    assert len(shown.err.splitlines()) == 1
    assert "failed  check staging" in shown.out
    assert "0 passed, 1 failed" in shown.out
    assert not settings.published.exists()


def test_run_with_a_rejected_file_ends_with_1_and_names_file_and_column(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    (Path(settings.extracts) / "crm" / "opportunities.csv").write_text("id,amount\n1,2\n")
    assert cli.call(["run"]) == 1
    reason = capsys.readouterr().err.splitlines()
    assert len(reason) == 1
    assert "1 file rejected: crm/opportunities.csv" in reason[0] and "stage" in reason[0]


def test_pii_is_published_only_when_asked(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    def parquet() -> bytes:
        return (settings.published / "parquet" / "fct_opportunities.parquet").read_bytes()

    assert cli.call(["run"]) == 0
    assert b"ada@example.org" not in parquet()
    assert cli.call(["run", "--publish-pii"]) == 0
    assert b"ada@example.org" in parquet()


def test_check_tells_what_is_inside_and_loads_nothing(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.call(["check"]) == 0
    shown = capsys.readouterr().out
    assert "crm/opportunities.csv" in shown and "csv" in shown
    assert not settings.warehouse.exists()

    file = Path(settings.extracts) / "crm" / "opportunities.csv"
    file.write_text(file.read_text().replace(",", "\t"))
    assert cli.call(["check"]) == 0
    assert "delimiter=tab" in capsys.readouterr().out

    file.write_text("id,amount\n1,2\n")
    assert cli.call(["check"]) == 1
    shown_again = capsys.readouterr()
    assert shown_again.err.startswith("Error: 1 of 1 files would be rejected: crm/opportunities.csv")
    assert len(shown_again.err.splitlines()) == 1
