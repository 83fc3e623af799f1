"""Runs that follow a run: nothing new, readers meanwhile, and kills at random moments."""

from __future__ import annotations

import json
import multiprocessing
import random
import shutil
import signal
import subprocess
import time
from multiprocessing.synchronize import Event
from pathlib import Path

import duckdb
import pytest

from orchestration.settings import PROJECT_ROOT
from tests.conftest import Outcome, command, environment, funnelhouse


def content(home: Path) -> dict[str, str]:
    """Content hash of every mart but the results of checks, which every run adds to."""
    marts = json.loads((home / "published" / "manifest.json").read_text())["marts"]
    return {name: mart["content_hash"] for name, mart in marts.items() if name != "rpt_data_quality"}


def read_in_a_loop(path: str, stop: Event, results: multiprocessing.Queue[tuple[int, str]]) -> None:
    """Open the published marts again and again; report how often it went well and the first error."""
    reads = 0
    try:
        while not stop.is_set():
            with duckdb.connect(path, read_only=True) as connection:
                [(people,)] = connection.execute("select count(*) from marts.marts.dim_people").fetchall()
                [(spend,)] = connection.execute("select count(*) from marts.marts.fct_ad_spend").fetchall()
                assert people > 0
                assert spend > 0
            reads += 1
            time.sleep(0.02)  # a BI tool pauses too, and the run shares the machine with the readers
        results.put((reads, ""))
    except Exception as error:
        results.put((reads, repr(error)))


def test_a_second_run_loads_nothing_and_publishes_the_same_while_readers_read(demo: Outcome, tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(demo.home, home, symlinks=True)
    before, release = content(home), (home / "published").resolve()
    context = multiprocessing.get_context("spawn")
    stop, results = context.Event(), context.Queue()
    readers = [
        context.Process(target=read_in_a_loop, args=(str(home / "published" / "marts.duckdb"), stop, results))
        for _ in range(2)
    ]
    for reader in readers:
        reader.start()
    # One reader more keeps the old file open over the whole run.
    with duckdb.connect(str(home / "published" / "marts.duckdb"), read_only=True) as old:
        people = old.execute("select count(*) from marts.marts.dim_people").fetchall()
        again = funnelhouse("run", "--publish-pii", home=home)
        assert old.execute("select count(*) from marts.marts.dim_people").fetchall() == people
    stop.set()
    seen = [results.get(timeout=60) for _ in readers]
    for reader in readers:
        reader.join()

    assert again.code == 0, again.stderr
    assert [error for _, error in seen] == ["", ""]
    assert all(reads > 10 for reads, _ in seen)
    assert (home / "published").resolve() != release
    assert len(before) > 10
    assert content(home) == before
    loaded_before = demo.query("select max(loaded_at), count(*) from marts.rpt_loaded_files")
    assert again.query("select max(loaded_at), count(*) from marts.rpt_loaded_files") == loaded_before


@pytest.mark.slow
def test_kills_at_random_moments_lose_nothing(demo: Outcome, tmp_path: Path) -> None:
    home = tmp_path / "home"
    moments = random.Random(20250101)
    killed = 0
    for _ in range(10):
        run = subprocess.Popen(
            command("run", "--publish-pii"),
            cwd=PROJECT_ROOT,
            env=environment(home),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        time.sleep(moments.uniform(3, 35))
        if run.poll() is None:
            killed += 1
        run.send_signal(signal.SIGKILL)
        run.wait()
        if (home / "published").exists():
            assert content(home) == content(demo.home), "a killed run left a half-published release"
    assert killed >= 5
    final = funnelhouse("run", "--publish-pii", home=home)
    assert final.code == 0, final.stderr
    assert content(home) == content(demo.home)
