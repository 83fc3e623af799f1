"""Workbooks of Excel and OpenDocument as Parquet files of text, one row per filled row of the sheet.

Belongs here: choosing the sheet, finding its header, and what a cell says as text. Does not belong here: types and
quarantine (`landing`). A sheet has a million rows at most, so this is the one place where rows pass through Python.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import python_calamine

from orchestration.ingestion.contracts import Column, Table
from orchestration.ingestion.conversion import EXCEL_DATE, is_id
from orchestration.ingestion.dialect import PREAMBLE_LINES, header_row
from orchestration.ingestion.formats import UnreadableFile
from orchestration.ingestion.headers import Mapping, describe_missing, map_headers

ROW_NUMBER = "sheet_row"
_BATCH = 20_000


@dataclass(frozen=True)
class Sheet:
    """A sheet as a Parquet file with the text columns `c0`, `c1` ... and `sheet_row`.

    Attributes:
        name: name of the sheet.
        path: the Parquet file.
        headers: names in the header row.
        mapping: what they mean.
        header_row: row of the header, counted from 1.
        preamble: filled rows before the header.
        rows: filled rows below the header.
        format: `xlsx`, `xlsb`, `xls` or `ods`.
    """

    name: str
    path: Path
    headers: tuple[str, ...]
    mapping: Mapping
    header_row: int
    preamble: tuple[str, ...]
    rows: int
    format: str = "xlsx"


def read_sheet(path: Path, scratch: Path, table: Table) -> Sheet | None:
    """The first sheet that has the contract's columns; None where the workbook holds nothing.

    Raises:
        UnreadableFile: the workbook is broken or locked, or no sheet has the required columns.
    """
    try:
        with python_calamine.CalamineWorkbook.from_path(str(path)) as workbook:
            sheet = _read(workbook, scratch, table)
            return replace(sheet, format=_format(path)) if sheet else None
    except UnreadableFile:
        raise
    except python_calamine.PasswordError as error:
        raise UnreadableFile("this workbook is locked with a password; save it without one") from error
    except OSError as error:
        if error.errno is not None:  # The disk's fault, not the file's.
            raise
        raise _broken(error) from error
    except (python_calamine.CalamineError, ValueError, OverflowError) as error:
        raise _broken(error) from error


def _format(path: Path) -> str:
    if not zipfile.is_zipfile(path):
        return "xls"
    with zipfile.ZipFile(path) as archive:
        names = set(archive.namelist())
    if "content.xml" in names:
        return "ods"
    return "xlsb" if "xl/workbook.bin" in names else "xlsx"


def _broken(error: Exception) -> UnreadableFile:
    return UnreadableFile(f"this workbook is broken or cut short ({error}); save or copy it again")


def _read(workbook: python_calamine.CalamineWorkbook, scratch: Path, table: Table) -> Sheet | None:
    missing: list[str] = []
    for number, name in enumerate(workbook.sheet_names):
        sheet = workbook.get_sheet_by_index(number)
        if sheet.total_height == 0:
            continue
        first = [[_text(cell).strip() for cell in row] for row in islice(sheet.iter_rows(), PREAMBLE_LINES + 1)]
        found = header_row(first, table)
        if found is None:
            filled = next((row for row in map(_without_tail, first) if len(row) > 1), _without_tail(first[0]))
            missing.append(f"sheet {name}: " + describe_missing(map_headers(filled, table), filled, table))
            continue
        position, mapping = found
        copy = scratch / f"sheet{number}.parquet"
        records = islice(sheet.iter_rows(), position + 1, None)
        headers = first[position]
        rows, width = _write(copy, records, _kinds(mapping, headers, table), position + 2)
        # Columns without a name are kept as far as they hold anything.
        headers = headers[: max(width, len(_without_tail(headers)))]
        preamble = tuple(" ".join(filter(None, row)) for row in first[:position] if any(row))
        return Sheet(name, copy, tuple(headers), map_headers(headers, table), position + 1, preamble, rows)
    if missing:
        raise UnreadableFile("; ".join(missing[:3]))
    return None


def _kinds(mapping: Mapping, headers: Sequence[str], table: Table) -> list[Column | None]:
    """The contract column of each header."""
    kinds: list[Column | None] = [None] * len(headers)
    for name, position in mapping.columns.items():
        kinds[position] = table.column(name)
    return kinds


def _write(copy: Path, records: Iterator[Sequence[Any]], kinds: list[Column | None], first: int) -> tuple[int, int]:
    """Write the filled rows; returns how many they are, and how many columns they fill."""
    names = [f"c{i}" for i in range(len(kinds))]
    schema = pa.schema([*((name, pa.string()) for name in names), (ROW_NUMBER, pa.int64())])
    rows = width = 0
    number = first
    with pq.ParquetWriter(copy, schema, compression="snappy") as writer:
        while batch := list(islice(records, _BATCH)):
            numbered = [(at, row) for at, row in enumerate(batch, start=number) if any(cell != "" for cell in row)]
            number += len(batch)
            rows += len(numbered)
            columns: list[list[Any]] = [[_cell(row[i], kind) for _, row in numbered] for i, kind in enumerate(kinds)]
            filled = (i for i, column in enumerate(columns, start=1) if any(cell is not None for cell in column))
            width = max(width, *filled, 0)
            writer.write_table(pa.table([*columns, [at for at, _ in numbered]], schema=schema))
    return rows, width


def _cell(cell: Any, column: Column | None) -> str | None:
    """What a cell says, where a column of the contract waits for it."""
    if cell == "":
        return None
    if isinstance(cell, (date, datetime)) and column and (column.is_number or is_id(column)):
        return _text(cell) + EXCEL_DATE
    text = _text(cell)
    # A number of the workbook has a decimal point; 1.234 among texts such as 12,50 would be taken for 1234.
    if isinstance(cell, float) and column and column.is_number and text[-4:-3] == ".":
        text += "0"
    return text


def _text(cell: Any) -> str:
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        # Excel keeps 15 digits; what is longer is no longer the number that was typed.
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell).upper()
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ")
    if isinstance(cell, (date, time)):
        return cell.isoformat()
    if isinstance(cell, timedelta):
        return str(cell)
    return str(cell)


def _without_tail(row: Sequence[str]) -> list[str]:
    """A row without the empty cells at its end."""
    width = max((i for i, cell in enumerate(row, start=1) if cell), default=0)
    return list(row[:width])
