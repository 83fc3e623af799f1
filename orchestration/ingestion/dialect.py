"""How a delimited text is written: its delimiter, what stands before its header, and its header.

Belongs here: finding the header with the contract's help, and saying what is wrong when there is none. Does
not belong here: reading rows (`readers`), or which header means which column (`headers`).
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass

from orchestration.ingestion.contracts import Table
from orchestration.ingestion.formats import UnreadableFile
from orchestration.ingestion.headers import Mapping, describe_missing, map_headers

DELIMITERS = (",", ";", "\t", "|")
# UI exports put a title, a date range and filters above the header; more lines than that are no preamble.
PREAMBLE_LINES = 50
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|$)")


@dataclass(frozen=True)
class Dialect:
    """How one delimited text is written.

    Attributes:
        delimiter: one character.
        quote: quoting character.
        escape: what makes a quote inside a quoted value literal: the quote itself, or a backslash.
        headers: names in the header line.
        header_lines: lines that the header takes.
        preamble: lines before the header.
        header_start: characters before the header.
    """

    delimiter: str
    headers: tuple[str, ...]
    header_lines: int = 1
    quote: str = '"'
    escape: str = '"'
    preamble: tuple[str, ...] = ()
    header_start: int = 0


def find_dialect(head: str, table: Table) -> Dialect:
    """The delimiter and the line under which the header fits the contract best.

    A sniffer looks at the shape of the rows and errs on few of them; the contract knows the names to expect.

    Raises:
        UnreadableFile: required columns are missing; the message names them and the columns found.
    """
    first, mapping = _best(head, 0, (), table)
    if not fits(mapping) or len(mapping.columns) < 2:
        later = _header_further_down(head, table)
        if later:
            return later
    if not fits(mapping):
        raise UnreadableFile(describe_missing(mapping, first.headers, table))
    return first


def fits(mapping: Mapping) -> bool:
    """Whether a line can be the header."""
    return bool(mapping.columns) and not mapping.missing


def header_row(rows: Sequence[Sequence[str]], table: Table) -> tuple[int, Mapping] | None:
    """Position and meaning of the header among the first rows of a sheet: the first row that knows two columns, else
    the first that knows one.
    """
    found = [(number, map_headers(row, table)) for number, row in enumerate(rows[: PREAMBLE_LINES + 1])]
    fitting = [(number, mapping) for number, mapping in found if fits(mapping)]
    return next((f for f in fitting if len(f[1].columns) > 1), fitting[0] if fitting else None)


def _best(head: str, start: int, preamble: tuple[str, ...], table: Table) -> tuple[Dialect, Mapping]:
    """The dialect that fits best when the header begins there."""
    candidates = []
    for delimiter in DELIMITERS:
        headers, lines = _first_record(head, start, delimiter)
        mapping = map_headers(headers, table)
        dialect = Dialect(delimiter, tuple(headers), lines, preamble=preamble, header_start=start)
        candidates.append((-len(mapping.missing), len(mapping.columns), len(headers), dialect, mapping))
    *_, dialect, mapping = max(candidates, key=lambda candidate: candidate[:3])
    return dialect, mapping


def _first_record(head: str, start: int, delimiter: str) -> tuple[list[str], int]:
    text = io.StringIO(head, newline="")
    text.seek(start)
    reader = csv.reader(text, delimiter=delimiter)
    try:
        record = next(reader, [])
    except csv.Error:  # A field beyond the module's limit: no header.
        return [], 1
    return [name.strip() for name in record], reader.line_num


def _header_further_down(head: str, table: Table) -> Dialect | None:
    start = 0
    preamble: list[str] = []
    for line in _LINE.finditer(head):
        if preamble and any(delimiter in line.group() for delimiter in DELIMITERS):
            dialect, mapping = _best(head, start, tuple(preamble), table)
            if fits(mapping) and len(mapping.columns) > 1:
                return dialect
        preamble.append(line.group().strip())
        start = line.end()
        if len(preamble) > PREAMBLE_LINES or start >= len(head):
            break
    return None
