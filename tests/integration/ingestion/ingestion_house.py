"""A small set of contracts, one for each load mode, and a warehouse in memory to load into."""

from __future__ import annotations

import os
from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from orchestration.ingestion.contracts import Table, load_contracts
from orchestration.ingestion.ingest import ingest
from orchestration.ingestion.results import FileResult, IngestionReport

NOW = datetime(2024, 6, 1, 12, 0, 0)

SOURCES = """
version: 2
sources:
  - name: crm
    tables:
      - name: people
        identifier: crm__people
        config: {meta: {load_mode: upsert, key: [id], updated_at: updated_at}}
        columns:
          - {name: id, data_type: varchar, config: {meta: {required: true, aliases: [person_id, contact_id]}}}
          - {name: email, data_type: varchar, config: {meta: {pii: email, aliases: [e-mail address]}}}
          - {name: score, data_type: bigint}
          - {name: amount, data_type: "decimal(18,6)", config: {meta: {aliases: [Montant dépensé (EUR)]}}}
          - {name: rate, data_type: double}
          - {name: is_active, data_type: boolean}
          - {name: born_on, data_type: date}
          - {name: created_at, data_type: timestamp, config: {meta: {clock: true}}}
          - {name: updated_at, data_type: timestamp}
  - name: email
    tables:
      - name: events
        identifier: email__events
        config: {meta: {load_mode: append, key: [event_id]}}
        columns:
          - {name: event_id, data_type: varchar, config: {meta: {required: true}}}
          - {name: value, data_type: varchar}
          - {name: occurred_at, data_type: timestamp, config: {meta: {clock: true}}}
  - name: ads
    tables:
      - name: days
        identifier: ads__days
        config: {meta: {load_mode: replace_window, window: [account, date], key: [campaign]}}
        columns:
          - {name: date, data_type: date, config: {meta: {required: true}}}
          - {name: account, data_type: varchar}
          - {name: campaign, data_type: varchar}
          - {name: spend, data_type: "decimal(18,6)"}
  - name: costs
    tables:
      - name: costs
        identifier: costs__costs
        config: {meta: {load_mode: replace_window, window: [date], window_grain: month}}
        columns:
          - {name: date, data_type: date, config: {meta: {required: true}}}
          - {name: amount, data_type: "decimal(18,6)", config: {meta: {required: true}}}
  - name: ui
    tables:
      - name: report
        identifier: ui__report
        config: {meta: {load_mode: replace_window, window: [date], key: [campaign_id]}}
        columns:
          - {name: date, data_type: date, config: {meta: {required: true, aliases: [Jour, segments_date]}}}
          - {name: campaign_id, data_type: varchar, config: {meta: {required: true, aliases: [ID de la campagne]}}}
          - {name: campaign_name, data_type: varchar, config: {meta: {aliases: [Campagne]}}}
          - {name: impressions, data_type: bigint, config: {meta: {aliases: [metrics_impressions]}}}
          - {name: spend, data_type: "decimal(18,6)", config: {meta: {aliases: [Amount spent, Montant dépensé (EUR)]}}}
          - {name: ctr, data_type: double}
          - {name: share, data_type: double, config: {meta: {unit: percent}}}
          - {name: is_on, data_type: boolean}
          - {name: seen_at, data_type: timestamp}
          - {name: currency, data_type: varchar, config: {meta: {from_header: true}}}
          - {name: labels, data_type: json}
"""


def read_contracts(folder: Path, text: str = SOURCES) -> dict[tuple[str, str], Table]:
    path = folder / "models" / "staging" / "test" / "_test__sources.yml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return load_contracts(folder)


class House:
    """An extracts folder and a warehouse in memory."""

    def __init__(self, folder: Path) -> None:
        self.contracts = read_contracts(folder / "dbt")
        self.extracts = folder / "extracts"
        self.extracts.mkdir()
        self.connection = duckdb.connect()

    def put(self, file: str, content: str | bytes, *, modified: datetime = datetime(2024, 1, 1)) -> Path:
        path = self.extracts / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        stamp = modified.replace(tzinfo=UTC).timestamp()
        os.utime(path, (stamp, stamp))
        return path

    def load(self, *, now: datetime = NOW, sources: Collection[str] | None = None) -> IngestionReport:
        report = ingest(self.connection, self.contracts, str(self.extracts), now=now, sources=sources)
        self.assert_accounted()
        return report

    def load_one(self, file: str, content: str | bytes) -> FileResult:
        self.put(file, content)
        return next(result for result in self.load().files if result.file == file)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return self.connection.execute(query).fetchall()

    def raw(self, table: Table) -> list[tuple[Any, ...]]:
        columns = ", ".join(f'"{name}"' for name in (*table.names, "_extra", "_file_id", "_version"))
        return self.rows(f"select {columns} from {table.relation} order by all")

    def quarantine(self) -> list[tuple[Any, ...]]:
        return self.rows("select file, line, column_name, value, reason from ledger.quarantine order by 1, 2")

    def assert_accounted(self) -> None:
        """No row is lost or counted twice, in any file and any table."""
        assert not self.rows(
            "select * from ledger.files"
            " where rows_in_file <> rows_loaded + rows_quarantined + rows_duplicate"
            " or rows_superseded > rows_loaded or least(rows_loaded, rows_duplicate, rows_superseded) < 0"
        )
        for table in self.contracts.values():
            held = self.rows(f"select _file_id, count(*) from {table.relation} group by 1 order by 1")
            noted = self.rows(
                "select file_id, rows_loaded - rows_superseded from ledger.files where status = 'loaded'"
                f" and source = '{table.source}' and table_name = '{table.name}'"
                " and rows_loaded > rows_superseded order by 1"
            )
            assert held == noted, table.relation
        assert self.rows("select count(*) from ledger.quarantine") == self.rows(
            "select coalesce(sum(rows_quarantined), 0) from ledger.files"
        )
