"""The definitions: one lineage without gaps, one op per layer, gates, jobs and when they start."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest
import tiny_project
import yaml

from orchestration.defs.build import build_definitions

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def definitions(tmp_path_factory: pytest.TempPathFactory) -> dg.Definitions:
    return build_definitions(tiny_project.build(tmp_path_factory.mktemp("tiny")))


def test_lineage_runs_from_the_extracts_to_what_is_published(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()

    def parents(*path: str) -> set[str]:
        return {key.to_user_string() for key in graph.get(dg.AssetKey(list(path))).parent_keys}

    assert parents("published", "fct_opportunities") == {"marts/fct_opportunities"}
    assert parents("marts", "fct_opportunities") == {"intermediate/int_opportunities"}
    assert parents("intermediate", "int_opportunities") == {
        "staging/stg_crm__opportunities",
        "reference/stages",
    }
    assert parents("staging", "stg_crm__opportunities") == {"raw/crm/opportunities"}
    assert parents("raw", "crm", "opportunities") == {"extracts/crm"}
    roots = {key.to_user_string() for key in graph.get_all_asset_keys() if not graph.get(key).parent_keys}
    assert roots == {"extracts/crm", "reference/stages"}
    assert parents("staging", "stg_ledger__check_results") == {"ledger/check_results"}
    assert parents("ledger", "check_results") == {"marts/fct_opportunities"}
    undeclared = [
        key
        for key in graph.get_all_asset_keys()
        if not graph.get(key).group_name or graph.get(key).group_name == "default"
    ]
    assert undeclared == []


def test_groups_are_layers(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    for key in graph.get_all_asset_keys():
        assert graph.get(key).group_name == key.path[0]


def test_each_step_waits_for_the_checks_before_it(definitions: dg.Definitions) -> None:
    job = definitions.resolve_job_def("daily")
    structure = job.graph.dependency_structure

    def upstream(op: str) -> set[str]:
        found: set[str] = set()
        for dependency in structure.input_to_upstream_outputs_for_node(op).values():
            found |= {handle.node_name for handle in dependency}
        return found

    assert {node.name for node in job.graph.nodes} == {
        "load_raw", "check_raw", "build_staging", "check_staging", "build_marts", "check_marts",
        "ledger__check_results", "build_quality", "publish_marts",
    }  # fmt: skip
    assert upstream("check_raw") == {"load_raw"}
    assert "check_raw" in upstream("build_staging")
    assert "check_staging" in upstream("build_marts")
    assert "check_marts" in upstream("ledger__check_results")
    assert "ledger__check_results" in upstream("build_quality")
    assert upstream("publish_marts") >= {"check_marts", "build_quality"}


def test_every_step_shares_the_pool_and_the_process(definitions: dg.Definitions) -> None:
    job = definitions.resolve_job_def("daily")
    assert {node.definition.pool for node in job.graph.nodes} == {"duckdb"}
    assert job.executor_def.name == "in_process"


def test_severity_decides_what_blocks(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    blocking = {key.name: graph.get(key).blocking for key in graph.asset_check_keys}
    assert blocking["gx_id_is_filled"] is True
    assert blocking["gx_amount_is_not_negative"] is False
    assert blocking["unique_fct_opportunities_opportunity_id"] is True


def test_jobs_schedule_and_sensor(definitions: dg.Definitions) -> None:
    repository = definitions.get_repository_def()
    assert {job.name for job in repository.get_all_jobs() if not job.name.startswith("__")} == {
        "daily",
        "full_refresh",
    }
    [schedule] = repository.schedule_defs
    assert (schedule.cron_schedule, schedule.execution_timezone, schedule.job_name) == (
        "0 6 * * *",
        "UTC",
        "daily",
    )
    [sensor] = repository.sensor_defs
    assert sensor.name == "new_files" and sensor.job_name == "daily"


def test_root_instance_keeps_its_runs_quietly_and_one_at_a_time() -> None:
    instance = yaml.safe_load((ROOT / "dagster.yaml").read_text())
    assert instance["telemetry"] == {"enabled": False} and instance["nux"] == {"enabled": False}
    assert instance["concurrency"]["pools"] == {"default_limit": 1, "granularity": "run"}
    assert instance["storage"]["sqlite"]["base_dir"] == ".funnelhouse/dagster"
