"""Jobs and when they start: every morning, and when files arrive.

Belongs here: jobs, schedule, sensor. Does not belong here: what a run does.
"""

import json
from collections.abc import Iterator

import dagster as dg

from orchestration.defs.listing import ExtractsUnreachable, fingerprint_of_extracts
from orchestration.settings import Settings

_REFRESHED = ("load_raw", "build_staging", "build_marts", "build_quality")

DAILY = dg.define_asset_job(
    "daily",
    selection=dg.AssetSelection.all(),
    description="Load what is new, rebuild, check, publish.",
)
FULL_REFRESH = dg.define_asset_job(
    "full_refresh",
    selection=dg.AssetSelection.all(),
    description="Forget what was loaded, load every file again, rebuild from nothing, check, publish.",
    config={"ops": {op: {"config": {"full_refresh": True}} for op in _REFRESHED}},
)


def daily_schedule(settings: Settings) -> dg.ScheduleDefinition:
    """06:00 in the reporting time zone, after the night's exports; started in the UI."""
    return dg.ScheduleDefinition(
        name="every_morning",
        job=DAILY,
        cron_schedule="0 6 * * *",
        execution_timezone=settings.reporting_timezone,
    )


def new_files_sensor(settings: Settings) -> dg.SensorDefinition:
    """Starts a run when the listing of the extracts changed and then held still for one tick."""

    @dg.sensor(
        name="new_files",
        job=DAILY,
        minimum_interval_seconds=30,
        description="A run per change of the extracts: new, changed or removed files.",
    )
    def new_files(context: dg.SensorEvaluationContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
        try:
            current = fingerprint_of_extracts(settings.extracts)
        except ExtractsUnreachable as error:
            yield dg.SkipReason(str(error))
            return
        cursor = json.loads(context.cursor) if context.cursor else {}
        if current == cursor.get("run"):
            yield dg.SkipReason("No file is new or changed.")
        elif current != cursor.get("seen"):
            # Exports take minutes to write; half a file must not start a run.
            context.update_cursor(json.dumps({**cursor, "seen": current}))
            yield dg.SkipReason("Files are arriving; a run starts when the listing holds still.")
        else:
            context.update_cursor(json.dumps({"run": current, "seen": current}))
            # No run key: a folder that returns to an earlier listing deserves a run again.
            yield dg.RunRequest(tags={"funnelhouse/extracts": current})

    return new_files
