"""What the command line shows: a line per step, and a short table at the end.

Belongs here: layout and wording on stdout. Does not belong here: exit codes and errors (`cli.py`).
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from orchestration.pipeline import CHECKED_LAYERS, Observer, RunSummary
from orchestration.settings import PROJECT_ROOT, Settings

if TYPE_CHECKING:
    from rich.status import Status

    from orchestration.ingestion.contracts import Table as SourceTable
    from orchestration.ingestion.corrections import OpenFlaw
    from orchestration.ingestion.results import FileCheck

_LISTED_FILES = 5
_SHOWN_VALUE = 60


def _console() -> Console:
    # Not on a terminal nothing is wrapped: a path that is cut in two cannot be searched for.
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=1000)


class ProgressPrinter(Observer):
    """Prints one line per finished step; on a terminal also what is being done right now."""

    def __init__(self, settings: Settings) -> None:
        self._console = _console()
        self._status: Status | None = None
        self._settings = settings
        self._begun = time.monotonic()

    def __enter__(self) -> ProgressPrinter:
        self._console.print(f"extracts  {escape(self._settings.extracts)}", soft_wrap=True)
        self._console.print(f"home      {escape(str(self._settings.home))}", soft_wrap=True)
        if self._console.is_terminal:
            self._status = self._console.status("starting")
            self._status.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._status:
            self._status.stop()

    def started(self, step: str) -> None:
        """See `Observer`."""
        if self._status:
            self._status.update(step)

    def progressed(self, step: str, detail: str) -> None:
        """See `Observer`."""
        if self._status:
            self._status.update(f"{step}: {escape(detail)}")

    def finished(self, step: str, detail: str, seconds: float) -> None:
        """See `Observer`."""
        self._line("[green]ok[/]    ", step, detail, seconds)

    def failed(self, step: str, error: BaseException) -> None:
        """See `Observer`."""
        self._line("[red]failed[/]", step, "", None)

    def _line(self, mark: str, step: str, detail: str, seconds: float | None) -> None:
        clock = time.monotonic() - self._begun
        took = "" if seconds is None else f"{seconds:6.1f} s"
        line = f"{clock:6.1f} s  {mark}  {step:<14}  {took:<8}  {escape(detail)}"
        self._console.print(line.rstrip(), soft_wrap=True)


def print_summary(summary: RunSummary, settings: Settings) -> None:
    """Files and rows, checks by layer, marts, and where to look next."""
    table = Table(show_header=False, box=None, pad_edge=False)
    report = summary.ingestion
    if report is not None:
        statuses = ("loaded", "unchanged", "duplicate", "empty", "ignored", "rejected", "changed")
        counts = [(status, len(report.with_status(status))) for status in statuses]
        table.add_row("files", ", ".join(f"{count} {status}" for status, count in counts if count) or "none")
        table.add_row(
            "rows",
            f"{report.rows_loaded:,} loaded, {report.rows_quarantined:,} quarantined, "
            f"{report.rows_duplicate:,} duplicate",
        )
        if report.ignored:
            names = ", ".join(result.file for result in report.ignored[:_LISTED_FILES])
            others = len(report.ignored) - _LISTED_FILES
            more = f" and {others} more" if others > 0 else ""
            table.add_row("ignored", f"[yellow]{escape(names)}{more}[/] (no contract knows them)")
    for layer in CHECKED_LAYERS:
        results = summary.checks.get(layer)
        if results is not None:
            failed = [result for result in results if not result.success]
            critical = sum(result.severity == "critical" for result in failed)
            text = f"{len(results) - len(failed)} passed"
            text += f", [red]{critical} failed[/]" if critical else ", 0 failed"
            if len(failed) > critical:
                text += f", [yellow]{len(failed) - critical} warned[/]"
            table.add_row(f"checks {layer}", text)
    if summary.built:
        passed = sum(run.count("test") for run in summary.built.values())
        failing = sum(run.count("test", failed=True) for run in summary.built.values())
        table.add_row("dbt tests", f"{passed} passed, {failing} failed")
    release = summary.release
    if release is not None:
        rows = sum(mart.rows for mart in release.marts)
        table.add_row("published", f"{len(release.marts)} marts, {rows:,} rows, {release.bytes / 1e6:.1f} MB")
        table.add_row("marts", escape(str(settings.published / "marts.duckdb")))
    if summary.checks:
        table.add_row("checks", escape(str(settings.data_docs / "index.html")))
    if settings.home == PROJECT_ROOT / ".funnelhouse":
        table.add_row("lineage", "dagster dev (http://localhost:3000)")
    console = _console()
    console.print()
    console.print(table)


def _told(value: object) -> str:
    """What was found in a file, and in which column by which value."""
    if isinstance(value, Mapping):
        return "(" + ", ".join(f"{column}: {evidence}" for column, evidence in value.items()) + ")"
    if isinstance(value, list):
        return "(" + "; ".join(map(str, value)) + ")"
    return "tab" if value == "\t" else str(value)


def print_file_checks(files: Iterable[FileCheck]) -> None:
    """One row per file, and the problems of each below the table."""
    console = _console()
    files = list(files)
    table = Table(box=None, pad_edge=False)
    for title in ("file", "table", "status", "format", "dialect", "rows", "quarantined"):
        is_number = title in {"rows", "quarantined"}
        table.add_column(title, justify="right" if is_number else "left", overflow="fold")
    colours = {"ok": "green", "rejected": "red"}
    for file in files:
        place = f"{file.source}/{file.table}" if file.source else file.table
        dialect = " ".join(f"{k}={_told(v)}" for k, v in file.dialect.items() if v not in (None, ""))
        colour = colours.get(file.status, "yellow")
        table.add_row(
            escape(file.file),
            escape(place),
            f"[{colour}]{file.status}[/]",
            file.format or "",
            escape(dialect),
            f"{file.rows:,}",
            f"{file.rows_quarantined:,}",
        )
    console.print(table)
    for file in files:
        for problem in file.problems:
            console.print(f"{escape(file.file)}: {escape(problem)}", soft_wrap=True)
        if file.unknown_columns:
            columns = escape(", ".join(file.unknown_columns))
            console.print(f"{escape(file.file)}: kept beside the contract: {columns}", soft_wrap=True)


def print_open_flaws(flaws: Sequence[OpenFlaw]) -> None:
    """Kinds of flaws by file, with the first value of each."""
    console = _console()
    if not flaws:
        console.print("Nothing waits for a correction.")
        return
    table = Table(box=None, pad_edge=False)
    for title in ("file", "column", "rows", "first line", "value", "reason"):
        table.add_column(title, justify="right" if title in {"rows", "first line"} else "left", overflow="fold")
    for flaw in flaws:
        value = (flaw.value or "")[:_SHOWN_VALUE]
        table.add_row(
            escape(flaw.file), flaw.column or "", f"{flaw.rows:,}", str(flaw.line), escape(value), escape(flaw.reason)
        )
    console.print(table)


def print_sources(tables: Iterable[SourceTable]) -> None:
    """One row per table that is read, by source."""
    listing = Table(box=None, pad_edge=False)
    for title in ("source", "table", "what a row is"):
        listing.add_column(title, overflow="fold")
    for table in sorted(tables, key=lambda table: (table.source, table.name)):
        listing.add_row(table.source, table.name, escape(" ".join(table.description.split())))
    _console().print(listing)


def print_columns(tables: Iterable[SourceTable]) -> None:
    """The columns of tables: name, type, whether a file must have it, what it means, and its other headers."""
    console = _console()
    for table in tables:
        console.print(f"{table.source}/{table.name}  {escape(' '.join(table.description.split()))}", soft_wrap=True)
        listing = Table(box=None, pad_edge=False)
        for title in ("column", "type", "required", "meaning", "also read from"):
            listing.add_column(title, overflow="fold")
        for column in table.columns:
            listing.add_row(
                column.name,
                column.data_type,
                "yes" if column.required else "",
                escape(" ".join(column.description.split())),
                escape(", ".join(column.aliases)),
            )
        console.print(listing)
        console.print()
