"""Contracts of the source tables, read from the dbt source declarations.

Belongs here: what one source table looks like and the checks that its declaration makes sense. Does not
belong
here: reading files against a contract (`headers`, `readers`), or what staging makes of the columns.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from orchestration.ingestion.headers import normalise

LOAD_MODES = ("append", "upsert", "replace_window")
DATA_TYPES = ("varchar", "bigint", "double", "boolean", "date", "timestamp", "json")
UNITS = ("micros", "minor", "percent", "bytes")
PII_CLASSES = ("email", "phone", "name", "text", "url")
WINDOW_GRAINS = ("month",)

# Tables of Funnelhouse's own that are declared as a dbt source but are no extract.
NOT_EXTRACTS = frozenset({"ledger"})

_DECIMAL = re.compile(r"decimal\((\d{1,2}),\s*(\d{1,2})\)")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# Columns that ingestion adds to every raw table.
_RESERVED = frozenset({"_extra", "_file_id", "_version"})


class ContractError(ValueError):
    """A source declaration cannot be used; the message names the YAML file, the table and the column."""


@dataclass(frozen=True)
class Column:
    """One declared column.

    Attributes:
        name: name in the raw table.
        data_type: `varchar`, `bigint`, `double`, `decimal(p,s)`, `date`, `timestamp` (UTC), `boolean` or
            `json` (text of an object or a list).
        required: a file must have it, and a row without a value is quarantined.
        aliases: other headers that mean it, best first.
        unit: `micros`, `minor` (the currency's smallest unit) or `percent` when the landed value is in that
            unit; `bytes` for an id that a database holds as raw bytes (it lands in hexadecimal digits).
        pii: class of personal data, when it holds any.
        clock: it holds observed events, so it may move the clock and cannot lie in the future.
        description: what it means.
        from_header: a file without it says it in its headers: EGP in `Amount spent (EGP)`.
    """

    name: str
    data_type: str
    required: bool = False
    aliases: tuple[str, ...] = ()
    unit: str | None = None
    pii: str | None = None
    clock: bool = False
    description: str = ""
    from_header: bool = False

    @property
    def is_number(self) -> bool:
        """Whether it holds numbers."""
        return self.data_type in ("bigint", "double") or self.data_type.startswith("decimal")


@dataclass(frozen=True)
class Table:
    """One declared source table.

    Attributes:
        source: folder of the extracts, such as `crm`.
        name: table below it, such as `people`.
        identifier: name of the raw table, such as `crm__people`.
        load_mode: `append`, `upsert` or `replace_window`.
        key: identity of a row (append, upsert), or of a row inside one batch (replace_window; may be empty).
        window: columns whose values a newer batch replaces (replace_window only).
        updated_at: column that says which of two rows with one key is newer (upsert only).
        columns: declared columns in order.
        description: what a row is.
        window_grain: `month` when dates in the window stand for their month.
    """

    source: str
    name: str
    identifier: str
    load_mode: str
    key: tuple[str, ...]
    window: tuple[str, ...]
    updated_at: str | None
    columns: tuple[Column, ...]
    description: str = ""
    window_grain: str | None = None

    @property
    def relation(self) -> str:
        """Name of the raw table in the warehouse, such as `raw.crm__people`."""
        return f"raw.{self.identifier}"

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the declared columns in order."""
        return tuple(column.name for column in self.columns)

    def column(self, name: str) -> Column:
        """The declared column of that name."""
        return next(column for column in self.columns if column.name == name)


Contracts = Mapping[tuple[str, str], Table]


def load_contracts(dbt_project: Path) -> dict[tuple[str, str], Table]:
    """Read every `models/staging/<source>/_<source>__sources.yml`, keyed by (source, table).

    Raises:
        ContractError: a declaration is malformed, or none is found.
    """
    folder = dbt_project / "models" / "staging"
    contracts: dict[tuple[str, str], Table] = {}
    for path in sorted(folder.glob("*/_*__sources.yml")):
        for source in _sources(path):
            if source.get("name") in NOT_EXTRACTS:
                continue
            for declaration in source.get("tables") or []:
                table = _table(path, source["name"], declaration)
                if (table.source, table.name) in contracts:
                    raise ContractError(f"{path}: {table.source}.{table.name} is declared twice.")
                contracts[table.source, table.name] = table
    if not contracts:
        raise ContractError(f"{folder}: no contract found; expected <source>/_<source>__sources.yml files.")
    return contracts


def _sources(path: Path) -> list[dict[str, Any]]:
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise ContractError(f"{path}: not readable as YAML: {error}") from error
    sources = document.get("sources") if isinstance(document, dict) else None
    if not isinstance(sources, list) or not all(isinstance(s, dict) and s.get("name") for s in sources):
        raise ContractError(f"{path}: expected a list `sources`, each with a `name`.")
    return sources


def _table(path: Path, source: str, declaration: dict[str, Any]) -> Table:
    name = declaration.get("name")
    where = f"{path}: table {source}.{name}"
    if not name:
        raise ContractError(f"{path}: a table of source {source} has no `name`.")
    meta = _meta(declaration)
    columns = tuple(_column(where, column) for column in declaration.get("columns") or [])
    table = Table(
        source=source,
        name=name,
        identifier=declaration.get("identifier") or f"{source}__{name}",
        load_mode=meta.get("load_mode") or "",
        key=_names(where, "key", meta),
        window=_names(where, "window", meta),
        updated_at=meta.get("updated_at"),
        columns=columns,
        description=declaration.get("description") or "",
        window_grain=meta.get("window_grain"),
    )
    _check_columns(where, table)
    _check_load_mode(where, table)
    return table


def _column(where: str, declaration: dict[str, Any]) -> Column:
    name = declaration.get("name")
    if not name or not _NAME.fullmatch(name):
        raise ContractError(f"{where}: column name {name!r} is not a plain SQL name.")
    meta = _meta(declaration)
    aliases = meta.get("aliases") or []
    if not isinstance(aliases, list):
        raise ContractError(f"{where}: column {name}: `aliases` must be a list, not {aliases!r}.")
    column = Column(
        name=name,
        data_type=str(declaration.get("data_type") or "").lower(),
        required=bool(meta.get("required", False)),
        aliases=tuple(str(alias) for alias in aliases),
        unit=meta.get("unit"),
        pii=meta.get("pii"),
        clock=bool(meta.get("clock", False)),
        description=declaration.get("description") or "",
        from_header=bool(meta.get("from_header", False)),
    )
    if column.data_type not in DATA_TYPES and not _DECIMAL.fullmatch(column.data_type):
        raise ContractError(
            f"{where}: column {name}: data_type {column.data_type!r} is unknown; "
            f"expected {', '.join(DATA_TYPES)} or decimal(p,s)."
        )
    for attribute, allowed in (("unit", UNITS), ("pii", PII_CLASSES)):
        value = getattr(column, attribute)
        if value is not None and value not in allowed:
            raise ContractError(
                f"{where}: column {name}: {attribute} {value!r} is unknown; expected {', '.join(allowed)}."
            )
    if column.clock and column.data_type not in ("date", "timestamp"):
        raise ContractError(f"{where}: column {name}: a clock must be a date or a timestamp.")
    if column.from_header and column.data_type != "varchar":
        raise ContractError(f"{where}: column {name}: a currency that headers may tell must be varchar.")
    return column


def _check_columns(where: str, table: Table) -> None:
    if not table.columns:
        raise ContractError(f"{where}: no columns declared.")
    meaning: dict[str, str] = {}
    for column in table.columns:
        if column.name.lower() in _RESERVED:
            raise ContractError(f"{where}: column {column.name}: the name is reserved for ingestion.")
        spelling = normalise(column.name)
        if spelling in meaning:
            raise ContractError(f"{where}: column {column.name} is declared twice (as {meaning[spelling]}).")
        meaning[spelling] = column.name
    for column in table.columns:
        for alias in column.aliases:
            spelling = normalise(alias)
            if not spelling:
                raise ContractError(f"{where}: column {column.name}: alias {alias!r} has no letter or digit.")
            if meaning.get(spelling, column.name) != column.name:
                raise ContractError(
                    f"{where}: column {column.name}: alias {alias!r} already means {meaning[spelling]}."
                )
            meaning[spelling] = column.name


def _check_load_mode(where: str, table: Table) -> None:
    if table.load_mode not in LOAD_MODES:
        raise ContractError(f"{where}: load_mode {table.load_mode!r} is unknown; expected {', '.join(LOAD_MODES)}.")
    if table.load_mode == "replace_window":
        if not table.window:
            raise ContractError(f"{where}: load_mode replace_window needs a `window` of columns.")
    elif not table.key:
        raise ContractError(f"{where}: load_mode {table.load_mode} needs a `key` of columns.")
    elif table.window:
        raise ContractError(f"{where}: a `window` is for load_mode replace_window only.")
    if table.updated_at is not None and table.load_mode != "upsert":
        raise ContractError(f"{where}: `updated_at` is for load_mode upsert only.")
    if table.window_grain is not None and table.window_grain not in WINDOW_GRAINS:
        raise ContractError(
            f"{where}: window_grain {table.window_grain!r} is unknown; expected {', '.join(WINDOW_GRAINS)}."
        )
    declared = set(table.names)
    named = [("key", name) for name in table.key] + [("window", name) for name in table.window]
    if table.updated_at is not None:
        named.append(("updated_at", table.updated_at))
    for role, name in named:
        if name not in declared:
            raise ContractError(
                f"{where}: {role} column {name!r} is not declared; columns are {', '.join(table.names)}."
            )


def _meta(declaration: Mapping[str, Any]) -> dict[str, Any]:
    return ((declaration.get("config") or {}).get("meta")) or {}


def _names(where: str, role: str, meta: Mapping[str, Any]) -> tuple[str, ...]:
    value = meta.get(role) or []
    if not isinstance(value, list):
        raise ContractError(f"{where}: `{role}` must be a list of columns, not {value!r}.")
    return tuple(str(name) for name in value)


def no_contract(contracts: Contracts, file: str, source: str | None, table: str) -> str:
    """Why a file is ignored, with the names that would be known."""
    known = sorted(name for other, name in contracts if other == source)
    if source is None:
        return f"{file}: it stands in no source folder; expected <source>/<table>.<ext>"
    if known:
        return f"{file}: no contract for {source}/{table}; tables of {source} are {', '.join(known)}"
    sources = ", ".join(sorted({other for other, _ in contracts}))
    return f"{file}: no contract for a source {source}; sources are {sources}"
