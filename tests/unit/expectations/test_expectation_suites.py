"""How suites are read, and that those in the repository name what exists."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from expectations.planting import literal
from expectations.suites import LAYERS, Expectation, Suite, SuiteError, load_suites
from orchestration.ingestion.contracts import load_contracts

DBT_PROJECT = Path(__file__).resolve().parents[3] / "dbt_project"
GOOD = {
    "name": "amount_is_not_negative",
    "type": "expect_column_values_to_be_between",
    "column": "amount",
    "kwargs": {"min_value": 0},
    "severity": "warning",
    "description": "An amount is zero or more.",
}


@dataclass(frozen=True)
class Column:
    name: str
    required: bool = False
    pii: str | None = None


@dataclass(frozen=True)
class Table:
    relation: str
    columns: tuple[Column, ...]


def folder_with(tmp_path: Path, content: object, layer: str = "raw", file: str = "crm.yml") -> Path:
    (tmp_path / layer).mkdir(exist_ok=True)
    text = content if isinstance(content, str) else yaml.safe_dump(content)
    (tmp_path / layer / file).write_text(text)
    return tmp_path


def test_a_suite_is_read(tmp_path: Path) -> None:
    suites = load_suites("raw", folder=folder_with(tmp_path, {"raw.crm__deals": [GOOD]}))
    expectation = Expectation(
        name="amount_is_not_negative",
        type="expect_column_values_to_be_between",
        kwargs={"column": "amount", "min_value": 0},
        severity="warning",
        description="An amount is zero or more.",
        column="amount",
    )
    assert suites == [Suite("raw.crm__deals", "raw", "raw.crm__deals", (expectation,))]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": "Amount Is Fine"}, "snake_case"),
        ({"severity": "fatal"}, "critical, warning, info"),
        ({"severty": "info"}, "has the keys"),
        ({"type": "expect_no_rows", "kwargs": {"unexpected_rows_query": "select 1"}}, "{batch}"),
        ({"fault": {"all": "amount = -1"}}, "amount_is_not_negative: a fault is `column = value`"),
        ({"fault": {"every_row": "amount = -1", "first_row": "amount = -1"}}, "a fault is `column = value`"),
        ({"fault": {"every_row": -1}}, "written as text in SQL"),
        ({"fault": -1}, "a fault is `column = value`"),
        ({"fault": None}, "a fault is `column = value`"),
        ({"fault": "minus one"}, "a fault assigns a value"),
        ({"fault": {"statement": "delete from deals"}}, "needs {table}"),
    ],
)
def test_a_wrong_entry_is_named(tmp_path: Path, change: dict[str, object], message: str) -> None:
    folder = folder_with(tmp_path, {"raw.crm__deals": [GOOD | change]})
    with pytest.raises(SuiteError, match=re.escape(message)) as error:
        load_suites("raw", folder=folder)
    assert "crm.yml" in str(error.value)


@pytest.mark.parametrize(
    ("fault", "statement"),
    [
        ("amount = -0.01", "update t set amount = -0.01 where rowid = 0"),
        ({"first_row": "amount = -0.01"}, "update t set amount = -0.01 where rowid = 0"),
        ({"every_row": "amount = null"}, "update t set amount = null"),
        (
            {"statement": "delete from {table}; insert into {table} values (-1)"},
            "delete from t; insert into t values (-1)",
        ),
    ],
)
def test_a_fault_is_read(tmp_path: Path, fault: object, statement: str) -> None:
    [suite] = load_suites("raw", folder=folder_with(tmp_path, {"raw.crm__deals": [GOOD | {"fault": fault}]}))
    [expectation] = suite.expectations
    assert expectation.fault is not None and expectation.fault.statement("t") == statement


def test_an_example_is_read(tmp_path: Path) -> None:
    content = """
        raw.crm__deals:
          example: {type: New Business, amount: 10.5, closed_at: 2024-02-10 08:00:00, due_on: 2024-02-10, stage: null}
          expectations:
            - {name: a_rule, type: expect_column_values_to_not_be_null, column: type, severity: info, description: It.}
    """
    [suite] = load_suites("raw", folder=folder_with(tmp_path, content))
    assert [expectation.name for expectation in suite.expectations] == ["a_rule"]
    assert {name: literal(value) for name, value in suite.example.items()} == {
        "type": "'New Business'",
        "amount": "cast(10.5 as decimal(18, 6))",
        "closed_at": "timestamp '2024-02-10 08:00:00'",
        "due_on": "date '2024-02-10'",
        "stage": "null",
    }
    assert [literal(value) for value in ("it's", True, 7)] == ["'it''s'", "true", "7"]


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"expectations": [GOOD]}, "the keys example and expectations"),
        ({"example": {"amount": 1}}, "the keys example and expectations"),
        ({"example": {"amount": 1}, "expectations": [GOOD], "row": {}}, "the keys example and expectations"),
        ({"example": {"amount": 1}, "expectations": {"name": "a"}}, "the keys example and expectations"),
        ({"example": ["amount"], "expectations": [GOOD]}, "an example is a mapping"),
        ({"example": {"amount": [1]}, "expectations": [GOOD]}, "an example is a mapping"),
        ("amount", "the keys example and expectations"),
    ],
)
def test_a_wrong_table_is_named(tmp_path: Path, table: object, message: str) -> None:
    with pytest.raises(SuiteError, match=re.escape(message)) as error:
        load_suites("raw", folder=folder_with(tmp_path, {"raw.crm__deals": table}))
    assert "crm.yml: raw.crm__deals" in str(error.value)


@pytest.mark.parametrize("key", ["name", "type", "severity", "description"])
def test_a_missing_key_is_named(tmp_path: Path, key: str) -> None:
    entry = {name: value for name, value in GOOD.items() if name != key}
    with pytest.raises(SuiteError, match=f"lacks {key}"):
        load_suites("raw", folder=folder_with(tmp_path, {"raw.crm__deals": [entry]}))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("raw.crm__deals: [", "not YAML"),
        (["a list"], "mapping from schema.table"),
        ({"crm__deals": [GOOD]}, "schema.table"),
        ({"marts.deals": [GOOD]}, "not in schema raw"),
        ({"raw.crm__deals": [GOOD, GOOD]}, "two expectations are called"),
    ],
)
def test_a_wrong_file_is_named(tmp_path: Path, content: object, message: str) -> None:
    with pytest.raises(SuiteError, match=re.escape(message)) as error:
        load_suites("raw", folder=folder_with(tmp_path, content))
    assert "crm.yml" in str(error.value)


def test_a_table_has_one_suite(tmp_path: Path) -> None:
    folder_with(tmp_path, {"raw.crm__deals": [GOOD]})
    folder_with(tmp_path, {"raw.crm__deals": [GOOD]}, file="other.yml")
    with pytest.raises(SuiteError, match="has a suite already"):
        load_suites("raw", folder=tmp_path)


def test_an_unknown_layer_is_refused() -> None:
    with pytest.raises(SuiteError, match="raw, staging, marts"):
        load_suites("bronze")


def test_contracts_give_required_columns_and_personal_ones(tmp_path: Path) -> None:
    contracts = {
        ("crm", "deals"): Table("raw.crm__deals", (Column("id", required=True), Column("amount", pii="text"))),
        ("crm", "notes"): Table("raw.crm__notes", (Column("id", required=True), Column("text"))),
        ("crm", "empty"): Table("raw.crm__empty", (Column("text"),)),
    }
    deals, notes = load_suites("raw", contracts, folder=folder_with(tmp_path, {"raw.crm__deals": [GOOD]}))
    assert [(e.name, e.severity, e.personal) for e in deals.expectations] == [
        ("id_is_filled", "critical", False),
        ("amount_is_not_negative", "warning", True),
    ]
    assert [e.name for e in notes.expectations] == ["id_is_filled"]


@pytest.mark.parametrize(
    ("asset", "entry", "message"),
    [
        ("raw.crm__unknown", GOOD, "no contract: raw.crm__unknown"),
        ("raw.crm__deals", GOOD | {"column": "amonut"}, "is about amonut"),
        ("raw.crm__deals", GOOD | {"name": "amount_is_filled"}, "derived from the contract already"),
    ],
)
def test_suites_that_contradict_the_contracts_are_refused(
    tmp_path: Path, asset: str, entry: dict[str, object], message: str
) -> None:
    contracts = {("crm", "deals"): Table("raw.crm__deals", (Column("amount", required=True),))}
    with pytest.raises(SuiteError, match=re.escape(message)):
        load_suites("raw", contracts, folder=folder_with(tmp_path, {asset: [entry]}))


# The suites of the repository


def columns_of_models() -> dict[str, set[str]]:
    """Documented columns of the staging models and marts, by `schema.model`."""
    columns = {}
    for layer in ("staging", "marts"):
        for file in (DBT_PROJECT / "models" / layer).rglob("*.yml"):
            for model in (yaml.safe_load(file.read_text()) or {}).get("models", []):
                columns[f"{layer}.{model['name']}"] = {c["name"] for c in model.get("columns", [])}
    return columns


def test_raw_suites_agree_with_the_contracts() -> None:
    contracts = load_contracts(DBT_PROJECT)
    suites = load_suites("raw", contracts)
    required = {table.relation for table in contracts.values() if any(c.required for c in table.columns)}
    assert {suite.asset for suite in suites} == required | {suite.asset for suite in load_suites("raw")}
    written = [e for s in load_suites("raw") for e in s.expectations]
    assert not [e.name for e in written if e.type == "expect_column_values_to_not_be_null"], (
        "required columns are declared in the contract, not in a suite"
    )


@pytest.mark.parametrize("layer", ["staging", "marts"])
def test_suites_name_models_and_their_columns(layer: str) -> None:
    models = columns_of_models()
    suites = load_suites(layer)
    assert suites
    wrong = [f"{s.asset}: no such model" for s in suites if s.asset not in models]
    for suite in [s for s in suites if s.asset in models]:
        wrong += [
            f"{suite.asset}.{e.name}: {e.column} is not a documented column"
            for e in suite.expectations
            if e.column is not None and e.column not in models[suite.asset]
        ]
    assert not wrong


def test_every_staging_model_of_a_source_has_a_suite() -> None:
    models = {
        f"staging.{file.stem}"
        for file in (DBT_PROJECT / "models" / "staging").glob("*/stg_*.sql")
        if file.parent.name != "ledger"  # the bookkeeping is Funnelhouse's own
    }
    assert models - {s.asset for s in load_suites("staging")} == set()


def test_every_mart_has_a_suite() -> None:
    models = {
        f"marts.{file.stem}"
        for file in (DBT_PROJECT / "models" / "marts").glob("*/*.sql")
        if file.parent.name != "quality"  # built after the checks, from them
    }
    assert models - {s.asset for s in load_suites("marts")} == set()


def test_files_stand_in_the_folder_of_their_source() -> None:
    for layer in LAYERS:
        for suite in load_suites(layer):
            table = suite.asset.split(".")[1]
            folder = Path(__file__).resolve().parents[3] / "expectations" / layer
            owners = [f.stem for f in folder.glob("*.yml") if re.search(rf"^{suite.asset}:", f.read_text(), re.M)]
            assert len(owners) == 1
            if layer != "marts":
                assert table.removeprefix("stg_").split("__")[0] == owners[0]
            else:
                assert (DBT_PROJECT / "models" / "marts" / owners[0] / f"{table}.sql").exists()
