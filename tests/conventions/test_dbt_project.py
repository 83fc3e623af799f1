"""The rules of the dbt project that a reader can infer, asserted over the parsed manifest."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from orchestration.settings import PROJECT_ROOT, Settings
from orchestration.transformation import load_manifest

MODELS = PROJECT_ROOT / "dbt_project" / "models"
# Staging folders of the canonical and generic tables and of the ledger; every other folder is a vendor's.
OWN_TABLES = {
    "ads", "billing", "budgets", "costs", "crm", "email", "events", "fx_rates", "ledger", "surveys", "targets", "web"
}  # fmt: skip
PREFIXES = {"staging": ("stg_",), "intermediate": ("int_",), "marts": ("dim_", "fct_", "rpt_")}


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Any]:
    return load_manifest(Settings(extracts="unused", home=tmp_path_factory.mktemp("conventions")))


def models(manifest: Mapping[str, Any], layer: str | None = None) -> Iterator[dict[str, Any]]:
    for node in manifest["nodes"].values():
        if node["resource_type"] == "model" and layer in (None, node["fqn"][1]):
            yield node


def test_every_layer_has_models(manifest: Mapping[str, Any]) -> None:
    for layer in PREFIXES:
        assert len(list(models(manifest, layer))) >= 10


def test_folder_is_layer_is_schema_and_names_say_so(manifest: Mapping[str, Any]) -> None:
    wrong = [
        node["name"]
        for node in models(manifest)
        if node["schema"] != node["fqn"][1] or not node["name"].startswith(PREFIXES[node["fqn"][1]])
    ]
    assert wrong == []


def test_staging_models_are_named_after_their_source(manifest: Mapping[str, Any]) -> None:
    wrong = [
        node["name"] for node in models(manifest, "staging") if not node["name"].startswith(f"stg_{node['fqn'][2]}__")
    ]
    assert wrong == []


def test_staging_reads_only_its_own_source(manifest: Mapping[str, Any]) -> None:
    wrong = [
        (node["name"], parent)
        for node in models(manifest, "staging")
        for parent in node["depends_on"]["nodes"]
        if not parent.startswith(f"source.funnelhouse.{node['fqn'][2]}.")
    ]
    assert wrong == []


def test_only_staging_reads_sources(manifest: Mapping[str, Any]) -> None:
    wrong = [
        (node["name"], parent)
        for layer in ("intermediate", "marts")
        for node in models(manifest, layer)
        for parent in node["depends_on"]["nodes"]
        if parent.startswith("source.")
    ]
    assert wrong == []


def test_marts_do_not_read_staging_but_for_funnelhouse_s_own_ledger_and_reconciliation(
    manifest: Mapping[str, Any],
) -> None:
    wrong = [
        (node["name"], parent)
        for node in models(manifest, "marts")
        if node["name"] != "rpt_reconciliation"
        for parent in node["depends_on"]["nodes"]
        if ".stg_" in parent and ".stg_ledger__" not in parent
    ]
    assert wrong == []


def test_vendor_names_end_at_staging(manifest: Mapping[str, Any]) -> None:
    vendors = {path.name for path in (MODELS / "staging").iterdir()} - OWN_TABLES
    wrong = [
        (node["name"], vendor)
        for layer in ("intermediate", "marts")
        for node in models(manifest, layer)
        for vendor in vendors
        # The union lists name the staging models of a vendor; nothing else may name it.
        if vendor in re.sub(r"'stg_\w+'|--[^\n]*", "", node["raw_code"]).lower()
    ]
    assert wrong == []


def test_unions_have_no_unit_tests(manifest: Mapping[str, Any]) -> None:
    """A unit test names every input of its model: on a union it would need an entry for each new vendor."""
    unions = {node["name"] for node in models(manifest) if "union_models(" in node["raw_code"]}
    tested = {test["model"] for test in manifest["unit_tests"].values()}
    assert len(unions) >= 10 and len(tested) >= 10
    assert {name for name in unions if not name.endswith("_unioned")} == set()
    assert unions & tested == set()


def test_marts_are_public_with_an_enforced_contract(manifest: Mapping[str, Any]) -> None:
    wrong = [
        node["name"]
        for node in models(manifest, "marts")
        if node["config"]["access"] != "public" or not node["config"]["contract"]["enforced"]
    ]
    assert wrong == []
    assert [n["name"] for n in models(manifest) if n["fqn"][1] != "marts" and n["config"]["access"] == "public"] == []


def test_every_model_and_column_is_described(manifest: Mapping[str, Any]) -> None:
    undescribed = [node["name"] for node in models(manifest) if not node["description"].strip()]
    undescribed += [
        f"{node['name']}.{column['name']}"
        for node in models(manifest)
        for column in node["columns"].values()
        if not column["description"].strip() or column["description"].strip() == "?"
    ]
    assert undescribed == []


def test_descriptions_of_models_end_with_their_grain(manifest: Mapping[str, Any]) -> None:
    wrong = [node["name"] for node in models(manifest) if "Grain: " not in node["description"].strip().split("\n")[-1]]
    assert wrong == []


def test_sources_describe_every_table_and_column(manifest: Mapping[str, Any]) -> None:
    wrong = [
        f"{source['source_name']}.{source['name']}"
        for source in manifest["sources"].values()
        if not source["description"].strip()
        or not all(column["description"].strip() and column["data_type"] for column in source["columns"].values())
    ]
    assert wrong == []


def test_every_model_has_a_key_test_or_says_that_it_has_no_key(manifest: Mapping[str, Any]) -> None:
    keyed = {
        node["attached_node"]
        for node in manifest["nodes"].values()
        if node["resource_type"] == "test"
        and (node.get("test_metadata") or {}).get("name") in ("unique", "unique_combination_of_columns")
    }
    without = {node["name"] for node in models(manifest) if node["unique_id"] not in keyed}
    # Rows of these carry no key by nature: equal rows are kept, or a link may be proven twice.
    assert without == {
        "int_ad_reports_unioned",
        "int_campaigns_unioned",
        "int_costs_unioned",
        "int_identity_edges",
        "int_identity_links",
        "rpt_quarantine",
        "stg_budgets__budgets",
        "stg_costs__costs",
        "stg_ledger__quarantine",
        "stg_targets__targets",
    }


def test_yaml_stands_beside_its_model(manifest: Mapping[str, Any]) -> None:
    wrong = []
    for node in models(manifest):
        expected = Path(node["original_file_path"]).with_suffix(".yml")
        if not (PROJECT_ROOT / "dbt_project" / expected).exists():
            wrong.append(str(expected))
    assert wrong == []


def test_no_model_reads_the_wall_clock() -> None:
    wall_clock = re.compile(r"current_date|current_timestamp|\bnow\(\)|\btoday\(\)|getdate\(", re.IGNORECASE)
    wrong = [path.name for path in MODELS.rglob("*.sql") if wall_clock.search(path.read_text())]
    assert wrong == []


def test_what_only_duckdb_speaks_stands_in_the_dispatch_file() -> None:
    only_duckdb = re.compile(
        r"\basof\b|\blist_\w+\(|\blambda\b|\bunnest\(|\bstrptime\(|union all by name|\bexclude\s*\(|\bstruct_pack\(",
        re.IGNORECASE,
    )
    macros = [p for p in (PROJECT_ROOT / "dbt_project" / "macros").glob("*.sql") if p.name != "engine.sql"]
    wrong = {
        path.name: only_duckdb.findall(re.sub(r"--[^\n]*|\{#.*?#\}", "", path.read_text(), flags=re.DOTALL))
        for path in [*MODELS.rglob("*.sql"), *macros]
        if only_duckdb.search(re.sub(r"--[^\n]*|\{#.*?#\}", "", path.read_text(), flags=re.DOTALL))
    }
    assert wrong == {}
