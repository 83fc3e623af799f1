"""The steps of one run, in plain Python: load, build a layer, check a layer, publish.

Belongs here: what each step does, which dbt models a layer holds, and what a run tells whoever watches it.
Does not belong here: the order of the steps and when one stops the next (Dagster, `defs/`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from orchestration.settings import Settings
from orchestration.warehouse import connect

# The heavy parts are imported by the step that needs them: `--help` must not wait for dbt or GX.
if TYPE_CHECKING:
    from expectations.runner import CheckResult
    from orchestration.ingestion.contracts import Table
    from orchestration.ingestion.results import IngestionReport
    from orchestration.publishing import PublishedRelease
    from orchestration.transformation import DbtRun


@dataclass(frozen=True)
class DbtLayer:
    """A layer that dbt builds in one go: dbt's `select` and `exclude`."""

    select: str
    exclude: str | None = None


# What reads the book of check results is built after the last check, with the quality marts.
_AFTER_CHECKS = "source:ledger.check_results+"
DBT_LAYERS: Mapping[str, DbtLayer] = {
    "staging": DbtLayer("staging resource_type:seed", exclude=_AFTER_CHECKS),
    "marts": DbtLayer("intermediate marts", exclude="marts.quality"),
    "quality": DbtLayer(f"marts.quality {_AFTER_CHECKS}"),
}
CHECKED_LAYERS = ("raw", "staging", "marts")

# What a full refresh forgets; check results are kept, for they are the history of the runs.
_FORGET = """
begin;
drop schema if exists raw cascade;
drop table if exists ledger.files;
drop table if exists ledger.quarantine;
commit;
"""


class FilesRejected(RuntimeError):
    """Files do not fit their contract: all others were loaded, but nothing is built on half of the input."""

    def __init__(self, report: IngestionReport) -> None:
        told = "; ".join(str(result.error) for result in report.rejected[:3])
        more = f" (and {len(report.rejected) - 3} more)" if len(report.rejected) > 3 else ""
        super().__init__(
            f"{_counted(len(report.rejected), 'file')} rejected: {told}{more} All others were loaded and "
            "nothing was published. Mend or remove what is rejected, then run again."
        )


class ChecksFailed(RuntimeError):
    """Critical checks of a layer failed; `results` holds all results of that layer."""

    def __init__(self, layer: str, results: list[CheckResult], critical: list[CheckResult], settings: Settings) -> None:
        told = "; ".join(_describe(result) for result in critical[:3])
        more = f" (and {len(critical) - 3} more)" if len(critical) > 3 else ""
        super().__init__(
            f"{_counted(len(critical), 'critical check')} failed after layer {layer}: {told}{more}. Nothing "
            f"was published. Details: {settings.data_docs / 'index.html'}"
        )
        self.results = results


class Observer:
    """Watches a run; every method does nothing until a subclass says otherwise.

    The command line prints progress with one, and tests plant faults with one.
    """

    def started(self, step: str) -> None:
        """A step begins: load, check raw, build staging, check staging, build marts..., publish."""

    def progressed(self, step: str, detail: str) -> None:
        """Something worth showing happened within a step (a file, a mart)."""

    def finished(self, step: str, detail: str, seconds: float) -> None:
        """A step ended well; `detail` says in a few words what came of it."""

    def failed(self, step: str, error: BaseException) -> None:
        """A step ended with an error, which stops the run."""

    def after(self, layer: str) -> None:
        """A layer (raw, staging, marts, quality) was built and is about to be checked."""


@dataclass
class RunSummary:
    """What a run has done so far; the command line shows it at the end."""

    ingestion: IngestionReport | None = None
    built: dict[str, DbtRun] = field(default_factory=dict)
    checks: dict[str, list[CheckResult]] = field(default_factory=dict)
    release: PublishedRelease | None = None
    error: BaseException | None = None


