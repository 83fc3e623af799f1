"""Writing the demo's tables: CSV, CSV.gz, JSONL or Parquet, the same bytes for the same rows.

Belongs here: file formats and names, and the small DuckDB connection that turns codes into text while
writing.
Does not belong here: what is in the tables.
"""

from __future__ import annotations

import gzip
import shutil
from collections.abc import Mapping
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from orchestration.demo.draws import Booleans, Integers
from orchestration.demo.timeline import END, NEVER

FORMATS = ("csv", "csv.gz", "jsonl", "parquet")

# How an e-mail address is spelled in one record: the same mailbox in every case.
_MACROS = """
create macro spelled(email, spelling) as case spelling
    when 1 then upper(email)
    when 2 then replace(email, '@', '+salon@')
    when 3 then ' ' || email || ' '
    when 4 then 'mailto:' || email
    when 5 then case
        when email like '%@gmail.com' then replace(split_part(email, '@', 1), '.', '') || '@gmail.com'
        else email
    end
    else email
end;
"""


def open_engine() -> duckdb.DuckDBPyConnection:
    """An in-memory DuckDB that keeps rows in their order, so that files come out the same each time."""
    engine = duckdb.connect(":memory:", config={"preserve_insertion_order": True})
    engine.execute("set enable_progress_bar = false")
    engine.execute(_MACROS)
    return engine


def texts(codes: Integers, values: list[str] | list[str | None]) -> pa.DictionaryArray:
    """Positions in `values` as text; a value None gives NULL, and so does a negative position."""
    kept = [value for value in values if value is not None]
    places = np.array([-1 if value is None else kept.index(value) for value in values], dtype=np.int64)
    mapped = np.where(codes < 0, -1, places[np.maximum(codes, 0)])
    indices = pa.array(mapped.astype(np.int32), mask=mapped < 0)
    return pa.DictionaryArray.from_arrays(indices, pa.array(kept, type=pa.string()))


def stamps(times: Integers) -> pa.Array:
    """UTC seconds as timestamps; what lies after the end of the demo is NULL."""
    never = (times >= END) | (times >= NEVER)
    return pa.array(np.where(never, 0, times), mask=never).cast(pa.timestamp("s"))


def moments(times: Integers) -> pa.Array:
    """UTC seconds as timestamps, planned ones after the end of the demo included; NEVER is NULL."""
    never = times >= NEVER
    return pa.array(np.where(never, 0, times), mask=never).cast(pa.timestamp("s"))


def numbers_or_null(values: Integers, present: Booleans) -> pa.Array:
    """Whole numbers, NULL where `present` is false."""
    return pa.array(values, mask=~present)


class Writer:
    """Writes tables under a folder and counts what it wrote.

    Args:
        root: folder that receives `<source>/<table>.<ext>`, or `<source>/<table>/part-00000.<ext>` with
        several blocks.
        file_format: one of `FORMATS`, for every table without a format of its own.
        formats: format by (source, table), for the bundled mix.
        blocks: number of blocks a table is written in.
    """

    def __init__(
        self,
        root: Path,
        file_format: str,
        formats: Mapping[tuple[str, str], str] | None = None,
        blocks: int = 1,
    ) -> None:
        self.root = root
        self.engine = open_engine()
        self.rows: dict[str, int] = {}
        self._format = file_format
        self._formats = formats or {}
        self._blocks = blocks

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
        """Write the rows of `sql` over the given Arrow tables; without rows no file is made.

        `batch` names a file inside the table's folder, for tables with several exports; `once` is for a
        table that all blocks share.
        """
        for alias, rows in inputs.items():
            self.engine.register(alias, rows)
        extension = self._formats.get((source, table), self._format)
        folder = self.root / source
        if batch is not None:
            part = f"_part-{block:05d}" if self._blocks > 1 and not once else ""
            target = folder / table / f"{batch}{part}.{extension}"
        elif self._blocks > 1 and not once:
            target = folder / table / f"part-{block:05d}.{extension}"
        else:
            target = folder / f"{table}.{extension}"
        target.parent.mkdir(parents=True, exist_ok=True)
        count = self._write_file(sql, target, extension)
        for alias in inputs:
            self.engine.unregister(alias)
        key = f"{source}/{table}"
        self.rows[key] = self.rows.get(key, 0) + count
        return count

    def finish(self) -> None:
        """End the company: all tables are written by now."""

    def _write_file(self, sql: str, target: Path, extension: str) -> int:
        if extension == "parquet":
            rows = self.engine.execute(sql).to_arrow_table()
            # DuckDB's own Parquet writer may cut row groups by thread; Arrow's output depends on the rows
            # alone.
            pq.write_table(rows, target, compression="zstd", compression_level=9)
            return rows.num_rows
        plain = target.with_suffix("") if extension.endswith(".gz") else target
        style = "format json" if extension == "jsonl" else "format csv, header true"
        literal = str(plain).replace("'", "''")
        result = self.engine.execute(f"copy ({sql}) to '{literal}' ({style})").fetchall()
        if extension.endswith(".gz"):
            with plain.open("rb") as text, target.open("wb") as raw:
                # Neither name nor time of day in the header: equal rows give equal files.
                with gzip.GzipFile(filename="", mode="wb", fileobj=raw, compresslevel=9, mtime=0) as packed:
                    shutil.copyfileobj(text, packed, 1 << 20)
            plain.unlink()
        return int(result[0][0])
