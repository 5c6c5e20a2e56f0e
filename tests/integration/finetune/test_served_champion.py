"""The served champion with the real small model: two checkpoints that answer otherwise, fifty clients, one switch."""

import importlib.util
import shutil
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from pipelines.commands.ui import free_port
from pipelines.serving.app import create_app
from pipelines.serving.champion.child_generator import ChildGenerator
from pipelines.serving.champion.following import Following
from pipelines.serving.champion.routes import Champion
from resources.engines.chosen import engine_environment
from resources.models.promoted.promoted import Promoted
from resources.tables.tables import TableStore
from tests.serving.champion.test_champion import chunks, until
from tests.serving.test_server import House, Writing

pytestmark = pytest.mark.slow
QUESTIONS = [
    f"{how} {what}?" for how in ("Where is", "What is", "Who is from") for what in ("Oslo", "the Nile", "Peru")
]
TOKENS = 24


def changed(model: Path, folder: Path) -> Path:
    """Return a copy of a checkpoint whose last layers say the opposite: it answers, and otherwise."""
    from safetensors import safe_open
    from safetensors.torch import save_file

    shutil.copytree(model, folder)
    file = folder / "model.safetensors"
    with safe_open(model / "model.safetensors", "pt") as stored:
        tensors = {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118
    for layer in (27, 28, 29):
        name = f"model.layers.{layer}.mlp.down_proj.weight"
        tensors[name] = -tensors[name]
    file.unlink()
    save_file(tensors, file, {"format": "pt"})
    return folder


class Alias:
    def __init__(self, folders: dict[str, Path], engine: str, home: Path) -> None:
        self.number, self._folders, self.loaded = "1", folders, list[ChildGenerator]()

        def load(promoted: Promoted) -> ChildGenerator:
            log = home / f"{len(self.loaded)}.log"
            made = ChildGenerator(promoted.require_folder(), engine, log, engine_environment())
            self.loaded.append(made)
            return made

        self.following = Following(self._find, load, look_seconds=0.2)

    def _find(self) -> Promoted:
        return Promoted(self.number, "lora", f"{self.number}digest", self._folders[self.number])


@contextmanager
def served(alias: Alias, home: Path) -> Iterator[str]:
    import uvicorn

    house = House(Writing(lambda messages: ""))
    app = create_app(house.warm, TableStore(home / "tables"), champion=Champion(alias.following, 64))
    server = uvicorn.Server(uvicorn.Config(app, port=free_port(0), log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    until(lambda: server.started)
    yield f"http://127.0.0.1:{server.config.port}"
    server.should_exit = True
    thread.join()


def asked(client: httpx.Client, question: str, stream: bool = False, **fields: Any) -> tuple[str, str]:
    """Return (version, text) of an answer."""
    body = {"model": "champion", "messages": [{"role": "user", "content": question}], "max_tokens": TOKENS}
    response = client.post("/v1/chat/completions", json={**body, "temperature": 0, "stream": stream, **fields})
    assert response.status_code == 200, response.text
    if not stream:
        whole = response.json()
        return whole["system_fingerprint"].split("-")[2], whole["choices"][0]["message"]["content"]
    found = chunks(response.text)
    (label,) = {one["system_fingerprint"] for one in found}
    return label.split("-")[2], "".join(one["choices"][0]["delta"].get("content", "") for one in found)


@pytest.mark.parametrize("engine", ["transformers", "vllm"])
def test_fifty_clients_see_each_answer_wholly_of_one_model(
    engine: str, small_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if importlib.util.find_spec(engine) is None:
        pytest.skip(f"{engine} is not installed")
    # In float32 a batch's shape rounds too little to change a greedy token.
    monkeypatch.setenv("GRAFTLINE_BENCH_FAST_BFLOAT16", "0")
    alias = Alias({"1": small_model, "2": changed(small_model, tmp_path / "changed")}, engine, tmp_path)
    with served(alias, tmp_path) as address, httpx.Client(base_url=address, timeout=300) as client:
        alone: dict[str, dict[str, str]] = {}
        for number in ("1", "2"):
            alias.number = number
            until_served(client, alias, number)
            alone[number] = {question: asked(client, question)[1] for question in QUESTIONS}
        assert all(alone["1"][question] != alone["2"][question] for question in QUESTIONS)
        assert alias.loaded[-1].engine == engine
        versions, done = Counter[str](), threading.Event()

        def asks(number: int) -> None:
            with httpx.Client(base_url=address, timeout=300) as own:
                while not done.is_set():
                    question = QUESTIONS[number % len(QUESTIONS)]
                    version, text = asked(own, question, stream=number % 2 == 0)
                    assert text == alone[version][question]
                    versions[version] += 1

        with ThreadPoolExecutor(50) as pool:
            jobs = [pool.submit(asks, number) for number in range(50)]
            until_more(versions, "2", 50)
            alias.number = "1"  # what a promotion or a rollback does
            until_more(versions, "1", 50)
            done.set()
            for job in jobs:
                job.result()
        print(f"{engine}: answers by version {dict(versions)}")
        assert (
            asked(client, "Where is Oslo?", stop=[alone["1"]["Where is Oslo?"][5:9]])[1]
            == alone["1"]["Where is Oslo?"][:5]
        )
        drawn = [asked(client, "Tell me a story.", temperature=1.5, seed=seed)[1] for seed in (1, 1, 2)]
        assert drawn[0] == drawn[1] != drawn[2]
    assert [one.alive for one in alias.loaded] == [False] * 3


def until_served(client: httpx.Client, alias: Alias, number: str) -> None:
    asked(client, "Hello?", max_tokens=1)
    _until(lambda: alias.following.state["serving"] == number)


def until_more(versions: Counter[str], number: str, more: int) -> None:
    before = versions[number]
    _until(lambda: versions[number] >= before + more)


def _until(is_so: Any) -> None:
    ends = time.monotonic() + 280
    while not is_so():
        assert time.monotonic() < ends
        time.sleep(0.05)
