"""Access to `warehouse.duckdb`: connections, and the lock that lets one run write at a time.

Belongs here: how the file is opened, by whom, and what is said when it is taken.
Does not belong here: what is read from it or written to it, and the published copy, which anybody may open.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from orchestration.settings import Settings

_HMAC_BLOCK_BYTES = 64  # of SHA-256, RFC 2104
_held: dict[Path, tuple[int, int]] = {}  # lock file -> (descriptor, depth), of this process
_held_guard = threading.Lock()


class WarehouseLocked(RuntimeError):
    """Another process writes to this warehouse; the message says which one, since when, and what to do."""


def pii_pads(key: str) -> tuple[str, str]:
    """The inner and outer pad of HMAC-SHA-256 for `key`, each as 128 hexadecimal digits.

    SQL hashes with the pads alone (`sha256(outer || sha256(inner || message))`), so the key itself is
    never handed to a database session.
    """
    secret = key.encode()
    if len(secret) > _HMAC_BLOCK_BYTES:
        secret = hashlib.sha256(secret).digest()
    block = secret.ljust(_HMAC_BLOCK_BYTES, b"\0")
    return bytes(b ^ 0x36 for b in block).hex(), bytes(b ^ 0x5C for b in block).hex()


def connect(settings: Settings) -> duckdb.DuckDBPyConnection:
    """A read-write connection to the warehouse: UTC, the configured limits, the pads of the PII key.

    The file and its folder are made when they are absent.

    Raises:
        WarehouseLocked: another process has the file open.
    """
    settings = settings.with_pii_key()
    settings.home.mkdir(parents=True, exist_ok=True)
    with explained_locks(settings):
        connection = duckdb.connect(str(settings.warehouse))
    # Limits are set after opening: DuckDB refuses a second connection of one process (dbt's) whose opening
    # configuration differs, whereas limits that were SET hold for every connection to the same file.
    connection.execute("set TimeZone = 'UTC'")
    if settings.memory_limit:
        connection.execute(f"set memory_limit = {_quoted(settings.memory_limit)}")
    if settings.threads:
        connection.execute(f"set threads = {int(settings.threads)}")
    inner, outer = pii_pads(settings.pii_key or "")
    connection.execute(f"set variable pii_inner = {_quoted(inner)}")
    connection.execute(f"set variable pii_outer = {_quoted(outer)}")
    return connection


@contextmanager
def explained_locks(settings: Settings) -> Iterator[None]:
    """Turn DuckDB's own `Could not set lock on file` into `WarehouseLocked`."""
    try:
        yield
    except duckdb.IOException as error:
        if "Could not set lock on file" not in str(error):
            raise
        holder = re.search(r"held in (.+?) \(PID (\d+)\)", str(error))
        who = f"process {holder[2]} ({Path(holder[1]).name})" if holder else "another process"
        raise WarehouseLocked(
            f"{settings.warehouse} is open in {who}. Only the pipeline may open the warehouse: close that "
            f"program, or let it read {settings.published / 'marts.duckdb'} instead, then run again."
        ) from error


@contextmanager
def writer_lock(settings: Settings) -> Iterator[None]:
    """Hold the home's `writer.lock` so that one process at a time writes; re-entrant within a process.

    The lock is the kernel's (`flock`): it ends with the process, however that ends. The file's content
    (PID, start in UTC) only serves the message of whoever comes second.

    Raises:
        WarehouseLocked: another process holds the lock.
    """
    path = settings.home.absolute() / "writer.lock"
    with _held_guard:
        if path in _held:
            descriptor, depth = _held[path]
            _held[path] = (descriptor, depth + 1)
        else:
            _held[path] = (_acquire(path, settings), 1)
    try:
        yield
    finally:
        with _held_guard:
            descriptor, depth = _held[path]
            if depth > 1:
                _held[path] = (descriptor, depth - 1)
            else:
                del _held[path]
                # Emptied, never unlinked: another process may already wait on this very inode.
                os.ftruncate(descriptor, 0)
                os.close(descriptor)


def _acquire(path: Path, settings: Settings) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        holder = _describe_holder(os.pread(descriptor, 1000, 0))
        os.close(descriptor)
        raise WarehouseLocked(
            f"Another run is writing to {settings.home} ({holder}). One run at a time: wait until it ends, "
            "or stop it, then run again."
        ) from error
    os.ftruncate(descriptor, 0)
    started = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S")
    os.pwrite(descriptor, json.dumps({"pid": os.getpid(), "since": started}).encode(), 0)
    return descriptor


def _describe_holder(content: bytes) -> str:
    try:
        holder = json.loads(content)
        return f"process {holder['pid']}, since {holder['since']} UTC"
    except (ValueError, KeyError, TypeError):
        return "a process that has just begun"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
