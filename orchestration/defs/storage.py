"""Dagster's event log in SQLite, with connections that stay open.

Belongs here: nothing but the way SQLite is opened; files and tables are Dagster's own, and its UI reads them
meanwhile. Does not belong here: the choice of a storage (`run.py`).

Dagster opens and closes a database for each of the 2,000 events of a run and waits for the disk each time:
8 of the 25 seconds that orchestration took on two cores. A run of the command line is the only writer of its
home, so it may keep them open, and a crash of the machine may cost the last events of a log (never a result).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._serdes import ConfigurableClassData
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import QueuePool


class PatientEventLogStorage(SqliteEventLogStorage):
    """`SqliteEventLogStorage` that opens each of its databases once."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._engines: dict[str, Engine] = {}
        super().__init__(base_dir, inst_data)

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> PatientEventLogStorage:
        """See `SqliteEventLogStorage`."""
        return cls(inst_data=inst_data, **config_value)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        with self._db_lock:
            engine = self._engines.get(shard)
            if engine is None:
                engine = create_engine(
                    self.conn_string_for_shard(shard),
                    poolclass=QueuePool,
                    pool_size=1,
                    connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS, "check_same_thread": False},
                )
                event.listen(engine, "connect", _do_not_wait_for_the_disk)
                if shard not in self._initialized_dbs:
                    self._initdb(engine)
                    self._initialized_dbs.add(shard)
                self._engines[shard] = engine
            with engine.connect() as connection, connection.begin():
                yield connection

    def dispose(self) -> None:
        """Close what is open."""
        for engine in self._engines.values():
            engine.dispose()
        self._engines.clear()
        super().dispose()


def _do_not_wait_for_the_disk(connection: Any, _: Any) -> None:
    # Safe against corruption in WAL mode, which Dagster uses.
    connection.execute("pragma synchronous = normal")
