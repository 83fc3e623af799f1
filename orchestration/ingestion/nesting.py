"""Nested records as flat columns: `metrics.cost_micros` becomes `metrics_cost_micros`.

Belongs here: which objects are spread out and which stay whole. Does not belong here: how a format reads a nested
value (`readers`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from orchestration.ingestion.contracts import Table
from orchestration.ingestion.headers import map_headers, normalise

# Names of columns, each with the tree of its fields, or None where it holds a plain value.
Tree = dict[str, "Tree | None"]


@dataclass(frozen=True)
class Nested:
    """A column, and the way to it through nested objects."""

    header: str
    path: tuple[str, ...]


def columns_of(tree: Tree, table: Table) -> list[Nested]:
    """The columns that a contract sees, with an object spread out only where the contract knows one of its fields.

    An object that a column of type `json` waits for stays whole, and so does one that the contract does not know:
    it is kept beside the contract as it is.
    """
    if not any(tree.values()):
        return [Nested(name, (name,)) for name in tree]
    whole = {
        normalise(name)
        for column in table.columns
        if column.data_type == "json"
        for name in (column.name, *column.aliases)
    }
    leaves = list(_leaves(tree, (), whole))
    mapping = map_headers([leaf.header for leaf in leaves], table)
    positions = [*mapping.columns.values(), *([] if mapping.stamp is None else [mapping.stamp])]
    used = {leaves[position].path for position in positions}
    return list(_needed(tree, (), used))


def _leaves(tree: Mapping[str, Tree | None], above: tuple[str, ...], whole: set[str]) -> Iterator[Nested]:
    for name, fields in tree.items():
        path = (*above, name)
        header = "_".join(path)
        if fields is None or normalise(header) in whole:
            yield Nested(header, path)
        else:
            yield from _leaves(fields, path, whole)


def _needed(tree: Mapping[str, Tree | None], above: tuple[str, ...], used: set[tuple[str, ...]]) -> Iterator[Nested]:
    for name, fields in tree.items():
        path = (*above, name)
        is_spread = fields is not None and any(len(p) > len(path) and p[: len(path)] == path for p in used)
        if fields is not None and is_spread:
            yield from _needed(fields, path, used)
        else:
            yield Nested("_".join(path), path)
