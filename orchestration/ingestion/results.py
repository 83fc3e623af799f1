"""What ingestion tells about files: results, report and the outcome of a check.

Belongs here: plain values for the command line and for Dagster's metadata. Does not belong here: how they
look.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class FileResult:
    """What became of one file in this run.

    Attributes:
        file: path below the extracts.
        source: folder of the source; None for a file outside of one.
        table: table that its place stands for.
        status: `loaded`, `duplicate`, `empty`, `rejected` or `ignored` as in the ledger; `unchanged` when an
            earlier run settled it; `changed` when it was being written and is left for the next run.
        error: why it was rejected, ignored or left.
        format: format told from the content.
        dialect: how it was read: encoding, compression, delimiter, quote, escape, where the version is from.
        unknown_columns: columns that no contract column means; they are kept in `_extra`.
        seconds: time spent on it.
    """

    file: str
    source: str | None
    table: str
    status: str
    error: str | None = None
    format: str | None = None
    dialect: Mapping[str, Any] = field(default_factory=dict)
    rows_in_file: int = 0
    rows_loaded: int = 0
    rows_quarantined: int = 0
    rows_duplicate: int = 0
    rows_superseded: int = 0
    unknown_columns: tuple[str, ...] = ()
    seconds: float = 0.0


@dataclass(frozen=True)
class IngestionReport:
    """All files of one run, in the order in which they were handled."""

    files: tuple[FileResult, ...]

    def with_status(self, *statuses: str) -> tuple[FileResult, ...]:
        """Files with one of these statuses."""
        return tuple(result for result in self.files if result.status in statuses)

    @property
    def rejected(self) -> tuple[FileResult, ...]:
        """Files that could not be read; they are tried again next time."""
        return self.with_status("rejected")

    @property
    def ignored(self) -> tuple[FileResult, ...]:
        """Files that no contract knows, those of earlier runs included."""
        return self.with_status("ignored")

    @property
    def loaded(self) -> tuple[FileResult, ...]:
        """Files that were loaded in this run."""
        return self.with_status("loaded")

    @property
    def rows_in_file(self) -> int:
        """Rows met in this run."""
        return sum(result.rows_in_file for result in self.files)

    @property
    def rows_loaded(self) -> int:
        """Rows taken over in this run, superseded ones included."""
        return sum(result.rows_loaded for result in self.files)

    @property
    def rows_quarantined(self) -> int:
        """Rows held back in this run."""
        return sum(result.rows_quarantined for result in self.files)

    @property
    def rows_duplicate(self) -> int:
        """Rows that were there already."""
        return sum(result.rows_duplicate for result in self.files)

    @property
    def rows_superseded(self) -> int:
        """Rows taken over that lost against newer ones."""
        return sum(result.rows_superseded for result in self.files)

    @property
    def rows(self) -> dict[tuple[str, str], int]:
        """Rows taken over in this run for each (source, table) that had a file."""
        counts: dict[tuple[str, str], int] = {}
        for result in self.files:
            if result.source is not None and result.status not in ("ignored", "rejected"):
                place = (result.source, result.table)
                counts[place] = counts.get(place, 0) + result.rows_loaded
        return counts


@dataclass(frozen=True)
class FileCheck:
    """What is inside one file, before anything is loaded.

    Attributes:
        file: path below the extracts.
        source: folder of the source; None for a file outside of one.
        table: table that its place stands for.
        status: `ok`, `empty`, `rejected` or `ignored`.
        format: format told from the content; None where it was not looked into.
        dialect: how it would be read.
        rows: rows in the file.
        rows_quarantined: rows that would be held back.
        problems: what is wrong with it, one sentence each; empty for a clean file.
        unknown_columns: columns that would be kept in `_extra`.
    """

    file: str
    source: str | None
    table: str
    status: str
    format: str | None = None
    dialect: Mapping[str, Any] = field(default_factory=dict)
    rows: int = 0
    rows_quarantined: int = 0
    problems: tuple[str, ...] = ()
    unknown_columns: tuple[str, ...] = ()
