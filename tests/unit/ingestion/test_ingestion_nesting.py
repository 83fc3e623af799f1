"""Objects are spread out as far as the contract knows their fields, and no further."""

from __future__ import annotations

from orchestration.ingestion.contracts import Column, Table
from orchestration.ingestion.nesting import Tree, columns_of

TABLE = Table(
    source="ads",
    name="days",
    identifier="ads__days",
    load_mode="append",
    key=("campaign_id",),
    window=(),
    updated_at=None,
    columns=(
        Column("campaign_id", "varchar", required=True),
        Column("cost", "bigint", aliases=("metrics_cost_micros",)),
        Column("properties", "json", aliases=("payload_properties",)),
    ),
)


def headers(tree: Tree) -> list[tuple[str, tuple[str, ...]]]:
    return [(column.header, column.path) for column in columns_of(tree, TABLE)]


def test_flat_records_stay_as_they_are() -> None:
    assert headers({"campaign_id": None, "x": None}) == [("campaign_id", ("campaign_id",)), ("x", ("x",))]


def test_known_fields_come_out_and_their_siblings_with_them() -> None:
    tree: Tree = {"metrics": {"cost_micros": None, "deep": {"er": None}}, "campaign": {"id": None}}
    assert headers(tree) == [
        ("metrics_cost_micros", ("metrics", "cost_micros")),
        ("metrics_deep", ("metrics", "deep")),
        ("campaign_id", ("campaign", "id")),
    ]


def test_an_unknown_object_and_one_that_a_json_column_waits_for_stay_whole() -> None:
    tree: Tree = {
        "campaign_id": None,
        "other": {"a": None},
        "payload": {"properties": {"campaign_id": None}, "y": None},
    }
    assert headers(tree) == [
        ("campaign_id", ("campaign_id",)),
        ("other", ("other",)),
        ("payload_properties", ("payload", "properties")),
        ("payload_y", ("payload", "y")),
    ]
