"""Suites: which expectations hold for which table, read from the YAML files beside this module.

Belongs here: the shape of a suite, its reading, and the not-null expectations derived from the contracts.
Does not belong here: validating data (`runner`), and rules that have another home - keys and relationships
are dbt data tests, money totals dbt singular tests, types the contracts.

A file is a mapping from `schema.table` to a plain list of expectations:

    raw.crm__opportunities:
      - name: amount_is_not_negative     # snake_case, unique within the table, stable: it names the check
        type: expect_column_values_to_be_between
        column: amount                   # goes into kwargs where the type takes one, else it is a label
        kwargs: {min_value: 0}
        severity: warning                # critical stops the next layer; warning and info do not
        description: An opportunity is worth nothing or more.
        personal: false                  # true: values are masked in samples and Data Docs
        fault: amount = -0.01            # what makes this check fail, and no other one (`planting`)

A table whose good row needs more than a value of each type says which, and lists its expectations below:

    staging.stg_crm__opportunities:
      example: {opportunity_type: new_business, amount: 10.5, closed_at: 2024-02-10 00:00:00}
      expectations:
        - ...

`expect_no_rows` is for rules over several columns: its `unexpected_rows_query` selects the rows that break
the rule from `{batch}` (double the braces of a regular expression, and write casts as `cast(x as t)`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

import yaml

from expectations.planting import Example, Fault, example_of, fault_of

SUITES = Path(__file__).resolve().parent
LAYERS = ("raw", "staging", "marts")
SEVERITIES = ("critical", "warning", "info")

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_ENTRY_KEYS = {"name", "type", "column", "kwargs", "severity", "description", "personal", "fault"}
_TABLE_KEYS = {"example", "expectations"}


class SuiteError(ValueError):
    """A suite file cannot be used; the message names the file, what was expected and what to do."""


class ContractColumn(Protocol):
    """What suites read of a contract's column."""

    @property
    def name(self) -> str:
        """Name of the column in the raw table."""

    @property
    def required(self) -> bool:
        """Whether every row has a value."""

    @property
    def pii(self) -> str | None:
        """Class of personal data, when it holds any."""


class ContractTable(Protocol):
    """What suites read of a contract."""

    @property
    def relation(self) -> str:
        """The raw table as `schema.table`."""

    @property
    def columns(self) -> Sequence[ContractColumn]:
        """The declared columns in order."""


@dataclass(frozen=True)
class Expectation:
    """One rule about one table.

    Attributes:
        name: unique within the table; the name of the asset check.
        type: Great Expectations' name of the expectation class, such as `expect_column_values_to_be_between`.
        kwargs: what that class takes.
        severity: `critical` (stops the next layer), `warning` or `info`.
        description: the rule in words.
        column: the column it is about, if there is one.
        personal: values are personal data and are masked wherever they are shown.
        fault: what makes it fail in a good table, and no other expectation; for the test of the test.
    """

    name: str
    type: str
    kwargs: Mapping[str, Any]
    severity: str
    description: str
    column: str | None = None
    personal: bool = False
    fault: Fault | None = None


@dataclass(frozen=True)
class Suite:
    """All expectations of one table.

    Attributes:
        name: name of the suite, equal to the asset.
        layer: `raw`, `staging` or `marts`.
        asset: relation in the warehouse, `schema.table`; a table or a view.
        expectations: in the order in which they are shown.
        example: values of a good row where those that its types give do not do.
    """

    name: str
    layer: str
    asset: str
    expectations: tuple[Expectation, ...] = field(default_factory=tuple)
    example: Example = field(default_factory=dict)


def load_suites(
    layer: str,
    contracts: Mapping[tuple[str, str], ContractTable] | None = None,
    *,
    folder: Path = SUITES,
) -> list[Suite]:
    """Read the suites of a layer.

    Args:
        layer: `raw`, `staging` or `marts`.
        contracts: contracts by (source, table); for the raw layer, which gains one not-null expectation for
            each required column, and a suite for each contract that has one. Ignored for the other layers.
        folder: folder with one sub-folder per layer.

    Returns:
        One suite per table, by asset.

    Raises:
        SuiteError: a file is not what is described above, or names a raw table that has no contract.
    """
    if layer not in LAYERS:
        raise SuiteError(f"There is no layer {layer!r}; the layers are {', '.join(LAYERS)}.")
    written: dict[str, list[Expectation]] = {}
    examples: dict[str, Example] = {}
    for file in sorted((folder / layer).glob("*.yml")):
        for asset, (example, expectations) in _read(file).items():
            if asset in written:
                raise SuiteError(f"{file}: {asset} has a suite already; write each table in one file only.")
            if not asset.startswith(f"{layer}."):
                raise SuiteError(f"{file}: {asset} is not in schema {layer}; move it to the folder of its schema.")
            written[asset], examples[asset] = expectations, example
    if layer == "raw" and contracts is not None:
        written = _with_contracts(written, {table.relation: table for table in contracts.values()})
    return [
        Suite(asset, layer, asset, tuple(expectations), examples.get(asset, {}))
        for asset, expectations in sorted(written.items())
        if expectations
    ]


