"""Speed and memory of every step beside the floor, measured in one run: `make bench SCALE=S` (or M).

The floor is what no warehouse can avoid: DuckDB reads the same files into tables, without checks, and sorts the touches
once by person and time. Belongs here: measuring and printing. Does not belong here: judging; a figure is read beside
the floor of its own run, never as a timed test.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
from rich.console import Console
from rich.table import Table

from orchestration.settings import PROJECT_ROOT, Settings

CONSOLE = Console()


def measured(work: Callable[..., Any], *arguments: Any) -> dict[str, Any]:
    """Run `work` in a process of its own: seconds of wall time, peak memory in MB and what it returned."""
    receiver, sender = multiprocessing.Pipe(duplex=False)

    def run() -> None:
        begun = time.monotonic()
        outcome = work(*arguments)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        sender.send({"seconds": time.monotonic() - begun, "peak_mb": peak, "outcome": outcome})

    process = multiprocessing.get_context("fork").Process(target=run)
    process.start()
    process.join()
    if process.exitcode:
        raise SystemExit(f"{work.__name__} failed with exit code {process.exitcode}")
    return dict(receiver.recv())


def generate(folder: Path, scale: str, file_format: str) -> int:
    """Write the demo company; returns the number of extract rows."""
    from orchestration.demo.generate import generate as write

    return write(folder, scale=scale, file_format=file_format).rows


def read_floor(extracts: Path, database: Path) -> int:
    """Bare DuckDB: every table of the extracts into a table; returns the rows read."""
    rows = 0
    with duckdb.connect(str(database)) as connection:
        for number, (pattern, reader) in enumerate(sorted(_tables(extracts).items())):
            connection.execute(f"create table t{number} as select * from {reader}('{pattern}')")
            rows += connection.execute(f"select count(*) from t{number}").fetchall()[0][0]
    return rows


def _tables(extracts: Path) -> dict[str, str]:
    """Glob pattern of each table's files and DuckDB's reader for them."""
    found: dict[str, str] = {}
    for path in extracts.rglob("*"):
        if path.is_file():
            ending = "".join(path.suffixes[-2:]) if path.suffix == ".gz" else path.suffix
            whole = path.parent if path.parent.parent.parent == extracts else None
            pattern = f"{whole}/*{ending}" if whole else str(path)
            reader = "read_parquet" if "parquet" in ending else "read_json" if "json" in ending else "read_csv"
            found[pattern] = reader
    return found


def sort_floor(warehouse: Path, database: Path) -> tuple[int, float]:
    """Bare DuckDB: one sort of the touches by person and time; returns the rows sorted and the seconds."""
    with duckdb.connect(str(database)) as connection:
        connection.execute(f"attach '{warehouse}' as warehouse (read_only)")
        connection.execute(
            "create table unsorted as select * exclude (touch_order) "
            "from warehouse.intermediate.int_touches_sorted order by hash(touch_id)"
        )
        connection.execute("detach warehouse")
        begun = time.monotonic()
        connection.execute("create table sorted as select * from unsorted order by person_number, touched_at, touch_id")
        seconds = time.monotonic() - begun
        rows = connection.execute("select count(*) from sorted").fetchall()[0][0]
    return int(rows), seconds


def run_steps(settings: Settings) -> list[dict[str, Any]]:
    """The bare pipeline, step by step, without Dagster; each step's seconds and the models' own."""
    from orchestration.pipeline import Pipeline
    from orchestration.warehouse import writer_lock

    steps: list[dict[str, Any]] = []

    def timed(name: str, work: Callable[[], Any]) -> Any:
        # Resets the process's high-water mark, so that each step shows its own peak.
        Path("/proc/self/clear_refs").write_text("5")
        begun = time.monotonic()
        outcome = work()
        peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
        steps.append({"step": name, "seconds": time.monotonic() - begun, "peak_mb": int(peak.split()[1]) / 1024})
        return outcome

    with writer_lock(settings):
        pipeline = Pipeline(settings)
        report = timed("load", pipeline.ingest)
        steps[-1]["rows"] = report.rows_loaded
        timed("check raw", lambda: pipeline.check("raw", run_id="bench"))
        for layer in ("staging", "marts"):
            run = timed(f"build {layer}", lambda layer=layer: pipeline.build(layer))
            steps[-1]["nodes"] = [(r.kind, r.name, r.seconds) for r in run.results]
            timed(f"check {layer}", lambda layer=layer: pipeline.check(layer, run_id="bench"))
        run = timed("build quality", lambda: pipeline.build("quality"))
        steps[-1]["nodes"] = [(r.kind, r.name, r.seconds) for r in run.results]
        release = timed("publish", lambda: pipeline.publish(run_id="bench"))
        steps[-1]["rows"] = sum(mart.rows for mart in release.marts)
    return steps


def run_orchestrated(extracts: Path, home: Path) -> int:
    """The same through Dagster, as `funnelhouse run` does it."""
    from orchestration.cli import main

    try:
        main(["run", "--extracts", str(extracts), "--home", str(home)])
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0


def main() -> None:
    """Measure, print, and keep the figures in `build/bench/<scale>.json`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", default="S", help="demo, S (100 k leads), M (1 M leads) or a number")
    parser.add_argument("--format", default="csv", choices=["csv", "parquet"], help="format of the extracts")
    parser.add_argument("--models", type=int, default=15, help="how many of the slowest models and tests to show")
    parser.add_argument("--without-orchestration", action="store_true", help="leave out the run through Dagster")
    options = parser.parse_args()

    folder = PROJECT_ROOT / "build" / "bench"
    data = folder / f"data_{options.scale}_{options.format}"
    if not (data / "extracts").exists():
        CONSOLE.print(f"Generating scale {options.scale} as {options.format} ...")
        made = measured(generate, data, options.scale, options.format)
        CONSOLE.print(f"  {made['outcome']:,} rows in {made['seconds']:.1f} s, {made['peak_mb']:,.0f} MB")
    homes = [folder / "home", folder / "home_orchestrated"]
    for path in [*homes, *folder.glob("floor*.duckdb*")]:
        shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)

    settings = Settings.from_environment(extracts=str(data / "extracts"), home=homes[0])
    read = measured(read_floor, data / "extracts", folder / "floor_read.duckdb")
    whole = measured(run_steps, settings)
    sort = measured(sort_floor, settings.warehouse, folder / "floor_sort.duckdb")
    touches, sort_seconds = sort["outcome"]
    floor = read["seconds"] + sort_seconds
    steps = whole["outcome"]
    total = sum(step["seconds"] for step in steps)

    table = Table(title=f"Scale {options.scale} ({options.format}): {read['outcome']:,} rows, {touches:,} touches")
    for column in ("step", "seconds", "x floor", "rows/s", "peak MB"):
        table.add_column(column, justify="left" if column == "step" else "right")

    def add(name: str, seconds: float, rows: int | None, peak: float | None) -> None:
        table.add_row(
            name,
            f"{seconds:.2f}",
            f"{seconds / floor:.2f}",
            f"{rows / seconds:,.0f}" if rows else "",
            f"{peak:,.0f}" if peak else "",
        )

    add("floor: read the files", read["seconds"], read["outcome"], read["peak_mb"])
    add("floor: sort the touches", sort_seconds, touches, sort["peak_mb"])
    add("floor", floor, None, max(read["peak_mb"], sort["peak_mb"]))
    table.add_section()
    for step in steps:
        add(step["step"], step["seconds"], step.get("rows"), step["peak_mb"])
    add("bare pipeline", total, None, max(step["peak_mb"] for step in steps))
    result = {"scale": options.scale, "format": options.format, "floor": floor, "bare": total, "steps": steps}
    if not options.without_orchestration:
        orchestrated = measured(run_orchestrated, data / "extracts", homes[1])
        if orchestrated["outcome"]:
            raise SystemExit("the run through Dagster failed")
        add("through Dagster", orchestrated["seconds"], None, orchestrated["peak_mb"])
        result["orchestrated"] = orchestrated["seconds"]
        result["orchestrated_peak_mb"] = orchestrated["peak_mb"]
    CONSOLE.print(table)

    slow = Table(title="Slowest models and tests")
    for column in ("kind", "name", "seconds", "x floor"):
        slow.add_column(column, justify="right" if column in ("seconds", "x floor") else "left")
    nodes = sorted((n for step in steps for n in step.get("nodes", [])), key=lambda n: -n[2])
    marts = [n for n in nodes if n[0] == "model" and n[1].startswith(("dim_", "fct_", "rpt_"))]
    for kind, name, seconds in [*nodes[: options.models], *[n for n in marts if n not in nodes[: options.models]]]:
        slow.add_row(kind, name, f"{seconds:.2f}", f"{seconds / floor:.2f}")
    CONSOLE.print(slow)
    (folder / f"{options.scale}_{options.format}.json").write_text(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
