"""Contracts are read whole, and a malformed one is named by file, table and column."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from orchestration.ingestion.contracts import Column, ContractError, load_contracts


def declaration(**changes: Any) -> dict[str, Any]:
    """A sound upsert table; changes replace parts of its meta or its columns."""
    columns = changes.pop("columns", None) or [
        {"name": "id", "data_type": "varchar", "config": {"meta": {"required": True, "aliases": ["Contact ID"]}}},
        {"name": "seen_at", "data_type": "timestamp", "description": "Last seen.", "config": {"meta": {"clock": True}}},
        {"name": "spend", "data_type": "DECIMAL(18,6)", "config": {"meta": {"unit": "micros", "pii": "text"}}},
    ]
    meta = {"load_mode": "upsert", "key": ["id"], "updated_at": "seen_at"} | changes
    return {
        "name": "people",
        "identifier": "crm__people",
        "description": "People. Grain - one row per person.",
        "config": {"meta": {name: value for name, value in meta.items() if value is not None}},
        "columns": columns,
    }


def write(folder: Path, *tables: dict[str, Any], source: str = "crm") -> Path:
    path = folder / "models" / "staging" / source / f"_{source}__sources.yml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump({"version": 2, "sources": [{"name": source, "tables": list(tables)}]}))
    return path


def test_a_contract_is_read_whole(tmp_path: Path) -> None:
    write(tmp_path, declaration())
    write(tmp_path, {"name": "files"}, source="ledger")
    contracts = load_contracts(tmp_path)
    assert list(contracts) == [("crm", "people")]
    table = contracts["crm", "people"]
    assert (table.relation, table.load_mode, table.key, table.updated_at) == (
        "raw.crm__people",
        "upsert",
        ("id",),
        "seen_at",
    )
    assert table.columns == (
        Column("id", "varchar", required=True, aliases=("Contact ID",)),
        Column("seen_at", "timestamp", clock=True, description="Last seen."),
        Column("spend", "decimal(18,6)", unit="micros", pii="text"),
    )


def column(**meta: Any) -> list[dict[str, Any]]:
    return [
        {"name": "id", "data_type": "varchar"},
        {"name": "seen_at", "data_type": meta.pop("data_type", "timestamp"), "config": {"meta": meta}},
    ]


MALFORMED = {
    "load_mode 'merge' is unknown; expected append, upsert, replace_window.": {"load_mode": "merge"},
    "load_mode '' is unknown; expected append, upsert, replace_window.": {"load_mode": None},
    "key column 'ident' is not declared; columns are id, seen_at, spend.": {"key": ["ident"]},
    "load_mode upsert needs a `key` of columns.": {"key": None},
    "updated_at column 'changed' is not declared; columns are id, seen_at, spend.": {"updated_at": "changed"},
    "`updated_at` is for load_mode upsert only.": {"load_mode": "append"},
    "load_mode replace_window needs a `window` of columns.": {"load_mode": "replace_window", "updated_at": None},
    "window column 'day' is not declared; columns are id, seen_at, spend.": {
        "load_mode": "replace_window",
        "updated_at": None,
        "window": ["day"],
    },
    "a `window` is for load_mode replace_window only.": {"window": ["id"]},
    "window_grain 'week' is unknown; expected month.": {"window_grain": "week"},
    "`key` must be a list of columns, not 'id'.": {"key": "id"},
    "column seen_at: data_type 'datetime' is unknown; expected varchar, bigint, double, boolean, date, timestamp, json"
    " or decimal(p,s).": {"columns": column(data_type="datetime")},
    "column seen_at: unit 'cents' is unknown; expected micros, percent.": {"columns": column(unit="cents")},
    "column seen_at: pii 'secret' is unknown; expected email, phone, name, text, url.": {
        "columns": column(pii="secret")
    },
    "column seen_at: a clock must be a date or a timestamp.": {"columns": column(data_type="varchar", clock=True)},
    "column seen_at: alias 'ID' already means id.": {"columns": column(aliases=["ID"])},
    "column seen_at: alias '--' has no letter or digit.": {"columns": column(aliases=["--"])},
    "column seen_at: `aliases` must be a list, not 'when'.": {"columns": column(aliases="when")},
    "column ID is declared twice (as id).": {"columns": [*column(), {"name": "ID", "data_type": "varchar"}]},
    "column _extra: the name is reserved for ingestion.": {
        "columns": [*column(), {"name": "_extra", "data_type": "varchar"}]
    },
    "column name 'a b' is not a plain SQL name.": {"columns": [*column(), {"name": "a b", "data_type": "varchar"}]},
}


@pytest.mark.parametrize("message", MALFORMED)
def test_a_malformed_contract_names_file_table_and_column(tmp_path: Path, message: str) -> None:
    path = write(tmp_path, declaration(**MALFORMED[message]))
    with pytest.raises(ContractError) as error:
        load_contracts(tmp_path)
    assert str(error.value) == f"{path}: table crm.people: {message}"


def test_a_table_without_columns_a_repeated_table_and_broken_yaml_are_errors(tmp_path: Path) -> None:
    path = write(tmp_path, declaration() | {"columns": []})
    with pytest.raises(ContractError, match=r"crm\.people: no columns declared"):
        load_contracts(tmp_path)
    write(tmp_path, declaration(), declaration())
    with pytest.raises(ContractError, match=r"crm\.people is declared twice"):
        load_contracts(tmp_path)
    path.write_text("sources: [")
    with pytest.raises(ContractError, match="not readable as YAML"):
        load_contracts(tmp_path)
    path.write_text("version: 2")
    with pytest.raises(ContractError, match="expected a list `sources`"):
        load_contracts(tmp_path)
    path.unlink()
    with pytest.raises(ContractError, match="no contract found"):
        load_contracts(tmp_path)
