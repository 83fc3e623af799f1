"""Which header of a file means which column of the contract.

Belongs here: spelling rules of headers and the choice between several that fit. Does not belong here: finding
the header in a file (`dialect`) or converting values (`conversion`).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from orchestration.ingestion.currencies import currency_of, without_currency
from orchestration.ingestion.formats import UnreadableFile

if TYPE_CHECKING:
    from orchestration.ingestion.contracts import Table

# Columns in which connectors say when they landed a row, best first: Fivetran, Airbyte, Stitch/Singer.
SYNC_STAMPS = ("_fivetran_synced", "_airbyte_extracted_at", "_sdc_batched_at")


@lru_cache(maxsize=1 << 14)
def normalise(header: str) -> str:
    """A header without case, accents and punctuation: `Montant dépensé (EUR)` becomes `montantdepenseeur`."""
    decomposed = unicodedata.normalize("NFKD", header)
    return "".join(c for c in decomposed.casefold() if c.isalnum())


@dataclass(frozen=True)
class Mapping:
    """Positions of a file's headers.

    Attributes:
        columns: position in the file of each contract column that was found.
        stamp: position of the connector's sync stamp, if there is one.
        unknown: positions of all other headers, keyed by the name under which `_extra` keeps them.
        missing: required contract columns that no header means.
        told: contract columns whose value stands in the headers: the currency of `Amount spent (EGP)`.
    """

    columns: dict[str, int]
    stamp: int | None
    unknown: dict[str, int]
    missing: tuple[str, ...]
    told: dict[str, str] = field(default_factory=dict)


def map_headers(headers: Sequence[str], table: Table) -> Mapping:
    """Give each contract column the header that fits best.

    The exact name beats the name in another spelling, which beats the aliases in their order; among equals
    the leftmost header wins. A header serves one column only; what is left over is unknown.

    A currency at the end of a header of numbers may be any, where the contract has a column to keep it in.

    Raises:
        UnreadableFile: the headers name several currencies, and no column tells which row has which.
    """
    spellings = [normalise(header) for header in headers]
    taken: dict[str, int] = {}
    used: set[int] = set()

    def take(name: str, fits: Sequence[bool]) -> None:
        if name in taken:
            return
        position = next((i for i, fit in enumerate(fits) if fit and i not in used), None)
        if position is not None:
            taken[name] = position
            used.add(position)

    # All names go before all aliases: a header that is the name of one column never serves another.
    for column in table.columns:
        take(column.name, [header == column.name for header in headers])
    for column in table.columns:
        wanted = normalise(column.name)
        take(column.name, [spelling == wanted for spelling in spellings])
    for column in table.columns:
        for alias in column.aliases:
            wanted = normalise(alias)
            take(column.name, [spelling == wanted for spelling in spellings])

    numbers = [column for column in table.columns if column.is_number]
    keeper = next((column.name for column in table.columns if column.from_header), None)
    if keeper:
        bare = [normalise(without_currency(header)) if currency_of(header) else "" for header in headers]
        for column in numbers:
            for alias in (column.name, *column.aliases):
                wanted = normalise(without_currency(alias))
                take(column.name, [spelling == wanted for spelling in bare])

    stamp = None
    for name in SYNC_STAMPS:
        position = next((i for i, header in enumerate(headers) if header.lower() == name), None)
        if position is not None:
            stamp = position
            used.add(position)
            break
    unknown: dict[str, int] = {}
    for position, header in enumerate(headers):
        if position not in used:
            unknown[_free_name(header or f"column_{position + 1}", unknown)] = position
    told: dict[str, str] = {}
    if keeper and keeper not in taken:
        in_headers = {headers[taken[column.name]] for column in numbers if column.name in taken}
        currencies = {currency: header for header in sorted(in_headers) if (currency := currency_of(header))}
        if len(currencies) > 1:
            raise UnreadableFile(
                f"the headers name several currencies ({', '.join(currencies.values())}), and no column {keeper} tells"
                " which is whose; export one currency"
            )
        told = {keeper: next(iter(currencies))} if currencies else {}
    missing = tuple(c.name for c in table.columns if c.required and c.name not in taken and c.name not in told)
    return Mapping(taken, stamp, dict(sorted(unknown.items())), missing, told)


def describe_missing(mapping: Mapping, headers: Sequence[str], table: Table) -> str:
    """Say which required columns are missing, under which spellings they were looked for, and what was
    found.
    """
    found = ", ".join(header or "(no name)" for header in headers) or "none"
    if not mapping.missing:
        return f"no column is known; expected {', '.join(table.names)}. Columns found: {found}"
    parts = []
    for name in mapping.missing:
        aliases = table.column(name).aliases
        parts.append(f"{name} (also looked for as {', '.join(aliases)})" if aliases else name)
    noun = "column" if len(parts) == 1 else "columns"
    return f"required {noun} missing: {'; '.join(parts)}. Columns found: {found}"


def _free_name(name: str, names: dict[str, int]) -> str:
    """The name, numbered where another header has it already; DuckDB tells field names apart without case."""
    held = {other.lower() for other in names}
    free, number = name, 2
    while free.lower() in held:
        free, number = f"{name}_{number}", number + 1
    return free
