"""Dagster's own state below the home: a path in `dagster.yaml` would follow the working folder or need a variable."""

import os
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import sqlalchemy
from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._core.storage.local_compute_log_manager import LocalComputeLogManager
from dagster._core.storage.root import LocalArtifactStorage
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage, _event_logs_directory
from dagster._serdes import ConfigurableClassData

from resources.settings import Settings

_KEPT_OPEN = 8
"""Databases of events: one a run, and the index."""


def _folder() -> str:
    folder = Settings.load().home / "dagster"
    folder.mkdir(parents=True, exist_ok=True)
    return str(folder)


class HomeEvents(SqliteEventLogStorage):
    """Events as Dagster stores them, but through connections that stay open.

    Dagster opens and closes a database for each of the hundreds of events of a night: most of what an asset costs whose
    inputs did not change. A crash of the machine (not of the process) may lose the last events, never the database.
    """

    _engines: "OrderedDict[tuple[int, str], sqlalchemy.Engine]"

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._engines = OrderedDict()
        super().__init__(base_dir, inst_data)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[sqlalchemy.Connection]:
        with self._db_lock, self._engine(shard).connect() as connection, connection.begin():
            yield connection

    def _engine(self, shard: str) -> sqlalchemy.Engine:
        key = (os.getpid(), shard)  # a forked process must not touch its parent's
        if not os.path.exists(self.path_for_shard(shard)):  # never made, or deleted by another process
            self._close(key)
            self._initialized_dbs.discard(shard)
        if key not in self._engines:
            self._engines[key] = _opened(self.conn_string_for_shard(shard))
        if shard not in self._initialized_dbs:
            self._initdb(self._engines[key])
            self._initialized_dbs.add(shard)
        self._engines.move_to_end(key)
        if len(self._engines) > _KEPT_OPEN:
            self._close(next(iter(self._engines)))
        return self._engines[key]

    def _close(self, key: tuple[int, str]) -> None:
        engine = self._engines.pop(key, None)
        if engine is not None and key[0] == os.getpid():
            engine.dispose()

    def wipe(self) -> None:
        """Delete every event."""
        for key in list(self._engines):
            self._close(key)
        super().wipe()

    def dispose(self) -> None:
        """Close what is open."""
        for key in list(self._engines):
            self._close(key)
        super().dispose()


def _opened(address: str) -> sqlalchemy.Engine:
    """Return an engine with one connection that its threads take in turn."""
    connecting = {"timeout": SQLITE_BUSY_TIMEOUT_SECONDS, "check_same_thread": False}
    engine = sqlalchemy.create_engine(address, poolclass=sqlalchemy.StaticPool, connect_args=connecting)

    @sqlalchemy.event.listens_for(engine, "connect")
    def lighten(connection: Any, _: Any) -> None:
        connection.execute("PRAGMA synchronous=NORMAL")

    return engine


class HomeStorage(DagsterSqliteStorage):
    """Runs, events and schedules as SQLite under `<home>/dagster`."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        super().__init__(base_dir, inst_data)
        self._event_log_storage = HomeEvents(_event_logs_directory(base_dir))

    @classmethod
    def config_type(cls) -> dict[str, Any]:
        return {}

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> "HomeStorage":
        return cls(base_dir=_folder(), inst_data=inst_data)


class HomeArtifacts(LocalArtifactStorage):
    """Local artifacts under `<home>/dagster/storage`."""

    @classmethod
    def config_type(cls) -> dict[str, Any]:
        return {}

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> "HomeArtifacts":
        return cls(_folder(), inst_data)


class HomeComputeLogs(LocalComputeLogManager):
    """Step logs under `<home>/dagster/logs`."""

    @classmethod
    def config_type(cls) -> dict[str, Any]:
        return {}

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> "HomeComputeLogs":
        return cls(base_dir=f"{_folder()}/logs", inst_data=inst_data)
