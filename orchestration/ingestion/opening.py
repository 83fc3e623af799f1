"""One file from its place to rows in the raw table.

Belongs here: fetching, bringing into plain form, opening and landing in that order, and a second try in another
character set. Does not belong here: transactions and the ledger (`loader`), or any of these steps themselves.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import duckdb

from orchestration.ingestion import fx, landing
from orchestration.ingestion.contracts import Table
from orchestration.ingestion.corrections import corrected_by
from orchestration.ingestion.discovery import Extract
from orchestration.ingestion.formats import plain
from orchestration.ingestion.landing import Landed, OtherEncoding, land
from orchestration.ingestion.quarantine import FileVersion
from orchestration.ingestion.readers import Reading, open_file


def read(
    connection: duckdb.DuckDBPyConnection,
    extract: Extract,
    table: Table,
    version: FileVersion,
    restart: Callable[[], None],
    *,
    has_flaw: bool = False,
) -> tuple[Reading, Landed] | None:
    """Open one file and land its rows in the raw table; None when nothing is in it.

    `restart` gives up the transaction and begins it anew. With `has_flaw` the fast way is not tried.
    """
    with tempfile.TemporaryDirectory(prefix="funnelhouse-") as folder:
        scratch = Path(folder)
        local = extract.fetched(scratch).path
        try:
            if extract.file == fx.FILE:
                reading: Reading | None = fx.open_history(local, table, scratch)
            else:
                reading = open_file(connection, plain(local, scratch), table)
            if reading is None:
                return None
            try:
                return _land(connection, reading, table, version, scratch, restart, has_flaw)
            except OtherEncoding:
                restart()
                reading = open_file(connection, plain(local, scratch, encoding="cp1252"), table)
                assert reading is not None  # It held rows a moment ago.
                return _land(connection, reading, table, version, scratch, restart, has_flaw)
        finally:
            # After an error the transaction is lost anyway, and with it these tables.
            with suppress(duckdb.TransactionException):
                landing.drop_scratch_tables(connection)


def _land(
    connection: duckdb.DuckDBPyConnection,
    reading: Reading,
    table: Table,
    version: FileVersion,
    scratch: Path,
    restart: Callable[[], None],
    has_flaw: bool,
) -> tuple[Reading, Landed]:
    corrects = corrected_by(connection, reading, table)
    if corrects:
        version = replace(version, version=corrects.version)
    landed = land(connection, reading, table, version, scratch, restart, has_flaw=has_flaw)
    return reading, replace(landed, corrects=corrects)
