"""A DuckDB dialect that lets Great Expectations 1.24.1 push its queries down.

Belongs here: everything that leans on the inside of Great Expectations, SQLAlchemy and duckdb-engine; the
versions are pinned for its sake. Does not belong here: suites and their results. Great Expectations is
imported by `datasource` only, because that takes seconds.

Great Expectations has no DuckDB data source. Through duckdb-engine alone nearly every metric fails; each
fix below says what fails without it, and `tests/unit/expectations/test_duckdb_dialect.py` shows it.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import sqlalchemy as sa
from duckdb_engine import Dialect as EngineDialect
from duckdb_engine import DuckDBIdentifierPreparer
from sqlalchemy.dialects import registry
from sqlalchemy.engine import cursor as sa_cursor
from sqlalchemy.engine import reflection

NAME = "funnelhouse_duckdb"

_TYPES: dict[str, type[sa.types.TypeEngine[Any]]] = {
    "BIGINT": sa.BIGINT,
    "INTEGER": sa.INTEGER,
    "SMALLINT": sa.SMALLINT,
    "TINYINT": sa.SMALLINT,
    "UTINYINT": sa.SMALLINT,
    "UBIGINT": sa.NUMERIC,
    "HUGEINT": sa.NUMERIC,
    "VARCHAR": sa.VARCHAR,
    "BOOLEAN": sa.BOOLEAN,
    "DATE": sa.DATE,
    "TIMESTAMP": sa.TIMESTAMP,
    "TIMESTAMP WITH TIME ZONE": sa.TIMESTAMP,
    "DOUBLE": sa.DOUBLE,
    "FLOAT": sa.FLOAT,
}


class _QuotingPreparer(DuckDBIdentifierPreparer):
    """Fix 1: quote every identifier.

    SQLAlchemy quotes PostgreSQL's reserved words only; a column called `at`, `pivot` or `qualify` is a
    parser error. DuckDB compares quoted identifiers without case too, so that quoting all of them changes
    nothing else.
    """

    def _requires_quotes(self, value: str) -> bool:
        return True


# Untyped on purpose: what is overridden below is typed for dialects that reflect far more.
_Engine: Any = EngineDialect
_EngineContext: Any = EngineDialect.execution_ctx_cls


class _BufferingContext(_EngineContext):
    """Fix 2: read every result at once.

    Great Expectations fetches after its connection block has ended; DuckDB drops a pending result at the
    rollback that ends it, and the fetch fails with `list index out of range`.
    """

    cursor: Any
    cursor_fetch_strategy: Any

    def post_exec(self) -> None:
        super().post_exec()
        description = self.cursor.description
        if description and self.cursor_fetch_strategy is sa_cursor._DEFAULT_FETCH:
            self.cursor_fetch_strategy = sa_cursor.FullyBufferedCursorFetchStrategy(
                self.cursor, description, initial_buffer=self.cursor.fetchall()
            )


class Dialect(_Engine):
    """duckdb-engine's dialect with the fixes."""

    supports_statement_cache = True
    execution_ctx_cls = _BufferingContext
    preparer = _QuotingPreparer

    # Fix 3: reflect from DuckDB's own catalogue. The inherited PostgreSQL reflection reads pg_collation,
    # which DuckDB does not have. Views stand in duckdb_columns() beside tables.
    @reflection.cache
    def get_columns(
        self, connection: Any, table_name: str, schema: str | None = None, **_: Any
    ) -> list[dict[str, Any]]:
        """Columns of a table or view, in order.

        Raises:
            sqlalchemy.exc.NoSuchTableError: there is no such table or view.
        """
        rows = connection.exec_driver_sql(
            "select column_name, data_type, is_nullable from duckdb_columns() "
            "where database_name = current_database() and schema_name = ? and table_name = ? "
            "order by column_index",
            (schema or "main", table_name),
        ).fetchall()
        if not rows:
            raise sa.exc.NoSuchTableError(f"{schema or 'main'}.{table_name}")
        return [
            {
                "name": name,
                "type": _sql_type(data_type),
                "nullable": bool(is_nullable),
                "default": None,
                "autoincrement": False,
                "comment": None,
            }
            for name, data_type, is_nullable in rows
        ]

    def get_pk_constraint(self, *_: Any, **__: Any) -> dict[str, Any]:
        """No keys: they belong to dbt's tests, and their reflection would read pg_collation."""
        return {"constrained_columns": [], "name": None}

    def get_foreign_keys(self, *_: Any, **__: Any) -> list[dict[str, Any]]:
        """No keys, as above."""
        return []

    def get_table_comment(self, *_: Any, **__: Any) -> dict[str, Any]:
        """No comments: nothing here reads them."""
        return {"text": None}


