"""One publish: marts are copied out of the warehouse, personal data turned, and the release exchanged.

Belongs here: the order of the steps and what is said when one of them fails.
Does not belong here: the SQL of columns (`marts.py`) and folders (`releases.py`).
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from orchestration.publishing.marts import (
    Mart,
    content_hash_sql,
    declared_marts,
    published_expression,
    quoted,
)
from orchestration.publishing.releases import exchange, folder_bytes, new_draft, remove_old
from orchestration.settings import Settings
from orchestration.warehouse import connect, writer_lock

# Oldest format that DuckDB still writes: clients from 1.0 on open it.
_STORAGE_VERSION = "v1.0.0"
_BLOCK_BYTES = 256 * 1024


class PublishFailed(RuntimeError):
    """The new release could not be written; the old one is still published. The message says why."""


@dataclass(frozen=True)
class PublishedMart:
    """One mart of a release.

    Attributes:
        name: table in schema `marts`, and name of the Parquet file.
        rows: number of rows.
        columns: name -> DuckDB type, in order.
        content_hash: the same for the same rows in any order, leaving out run ids and loading times.
    """

    name: str
    rows: int
    columns: dict[str, str]
    content_hash: str


@dataclass(frozen=True)
class PublishedRelease:
    """A complete release: what `manifest.json` holds.

    Attributes:
        release_id: name of the folder under `home/releases`; sorts by time.
        run_id: run that published it.
        published_at: ISO 8601, UTC.
        publish_pii: True when personal data is in the clear.
        marts: sorted by name.
        path: the release's folder.
        bytes: size of all its files.
    """

    release_id: str
    run_id: str
    published_at: str
    publish_pii: bool
    marts: tuple[PublishedMart, ...]
    path: Path
    bytes: int


def publish(
    settings: Settings,
    *,
    manifest: Mapping[str, Any],
    run_id: str,
    report: Callable[[str], None] | None = None,
) -> PublishedRelease:
    """Publish every mart that the dbt manifest declares, whole or not at all.

    Args:
        settings: the home, and whether personal data stays in the clear.
        manifest: dbt's manifest.json.
        run_id: written to the release's manifest.
        report: called with each mart's name before it is written.

    Raises:
        PublishFailed: a mart is missing in the warehouse, or the disk refused; the old release stays.
        WarehouseLocked: another run is writing.
    """
    marts = declared_marts(manifest)
    if not marts:
        raise PublishFailed("The dbt project declares no marts under models/marts: nothing to publish.")
    with writer_lock(settings):
        link = settings.published
        if link.exists() and not link.is_symlink():
            raise PublishFailed(
                f"{link} is a folder or file, expected the link that an earlier publish made. Move it away "
                "and run again."
            )
        draft = None
        try:
            draft = new_draft(settings.home)
            with connect(settings) as connection:
                types = _warehouse_columns(connection, marts)
                try:
                    # Whoever copies the warehouse would miss rows that are still in its write-ahead log.
                    connection.execute("checkpoint")
                    written = _write(connection, settings, draft, marts, types, report)
                except (duckdb.IOException, duckdb.FatalException, duckdb.OutOfMemoryException) as error:
                    raise _disk_failure(settings, draft, error) from error
            published_at = datetime.now(UTC).isoformat(timespec="seconds")
            release_id = draft.name.removeprefix(".draft-")
            content = {
                "release_id": release_id,
                "run_id": run_id,
                "published_at": published_at,
                "publish_pii": settings.publish_pii,
                "duckdb_version": duckdb.__version__,
                "marts": {mart.name: _without_name(mart) for mart in written},
            }
            (draft / "manifest.json").write_text(json.dumps(content, indent=1) + "\n")
            size = folder_bytes(draft)
            path = exchange(settings.home, draft)
        except OSError as error:
            raise _disk_failure(settings, draft, error) from error
        finally:
            if draft is not None and draft.exists():
                shutil.rmtree(draft, ignore_errors=True)
        remove_old(settings.home)
    return PublishedRelease(release_id, run_id, published_at, settings.publish_pii, tuple(written), path, size)


def _write(
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    draft: Path,
    marts: list[Mart],
    types: dict[str, dict[str, str]],
    report: Callable[[str], None] | None,
) -> list[PublishedMart]:
    parquet = draft / "parquet"
    parquet.mkdir()
    target = str(draft / "marts.duckdb").replace("'", "''")
    connection.execute(f"attach '{target}' as release (storage_version '{_STORAGE_VERSION}')")
    try:
        connection.execute("create schema release.marts")
        written = []
        for mart in marts:
            if report is not None:
                report(mart.name)
            columns = types[mart.name]
            declared = {column.name: column for column in mart.columns}
            expressions = [
                published_expression(
                    name,
                    data_type,
                    declared[name].pii if name in declared and not settings.publish_pii else None,
                )
                for name, data_type in columns.items()
            ]
            table = f"release.marts.{quoted(mart.name)}"
            order = f" order by {', '.join(quoted(c) for c in mart.order_by)}" if mart.order_by else ""
            connection.execute(
                f"create table {table} as select {', '.join(expressions)} "
                f"from {quoted(mart.schema)}.{quoted(mart.name)}{order}"
            )
            _comment(connection, table, mart, columns)
            [(rows, total)] = connection.execute(content_hash_sql(table, list(columns))).fetchall()
            shape = json.dumps([sorted(columns.items()), rows, total])
            content_hash = hashlib.sha256(shape.encode()).hexdigest()
            file = str(parquet / f"{mart.name}.parquet").replace("'", "''")
            connection.execute(f"copy {table} to '{file}' (format parquet, compression zstd)")
            written.append(PublishedMart(mart.name, rows, columns, content_hash))
        connection.execute("checkpoint release")
    finally:
        connection.execute("detach release")
    return written


def _comment(connection: duckdb.DuckDBPyConnection, table: str, mart: Mart, columns: dict[str, str]) -> None:
    """BI tools show these next to the columns."""
    comments = [f"comment on table {table} is {_literal(mart.description)}"] if mart.description else []
    comments += [
        f"comment on column {table}.{quoted(column.name)} is {_literal(column.description)}"
        for column in mart.columns
        if column.description and column.name in columns
    ]
    # One statement a column, one round trip and one transaction for all of them.
    if comments:
        connection.execute("begin;" + ";".join(comments) + "; commit")


def _warehouse_columns(connection: duckdb.DuckDBPyConnection, marts: list[Mart]) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    rows = connection.execute(
        "select schema_name, table_name, column_name, data_type from duckdb_columns() "
        "where database_name = current_database() order by schema_name, table_name, column_index"
    ).fetchall()
    schemas = {mart.name: mart.schema for mart in marts}
    for schema, table, column, data_type in rows:
        if schemas.get(table) == schema:
            found.setdefault(table, {})[column] = data_type
    missing = sorted(schemas.keys() - found.keys())
    if missing:
        raise PublishFailed(
            f"The warehouse has no {', '.join(f'{schemas[m]}.{m}' for m in missing)}. Build all marts first: "
            "funnelhouse run."
        )
    return found


def _disk_failure(settings: Settings, draft: Path | None, error: Exception) -> PublishFailed:
    free = shutil.disk_usage(settings.home).free
    needed = max(folder_bytes(settings.published), _marts_bytes(settings))
    so_far = folder_bytes(draft) if draft is not None and draft.exists() else 0
    is_first = not settings.published.exists()
    old = "Nothing is published yet." if is_first else "The last published marts are untouched."
    reason = str(error).splitlines()[0]
    return PublishFailed(
        f"Cannot write the new release into {settings.home / 'releases'}: {reason} About {_size(needed)} "
        f"are needed beside the old release, {_size(so_far)} were written, {_size(free)} are free. {old} "
        "Free some space, or choose another --home, and run again."
    )


def _marts_bytes(settings: Settings) -> int:
    """Room that the marts take in the warehouse, and about as much again for Parquet; 0 when unknown."""
    try:
        with duckdb.connect(str(settings.warehouse)) as connection:
            tables = connection.execute(
                "select table_name from duckdb_tables() where schema_name = 'marts' and "
                "database_name = current_database()"
            ).fetchall()
            blocks = 0
            for (table,) in tables:
                [(count,)] = connection.execute(
                    "select count(distinct block_id) from pragma_storage_info(?) where persistent",
                    [f"marts.{table}"],
                ).fetchall()
                blocks += count
            return 2 * blocks * _BLOCK_BYTES
    except duckdb.Error:
        return 0


def _without_name(mart: PublishedMart) -> dict[str, Any]:
    content = asdict(mart)
    del content["name"]
    return content


def _literal(text: str) -> str:
    return "'" + text.strip().replace("'", "''") + "'"


def _size(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB"
