"""Asset keys and the dbt translator: which asset a table, model or mart is.

Belongs here: names only. A model's key is its schema and its name, and its group is its layer, so that no
rule has to know a model.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DagsterDbtTranslatorSettings

POOL = "duckdb"  # one writer: every step that opens the warehouse is in this pool


def extracts_key(source: str) -> dg.AssetKey:
    """The folder of one source."""
    return dg.AssetKey(["extracts", source])


def raw_key(source: str, table: str) -> dg.AssetKey:
    """The current rows of one source table."""
    return dg.AssetKey(["raw", source, table])


def relation_key(relation: str) -> dg.AssetKey:
    """The asset of `schema.table`; raw tables are named `raw.<source>__<table>`."""
    schema, table = relation.split(".", 1)
    return dg.AssetKey([schema, *(table.split("__", 1) if schema == "raw" else [table])])


class LayerTranslator(DagsterDbtTranslator):
    """Keys `[schema, model]`, sources `["raw", source, table]`, group = layer."""

    def __init__(self) -> None:
        # Tests on sources would make dbt's op a checker of raw assets, which switches their gate off.
        super().__init__(DagsterDbtTranslatorSettings(enable_source_tests_as_checks=False))

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        """See the class."""
        if dbt_resource_props["resource_type"] != "source":
            return dg.AssetKey([dbt_resource_props["schema"], dbt_resource_props["name"]])
        if dbt_resource_props["schema"] == "raw":
            return raw_key(dbt_resource_props["source_name"], dbt_resource_props["name"])
        return dg.AssetKey([dbt_resource_props["schema"], dbt_resource_props["name"]])

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        """The schema, which is the layer."""
        group: str = dbt_resource_props["schema"]
        return group

    def get_owners(self, dbt_resource_props: Mapping[str, Any]) -> list[str] | None:
        """None: dbt's group owner is a team's name and no address."""
        return None