def _sql_type(data_type: str) -> sa.types.TypeEngine[Any]:
    if data_type.startswith("DECIMAL"):
        return sa.NUMERIC()
    return _TYPES.get(data_type, sa.VARCHAR)()


# A name of its own: whoever else uses duckdb-engine in this process keeps the plain dialect.
registry.register(NAME, __name__, "Dialect")


@contextmanager
def datasource(
    context: Any,
    warehouse: Path,
    assets: Iterable[str],
    *,
    memory_limit: str | None = None,
    threads: int | None = None,
) -> Iterator[Any]:
    """A Great Expectations data source on a DuckDB file, opened read-only, with one table asset per relation.

    One connection serves the whole block: opening the file for each of hundreds of queries costs 20 ms a
    time. It is closed at the end of the block, with the file's lock, so that a later read-write open in
    this process works.

    Args:
        context: a Great Expectations context.
        warehouse: the DuckDB file.
        assets: relations as `schema.table`; tables and views. They need not exist.
        memory_limit: DuckDB memory limit such as `8GB`.
        threads: DuckDB threads.

    Yields:
        The data source; `get_asset("schema.table")` has the batch definition `all`.

    Raises:
        ConnectionError: the file cannot be opened, mostly because somebody writes to it.
    """
    from great_expectations.core.batch_definition import BatchDefinition
    from great_expectations.datasource.fluent import SQLDatasource
    from great_expectations.datasource.fluent.interfaces import TestConnectionError
    from great_expectations.datasource.fluent.sql_datasource import TableAsset

    config: dict[str, str | int] = {}
    if memory_limit:
        config["memory_limit"] = memory_limit
    if threads:
        config["threads"] = threads
    source = SQLDatasource(
        name="warehouse",
        connection_string=f"{NAME}:///warehouse",
        kwargs={
            # The path goes past the URL, in which `?`, `%` and `#` mean something.
            "connect_args": {"database": str(warehouse), "read_only": True, "config": config},
            "poolclass": sa.pool.StaticPool,
        },
    )
    try:
        source = context.data_sources.add_or_update_sql(datasource=source)
    except TestConnectionError as error:
        raise ConnectionError(
            f"{warehouse} cannot be opened for reading ({error.__cause__ or error}). "
            "Close the connection that writes to it, in this process or another one, and check again."
        ) from error
    # Assets are put in place by hand: `add_table_asset` saves the whole configuration twice an asset (a
    # second for fifty), and refuses a relation that is missing, which has to be a failed check instead.
    for name in assets:
        schema, table = name.split(".")
        with warnings.catch_warnings():
            # `schema_name` is deprecated for one schema per data source; a warehouse has five.
            warnings.simplefilter("ignore", DeprecationWarning)
            asset = TableAsset(name=name, table_name=table, schema_name=schema)
        asset._datasource = source
        batch = BatchDefinition(name="all")
        batch.set_data_asset(asset)
        asset.batch_definitions = [batch]
        source.assets.append(asset)
    engine = source.get_execution_engine()
    # Fix 4: regular expressions. Great Expectations picks the operator by the name of a class in the
    # dialect's module and knows none for DuckDB; Dremio's branch writes regexp_matches(column, pattern),
    # which is DuckDB's spelling.
    engine.dialect_module = SimpleNamespace(
        DremioDialect=Dialect,
        **{t.__name__: t for t in set(_TYPES.values())},
    )
    try:
        yield source
    finally:
        # The source keeps an engine of its own, for its connection test, beside that of the execution engine.
        source.get_engine().dispose()
        engine.engine.dispose()
