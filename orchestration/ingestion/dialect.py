"""How a delimited text is written: its delimiter and its header.

Belongs here: finding the header with the contract's help, and saying what is wrong when there is none. Does
not belong here: reading rows (`readers`), or which header means which column (`headers`).
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass

from orchestration.ingestion.contracts import Table
from orchestration.ingestion.formats import UnreadableFile
from orchestration.ingestion.headers import describe_missing, map_headers

DELIMITERS = (",", ";", "\t", "|")
_PREAMBLE_LINES = 50


@dataclass(frozen=True)
class Dialect:
    """How one delimited text is written.

    Attributes:
        delimiter: one character.
        quote: quoting character.
        escape: what makes a quote inside a quoted value literal: the quote itself, or a backslash.
        headers: names in the header line.
        header_lines: lines that the header takes.
    """

    delimiter: str
    headers: tuple[str, ...]
    header_lines: int = 1
    quote: str = '"'
    escape: str = '"'


def find_dialect(head: str, table: Table) -> Dialect:
    """The delimiter under which the first line fits the contract best.

    A sniffer looks at the shape of the rows and errs on few of them; the contract knows the names to expect.

    Raises:
        UnreadableFile: required columns are missing; the message names them and the columns found.
    """
    candidates = [(_fit(head, delimiter, table), delimiter) for delimiter in DELIMITERS]
    best, delimiter = max(candidates, key=lambda candidate: candidate[0][:3])
    headers, lines = best[3], best[4]
    mapping = map_headers(headers, table)
    if mapping.missing or not mapping.columns:
        line = _header_further_down(head, table)
        hint = (
            f". Line {line} looks like the header: lines before a header are not read yet; remove them" if line else ""
        )
        raise UnreadableFile(describe_missing(mapping, headers, table) + hint)
    return Dialect(delimiter, tuple(headers), lines)


def _fit(head: str, delimiter: str, table: Table) -> tuple[int, int, int, list[str], int]:
    headers, lines = _first_record(head, delimiter)
    mapping = map_headers(headers, table)
    return -len(mapping.missing), len(mapping.columns), len(headers), headers, lines


def _first_record(head: str, delimiter: str) -> tuple[list[str], int]:
    reader = csv.reader(io.StringIO(head, newline=""), delimiter=delimiter)
    try:
        record = next(reader, [])
    except csv.Error:  # A field beyond the module's limit: no header.
        return [], 1
    return [name.strip() for name in record], reader.line_num


def _header_further_down(head: str, table: Table) -> int | None:
    lines = head.splitlines()[: _PREAMBLE_LINES + 1]
    for number, line in enumerate(lines[1:], start=2):
        for delimiter in DELIMITERS:
            headers, _ = _first_record(line, delimiter)
            mapping = map_headers(headers, table)
            if len(mapping.columns) > 1 and not mapping.missing:
                return number
    return None