class Pipeline:
    """The steps of a run over one home. The caller holds the writer lock (`warehouse.writer_lock`)."""

    def __init__(self, settings: Settings, observer: Observer | None = None) -> None:
        self.settings = settings.with_pii_key()
        self.observer = observer or Observer()
        self.summary = RunSummary()

    @cached_property
    def contracts(self) -> dict[tuple[str, str], Table]:
        """The contracts, read once for the whole run."""
        from orchestration.ingestion.contracts import load_contracts

        return load_contracts(self.settings.dbt_project)

    def ingest(self, *, sources: Sequence[str] | None = None, full_refresh: bool = False) -> IngestionReport:
        """Load new and changed files into `raw`; a table without files exists empty.

        Args:
            sources: only these sources; None means all.
            full_refresh: forget what was loaded and load every file again.

        Raises:
            ExtractsNotFound: there is no such folder.
            FilesRejected: files do not fit their contract; `summary.ingestion` tells of all others.
        """
        from orchestration.ingestion.discovery import list_extracts
        from orchestration.ingestion.ingest import ingest

        with self._step("load") as told:
            with connect(self.settings) as connection:
                if full_refresh:
                    # Nothing is forgotten for a folder that is not there.
                    list_extracts(self.settings.extracts)
                    connection.execute(_FORGET)
                report = ingest(
                    connection,
                    self.contracts,
                    self.settings.extracts,
                    now=datetime.now(UTC).replace(tzinfo=None),
                    sources=sources,
                    report=lambda result: self.observer.progressed("load", result.file),
                )
            self.summary.ingestion = report
            told.append(_counted(len(report.loaded), "file"))
            told.append(_counted(report.rows_loaded, "row"))
            if report.rows_quarantined:
                told.append(f"{report.rows_quarantined:,} quarantined")
            if report.rejected:
                raise FilesRejected(report)
            self.observer.after("raw")
        return report

    def build(
        self,
        layer: str,
        *,
        run_id: str = "manual",
        select: str | None = None,
        full_refresh: bool = False,
        on_result: Callable[[dict[str, Any]], None] | None = None,
    ) -> DbtRun:
        """Build the models of a layer and run their data tests.

        Args:
            layer: a key of `DBT_LAYERS`.
            run_id: id of the run, which the quality marts show.
            select: fewer models than the layer holds, as dbt selects them.
            full_refresh: rebuild incremental models.
            on_result: called for every finished model and test, also before a failure; see `run_dbt`.

        Raises:
            DbtFailed: a model or a test of severity error failed; downstream models were skipped.
        """
        from orchestration.transformation import run_dbt

        with self._step(f"build {layer}") as told:
            run = run_dbt(
                self.settings,
                "build",
                select=select or DBT_LAYERS[layer].select,
                exclude=None if select else DBT_LAYERS[layer].exclude,
                full_refresh=full_refresh,
                variables={"run_id": run_id},
                on_result=on_result,
            )
            self.summary.built[layer] = run
            run.raise_for_failure()
            self.observer.after(layer)
            told.append(_counted(run.count("model"), "model"))
            told.append(f"{_counted(run.count('test'), 'test')} passed")
        return run

    def check(self, layer: str, *, run_id: str) -> list[CheckResult]:
        """Run the expectations of a layer, keep their results in the ledger and in the Data Docs.

        Raises:
            ChecksFailed: a critical one failed; the error carries all results.
        """
        from expectations.results import record
        from expectations.runner import run_suites
        from expectations.suites import load_suites

        with self._step(f"check {layer}") as told:
            results = run_suites(
                self.settings.warehouse,
                load_suites(layer, self.contracts, folder=self.settings.project_root / "expectations"),
                data_docs=self.settings.data_docs,
                memory_limit=self.settings.memory_limit,
                threads=self.settings.threads,
            )
            self.summary.checks[layer] = results
            with connect(self.settings) as connection:
                record(connection, run_id, datetime.now(UTC).replace(tzinfo=None), results)
            failed = [r for r in results if not r.success]
            critical = [r for r in failed if r.severity == "critical"]
            if critical:
                raise ChecksFailed(layer, results, critical, self.settings)
            told.append(f"{_counted(len(results) - len(failed), 'check')} passed")
            if failed:
                told.append(_counted(len(failed), "warning"))
        return results

    def publish(self, *, run_id: str) -> PublishedRelease:
        """Replace the published marts, whole or not at all.

        Raises:
            PublishFailed: the release could not be written; the old one is still published.
        """
        from orchestration.publishing import publish
        from orchestration.transformation import load_manifest

        with self._step("publish") as told:
            release = publish(
                self.settings,
                manifest=load_manifest(self.settings),
                run_id=run_id,
                report=lambda mart: self.observer.progressed("publish", mart),
            )
            self.summary.release = release
            told.append(_counted(len(release.marts), "mart"))
            told.append(_counted(sum(m.rows for m in release.marts), "row"))
        return release

    def row_counts(self) -> dict[tuple[str, str], int]:
        """Rows of every stored table, by (schema, table), from DuckDB's own statistics: no scan."""
        with connect(self.settings) as connection:
            rows = connection.execute(
                "select schema_name, table_name, estimated_size from duckdb_tables() "
                "where database_name = current_database()"
            ).fetchall()
        return {(schema, table): count for schema, table, count in rows}

    @contextmanager
    def _step(self, step: str) -> Iterator[list[str]]:
        """Tell the observer how a step goes; what is appended to the list is said when it ends well."""
        self.observer.started(step)
        begun = time.monotonic()
        told: list[str] = []
        try:
            yield told
        except BaseException as error:
            self.summary.error = error
            self.observer.failed(step, error)
            raise
        self.observer.finished(step, ", ".join(told), time.monotonic() - begun)


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _describe(result: CheckResult) -> str:
    """`marts.fct_x credit_is_a_share (credit): 3 of 20 unexpected`."""
    column = f" ({result.column_name})" if result.column_name else ""
    return f"{result.asset} {result.expectation}{column}: {result.observed_value}"
