"""All definitions, built by one function that tests call with their own settings and resources.

Belongs here: putting the parts together. Does not belong here: any of the parts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import dagster as dg

from expectations.suites import load_suites
from orchestration.defs.assets import (
    check_results_asset,
    dbt_layer_assets,
    extract_specs,
    published_assets,
    raw_assets,
)
from orchestration.defs.checks import layer_checks
from orchestration.defs.jobs import DAILY, FULL_REFRESH, daily_schedule, new_files_sensor
from orchestration.defs.resources import pipeline_resource
from orchestration.ingestion.contracts import load_contracts
from orchestration.pipeline import CHECKED_LAYERS, DBT_LAYERS, Observer
from orchestration.settings import Settings
from orchestration.transformation import load_manifest


def build_definitions(settings: Settings, *, resources: Mapping[str, Any] | None = None) -> dg.Definitions:
    """Funnelhouse as Dagster sees it.

    Args:
        settings: home, extracts and the rest; the dbt manifest is kept in the home and built if need be.
        resources: replace `observer` (an `orchestration.pipeline.Observer`, whose `after(layer)` is called
            between the building and the checking of each layer) or `pipeline`.

    Raises:
        DbtFailed: the dbt project cannot be parsed.
    """
    manifest = load_manifest(settings)
    contracts = load_contracts(settings.dbt_project)
    data_docs = (settings.data_docs / "index.html").as_uri()
    suites = settings.project_root / "expectations"
    checks = [layer_checks(layer, load_suites(layer, contracts, folder=suites), data_docs) for layer in CHECKED_LAYERS]
    return dg.Definitions(
        assets=[
            *extract_specs(contracts, settings.extracts),
            raw_assets(contracts),
            *(dbt_layer_assets(layer, manifest) for layer in DBT_LAYERS),
            check_results_asset(manifest),
            published_assets(manifest),
        ],
        asset_checks=[definition for definition in checks if definition is not None],
        jobs=[DAILY, FULL_REFRESH],
        schedules=[daily_schedule(settings)],
        sensors=[new_files_sensor(settings)],
        resources={"observer": Observer(), "pipeline": pipeline_resource(settings), **(resources or {})},
        # One process per run: steps share imports, the parsed dbt project and the writer lock.
        executor=dg.in_process_executor,
    )
