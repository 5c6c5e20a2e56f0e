"""What tests share: a home of their own each, and the real small model prepared once."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from resources.settings import CHECKOUT

os.environ.setdefault("HF_HUB_OFFLINE", "1")


def process_state() -> dict[str, Any]:
    """Return what a test may change in this process and has to put back, so that the order of tests changes nothing."""
    states = sys.modules.get("dagster._core.storage.defs_state.base")
    return {
        # Of a Dagster instance that was left open: definitions that are resolved later ask its deleted database.
        "Dagster's current instance": states.DefsStateStorage.get() if states else None,
        "settings in the environment": {name: os.environ[name] for name in os.environ if name.startswith("GRAFTLINE_")},
    }


@pytest.fixture(autouse=True)
def _nothing_is_left_to_the_next_test() -> Iterator[None]:
    before = process_state()
    yield
    assert process_state() == before


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A GRAFTLINE_HOME of this test's own, with no Neo4j and no remote model behind it."""
    for name in ("NEO4J_URI", "MLFLOW_TRACKING_URI", "LLM_BASE_URL", "LLM_MODEL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GRAFTLINE_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture(scope="session")
def small_model() -> Path:
    """The real small language model, prepared once in the checkout's own home."""
    from resources.models.small_model import SmallModel

    return SmallModel(CHECKOUT / ".graftline").path()
