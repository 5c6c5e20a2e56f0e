"""One engine a run: what is kept in its process, what ends it, and that nothing of it outlives its parent."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipelines.core.child_process import run_child
from pipelines.core.errors import ServiceError
from resources.engines import engine as inference_engine
from resources.engines import memory, warm
from resources.engines.engine import Batch, InferenceEngine
from resources.engines.kept_model import shape_of
from resources.engines.warm import WarmEngine
from resources.settings import CHECKOUT
from tests.resources.engines.processes import gone

CHILD = "tests.resources.engines.fake_engine_child"


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> Iterator[WarmEngine]:
    """A warm engine of the test's own, with fake models in the real process."""
    own = WarmEngine()
    monkeypatch.setattr(warm, "_CHILD", CHILD)
    monkeypatch.setattr(inference_engine, "WARM", own)
    monkeypatch.setattr(warm, "has_gpu", lambda: False)
    yield own
    own.stop()


def model_named(folder: Path, name: str, **config: object) -> Path:
    model = folder / name
    model.mkdir()
    (model / "config.json").write_text(json.dumps({"max_position_embeddings": 200, "eos_token_id": 7, **config}))
    (model / "tokenizer.json").write_text("{}")
    return model


def texts(batch: Batch) -> list[str]:
    return [output["text"].split(" pid ")[0] for output in batch.outputs]


def test_each_row_is_told_as_it_is_finished_with_its_place_and_engine(kept: WarmEngine, tmp_path: Path) -> None:
    base, other = (model_named(tmp_path, name) for name in ("base", "other"))
    heard: list[tuple[int, int, list[int], str, str]] = []

    def told(model: int, row: int, output: dict[str, Any]) -> None:
        heard.append((model, row, output["token_ids"], output["engine"], output["text"]))

    jobs = [(base, [[1, 2], [3, 4], [5, 6]]), (other, []), (other, [[7, 8]])]
    made = InferenceEngine("vllm", tmp_path).generate_many(jobs, 4, told=told, at_once=2)
    assert heard == [
        (0, 0, [1, 2], "vllm", "2 at once"),
        (0, 1, [3, 4], "vllm", "2 at once"),
        (0, 2, [5, 6], "vllm", "1 at once"),
        (2, 0, [7, 8], "vllm", "1 at once"),
    ]
    assert [len(batch.outputs) for batch in made] == [3, 0, 1]


def test_what_was_told_before_an_engine_died_is_heard(kept: WarmEngine, tmp_path: Path) -> None:
    heard: list[tuple[int, int, str]] = []
    with pytest.raises(ServiceError, match="killed in the middle"):
        InferenceEngine("vllm", tmp_path).generate_many(
            [(model_named(tmp_path, "base"), [[1, 2], [3, 4]])],
            15,
            told=lambda model, row, output: heard.append((model, row, output["text"])),
        )
    assert heard == [(0, 1, "told")]


def test_two_batches_of_one_model_start_one_engine(kept: WarmEngine, tmp_path: Path) -> None:
    model, engine = model_named(tmp_path, "base"), InferenceEngine("vllm", tmp_path)
    first = engine.generate(model, [[1, 2, 3]], 10)
    second = InferenceEngine("vllm", tmp_path).generate(model, [[1]], 20)  # as another asset would
    assert (first.came, first.starts, second.came, second.starts) == ("started", 1, "warm", 0)
    assert texts(second) == ["base loads 1 swaps 0"] and kept.starts == 1
    assert first.outputs[0]["text"] == second.outputs[0]["text"]


