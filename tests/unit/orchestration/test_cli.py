"""The command line without a pipeline behind it: exit codes, and the reason as the last line on stderr."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from orchestration import cli
from orchestration.ingestion.contracts import load_contracts
from orchestration.settings import Settings

ROOT = Path(__file__).parents[3]


def command(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from orchestration.cli import main; main()", *arguments],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=60,
        env={"PATH": "/usr/bin:/bin", **environment},
    )


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["run", "--nope"], "Error: No such option: --nope"),
        (["frobnicate"], "Error: No such command 'frobnicate'."),
        (["demo"], "Error: Missing option '--out'."),
        (
            ["run", "--extracts", "/no/such/folder"],
            "Error: The extracts folder /no/such/folder does not exist;",
        ),
        (["check", "--extracts", "pyproject.toml"], "Error: The extracts folder pyproject.toml is a file;"),
        (["sources", "hubspott"], "Error: There is no source 'hubspott'; the sources are ads, billing, "),
        (["demo", "--out", "/tmp/x", "--scale", "huge"], "Error: A scale is one of demo, S, M"),
        (["demo", "--out", "/tmp/x", "--dress", "tuxedo"], "Error: A dress is one of fivetran, ui_exports_fr"),
    ],
)
def test_wrong_calls_end_with_2_and_one_plain_line(arguments: list[str], reason: str) -> None:
    done = command(*arguments)
    lines = done.stderr.splitlines()
    assert done.returncode == 2
    assert len(lines) == 1 and lines[0].startswith(reason)
    assert "\x1b" not in done.stdout + done.stderr


def test_sources_lists_every_table_of_the_contracts() -> None:
    done = command("sources")
    assert done.returncode == 0 and done.stderr == ""
    listed = {tuple(line.split()[:2]) for line in done.stdout.splitlines()[1:]}
    assert listed == set(load_contracts(ROOT / "dbt_project"))


def test_sources_shows_the_columns_of_one_source() -> None:
    done = command("sources", "crm")
    contracts = load_contracts(ROOT / "dbt_project")
    shown = [line.split()[0] for line in done.stdout.splitlines() if line and not line.startswith("column ")]
    expected = [
        name for table in contracts.values() if table.source == "crm" for name in (f"crm/{table.name}", *table.names)
    ]
    assert shown == expected


def test_wrong_variable_is_named() -> None:
    done = command("run", FUNNELHOUSE_REPORTING_TIMEZONE="Europe/Paname")
    assert done.returncode == 2
    assert "FUNNELHOUSE_REPORTING_TIMEZONE must be an IANA zone" in done.stderr.splitlines()[-1]


def test_long_reasons_are_not_wrapped(tmp_path: Path) -> None:
    folder = tmp_path / ("a" * 100) / ("b" * 100)
    done = command("run", "--extracts", str(folder))
    assert str(folder) in done.stderr.splitlines()[-1]


def test_help_and_version_come_at_once() -> None:
    command("--help")  # warms the file cache: the first start of a fresh machine is not what is measured
    begun = time.monotonic()
    done = command("--help")
    assert done.returncode == 0 and "Usage: funnelhouse" in done.stdout
    assert time.monotonic() - begun < 3  # 0.3 s on an idle machine; dbt, GX or Dagster alone would take longer
    assert command("--version").stdout.startswith("funnelhouse ")


def test_help_imports_nothing_heavy() -> None:
    probe = (
        "import sys; from orchestration import cli; cli.call(['run', '--help'])\n"
        "print([m for m in ('dagster', 'dbt', 'great_expectations', 'duckdb', 'pandas') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def fail_with(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def fail(**_: object) -> Settings:
        raise error

    monkeypatch.setattr(cli, "_settings", fail)


def test_debug_adds_the_stack_trace_above_the_reason(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fail_with(monkeypatch, ZeroDivisionError("oh"))
    assert cli.call(["run"]) == 1
    plain = capsys.readouterr().err
    assert plain == "Error: ZeroDivisionError: oh (run again with --debug for details)\n"
    assert cli.call(["run", "--debug"]) == 1
    detailed = capsys.readouterr().err
    assert "Traceback" in detailed and detailed.splitlines()[-1].startswith("Error: ZeroDivisionError: oh")


def test_reasons_of_many_lines_become_one(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    fail_with(monkeypatch, cli.CommandFailed("first\n   second\n"))
    assert cli.call(["run"]) == 1
    assert capsys.readouterr().err == "Error: first second\n"


def test_interruption_is_said_plainly(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    fail_with(monkeypatch, KeyboardInterrupt())
    assert cli.call(["run"]) == 1
    assert capsys.readouterr().err.startswith("Error: Interrupted. The last published marts are untouched")
