"""Headers find their columns whatever their case, accents and punctuation."""

from __future__ import annotations

import pytest

from orchestration.ingestion.contracts import Column, Table
from orchestration.ingestion.headers import describe_missing, map_headers, normalise

TABLE = Table(
    source="ads",
    name="days",
    identifier="ads__days",
    load_mode="append",
    key=("id",),
    window=(),
    updated_at=None,
    columns=(
        Column("id", "varchar", required=True, aliases=("ad_id", "Anzeigen-ID")),
        Column("cost", "double", aliases=("Montant dépensé (EUR)", "spend")),
        Column("spend_limit", "double"),
    ),
)


@pytest.mark.parametrize(
    ("header", "plain"),
    [
        ("Montant dépensé (EUR)", "montantdepenseeur"),
        ("metrics.cost_micros", "metricscostmicros"),
        ("STRASSE", "strasse"),
    ],
)
def test_spelling_is_ignored(header: str, plain: str) -> None:
    assert normalise(header) == plain


@pytest.mark.parametrize(
    ("headers", "columns", "unknown"),
    [
        (["ad_id", "id"], {"id": 1}, {"ad_id": 0}),
        (["ID", "id"], {"id": 1}, {"ID": 0}),
        (["ANZEIGEN ID", "AD-ID"], {"id": 1}, {"ANZEIGEN ID": 0}),
        (["id", "montant depense eur", "Spend", "spend limit"], {"id": 0, "cost": 1, "spend_limit": 3}, {"Spend": 2}),
        (["id", "id"], {"id": 0}, {"id": 1}),
        (["id", "", "x", "X", ""], {"id": 0}, {"X_2": 3, "column_2": 1, "column_5": 4, "x": 2}),
    ],
)
def test_the_best_header_wins_and_the_others_are_kept(
    headers: list[str], columns: dict[str, int], unknown: dict[str, int]
) -> None:
    mapping = map_headers(headers, TABLE)
    assert (mapping.columns, mapping.unknown) == (columns, unknown)


def test_a_sync_stamp_is_no_unknown_column() -> None:
    mapping = map_headers(["id", "_SDC_batched_at", "_airbyte_extracted_at"], TABLE)
    assert (mapping.stamp, mapping.unknown) == (2, {"_SDC_batched_at": 1})


def test_a_missing_column_is_named_with_what_was_looked_for_and_found() -> None:
    headers = ["name", ""]
    assert describe_missing(map_headers(headers, TABLE), headers, TABLE) == (
        "required column missing: id (also looked for as ad_id, Anzeigen-ID). Columns found: name, (no name)"
    )