def test_a_model_of_the_same_shape_takes_the_place_of_the_former(
    kept: WarmEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_ENGINE", "swaps")
    base, merged = model_named(tmp_path, "base"), model_named(tmp_path, "merged", _name_or_path="elsewhere")
    batches = InferenceEngine("vllm", tmp_path).generate_many([(base, [[1]]), (merged, [[1]]), (base, [[1]])], 10)
    assert [batch.came for batch in batches] == ["started", "swapped", "swapped"] and kept.starts == 1
    assert [texts(batch)[0].split()[0] for batch in batches] == ["base", "merged", "base"]


@pytest.mark.parametrize("way", ["", "swaps breaks"])
def test_another_model_is_an_engine_of_its_own_where_weights_cannot_change(
    way: str, kept: WarmEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_ENGINE", way)
    base, merged = model_named(tmp_path, "base"), model_named(tmp_path, "merged")
    engine = InferenceEngine("vllm", tmp_path)
    before, after = engine.generate(base, [[1]], 10), engine.generate(merged, [[1]], 10)
    assert texts(after) == ["merged loads 2 swaps 0"] and (before.starts, after.starts, kept.starts) == (1, 1, 2)


def test_a_model_of_another_shape_never_takes_the_place_of_the_former(
    kept: WarmEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_ENGINE", "swaps")
    base, wider = model_named(tmp_path, "base"), model_named(tmp_path, "wider", hidden_size=9)
    assert shape_of(base) != shape_of(wider)
    engine = InferenceEngine("vllm", tmp_path)
    engine.generate(base, [[1]], 10)
    assert engine.generate(wider, [[1]], 10).came == "started"
    (base / "tokenizer.json").write_text('{"added": 1}')
    assert engine.generate(base, [[1]], 10).came == "started"


def test_files_that_changed_are_read_again(kept: WarmEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_ENGINE", "swaps")
    model, engine = model_named(tmp_path, "base"), InferenceEngine("vllm", tmp_path)
    engine.generate(model, [[1]], 10)
    (model / "model.safetensors").write_bytes(b"other weights")
    assert engine.generate(model, [[1]], 10).came == "swapped"


def test_a_longer_prompt_than_there_is_room_for_starts_another(kept: WarmEngine, tmp_path: Path) -> None:
    model, engine = model_named(tmp_path, "base"), InferenceEngine("vllm", tmp_path)
    assert [engine.generate(model, [[1] * length], 10).came for length in (54, 55)] == ["started", "started"]


def test_an_engine_without_a_job_is_ended(kept: WarmEngine, tmp_path: Path) -> None:
    model = model_named(tmp_path, "base")
    kept._idle_seconds = 0.5
    engine = InferenceEngine("vllm", tmp_path)
    engine.generate(model, [[1]], 10)
    pid = kept.pid
    assert pid is not None and gone(pid, 10) and kept.pid is None
    assert engine.generate(model, [[1]], 10).came == "started" and kept.starts == 2


def test_an_engine_that_died_is_started_again(kept: WarmEngine, tmp_path: Path) -> None:
    model, engine = model_named(tmp_path, "base"), InferenceEngine("vllm", tmp_path)
    engine.generate(model, [[1]], 10)
    assert kept.pid is not None
    os.kill(kept.pid, signal.SIGKILL)
    time.sleep(0.5)
    assert engine.generate(model, [[1]], 10).came == "started"


def test_a_failed_job_ends_its_engine_and_the_next_one_starts_another(kept: WarmEngine, tmp_path: Path) -> None:
    model, engine = model_named(tmp_path, "base"), InferenceEngine("vllm", tmp_path)
    engine.generate(model, [[1]], 10)
    with pytest.raises(ServiceError, match="the weights are torn") as caught:
        engine.generate(model, [[1]], 13)
    assert str(kept.log) in caught.value.fix and kept.log.exists() and kept.pid is None
    assert engine.generate(model, [[1]], 10).came == "started"


def test_a_training_that_needs_its_memory_ends_it_and_one_that_does_not_leaves_it(
    kept: WarmEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.core.child_process._MAKERS_OF_ROOM", [kept.make_room])
    monkeypatch.setattr(warm, "available_memory_bytes", lambda: 3 << 30)
    InferenceEngine("vllm", tmp_path).generate(model_named(tmp_path, "base"), [[1]], 10)
    run_child("this", {}, tmp_path / "small", needed_bytes=3 << 30)
    pid = kept.pid
    assert pid is not None
    run_child("this", {}, tmp_path / "large", needed_bytes=(3 << 30) + 1)
    assert kept.pid is None and gone(pid, 10)


def test_beside_a_gpu_every_training_ends_it(kept: WarmEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    InferenceEngine("vllm", tmp_path).generate(model_named(tmp_path, "base"), [[1]], 10)
    monkeypatch.setattr(warm, "has_gpu", lambda: True)
    kept.make_room(1)
    assert kept.pid is None


def test_a_containers_limit_counts_as_the_machines(tmp_path: Path) -> None:
    assert memory.available_memory_bytes(tmp_path) > 1000
    for name, text in (("max", "5000"), ("current", "4500"), ("stat", "anon 1\ninactive_file 300\n")):
        (tmp_path / f"memory.{name}").write_text(text)
    assert memory.available_memory_bytes(tmp_path) == 800  # 5000 - 4500, and 300 of files that may be dropped
    (tmp_path / "memory.max").write_text("max\n")
    assert memory.available_memory_bytes(tmp_path) > 5000


PARENT = """
import os, sys, threading, time
from pathlib import Path
from resources.engines import warm
from resources.engines.engine import InferenceEngine
warm._CHILD = {child!r}
engine, model = InferenceEngine("vllm", Path(sys.argv[1])), Path(sys.argv[1]) / "base"
work = lambda tokens: engine.generate(model, [[1]], tokens)
thread = threading.Thread(target=work, args=(10,)); thread.start(); thread.join()
time.sleep(1.5)  # the thread that started it is gone, and the engine is not
assert work(10).came == "warm"
print(warm.WARM.pid, flush=True)
if sys.argv[2] == "busy":
    threading.Thread(target=work, args=(14,), daemon=True).start()
if sys.argv[2] != "ends":
    time.sleep(60)
"""


@pytest.mark.parametrize(
    ("state", "sent"),
    [
        ("idle", signal.SIGKILL),
        ("busy", signal.SIGKILL),
        ("idle", signal.SIGTERM),
        ("idle", signal.SIGINT),
        ("ends", 0),
    ],
)
def test_the_engine_goes_with_its_parent_however_that_ends(state: str, sent: int, tmp_path: Path) -> None:
    model_named(tmp_path, "base")
    command = [sys.executable, "-c", PARENT.format(child=CHILD), str(tmp_path), state]
    with subprocess.Popen(
        command, cwd=CHECKOUT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        if state == "busy":
            log = next((tmp_path / "generation").glob("engine-*/child.log"))
            end = time.monotonic() + 20
            while "computing" not in log.read_text() and time.monotonic() < end:
                time.sleep(0.1)
            assert "computing" in log.read_text()
        if sent:
            parent.send_signal(sent)
    assert gone(pid, 10)


def test_a_forked_process_leaves_its_parents_engine_alone(kept: WarmEngine, tmp_path: Path) -> None:
    model, engine = model_named(tmp_path, "base"), InferenceEngine("vllm", tmp_path)
    engine.generate(model, [[1]], 10)
    forked = os.fork()
    if not forked:
        kept.stop()
        os._exit(0)
    os.waitpid(forked, 0)
    assert engine.generate(model, [[1]], 10).came == "warm"
