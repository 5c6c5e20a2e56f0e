"""Dagster's own state below the home: a path in `dagster.yaml` would follow the working folder or need a variable."""

from collections.abc import Mapping
from typing import Any

from dagster._core.storage.local_compute_log_manager import LocalComputeLogManager
from dagster._core.storage.root import LocalArtifactStorage
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage
from dagster._serdes import ConfigurableClassData

from resources.settings import Settings


def _folder() -> str:
    folder = Settings.load().home / "dagster"
    folder.mkdir(parents=True, exist_ok=True)
    return str(folder)


class HomeStorage(DagsterSqliteStorage):
    """Runs, events and schedules as SQLite under `<home>/dagster`."""

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
