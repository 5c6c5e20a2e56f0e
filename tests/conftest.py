"""What tests share: a home of their own each, and the real small model prepared once."""

import os
from pathlib import Path

import pytest

from resources.settings import CHECKOUT

os.environ.setdefault("HF_HUB_OFFLINE", "1")


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
