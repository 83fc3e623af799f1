"""Great Expectations as asset checks: one op per layer, one check per expectation.

Belongs here: how an expectation's severity and result look in Dagster.
Does not belong here: the expectations (`expectations/`) and the running of them (`pipeline.py`).
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import dagster as dg

from orchestration.defs.failures import explained
from orchestration.defs.keys import POOL, relation_key
from orchestration.pipeline import ChecksFailed, Pipeline

if TYPE_CHECKING:
    from expectations.suites import Suite

PREFIX = "gx_"  # tells an expectation from a dbt test in the list of an asset's checks


def layer_checks(layer: str, suites: "Sequence[Suite]", data_docs: str) -> dg.AssetChecksDefinition | None:
    """The checking step of a layer, or None when no suite looks at it.

    A critical expectation blocks: when it fails, no step of the next layer starts in the same run.
    """
    specs = {
        (suite.asset, expectation.name): dg.AssetCheckSpec(
            name=f"{PREFIX}{expectation.name}",
            asset=relation_key(suite.asset),
            description=expectation.description,
            blocking=expectation.severity == "critical",
            metadata={"expectation": expectation.type, "severity": expectation.severity},
        )
        for suite in suites
        for expectation in suite.expectations
    }
    if not specs:
        return None

    @dg.multi_asset_check(
        name=f"check_{layer}", specs=list(specs.values()), can_subset=False, pool=POOL,
        required_resource_keys={"pipeline"},
    )  # fmt: skip
    def check(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
        pipeline: Pipeline = context.resources.pipeline
        with explained():
            try:
                results = pipeline.check(layer, run_id=context.op_execution_context.run_id)
            except ChecksFailed as error:
                # Not raised: the failed blocking checks below end this step, each shown by itself.
                results = error.results
        for result in results:
            spec = specs[(result.asset, result.expectation)]
            yield dg.AssetCheckResult(
                asset_key=spec.asset_key,
                check_name=spec.name,
                passed=result.success,
                severity=dagster_severity(result.severity),
                metadata=_metadata(result, data_docs),
            )

    return check


def dagster_severity(severity: str) -> dg.AssetCheckSeverity:
    """GX knows three severities, Dagster two: what does not stop a run is a warning."""
    return dg.AssetCheckSeverity.ERROR if severity == "critical" else dg.AssetCheckSeverity.WARN


def _metadata(result: Any, data_docs: str) -> dict[str, Any]:
    told = {
        "severity": result.severity,
        "column": result.column_name,
        "observed_value": result.observed_value,
        "unexpected_count": result.unexpected_count,
        "unexpected_percent": result.unexpected_percent,
        "data_docs": dg.MetadataValue.url(data_docs),
    }
    return {name: value for name, value in told.items() if value is not None}
