"""Assets, from extracts to published marts: one op for loading, one per dbt layer, one for publishing.

Belongs here: how a step's outcome becomes materialisations with metadata. Does not belong here: checks
(`checks.py`) and the steps themselves (`pipeline.py`).
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import dagster as dg
from dagster_dbt import dbt_assets
from dagster_dbt.core.dbt_cli_event import DbtCoreCliEventMessage

from orchestration.defs.failures import RETRIES, explained
from orchestration.defs.keys import POOL, LayerTranslator, extracts_key, raw_key
from orchestration.pipeline import DBT_LAYERS, Pipeline
from orchestration.publishing.marts import declared_marts

if TYPE_CHECKING:
    from orchestration.ingestion.contracts import Table
    from orchestration.ingestion.results import IngestionReport

_LEDGER = {
    "files": "Every version of every file that was met, with what became of its rows.",
    "quarantine": "Rows that were held back, with the reason.",
}


class RefreshConfig(dg.Config):
    """Configuration of the loading and building steps."""

    full_refresh: bool = False


def extract_specs(contracts: "Mapping[tuple[str, str], Table]", location: str) -> list[dg.AssetSpec]:
    """One external asset per source: the folder that somebody else fills."""
    return [
        dg.AssetSpec(
            extracts_key(source),
            group_name="extracts",
            kinds={"file"},
            description=f"Files that connectors and exports land in {location}/{source}.",
        )
        for source in sorted({source for source, _ in contracts})
    ]


def raw_assets(contracts: "Mapping[tuple[str, str], Table]") -> dg.AssetsDefinition:
    """The loading step: one op for all sources, one asset per contract."""
    sources = sorted({source for source, _ in contracts})
    specs = [
        dg.AssetSpec(
            raw_key(source, name),
            deps=[extracts_key(source)],
            group_name="raw",
            kinds={"duckdb"},
            description=getattr(table, "description", None),
            skippable=True,
        )
        for (source, name), table in sorted(contracts.items())
    ] + [
        dg.AssetSpec(
            ["ledger", name],
            deps=[extracts_key(source) for source in sources],
            group_name="ledger",
            kinds={"duckdb"},
            description=description,
            skippable=True,
        )
        for name, description in _LEDGER.items()
    ]

    @dg.multi_asset(
        name="load_raw", specs=specs, can_subset=True, pool=POOL, retry_policy=RETRIES,
        required_resource_keys={"pipeline"},
    )  # fmt: skip
    def load_raw(context: dg.AssetExecutionContext, config: RefreshConfig) -> Iterator[dg.MaterializeResult]:
        pipeline: Pipeline = context.resources.pipeline
        selected = context.selected_asset_keys
        wanted = {key.path[1] for key in selected if key.path[0] == "raw"}
        failure: Exception | None = None
        try:
            with explained():
                pipeline.ingest(
                    # The books are kept for all sources alike, so a selection of them alone loads everything.
                    sources=sorted(wanted) if wanted and wanted != set(sources) else None,
                    full_refresh=config.full_refresh,
                )
        except dg.Failure as error:
            if pipeline.summary.ingestion is None:
                raise
            # A rejected file stops the run, but the other files were loaded and are shown.
            failure = error
        counts = pipeline.row_counts()
        for key in selected:
            relation = (key.path[0], "__".join(key.path[1:]))
            yield dg.MaterializeResult(
                asset_key=key,
                metadata={
                    "dagster/row_count": counts.get(relation, 0),
                    **_load_metadata(pipeline.summary.ingestion, key),
                },
            )
        if failure is not None:
            raise failure

    return load_raw


def dbt_layer_assets(layer: str, manifest: Mapping[str, Any]) -> dg.AssetsDefinition:
    """The models, seeds and data tests of one dbt layer: one op, so that a check can gate the next one."""
    translator = LayerTranslator()
    selection = DBT_LAYERS[layer]

    @dbt_assets(
        manifest=manifest,
        select=selection.select,
        exclude=selection.exclude,
        name=f"build_{layer}",
        dagster_dbt_translator=translator,
        required_resource_keys={"pipeline"},
        pool=POOL,
    )
    def build(context: dg.AssetExecutionContext, config: RefreshConfig) -> Iterator[Any]:
        pipeline: Pipeline = context.resources.pipeline
        subset = context.op_execution_context.is_subset
        events: list[dict[str, Any]] = []
        failure: Exception | None = None
        try:
            with explained():
                pipeline.build(
                    layer,
                    run_id=context.run_id,
                    select=" ".join(_dbt_names(context.selected_asset_keys)) if subset else None,
                    full_refresh=config.full_refresh,
                    on_result=events.append,
                )
        except dg.Failure as error:
            # What was built and tested before the failure is shown all the same.
            failure = error
        yield from _dagster_events(events, context, manifest, translator, pipeline.row_counts())
        if failure is not None:
            raise failure

    return build


def check_results_asset(manifest: Mapping[str, Any]) -> dg.AssetsDefinition:
    """The book of check results, complete once the marts were checked.

    It depends on every checked mart, so a critical check of any of them keeps the quality marts, which read
    the book, from being built.
    """
    checked = [mart for mart in declared_marts(manifest) if not mart.is_quality]

    @dg.asset(
        key=["ledger", "check_results"],
        deps=[dg.AssetKey([mart.schema, mart.name]) for mart in checked],
        group_name="ledger",
        kinds={"duckdb"},
        description="Results of all expectations of all runs, appended by the checking steps.",
        pool=POOL,
        required_resource_keys={"pipeline"},
    )
    def check_results(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        pipeline: Pipeline = context.resources.pipeline
        results = [result for layer in pipeline.summary.checks.values() for result in layer]
        return dg.MaterializeResult(
            metadata={
                "dagster/row_count": pipeline.row_counts().get(("ledger", "check_results"), 0),
                "checked_in_this_run": len(results),
                "failed_in_this_run": sum(not result.success for result in results),
            }
        )

    return check_results


def published_assets(manifest: Mapping[str, Any]) -> dg.AssetsDefinition:
    """The publishing step: one op, whole or not at all."""
    marts = declared_marts(manifest)
    specs = [
        dg.AssetSpec(
            ["published", mart.name],
            deps=[dg.AssetKey([mart.schema, mart.name])],
            group_name="published",
            kinds={"duckdb", "parquet"},
            description=mart.description,
        )
        for mart in marts
    ]

    @dg.multi_asset(
        name="publish_marts", specs=specs, pool=POOL, retry_policy=RETRIES,
        required_resource_keys={"pipeline"},
    )  # fmt: skip
    def publish_marts(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult]:
        pipeline: Pipeline = context.resources.pipeline
        with explained():
            release = pipeline.publish(run_id=context.run_id)
        for mart in release.marts:
            yield dg.MaterializeResult(
                asset_key=["published", mart.name],
                metadata={
                    "dagster/row_count": mart.rows,
                    "release": release.release_id,
                    "content_hash": mart.content_hash,
                    "parquet": dg.MetadataValue.path(str(release.path / "parquet" / f"{mart.name}.parquet")),
                    "personal_data": "in the clear" if release.publish_pii else "hashed or left out",
                },
            )

    return publish_marts


def _dagster_events(
    events: Sequence[dict[str, Any]],
    context: dg.AssetExecutionContext,
    manifest: Mapping[str, Any],
    translator: LayerTranslator,
    row_counts: Mapping[tuple[str, str], int],
) -> Iterator[Any]:
    """dagster-dbt's own reading of dbt's log events, with row counts added."""
    for raw_event in events:
        message = DbtCoreCliEventMessage(raw_event=raw_event, event_history_metadata={})
        node = manifest["nodes"].get(raw_event["data"]["node_info"]["unique_id"])
        if node is None:
            continue  # a unit test or an operation: no asset
        for event in message.to_default_asset_events(
            manifest=manifest, dagster_dbt_translator=translator, context=context
        ):
            rows = row_counts.get((node["schema"], node["alias"]))
            if isinstance(event, dg.Output) and rows is not None:
                metadata: dict[str, Any] = {**event.metadata, "dagster/row_count": rows}
                yield dg.Output(None, output_name=event.output_name, metadata=metadata)
            else:
                yield event


def _load_metadata(report: "IngestionReport | None", key: dg.AssetKey) -> dict[str, Any]:
    """What this run did with the files of one raw table, or of all for the books."""
    files = [
        result
        for result in (report.files if report else ())
        if key.path[0] != "raw" or (result.source, result.table) == (key.path[1], key.path[2])
    ]
    unknown = sorted({column for result in files for column in result.unknown_columns})
    rejected = [str(result.error) for result in files if result.status == "rejected"]
    return {
        "files": len(files),
        "files_loaded": sum(result.status == "loaded" for result in files),
        "rows_loaded": sum(result.rows_loaded for result in files),
        "rows_quarantined": sum(result.rows_quarantined for result in files),
        **({"unknown_columns": ", ".join(unknown)} if unknown else {}),
        **({"rejected": "; ".join(rejected)} if rejected else {}),
    }


def _dbt_names(keys: Sequence[dg.AssetKey] | Any) -> list[str]:
    return sorted(key.path[-1] for key in keys)
