"""One run in this process, recorded in the home's Dagster instance: what `funnelhouse run` does.

Belongs here: the instance and the execution of a job. Does not belong here: what is printed (`cli.py`).
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import dagster as dg
from dagster._core.instance.ref import InstanceRef

from orchestration.defs.build import build_definitions
from orchestration.pipeline import Observer, Pipeline, RunSummary
from orchestration.settings import Settings
from orchestration.warehouse import writer_lock


class Interrupted(RuntimeError):
    """Somebody stopped the run."""


class StepFailed(RuntimeError):
    """A step failed in a way that no step foresaw; the message is Dagster's."""


def dagster_instance(folder: Path) -> dg.DagsterInstance:
    """The instance that keeps its runs in `folder`, laid out as the root's dagster.yaml does.

    `dagster dev` over the same home therefore shows the runs of the command line.
    """
    folder.mkdir(parents=True, exist_ok=True)
    return dg.DagsterInstance.from_ref(
        InstanceRef.from_dir(
            str(folder),
            overrides={
                "telemetry": {"enabled": False},
                **_storage(folder),
                # The default copies stdout through `tail` processes; progress belongs on the terminal.
                "compute_logs": {
                    "module": "dagster._core.storage.noop_compute_log_manager",
                    "class": "NoOpComputeLogManager",
                },
            },
        )
    )


def _storage(folder: Path) -> dict[str, Any]:
    """The three storages that `storage: {sqlite: {base_dir: ...}}` stands for, one of them with kept connections."""
    return {
        "run_storage": {
            "module": "dagster._core.storage.runs",
            "class": "SqliteRunStorage",
            "config": {"base_dir": str(folder / "history")},
        },
        "event_log_storage": {
            "module": "orchestration.defs.storage",
            "class": "PatientEventLogStorage",
            "config": {"base_dir": str(folder / "history" / "runs")},
        },
        "schedule_storage": {
            "module": "dagster._core.storage.schedules",
            "class": "SqliteScheduleStorage",
            "config": {"base_dir": str(folder / "schedules")},
        },
    }


def run_in_process(settings: Settings, observer: Observer, *, job: str = "daily", debug: bool = False) -> RunSummary:
    """Run a job to its end; the summary holds what was done, and the error that stopped it, if any.

    Raises:
        WarehouseLocked: another run is writing.
        DbtFailed: the dbt project cannot be parsed.
    """
    logging.getLogger("dagster").setLevel(logging.DEBUG if debug else logging.CRITICAL)
    with writer_lock(settings), dagster_instance(settings.dagster_home) as instance:
        pipeline = Pipeline(settings, observer)
        definitions = build_definitions(settings, resources={"observer": observer, "pipeline": pipeline})
        result = definitions.resolve_job_def(job).execute_in_process(
            instance=instance,
            raise_on_error=False,
            run_config={"loggers": {"console": {"config": {"log_level": "INFO" if debug else "CRITICAL"}}}},
        )
        summary = pipeline.summary
        if not result.success:
            summary.error = _reason(result, summary.error)
    return summary


def _reason(result: dg.ExecuteInProcessResult, error: BaseException | None) -> BaseException:
    """Why a run failed: the step's own error, unless it was interrupted or failed where no step looked."""
    failures = [event.step_failure_data.error for event in result.all_events if event.is_step_failure]
    told = [failure for failure in failures if failure is not None]
    names = {failure.cls_name for failure in told} | {type(error).__name__}
    if names & {"DagsterExecutionInterruptedError", "KeyboardInterrupt"}:
        return Interrupted("Interrupted. The last published marts are untouched; run again to go on.")
    if error is not None:
        return error
    return StepFailed(told[0].message.strip() if told else "The run failed without a message.")
