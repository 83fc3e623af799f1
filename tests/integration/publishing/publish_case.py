"""A home with two small marts and the dbt manifest that declares them, without running dbt."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from orchestration.settings import Settings
from orchestration.warehouse import connect

KEYED_HASH = """
create or replace macro main.keyed_hash(message) as
    sha256(unhex(getvariable('pii_outer')) || unhex(sha256(unhex(getvariable('pii_inner')) || encode(message))))
"""


def settings_for(home: Path, **changes: Any) -> Settings:
    return Settings(extracts=str(home / "extracts"), home=home, pii_key="a test key", **changes)


def manifest() -> dict[str, Any]:
    def column(name: str, pii: str | None = None) -> dict[str, Any]:
        return {"name": name, "description": f"The {name}.", "config": {"meta": {"pii": pii} if pii else {}}}

    def model(name: str, folder: str, columns: list[dict[str, Any]]) -> dict[str, Any]:
        return {
            "resource_type": "model",
            "name": name,
            "schema": "marts" if folder.startswith("marts") else folder,
            "fqn": ["funnelhouse", *folder.split("/"), name],
            "description": f"It's {name}. Grain - one row.",
            "original_file_path": f"models/{folder}/{name}.yml",
            "config": {"materialized": "table", "meta": {}},
            "columns": {c["name"]: c for c in columns},
        }

    people = [
        column("person_id"),
        column("email", "email"),
        column("phone", "phone"),
        column("first_name", "name"),
        column("notes", "text"),
        column("page", "url"),
        column("emails", "email"),
    ]
    nodes = [
        model("dim_people", "marts/core", people),
        model("rpt_loaded_files", "marts/quality", [column("file"), column("loaded_at"), column("rows")]),
        model("int_people", "intermediate", [column("email")]),
    ]
    return {"nodes": {f"model.funnelhouse.{n['name']}": n for n in nodes}}


def fill(settings: Settings, people: int = 3, loaded_at: str = "2025-01-01") -> None:
    """Build the marts of `manifest()` with `people` rows; the same rows each time, loaded at another time."""
    with connect(settings) as connection:
        connection.execute(KEYED_HASH)
        connection.execute("create schema if not exists marts")
        connection.execute(
            "create or replace table marts.dim_people as select "
            "'p' || i as person_id, 'p' || i || '@example.org' as email, '+3360000' || i as phone, "
            "'Ada' as first_name, 'called twice' as notes, "
            "'https://example.org/a?email=p' || i || '#x' as page, ['p' || i || '@example.org'] as emails "
            f"from range({people}) t(i)"
        )
        connection.execute(
            "create or replace table marts.rpt_loaded_files as "
            f"select 'crm/people.csv' as file, timestamp '{loaded_at}' as loaded_at, 3 as rows"
        )
