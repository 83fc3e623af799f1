"""Nested values, times as microseconds and ids as raw bytes, from every format that can hold them."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import duckdb
import pytest
from ingestion_house import NOW, read_contracts

from orchestration.ingestion.ingest import ingest

SOURCES = """
version: 2
sources:
  - name: ga4
    tables:
      - name: events
        identifier: ga4__events
        config: {meta: {load_mode: append, key: [id]}}
        columns:
          - {name: id, data_type: varchar, config: {meta: {required: true, unit: bytes}}}
          - {name: moment, data_type: timestamp, config: {meta: {clock: true}}}
          - {name: params, data_type: json}
"""
PARAMS = [{"key": "page", "value": {"string_value": "https://example.com/?a=1&b=2", "int_value": None}}]
MOMENT = datetime(2024, 3, 1, 10, 0, 0, 123456)
MICROSECONDS = 1709287200123456
# The same row as each format holds it: BigQuery writes whole numbers as text into JSON.
AS_JSON = json.dumps({"id": "00ff", "moment": str(MICROSECONDS), "params": PARAMS})
AS_CSV = 'id,moment,params\n00ff,{},"{}"\n'.format(MICROSECONDS, json.dumps(PARAMS).replace('"', '""'))


def load(folder: Path, file: str, content: str | None) -> duckdb.DuckDBPyConnection:
    path = folder / "extracts" / "ga4" / "events" / file
    path.parent.mkdir(parents=True)
    connection = duckdb.connect()
    if content is not None:
        path.write_text(content)
    else:
        connection.execute(
            f"copy (select unhex('00ff') as id, {MICROSECONDS} as moment, [{{'key': 'page', 'value':"
            " {'string_value': 'https://example.com/?a=1&b=2', 'int_value': null::bigint}}] as params)"
            f" to '{path}' (format parquet)"
        )
    ingest(connection, read_contracts(folder / "dbt", SOURCES), str(folder / "extracts"), now=NOW)
    return connection


@pytest.mark.parametrize(("file", "content"), [("e.jsonl", AS_JSON), ("e.csv", AS_CSV), ("e.parquet", None)])
def test_nested_values_land_alike_from_every_format(tmp_path: Path, file: str, content: str | None) -> None:
    connection = load(tmp_path, file, content)
    [(identifier, moment, params)] = connection.execute("select id, moment, params from raw.ga4__events").fetchall()
    assert (identifier, moment) == ("00ff", MOMENT)
    assert json.loads(params) == PARAMS
    assert connection.execute("select newest_event_at from ledger.files").fetchall() == [(MOMENT,)]


def test_what_is_no_json_is_quarantined(tmp_path: Path) -> None:
    connection = load(tmp_path, "e.csv", AS_CSV + "00fe,,{page\n00fd,17092872001234,\n")
    assert connection.execute("select line, column_name, reason from ledger.quarantine order by line").fetchall() == [
        (3, "params", "not JSON"),
        (4, "moment", "not a timestamp as YYYY-MM-DD HH:MM:SS, with or without an offset"),
    ]
    assert connection.execute("select count(*) from raw.ga4__events").fetchall() == [(1,)]
