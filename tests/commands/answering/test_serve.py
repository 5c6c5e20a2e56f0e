import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from pipelines.commands.answering import serve


@pytest.fixture
def _as_before() -> Iterator[None]:
    interval = sys.getswitchinterval()
    yield
    sys.setswitchinterval(interval)


@pytest.mark.usefixtures("_as_before")
def test_threads_that_compute_let_those_run_that_hand_on_a_models_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import uvicorn

    seen: dict[str, Any] = {}

    def run(app: Any, **_: Any) -> None:
        seen.update(interval=sys.getswitchinterval(), policy=os.environ["OMP_WAIT_POLICY"])

    monkeypatch.setattr(uvicorn, "run", run)
    monkeypatch.setenv("GRAFTLINE_HOME", str(tmp_path))
    monkeypatch.setenv("OMP_WAIT_POLICY", "PASSIVE")
    result = CliRunner().invoke(serve.command, ["--port", "0"])
    assert result.exit_code == 0, result.output
    assert seen == {"interval": pytest.approx(0.0005), "policy": "PASSIVE"}
