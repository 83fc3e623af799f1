"""Which marts are published and how each column is written: read from the dbt manifest.

Belongs here: the reading of the manifest, the SQL of one published column, the content hash.
Does not belong here: files and folders (`releases.py`) and the order of things (`publish.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# Differ between two runs over the same extracts, so the content hash leaves them out.
VOLATILE_COLUMNS = frozenset({"run_id", "checked_at", "loaded_at", "first_seen_at"})
_PII_CLASSES = frozenset({"email", "phone", "name", "text", "url"})


@dataclass(frozen=True)
class Column:
    """A documented column of a mart; `pii` is its class of personal data, if any."""

    name: str
    description: str
    pii: str | None


@dataclass(frozen=True)
class Mart:
    """A mart as the manifest declares it.

    Attributes:
        name: table in the warehouse and in the release.
        schema: its schema in the warehouse.
        description: what a row is.
        columns: documented columns.
        order_by: columns that its rows are published by; empty keeps the stored order.
        is_quality: it reports on the run itself and is built after the checks.
    """

    name: str
    schema: str
    description: str
    columns: tuple[Column, ...]
    order_by: tuple[str, ...] = ()
    is_quality: bool = False


def declared_marts(manifest: Mapping[str, Any]) -> list[Mart]:
    """Every model under `models/marts`, sorted by name.

    Raises:
        ValueError: a column has an unknown class of personal data: it might be published in the clear.
    """
    marts = []
    for node in manifest["nodes"].values():
        if node["resource_type"] != "model" or "marts" not in node["fqn"][1:-1]:
            continue
        if node["config"]["materialized"] == "ephemeral":
            continue
        columns = []
        for column in node["columns"].values():
            meta = {**(column.get("meta") or {}), **((column.get("config") or {}).get("meta") or {})}
            pii = meta.get("pii")
            if pii is not None and pii not in _PII_CLASSES:
                raise ValueError(
                    f"{node['original_file_path']}: column {column['name']} of {node['name']} has "
                    f"pii: {pii}; expected one of {', '.join(sorted(_PII_CLASSES))}."
                )
            columns.append(Column(column["name"].lower(), column.get("description") or "", pii))
        order_by = (node["config"].get("meta") or {}).get("publish_order_by") or []
        description = node.get("description") or ""
        is_quality = "quality" in node["fqn"][1:-1]
        marts.append(Mart(node["name"], node["schema"], description, tuple(columns), tuple(order_by), is_quality))
    return sorted(marts, key=lambda mart: mart.name)


def published_expression(name: str, data_type: str, pii: str | None) -> str:
    """SQL that yields one published column under its own name and type.

    E-mails and phones become keyed hashes, names and free text NULL, URLs lose query and fragment. What is
    not plain text (a list of e-mails) cannot be hashed value by value and becomes NULL.
    """
    column = quoted(name)
    if pii is None:
        return column
    if data_type != "VARCHAR" or pii in {"name", "text"}:
        return f"null::{data_type} as {column}"
    if pii == "url":
        return f"regexp_replace({column}, '[?#].*$', '') as {column}"
    return f"main.keyed_hash({column}) as {column}"


def content_hash_sql(relation: str, columns: list[str]) -> str:
    """SQL for (rows, sum of the row hashes): the same for the same rows in any order.

    A sum over row hashes is what sorting and hashing would tell, without sorting ten million rows. It is
    comparable between releases written by the same DuckDB version.
    """
    steady = [quoted(c) for c in columns if c not in VOLATILE_COLUMNS]
    row = f"hash({', '.join(steady)})" if steady else "0"
    return f"select count(*), coalesce(sum({row}::hugeint), 0)::varchar from {relation}"


def quoted(identifier: str) -> str:
    """A quoted SQL identifier."""
    return '"' + identifier.replace('"', '""') + '"'