def _with_contracts(
    written: dict[str, list[Expectation]], contracts: dict[str, ContractTable]
) -> dict[str, list[Expectation]]:
    unknown = sorted(set(written) - set(contracts))
    if unknown:
        raise SuiteError(
            f"The raw suites name tables that have no contract: {', '.join(unknown)}. "
            "Declare them in dbt_project/models/staging/<source>/_<source>__sources.yml, or remove them."
        )
    suites: dict[str, list[Expectation]] = {}
    for asset, contract in contracts.items():
        columns = {column.name: column for column in contract.columns}
        expectations = [_is_filled(column.name) for column in columns.values() if column.required]
        names = {expectation.name for expectation in expectations}
        for expectation in written.get(asset, []):
            if expectation.name in names:
                raise SuiteError(f"{asset}: {expectation.name} is derived from the contract already; remove it.")
            if expectation.column is not None and expectation.column not in columns:
                raise SuiteError(f"{asset}: {expectation.name} is about {expectation.column}, not in the contract.")
            personal = expectation.column is not None and columns[expectation.column].pii is not None
            expectations.append(replace(expectation, personal=True) if personal else expectation)
        suites[asset] = expectations
    return suites


def _is_filled(column: str) -> Expectation:
    # Ingestion quarantines rows without a required value, so that a NULL here came after loading.
    return Expectation(
        name=f"{column}_is_filled",
        type="expect_column_values_to_not_be_null",
        kwargs={"column": column},
        severity="critical",
        description=f"The contract requires a value of {column} in every row.",
        column=column,
    )


def _read(file: Path) -> dict[str, tuple[Example, list[Expectation]]]:
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise SuiteError(f"{file} is not YAML: {error}") from error
    if not isinstance(content, dict):
        raise SuiteError(f"{file}: expected a mapping from schema.table to a list of expectations.")
    suites: dict[str, tuple[Example, list[Expectation]]] = {}
    for asset, table in content.items():
        where = f"{file}: {asset}"
        if str(asset).count(".") != 1:
            raise SuiteError(f"{file}: {asset!r} must be written as schema.table.")
        example, entries = _example_and_entries(where, table)
        expectations = [_expectation(where, entry) for entry in entries]
        _refuse_duplicates(where, expectations)
        suites[asset] = example, expectations
    return suites


def _example_and_entries(where: str, table: Any) -> tuple[Example, list[Any]]:
    if isinstance(table, list):
        return {}, table
    if not isinstance(table, dict) or table.keys() != _TABLE_KEYS or not isinstance(table["expectations"], list):
        raise SuiteError(f"{where}: expected a list of expectations, or the keys example and expectations (a list).")
    try:
        return example_of(table["example"]), table["expectations"]
    except ValueError as error:
        raise SuiteError(f"{where}: {error}.") from error


def _expectation(where: str, entry: Any) -> Expectation:
    if not isinstance(entry, dict) or not entry.keys() <= _ENTRY_KEYS:
        raise SuiteError(f"{where}: an expectation has the keys {', '.join(sorted(_ENTRY_KEYS))}; found {entry!r}.")
    missing = sorted({"name", "type", "severity", "description"} - entry.keys())
    if missing:
        raise SuiteError(f"{where}: {entry.get('name', entry)!r} lacks {', '.join(missing)}.")
    name, kind, kwargs = entry["name"], entry["type"], dict(entry.get("kwargs") or {})
    if not _NAME.fullmatch(str(name)):
        raise SuiteError(f"{where}: the name {name!r} must be snake_case.")
    if entry["severity"] not in SEVERITIES:
        raise SuiteError(f"{where}: {name} has severity {entry['severity']!r}; use {', '.join(SEVERITIES)}.")
    column = entry.get("column")
    if column is not None and kind.startswith("expect_column_") and "_pair_" not in kind:
        kwargs = {"column": column, **kwargs}
    if kind == "expect_no_rows" and "{batch}" not in str(kwargs.get("unexpected_rows_query")):
        raise SuiteError(f"{where}: {name} needs an unexpected_rows_query that selects from {{batch}}.")
    try:
        fault = fault_of(entry["fault"]) if "fault" in entry else None
    except ValueError as error:
        raise SuiteError(f"{where}: {name}: {error}.") from error
    return Expectation(
        name=name,
        type=kind,
        kwargs=kwargs,
        severity=entry["severity"],
        description=str(entry["description"]).strip(),
        column=column,
        personal=bool(entry.get("personal", False)),
        fault=fault,
    )


def _refuse_duplicates(where: str, expectations: Iterable[Expectation]) -> None:
    seen: set[str] = set()
    for expectation in expectations:
        if expectation.name in seen:
            raise SuiteError(f"{where}: two expectations are called {expectation.name}; names are unique in a table.")
        seen.add(expectation.name)
