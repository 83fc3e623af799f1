"""Tests of the checks: good tables pass, and each planted fault makes exactly its own check fail.

Every fault gets a table of its own in one warehouse, so that Great Expectations is asked once for all.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
import yaml
from planted import (
    MARTS_TABLES,
    NEWEST,
    RAW_DEFAULTS,
    RAW_VALUES,
    RAW_VALUES_OF,
    STAGING_TABLES,
    fault_of,
    statement,
)

from expectations.runner import CheckResult, run_suites
from expectations.suites import LAYERS, Suite, load_suites
from orchestration.ingestion.contracts import Table, load_contracts

DBT_PROJECT = Path(__file__).resolve().parents[3] / "dbt_project"
CONTRACTS = {table.relation: table for table in load_contracts(DBT_PROJECT).values()}
# As the YAML files have them; the not-null expectations derived from contracts have a test below.
SUITES = [suite for layer in LAYERS for suite in load_suites(layer)]
CASES = [(suite.asset, expectation.name) for suite in SUITES for expectation in suite.expectations]


def documented_columns() -> dict[str, dict[str, str | None]]:
    """Columns of the models with their declared types, by model."""
    found = {}
    for file in (DBT_PROJECT / "models").rglob("*.yml"):
        for model in (yaml.safe_load(file.read_text()) or {}).get("models", []):
            found[model["name"]] = {c["name"]: c.get("data_type") for c in model.get("columns", [])}
    return found


MODELS = documented_columns()


def good_row(suite: Suite) -> str:
    table = suite.asset.split(".")[1]
    if suite.layer == "raw":
        return raw_row(CONTRACTS[suite.asset])
    if suite.layer == "staging":
        return STAGING_TABLES[table]
    # Marts declare their types, and a check has to work on those.
    names = duckdb.execute(f"select column_name from (describe select {MARTS_TABLES[table]})").fetchall()
    types = MODELS.get(table, {})
    columns = ", ".join(f"cast({name} as {types[name]})" if types.get(name) else name for (name,) in names)
    aliases = ", ".join(name for (name,) in names)
    return f"_.* from (select {columns} from (select {MARTS_TABLES[table]})) as _ ({aliases})"


def raw_row(contract: Table) -> str:
    values = {
        c.name: RAW_VALUES_OF.get((contract.relation, c.name))
        or RAW_VALUES.get(c.name, RAW_DEFAULTS[c.data_type.split("(")[0]])
        for c in contract.columns
    }
    return ", ".join(f'cast({values[c.name]} as {c.data_type}) as "{c.name}"' for c in contract.columns)


def create(connection: duckdb.DuckDBPyConnection, table: str, row: str) -> None:
    connection.execute(f"create table {table} as from (select {row}), range(2)")
    connection.execute(f"alter table {table} drop column range")
    columns = connection.execute(f"select column_name from (describe {table})").fetchall()
    if ("conversion_id",) in columns:  # one row per conversion
        connection.execute(f"update {table} set conversion_id = conversion_id || rowid")


def create_reference(connection: duckdb.DuckDBPyConnection) -> None:
    """The seeds that checks look into, as dbt loads them."""
    connection.execute("create schema reference")
    for name in ("channels", "lifecycle_stages"):
        file = DBT_PROJECT.parent / "seeds" / "reference" / f"{name}.csv"
        connection.execute(f"create table reference.{name} as from read_csv('{file}')")


def copy_name(asset: str, check: str) -> str:
    return f"{asset}__{check}"


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[CheckResult]]:
    """Results by table: the good ones, and for every check a copy with its fault."""
    warehouse = tmp_path_factory.mktemp("planted") / "warehouse.duckdb"
    suites = []
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("create schema ledger")
        connection.execute(f"create table ledger.files as select {NEWEST} as newest_event_at")
        create_reference(connection)
        for layer in LAYERS:
            connection.execute(f"create schema {layer}")
        for suite in SUITES:
            create(connection, suite.asset, good_row(suite))
            suites.append(suite)
            for expectation in suite.expectations:
                fault = fault_of(suite.layer, suite.asset, expectation.name)
                if fault is None:
                    continue  # the test of that check says so
                copy = copy_name(suite.asset, expectation.name)
                create(connection, copy, good_row(suite))
                connection.execute(statement(fault, copy))
                suites.append(replace(suite, name=copy, asset=copy))
    by_table: dict[str, list[CheckResult]] = defaultdict(list)
    for result in run_suites(warehouse, suites):
        by_table[result.asset].append(result)
    return by_table


@pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.asset)
def test_good_rows_pass(results: dict[str, list[CheckResult]], suite: Suite) -> None:
    assert {r.expectation for r in results[suite.asset]} == {e.name for e in suite.expectations}
    assert [(r.expectation, r.observed_value) for r in results[suite.asset] if not r.success] == []


@pytest.mark.parametrize(("asset", "check"), CASES, ids=lambda value: value)
def test_exactly_the_faulty_check_fails(results: dict[str, list[CheckResult]], asset: str, check: str) -> None:
    layer = asset.split(".")[0]
    assert fault_of(layer, asset, check), f"plant a fault for {asset}.{check} in planted.py"
    outcome = results[copy_name(asset, check)]
    assert [(r.expectation, r.observed_value) for r in outcome if not r.success] == [
        (r.expectation, r.observed_value) for r in outcome if r.expectation == check
    ]
    failed = next(r for r in outcome if r.expectation == check)
    assert not failed.observed_value.startswith("error"), failed.observed_value


def test_planted_tables_have_columns_that_exist() -> None:
    """So that a query that runs on a planted table runs on the model too."""
    wrong = []
    for table, row in {**STAGING_TABLES, **MARTS_TABLES}.items():
        columns = duckdb.execute(f"select column_name from (describe select {row})").fetchall()
        wrong += [f"{table}.{name}" for (name,) in columns if name not in MODELS.get(table, {})]
    assert wrong == []


def test_every_required_column_is_checked_for_nulls(tmp_path: Path) -> None:
    """The expectations derived from the contracts: all rows NULL after loading, all of them fail."""
    warehouse = tmp_path / "warehouse.duckdb"
    suites = []
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("create schema raw")
        for suite in load_suites("raw", load_contracts(DBT_PROJECT)):
            derived = tuple(e for e in suite.expectations if e.name.endswith("_is_filled"))
            columns = ", ".join(f'cast(null as {c.data_type}) as "{c.name}"' for c in CONTRACTS[suite.asset].columns)
            connection.execute(f"create table {suite.asset} as select {columns}")
            suites.append(replace(suite, expectations=derived))
    results = run_suites(warehouse, suites)
    required = {(t.relation, c.name) for t in CONTRACTS.values() for c in t.columns if c.required}
    assert {(r.asset, r.column_name) for r in results if not r.success} == required
    assert all(r.severity == "critical" and r.unexpected_count == 1 for r in results)


def test_a_key_set_to_null_after_loading_fails_one_check(tmp_path: Path) -> None:
    """The planted fault of the raw layer, with every check of its table."""
    warehouse = tmp_path / "warehouse.duckdb"
    suite = next(s for s in load_suites("raw", load_contracts(DBT_PROJECT)) if s.asset == "raw.crm__people")
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("create schema raw; create schema ledger")
        connection.execute(f"create table ledger.files as select {NEWEST} as newest_event_at")
        create(connection, suite.asset, raw_row(CONTRACTS[suite.asset]))
        connection.execute(f"update {suite.asset} set id = null where rowid = 1")
    failed = [r for r in run_suites(warehouse, [suite]) if not r.success]
    assert [(r.expectation, r.severity, r.unexpected_count) for r in failed] == [("id_is_filled", "critical", 1)]


def test_a_credit_of_nine_tenths_fails_one_check_whatever_the_model(tmp_path: Path) -> None:
    warehouse = tmp_path / "warehouse.duckdb"
    suite = next(s for s in SUITES if s.asset == "marts.fct_attribution_credits")
    credits = ["credit_first_touch", "credit_last_touch", "credit_linear"]
    suites = []
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("create schema marts")
        create_reference(connection)
        for column in credits:
            create(connection, f"marts.{column}", good_row(suite))
            connection.execute(f"update marts.{column} set {column} = 0.9 where rowid = 0")
            suites.append(replace(suite, asset=f"marts.{column}"))
    failed = [(r.asset, r.expectation) for r in run_suites(warehouse, suites) if not r.success]
    assert failed == [(f"marts.{column}", "credits_sum_to_1") for column in credits]
