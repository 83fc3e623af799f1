"""The writer lock, the connection and the pads of the keyed hash."""

from __future__ import annotations

import hashlib
import hmac
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest

from orchestration.settings import Settings
from orchestration.warehouse import WarehouseLocked, connect, pii_pads, writer_lock

ROOT = Path(__file__).parents[3]


@contextmanager
def another_process(code: str) -> Iterator[subprocess.Popen[str]]:
    """Runs `code`, which prints a line once it holds what it should hold, until the block ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT,
    )  # fmt: skip
    assert process.stdout and process.stdin
    assert process.stdout.readline().strip() == "ready"
    try:
        yield process
    finally:
        if process.poll() is None:
            process.stdin.close()
            process.wait(timeout=30)


def holding_the_lock(home: Path) -> str:
    return f"""
        import sys
        from pathlib import Path
        from orchestration.settings import Settings
        from orchestration.warehouse import writer_lock
        with writer_lock(Settings(extracts="x", home=Path({str(home)!r}))):
            print("ready", flush=True)
            sys.stdin.read()
    """


def settings_for(home: Path, **changes: object) -> Settings:
    return Settings(extracts="x", home=home, pii_key="k", **changes)  # type: ignore[arg-type]


def test_second_process_is_told_who_holds_the_lock_and_what_to_do(tmp_path: Path) -> None:
    settings = settings_for(tmp_path)
    with another_process(holding_the_lock(tmp_path)) as holder:
        with pytest.raises(WarehouseLocked) as error:
            with writer_lock(settings):
                raise AssertionError("the lock was given twice")
        assert f"process {holder.pid}, since 20" in str(error.value)
        assert str(tmp_path) in str(error.value)
        assert "wait until it ends" in str(error.value)
    with writer_lock(settings):
        pass


def test_lock_ends_with_a_killed_process(tmp_path: Path) -> None:
    with another_process(holding_the_lock(tmp_path)) as holder:
        holder.kill()
        holder.wait(timeout=30)
        with writer_lock(settings_for(tmp_path)):
            pass


def test_lock_is_reentrant_and_held_until_the_outermost_block_ends(tmp_path: Path) -> None:
    settings = settings_for(tmp_path)
    probe = f"""
        from pathlib import Path
        from orchestration.settings import Settings
        from orchestration.warehouse import WarehouseLocked, writer_lock
        try:
            with writer_lock(Settings(extracts="x", home=Path({str(tmp_path)!r}))):
                print("free")
        except WarehouseLocked:
            print("taken")
    """

    def state() -> str:
        return subprocess.run(
            [sys.executable, "-c", textwrap.dedent(probe)],
            capture_output=True,
            text=True,
            cwd=ROOT,
            check=True,
        ).stdout.strip()

    with writer_lock(settings):
        with writer_lock(settings):
            pass
        assert state() == "taken"
    assert state() == "free"


def test_two_homes_do_not_lock_each_other(tmp_path: Path) -> None:
    with another_process(holding_the_lock(tmp_path / "a")):
        with writer_lock(settings_for(tmp_path / "b")):
            pass


def test_warehouse_open_in_another_program_is_explained(tmp_path: Path) -> None:
    settings = settings_for(tmp_path)
    connect(settings).close()
    reader = f"""
        import duckdb, sys
        connection = duckdb.connect({str(settings.warehouse)!r}, read_only=True)
        print("ready", flush=True)
        sys.stdin.read()
    """
    with another_process(reader) as holder:
        with pytest.raises(WarehouseLocked) as error:
            connect(settings)
        assert f"process {holder.pid}" in str(error.value)
        assert "published/marts.duckdb" in str(error.value)
    connect(settings).close()


def test_other_errors_of_duckdb_stay_what_they_are(tmp_path: Path) -> None:
    settings = settings_for(tmp_path)
    settings.warehouse.write_bytes(b"this is no database" * 1000)
    with pytest.raises(duckdb.IOException, match="not a valid DuckDB database file"):
        connect(settings)


@pytest.mark.parametrize("key", ["short", "é" * 40, "x" * 64, "x" * 65])
def test_pads_give_the_hmac_of_the_standard_library(tmp_path: Path, key: str) -> None:
    inner, outer = (bytes.fromhex(pad) for pad in pii_pads(key))
    message = b"Ada@example.org"
    by_pads = hashlib.sha256(outer + hashlib.sha256(inner + message).digest()).hexdigest()
    assert by_pads == hmac.new(key.encode(), message, hashlib.sha256).hexdigest()


def test_connection_has_the_zone_the_limits_and_the_pads(tmp_path: Path) -> None:
    settings = settings_for(tmp_path / "new" / "home", memory_limit="512MB", threads=1)
    with connect(settings) as connection:
        row = connection.execute(
            "select current_setting('TimeZone'), current_setting('memory_limit'), current_setting('threads'), "
            "getvariable('pii_inner'), getvariable('pii_outer')"
        ).fetchall()[0]
    assert row == ("UTC", "488.2 MiB", 1, *pii_pads("k"))
