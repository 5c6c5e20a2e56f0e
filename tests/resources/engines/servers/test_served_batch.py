"""Servers as engines of batches, in the real engine's process: started once, asked with ids, ended with it."""

import json
import threading
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path

import psutil
import pytest
from tokenizers import Tokenizer, models

from pipelines.core.errors import ServiceError
from resources.engines import engine as inference_engine
from resources.engines import warm
from resources.engines.engine import InferenceEngine
from resources.engines.options import EngineOptions
from resources.engines.servers.protocols import Answered
from resources.engines.servers.served_batch import output_of
from resources.engines.warm import WarmEngine
from tests.resources.engines.processes import gone
from tests.resources.engines.servers.scripted_server import Handler

CHILD = "tests.resources.engines.servers.scripted_child"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    folder.mkdir()
    config = {"max_position_embeddings": 4096, "eos_token_id": 7, "architectures": ["LlamaForCausalLM"]}
    (folder / "config.json").write_text(json.dumps(config))
    words = {f"w{number}": number for number in range(20)}
    Tokenizer(models.WordLevel(words, unk_token="w0")).save(str(folder / "tokenizer.json"))
    return folder


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> Iterator[WarmEngine]:
    own = WarmEngine()
    monkeypatch.setattr(warm, "_CHILD", CHILD)
    monkeypatch.setattr(inference_engine, "WARM", own)
    yield own
    own.stop()


def servers_of(pid: int) -> list[int]:
    below = psutil.Process(pid).children(recursive=True)
    return [one.pid for one in below if one.cmdline()[1].endswith("scripted_server.py")]


def test_a_server_answers_one_batch_after_the_other_and_ends_with_the_engine(
    kept: WarmEngine, model: Path, tmp_path: Path
) -> None:
    engine = InferenceEngine("vllm-server", tmp_path, options=EngineOptions(max_num_seqs=2))
    first = engine.generate(model, [[1, 2, 3], [4]], 10)
    again = engine.generate(model, [[5, 6]], 10)
    assert (first.engine, first.came, again.came, first.fallback) == ("vllm-server", "started", "warm", "")
    assert [one["token_ids"] for one in first.outputs] == [[3, 2, 1, 7], [4, 7]]
    assert first.outputs[0]["text"] == "w3 w2 w1 w7" and first.outputs[0]["finish_reason"] == "stop"
    log = tmp_path / "generation" / "vllm-server.log"
    started = json.loads(log.read_text().split("started with ")[1].splitlines()[0])
    assert started[started.index("--max-num-seqs") + 1] == "2" and str(model) in started
    assert kept.pid is not None
    servers = servers_of(kept.pid)
    assert len(servers) == 1
    kept.stop()
    assert gone(servers[0], 15)


def test_another_model_starts_the_server_anew_and_the_former_one_is_ended(
    kept: WarmEngine, model: Path, tmp_path: Path
) -> None:
    import shutil

    other = tmp_path / "other"
    shutil.copytree(model, other)
    engine = InferenceEngine("vllm-server", tmp_path)
    first, second = engine.generate_many([(model, [[1]]), (other, [[2]])], 10)
    assert (first.came, second.came) == ("started", "started")
    assert kept.pid is not None and len(servers_of(kept.pid)) == 1


def test_a_server_that_does_not_start_is_told_with_its_log_and_transformers_runs(
    kept: WarmEngine, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCRIPT", "crash")
    batch = InferenceEngine("vllm-server", tmp_path).generate(model, [[1]], 10)
    assert batch.engine == "transformers" and "the weights are torn" in batch.fallback
    assert str(tmp_path / "generation" / "vllm-server.log") in batch.fallback


def test_an_engine_that_cannot_run_here_is_skipped_with_its_reason(
    kept: WarmEngine, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    batch = InferenceEngine("tensorrt-llm", tmp_path).generate(model, [[1]], 10)
    assert (batch.engine, batch.fallback) == ("transformers", "no trtllm-serve on the PATH")


def test_a_server_says_that_it_gives_no_likelihoods(kept: WarmEngine, model: Path, tmp_path: Path) -> None:
    with pytest.raises(ServiceError, match="vllm-server, which is not asked for likelihoods"):
        InferenceEngine("vllm-server", tmp_path).likelihoods(model, [([1], [2])])


@pytest.fixture
def hosted() -> Iterator[tuple[str, type[Handler]]]:
    handler = type("Own", (Handler,), {"seen": [], "headers_seen": [], "failing": [], "models": ["model"]})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/v1", handler
    server.shutdown()
    server.server_close()


def of_hosted(url: str, folder: Path, **options: object) -> InferenceEngine:
    secrets = {"GRAFTLINE_ENGINE_URL": url, "GRAFTLINE_ENGINE_API_KEY": "sk-very-secret"}
    return InferenceEngine("hosted", folder, options=EngineOptions(**options), secrets=secrets)  # type: ignore[arg-type]


def test_a_hosted_server_answers_with_its_ids_or_with_those_of_its_text(
    kept: WarmEngine, model: Path, tmp_path: Path, hosted
) -> None:
    url, handler = hosted
    batch = of_hosted(url, tmp_path).generate(model, [[1, 2]], 10)
    assert (batch.engine, batch.dtype) == ("hosted", "as it is served")
    assert batch.outputs[0]["token_ids"] == [2, 1, 7] and handler.headers_seen[-1] == "Bearer sk-very-secret"
    handler.hides_ids = True
    unknown = of_hosted(url, tmp_path).generate(model, [[1, 2]], 10)
    assert unknown.outputs[0]["token_ids"] == [0, 7]  # "text" is a word that the tokenizer does not know


@pytest.mark.parametrize(
    ("odd", "told"),
    [
        ({"models": ["gpt"]}, "no model 'model' among gpt"),
        ({"counts_more": 3}, "1 of 1 prompts that it counts as another number of tokens"),
        ({"failing": [(401, "wrong key: sk-very-secret")]}, "status 401"),
    ],
)
def test_a_hosted_server_of_another_model_or_without_a_right_key_is_an_error(
    kept: WarmEngine, model: Path, tmp_path: Path, hosted, odd: dict, told: str
) -> None:
    url, handler = hosted
    for name, value in odd.items():
        setattr(handler, name, value)
    with pytest.raises(ServiceError, match=told) as caught:
        of_hosted(url, tmp_path).generate(model, [[1]], 10)
    written = "".join(path.read_text() for path in tmp_path.rglob("*.log"))
    assert "very-secret" not in f"{caught.value}{written}"


@pytest.mark.parametrize(
    ("answer", "stop", "ids", "reason"),
    [
        (Answered("x", [1, 2], "stop"), [7], [1, 2, 7], "stop"),  # the end token was kept back
        (Answered("x", [1, 7], "stop"), [7], [1, 7], "stop"),
        (Answered("x", [1, 7, 3], "length"), [7], [1, 7], "stop"),  # a server that knows another end token only
        (Answered("x", [1, 2], "length"), [7], [1, 2], "length"),
        (Answered("x", [1, 2], "stop"), [7, 8], [1, 2], "stop"),  # which of two it was is not made up
    ],
)
def test_an_answer_ends_with_its_end_token(answer: Answered, stop: list[int], ids: list[int], reason: str) -> None:
    assert output_of(answer, stop, None) == {"token_ids": ids, "finish_reason": reason, "text": "x"}


def test_an_answer_without_ids_and_without_a_tokenizer_is_an_error() -> None:
    with pytest.raises(ServiceError, match="without token ids"):
        output_of(Answered("x", None, "stop"), [7], None)
