import os
import subprocess
import sys

import pytest

from pipelines.compute.processor import THREADS, has_gpu, share_cores
from resources.settings import CHECKOUT


def test_threads_wait_as_they_should_unless_the_environment_says_otherwise(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("GOMP_SPINCOUNT", "7")
    monkeypatch.setenv("OMP_WAIT_POLICY", "")  # so that it is undone, whether or not it was set
    monkeypatch.delenv("OMP_WAIT_POLICY")
    share_cores()
    assert os.environ["GOMP_SPINCOUNT"] == "7" and os.environ["OMP_WAIT_POLICY"] == THREADS["OMP_WAIT_POLICY"]


@pytest.mark.parametrize("module", ["definitions", "commands.cli"])
def test_every_way_in_sets_them_before_torch_is_there(module: str):
    call = "main(['doctor', '--help'])" if module == "commands.cli" else "defs"
    code = (
        f"import os, sys; from pipelines.{module} import {call.split('(')[0]}\n"
        f"try: {call}\nexcept SystemExit: pass\n"
        "assert 'torch' not in sys.modules\n"
        f"assert all(os.environ[name] == value for name, value in {THREADS!r}.items())"
    )
    clean = {name: value for name, value in os.environ.items() if name not in THREADS}
    subprocess.run([sys.executable, "-c", code], cwd=CHECKOUT, env=clean, check=True, stdout=subprocess.DEVNULL)


def test_hidden_gpus_count_as_none(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert not has_gpu()
