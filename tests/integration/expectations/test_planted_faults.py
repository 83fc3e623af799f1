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

from expectations.planting import literal
from expectations.runner import CheckResult, run_suites
from expectations.suites import LAYERS, Suite, load_suites
from orchestration.ingestion.contracts import Table, load_contracts

DBT_PROJECT = Path(__file__).resolve().parents[3] / "dbt_project"
CONTRACTS = {table.relation: table for table in load_contracts(DBT_PROJECT).values()}
# As the YAML files have them; the not-null expectations derived from contracts have a test below.
SUITES = [suite for layer in LAYERS for suite in load_suites(layer)]
CASES = [(suite.asset, expectation.name) for suite in SUITES for expectation in suite.expectations]
FAULTS = {(suite.asset, e.name): e.fault for suite in SUITES for e in suite.expectations}

NEWEST = "timestamp '2024-03-01 12:00:00'"
# What a raw column holds by its contract's type, unless the suite's example says otherwise.
TYPICAL = {
    "varchar": "'text'",
    "bigint": "1",
    "double": "1.0",
    "decimal": "1.5",
    "date": "date '2024-02-28'",
    "timestamp": "timestamp '2024-02-28 10:00:00'",
    "boolean": "true",
    "json": "'{}'",
}


def documented_columns() -> dict[str, dict[str, str | None]]:
    """Columns of the models with their declared types, by model."""
    found = {}
    for file in (DBT_PROJECT / "models").rglob("*.yml"):
        for model in (yaml.safe_load(file.read_text()) or {}).get("models", []):
            found[model["name"]] = {c["name"]: c.get("data_type") for c in model.get("columns", [])}
    return found


MODELS = documented_columns()


def good_row(suite: Suite) -> str:
    if suite.layer == "raw":
        return raw_row(CONTRACTS[suite.asset], suite)
    # Marts declare their types, and a check has to work on those.
    types = MODELS.get(suite.asset.split(".")[1], {})
    return ", ".join(
        f"cast({literal(value)} as {types[name]}) as {name}" if types.get(name) else f"{literal(value)} as {name}"
        for name, value in suite.example.items()
    )


def raw_row(contract: Table, suite: Suite) -> str:
    values = {c.name: TYPICAL[c.data_type.split("(")[0]] for c in contract.columns}
    values |= {name: literal(value) for name, value in suite.example.items()}
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
            if suite.layer != "raw" and not suite.example:
                continue  # the test of the good rows says so
            create(connection, suite.asset, good_row(suite))
            suites.append(suite)
            for expectation in suite.expectations:
                if (fault := expectation.fault) is None:
                    continue  # the test of that check says so
                copy = copy_name(suite.asset, expectation.name)
                create(connection, copy, good_row(suite))
                connection.execute(fault.statement(copy))
                suites.append(replace(suite, name=copy, asset=copy))
    by_table: dict[str, list[CheckResult]] = defaultdict(list)
    for result in run_suites(warehouse, suites):
        by_table[result.asset].append(result)
    return by_table


@pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.asset)
def test_good_rows_pass(results: dict[str, list[CheckResult]], suite: Suite) -> None:
    assert suite.layer == "raw" or suite.example, f"{suite.asset} needs an `example:` of the columns that it looks at"
    assert {r.expectation for r in results[suite.asset]} == {e.name for e in suite.expectations}
    assert [(r.expectation, r.observed_value) for r in results[suite.asset] if not r.success] == []


@pytest.mark.parametrize(("asset", "check"), CASES, ids=lambda value: value)
def test_exactly_the_faulty_check_fails(results: dict[str, list[CheckResult]], asset: str, check: str) -> None:
    assert FAULTS[asset, check], f"{asset}: {check} needs a `fault:` in its suite, such as `fault: amount = -0.01`"
    outcome = results[copy_name(asset, check)]
    assert [(r.expectation, r.observed_value) for r in outcome if not r.success] == [
        (r.expectation, r.observed_value) for r in outcome if r.expectation == check
    ]
    failed = next(r for r in outcome if r.expectation == check)
    assert not failed.observed_value.startswith("error"), failed.observed_value


def test_examples_have_columns_that_exist() -> None:
    """So that a query that runs on a planted table runs on the real one too."""
    known = {asset: set(contract.names) for asset, contract in CONTRACTS.items()}
    known |= {f"{layer}.{model}": set(columns) for layer in LAYERS[1:] for model, columns in MODELS.items()}
    wrong = [f"{suite.asset}.{name}" for suite in SUITES for name in suite.example if name not in known[suite.asset]]
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
        create(connection, suite.asset, good_row(suite))
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
