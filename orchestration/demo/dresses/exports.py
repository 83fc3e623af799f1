"""Files made from planned tables: the plan is kept in the engine, and the dress chooses what is written of it.

Belongs here: what an export is, and the writer that gathers the plan. Does not belong here: any one dress, or a
file format.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import duckdb
import pyarrow as pa

from orchestration.demo.writer import Writer

# Batches of each planned table by (source, table); None for a table without any.
Planned = Mapping[tuple[str, str], list[str | None]]

# The column that tells a planned row's batch; it is in no export.
BATCH = "_batch"


class Layout(Protocol):
    """A way to write rows to a file."""

    def write(self, engine: duckdb.DuckDBPyConnection, sql: str, target: Path) -> int:
        """Write the rows of a query and return their number; without rows no file is made."""
        ...


@dataclass(frozen=True)
class Export:
    """One file of a dress.

    Attributes:
        path: place below the extracts, `<source>/<table>/<name>.<ext>`.
        sql: its rows, over the planned tables `<source>__<table>`.
        layout: how they are written.
    """

    path: str
    sql: str
    layout: Layout


Dress = Callable[[Planned], list[Export]]


class DressedWriter(Writer):
    """Gathers the planned tables instead of writing them, and writes the dress's files in the end.

    The plan is held in memory, so that a file can be made from several tables: for companies of one block.
    """

    def __init__(self, root: Path, dress: Dress) -> None:
        super().__init__(root, "csv")
        self._dress = dress
        self._planned: dict[tuple[str, str], list[str | None]] = {}

    def write(
        self,
        source: str,
        table: str,
        sql: str,
        *,
        block: int = 0,
        batch: str | None = None,
        once: bool = False,
        **inputs: pa.Table,
    ) -> int:
        """Keep the rows of `sql` as the table `<source>__<table>`."""
        for alias, rows in inputs.items():
            self.engine.register(alias, rows)
        batches = self._planned.setdefault((source, table), [])
        name = f"{source}__{table}"
        verb = f"insert into {name} by name" if batches else f"create table {name} as"
        label = "null" if batch is None else f"'{batch}'"
        result = self.engine.execute(f"{verb} select *, {label}::varchar as {BATCH} from ({sql})").fetchall()
        batches.append(batch)
        for alias in inputs:
            self.engine.unregister(alias)
        return int(result[0][0])

    def finish(self) -> None:
        """Write every file of the dress."""
        for export in self._dress(self._planned):
            target = self.root / export.path
            target.parent.mkdir(parents=True, exist_ok=True)
            key = "/".join(export.path.split("/")[:2])
            self.rows[key] = self.rows.get(key, 0) + export.layout.write(self.engine, export.sql, target)
