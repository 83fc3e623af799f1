"""dbt in process: results, the released warehouse, limits, secrets, and parsing once."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import duckdb
import pytest
import tiny_project

from orchestration import transformation
from orchestration.settings import Settings
from orchestration.transformation import DbtFailed, load_manifest, parse, run_dbt
from orchestration.warehouse import connect


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    settings = tiny_project.build(tmp_path)
    with connect(settings) as connection:
        connection.execute("create schema raw")
        connection.execute(
            "create table raw.crm__opportunities as "
            "select '1' as id, 'a@example.org' as email, 'won' as stage, 5::decimal(18,6) as amount"
        )
        connection.execute("create schema ledger")
        connection.execute(
            "create table ledger.check_results (run_id varchar, layer varchar, asset varchar, "
            "expectation varchar, success boolean)"
        )
    return settings


def test_build_reports_models_seeds_and_tests_and_leaves_unit_tests_out(settings: Settings) -> None:
    events: list[dict] = []
    run = run_dbt(settings, "build", on_result=events.append)

    assert run.success and run.error is None
    assert {r.kind for r in run.results} == {"model", "seed", "test", "operation"}
    assert (run.count("model"), run.count("seed"), run.count("test")) == (6, 1, 3)
    assert not [r for r in run.results if "unit" in r.kind or r.name == "no_opportunity_no_row"]
    assert len(events) == 10
    assert {e["info"]["name"] for e in events} == {"LogModelResult", "LogSeedResult", "LogTestResult"}


def test_warehouse_is_free_after_success_and_after_failure(settings: Settings) -> None:
    for select, success in (
        ("stg_crm__opportunities", True),
        ("stg_crm__opportunities does_not_exist+", True),
    ):
        assert run_dbt(settings, "build", select=select).success is success
        duckdb.connect(str(settings.warehouse), read_only=True).close()
    with connect(settings) as connection:
        connection.execute("insert into raw.crm__opportunities values ('1', null, 'won', 1)")
    run = run_dbt(settings, "build", select="staging resource_type:seed")
    assert not run.success
    # Another configuration than dbt's: refused as long as any handle of dbt's is open.
    duckdb.connect(str(settings.warehouse), read_only=True).close()


def test_failing_test_is_named_and_downstream_is_skipped(settings: Settings) -> None:
    with connect(settings) as connection:
        connection.execute("insert into raw.crm__opportunities values ('1', null, 'won', 1)")
    run = run_dbt(settings, "build")

    status = {r.name: r.status for r in run.results}
    assert status["unique_stg_crm__opportunities_opportunity_id"] == "fail"
    assert status["fct_opportunities"] == "skipped"
    assert run.error is not None and "unique_stg_crm__opportunities_opportunity_id: Got 1 result" in run.error
    with pytest.raises(DbtFailed, match="unique_stg_crm__opportunities_opportunity_id"):
        run.raise_for_failure()


def test_memory_limit_and_threads_reach_dbt(settings: Settings) -> None:
    model = settings.dbt_project / "models" / "staging" / "crm" / "stg_limits.sql"
    model.write_text(
        "{{ config(materialized='table') }}"
        "select current_setting('memory_limit') as memory, current_setting('threads') as threads"
    )
    limited = Settings(**{**settings.__dict__, "memory_limit": "512MB", "threads": 1})
    assert run_dbt(limited, "build", select="stg_limits").success
    with connect(limited) as connection:
        assert connection.execute("from staging.stg_limits").fetchall() == [("488.2 MiB", 1)]


def test_variables_reach_the_models_and_no_secret_reaches_a_file(settings: Settings) -> None:
    model = settings.dbt_project / "models" / "staging" / "crm" / "stg_clock.sql"
    model.write_text(
        "{{ config(materialized='table') }}select '{{ var(\"as_of_at\") }}' as as_of_at, "
        "'{{ var(\"reporting_currency\") }}' as currency, main.keyed_hash('x') as hashed"
    )
    changed = Settings(**{**settings.__dict__, "as_of_at": "2025-03-01 00:00:00", "reporting_currency": "USD"})
    assert run_dbt(changed, "build", select="stg_clock").success
    with connect(changed) as connection:
        row = connection.execute("from staging.stg_clock").fetchall()[0]
    assert row[:2] == ("2025-03-01 00:00:00", "USD") and len(row[2]) == 64
    from orchestration.warehouse import pii_pads

    written = b"".join(p.read_bytes() for p in settings.dbt_target.rglob("*") if p.is_file())
    for secret in ("a test key", *pii_pads("a test key")):
        assert secret.encode() not in written
    assert "DBT_ENV_SECRET_PII_INNER" not in os.environ


def test_project_is_parsed_once_and_again_when_a_file_changes(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []
    real = transformation._invoke

    def counting(*args: object, **kwargs: object) -> object:
        calls.append(args[1][0])  # type: ignore[index]
        return real(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(transformation, "_invoke", counting)
    first = parse(settings)
    assert parse(settings) is first
    load_manifest(settings)
    run_dbt(settings, "build", select="stg_crm__opportunities")
    load_manifest(settings)
    assert calls == ["parse", "build"]

    time.sleep(0.01)
    (settings.dbt_project / "models" / "marts" / "core" / "fct_more.sql").write_text("select 1 as one")
    assert "model.tiny.fct_more" in load_manifest(settings)["nodes"]
    assert calls == ["parse", "build", "parse"]
    assert len(list((settings.dbt_target / "parsed").glob("*.json"))) == 1


def test_kept_manifest_needs_no_dbt(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    first = load_manifest(settings)

    def refuse(*_: object, **__: object) -> object:
        raise AssertionError("dbt was called")

    monkeypatch.setattr(transformation, "_invoke", refuse)
    monkeypatch.setattr(transformation, "_parsed", {})
    assert json.dumps(load_manifest(settings)) == json.dumps(first)


def test_project_that_cannot_be_parsed_is_explained(settings: Settings) -> None:
    (settings.dbt_project / "models" / "marts" / "core" / "fct_broken.sql").write_text("select {{ ref('nobody') }}")
    with pytest.raises(DbtFailed, match=r"cannot parse .*nobody"):
        load_manifest(settings)
