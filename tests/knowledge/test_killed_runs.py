"""A run that is killed at random points loses nothing and doubles nothing."""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from resources.graph.embedded import EmbeddedGraphStore
from resources.settings import CHECKOUT
from tests.fakes import FakeEmbedder
from tests.flow import Flow

_LIMIT_SECONDS = 120


def start(folder: Path, home: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.knowledge.flow_child", str(folder), str(home)]
    child = subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "started\n", child.stderr and child.stderr.read()
    return child


def change(folder: Path, number: int, chance: random.Random) -> None:
    """Add, edit and delete some files."""
    for name in chance.sample(range(30), 4):
        path = folder / f"{name}.md"
        if path.exists() and chance.random() < 0.3:
            path.unlink()
            continue
        lines = [f"Person{chance.randrange(9)} Berg works at Firm{chance.randrange(9)} AB in Oslo." for _ in range(8)]
        path.write_text(f"# Note {name}\n\n" + f"Version {number}. " + " ".join(lines), encoding="utf-8")


def kill_often(tmp_path: Path, kills: int, seed: int) -> None:
    chance, folder, home = random.Random(seed), tmp_path / "documents", tmp_path / "home"
    folder.mkdir()
    (folder / "always.md").write_text("# Always\n\nAnna Berg lives in Oslo.", encoding="utf-8")
    change(folder, 0, chance)
    began = time.monotonic()
    assert start(folder, home).wait(_LIMIT_SECONDS) == 0
    span, killed = time.monotonic() - began, 0
    for number in range(kills):
        change(folder, number, chance)
        child = start(folder, home)
        time.sleep(chance.random() * span / 2)
        child.send_signal(signal.SIGKILL)
        killed += child.wait(_LIMIT_SECONDS) == -signal.SIGKILL
    assert killed >= kills // 2
    child = start(folder, home)
    _, errors = child.communicate(timeout=_LIMIT_SECONDS)
    assert child.returncode == 0, errors
    clean = Flow(folder, tmp_path / "clean", FakeEmbedder(), EmbeddedGraphStore(tmp_path / "clean" / "graph"))
    clean.run()
    mine = Flow(folder, home, FakeEmbedder(), EmbeddedGraphStore(home / "graph"))
    assert mine.digests() == clean.digests()
    for name in ("documents", "chunks", "chunk_embeddings"):
        keys = mine.tables.read(name).column(0).to_pylist()
        assert len(keys) == len(set(keys)) and mine.tables.digest(name) == clean.tables.digest(name)


def test_five_kills_lose_and_double_nothing(tmp_path: Path):
    kill_often(tmp_path, 5, seed=1)


@pytest.mark.slow
def test_fifty_kills_lose_and_double_nothing(tmp_path: Path):
    kill_often(tmp_path, 50, seed=2)
