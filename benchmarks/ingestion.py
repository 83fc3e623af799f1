"""Ingestion alone beside a bare DuckDB read of the same files: `python -m benchmarks.ingestion`.

Belongs here: one fast CSV, the same as Parquet, as a French export, and as exports with one flaw; many small files;
and a run that finds nothing new. Does not belong here: the whole pipeline (`bench`), or a judgement: CPU seconds are
read beside those of the bare read in the same run, since wall time hangs on what else the machine does.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import resource
import shutil
import time
from collections.abc import Callable
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
from rich.console import Console
from rich.table import Table

from orchestration.ingestion.contracts import Contracts, load_contracts
from orchestration.ingestion.ingest import create_tables, ingest
from orchestration.settings import PROJECT_ROOT

CONSOLE = Console()
FOLDER = PROJECT_ROOT / "build" / "bench" / "ingestion"
NOW = datetime(2030, 1, 1)
TABLE = ("ads", "performance_daily")

_ROWS = """
    select
        date '2015-01-01' + (i % 3000)::int as date, 'meta' as platform, 'account' || (i // 40) % 3000 as account_id,
        'c' || i % 997 as campaign_id, 'Campaign ' || i % 997 as campaign_name, 'g' || i % 13 as ad_group_id,
        'EUR' as currency, (hash(i) % 10000000 / 100)::decimal(18, 2) as spend, hash(i + 1) % 90000 as impressions,
        hash(i + 2) % 900 as clicks, (hash(i + 3) % 10000 / 100)::decimal(18, 2) as conversions,
        (hash(i + 4) % 100000000 / 100)::decimal(18, 2) as conversion_value
    from range({begin}, {end}) as numbers(i)
"""
_AMOUNT = "translate(format('{{{{:,.2f}}}}', {0}::double), ',.', ' ,') as {0}"
_AMOUNTS = ("spend", "conversions", "conversion_value")
_FRENCH = (
    f"select * replace (strftime(date, '%d/%m/%Y') as date, {', '.join(map(_AMOUNT.format, _AMOUNTS))}) from ({_ROWS})"
)
_FLAWED = "select * replace (if({counted} = {at}, {value}, {column}::varchar) as {column}) from ({rows})"


@cache
def contracts() -> Contracts:
    """The project's contracts, read once."""
    return load_contracts(PROJECT_ROOT / "dbt_project")


def measured(work: Callable[..., Any], *arguments: Any) -> dict[str, float]:
    """Run `work` in a process of its own: seconds of CPU and of wall time, peak memory in MB."""
    receiver, sender = multiprocessing.Pipe(duplex=False)

    def run() -> None:
        begun, before = time.monotonic(), resource.getrusage(resource.RUSAGE_SELF)
        work(*arguments)
        after = resource.getrusage(resource.RUSAGE_SELF)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        sender.send({"cpu": cpu, "seconds": time.monotonic() - begun, "peak_mb": after.ru_maxrss / 1024})

    process = multiprocessing.get_context("fork").Process(target=run)
    process.start()
    process.join()
    if process.exitcode:
        raise SystemExit(f"{work.__name__} failed with exit code {process.exitcode}")
    return dict(receiver.recv())


def write(extracts: Path, rows: str, options: str, *, file: str) -> None:
    """Write the rows of a query as one file of the table."""
    path = extracts.joinpath(*TABLE, file)
    path.parent.mkdir(parents=True, exist_ok=True)
    duckdb.execute(f"copy ({rows}) to '{path}' ({options})")


def write_all(rows: int, files: int) -> dict[str, tuple[Path, str]]:
    """The extracts of each case, and DuckDB's reader of those files or of their flawless likeness."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    plain, french = (text.format(begin=0, end=rows) for text in (_ROWS, _FRENCH))
    flaw = {"counted": "row_number() over ()", "at": rows // 2, "column": "spend", "value": "'twelve'"}
    csv, semicolons = "header", "header, delimiter ';'"
    cases = {
        "fast CSV": (plain, csv, "rows.csv", "fast CSV"),
        "fast Parquet": (plain, "format parquet", "rows.parquet", "fast Parquet"),
        "slow French CSV": (french, semicolons, "rows.csv", "slow French CSV"),
        "French, one flaw": (_FLAWED.format(rows=french, **flaw), semicolons, "rows.csv", "slow French CSV"),
        "ISO, one flaw": (_FLAWED.format(rows=plain, **flaw), csv, "rows.csv", "fast CSV"),
    }
    readers = {}
    for name, (query, options, file, likeness) in cases.items():
        write(FOLDER / name, query, options, file=file)
        reader = "read_parquet" if file.endswith("parquet") else "read_csv"
        readers[name] = (FOLDER / name, f"{reader}('{FOLDER.joinpath(likeness, *TABLE, file)}')")
    small = FOLDER / "small files"
    for number in range(files):
        part = _ROWS.format(begin=number * 100, end=number * 100 + 100)
        write(small, part, csv, file=f"{number:05}.csv")
    readers[f"{files:,} files of 100 rows"] = (small, f"read_csv('{small.joinpath(*TABLE, '*.csv')}')")
    return readers


def read_bare(relation: str, database: Path) -> None:
    """DuckDB's own reading into a table, without any check."""
    with duckdb.connect(str(database)) as connection:
        connection.execute(f"create table bare as select * from {relation}")


def load(extracts: Path, database: Path) -> None:
    """What the pipeline does with the same files."""
    with duckdb.connect(str(database)) as connection:
        report = ingest(connection, contracts(), str(extracts), now=NOW, sources={TABLE[0]})
    if any(result.status not in ("loaded", "unchanged") for result in report.files):
        raise SystemExit(f"{extracts} was not loaded")


def prepare(database: Path) -> None:
    """An empty warehouse, whose many tables are no part of reading a file."""
    with duckdb.connect(str(database)) as connection:
        create_tables(connection, contracts())


def main() -> None:
    """Measure each case beside the bare read, the least of some repetitions, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=600_000, help="rows of each single file")
    parser.add_argument("--files", type=int, default=10_000, help="number of small files")
    parser.add_argument("--repeat", type=int, default=2, help="how often to measure each case; the least counts")
    options = parser.parse_args()
    contracts()  # Here, so that no measured process reads them.

    table = Table(title=f"Ingestion of {options.rows:,} rows, {os.cpu_count()} cores")
    for column in ("case", "bare CPU s", "CPU s", "x bare", "wall s", "peak MB"):
        table.add_column(column, justify="left" if column == "case" else "right")

    def add(name: str, ours: dict[str, float], bare: dict[str, float]) -> None:
        figures = (bare["cpu"], ours["cpu"], ours["cpu"] / bare["cpu"], ours["seconds"])
        table.add_row(name, *(f"{figure:.2f}" for figure in figures), f"{ours['peak_mb']:,.0f}")

    for name, (extracts, relation) in write_all(options.rows, options.files).items():
        database = FOLDER / "warehouse.duckdb"
        bare, ours = [], []
        for _ in range(options.repeat):
            database.unlink(missing_ok=True)
            bare.append(measured(read_bare, relation, database))
            database.unlink(missing_ok=True)
            measured(prepare, database)
            ours.append(measured(load, extracts, database))
        least = min(bare, key=lambda run: run["cpu"])
        add(name, min(ours, key=lambda run: run["cpu"]), least)
        if name.endswith("files of 100 rows"):
            add("the same, nothing new", measured(load, extracts, database), least)
    CONSOLE.print(table)


if __name__ == "__main__":
    main()
