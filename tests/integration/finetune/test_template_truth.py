"""What training renders is what an engine renders: token ids of twenty conversations, and a merged folder served."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from pipelines.core.errors import InputError
from pipelines.finetune.models.loading import load_tokenizer
from pipelines.finetune.recipes.recipe import Recipe
from pipelines.finetune.templates.masking import encode_conversation, prompt_ids
from resources.engines.chat_template import render_conversations
from resources.settings import CHECKOUT
from tests.integration.training.conversations import CASES
from tests.integration.training.tiny_model import make_tiny_model

NO_CUT = 1 << 20
PATIENCE_SECONDS = 500


def with_template(model: Path, folder: Path, name: str) -> Path:
    """Return a copy of a checkpoint whose tokenizer was prepared as training prepares it."""
    folder.mkdir(parents=True, exist_ok=True)
    for file in model.iterdir():
        if file.name != "chat_template.jinja" and not (folder / file.name).exists():
            os.symlink(file, folder / file.name)
    for file in ("tokenizer.json", "tokenizer_config.json"):
        (folder / file).unlink()
    load_tokenizer(model, Recipe(template=name)).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def chatml(small_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return with_template(small_model, tmp_path_factory.mktemp("model") / "chatml", "qwen")


def test_there_are_twenty_conversations_of_every_kind():
    assert len(CASES) == 20
    assert sum(tools is not None for _, tools in CASES) == 8
    assert sum(messages[0]["role"] == "system" for messages, _ in CASES) >= 6


@pytest.mark.parametrize("name", ["qwen", "chatml", "yi"])
def test_the_engines_rendering_is_trainings(name: str, small_model: Path, tmp_path: Path):
    model = with_template(small_model, tmp_path / name, name)
    tokenizer = load_tokenizer(model, Recipe(template=name))
    asked = [(messages[:-1], tools) for messages, tools in CASES]
    rendered = render_conversations(model, [one for one, _ in asked], [tools for _, tools in asked])
    assert rendered == [prompt_ids(tokenizer, messages, tools) for messages, tools in asked]
    for ids, (messages, tools) in zip(rendered, CASES, strict=True):
        trained = encode_conversation(tokenizer, messages, NO_CUT, tools)
        assert trained["input_ids"][: len(ids)] == ids
        answer = [label for label in trained["labels"][len(ids) :] if label >= 0]
        assert tokenizer.decode(answer) == f"{messages[-1]['content']}<|im_end|>"


def test_calls_carry_loss_and_results_do_not(chatml: Path):
    tokenizer = load_tokenizer(chatml, Recipe(template="qwen"))
    messages, tools = CASES[12]
    encoded = encode_conversation(tokenizer, messages, NO_CUT, tools)
    said = tokenizer.decode([label for label in encoded["labels"] if label >= 0])
    call = '<tool_call>\n{"name": "get_weather", "arguments": {"city": "北京", "days": 2}}\n</tool_call><|im_end|>'
    assert said == f"{call}三度。<|im_end|>"


def test_a_template_that_leaves_tools_out_is_refused_by_name(small_model: Path):
    tokenizer = load_tokenizer(small_model, Recipe())
    messages, tools = CASES[12]
    with pytest.raises(InputError, match="add template: chatml"):
        encode_conversation(tokenizer, messages, NO_CUT, tools)


def test_a_template_of_another_family_is_refused_by_the_token_that_it_lacks(small_model: Path):
    with pytest.raises(InputError, match=r"<\|eot_id\|>.*resize_vocab: true"):
        load_tokenizer(small_model, Recipe(template="llama3"))


def test_a_template_in_plain_text_keeps_the_models_end_token(small_model: Path):
    tokenizer = load_tokenizer(small_model, Recipe(template="alpaca"))
    messages = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Yes"}]
    labels = [label for label in encode_conversation(tokenizer, messages, NO_CUT)["labels"] if label >= 0]
    assert tokenizer.decode(labels) == "Yes<|im_end|>"


def test_engines_are_told_to_stop_where_the_template_ends_a_turn(tmp_path: Path):
    from pipelines.finetune.templates.tokenizing import stop_ids

    tokenizer = load_tokenizer(make_tiny_model(tmp_path / "tiny"), Recipe())
    assert stop_ids(tokenizer, Recipe(), 2) == [2]
    tokenizer.eos_token = "<|endoftext|>"  # as in base models whose template closes turns with another token
    assert stop_ids(tokenizer, Recipe(), 0) == [0, 2]
    assert stop_ids(tokenizer, Recipe(template="chatml"), 0) == [0, 2, 1]


def post(address: str, body: dict[str, Any]) -> dict[str, Any]:
    data = json.dumps(body, ensure_ascii=False).encode()
    request = urllib.request.Request(address, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=120) as answer:
        return json.loads(answer.read())


@contextmanager
def serving(folder: Path, *flags: str) -> Iterator[str]:
    """Run vLLM's own OpenAI server on a folder; yields its address. The flags are the CPU's alone."""
    pytest.importorskip("vllm")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = folder.parent / f"{folder.name}-server.log"
    command = [sys.executable, "-m", "vllm.entrypoints.openai.api_server", "--model", str(folder), "--host",
               "127.0.0.1", "--port", str(port), "--enforce-eager", "--max-num-seqs", "2", *flags]  # fmt: skip
    environment = {**os.environ, "VLLM_CPU_KVCACHE_SPACE": "1", "HF_HUB_OFFLINE": "1", "VLLM_NO_USAGE_STATS": "1"}
    with log.open("wb") as output:
        server = subprocess.Popen(command, stdout=output, stderr=output, cwd=CHECKOUT, env=environment,
                                  start_new_session=True)  # fmt: skip
    address = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                urllib.request.urlopen(f"{address}/health", timeout=2).close()
                break
            except OSError:
                assert server.poll() is None and time.monotonic() < deadline, log.read_text(errors="replace")[-3000:]
                time.sleep(0.5)
        yield address
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        try:
            server.wait(timeout=20)
        except subprocess.TimeoutExpired:  # still starting: it reads no signals yet
            os.killpg(server.pid, signal.SIGKILL)
            server.wait()


@pytest.mark.slow
def test_vllms_chat_endpoint_reads_twenty_conversations_as_training_does(chatml: Path):
    tokenizer = load_tokenizer(chatml, Recipe(template="qwen"))
    with serving(chatml, "--max-model-len", "2048") as address:
        for messages, tools in CASES:
            offered = {"tools": tools} if tools else {}
            body = {"model": str(chatml), "messages": messages[:-1], **offered}
            expected = prompt_ids(tokenizer, messages[:-1], tools)
            assert post(f"{address}/tokenize", body)["tokens"] == expected
            choice = {"tool_choice": "none"} if tools else {}
            answer = post(
                f"{address}/v1/chat/completions", {**body, **choice, "max_tokens": 1, "return_token_ids": True}
            )
            assert answer["prompt_token_ids"] == expected
            assert answer["usage"]["prompt_tokens"] == len(expected)


@pytest.mark.slow
def test_a_plain_vllm_serve_takes_the_merged_folder_and_stops_at_the_turns_end(small_model: Path, tmp_path: Path):
    from pipelines.finetune.dataset.preparation import prepare
    from pipelines.finetune.merging.merging import merge
    from pipelines.finetune.training.training import train
    from resources.models.small_model import SmallModel
    from tests.finetune.dataset.example_rows import many

    base = SmallModel(small_model.parent.parent).resolve("smollm2")
    dataset = prepare(many(tmp_path / "in", sources=40), tmp_path)
    recipe = Recipe(lora_rank=8, per_device_train_batch_size=4, max_steps=2)
    merged = merge(recipe, train(recipe, dataset, base, tmp_path), Path(dataset["path"]), base, tmp_path)
    with serving(Path(merged.path), "--max-model-len", "1024") as address:
        asked = [{"role": "user", "content": "What is the capital of France?"}]
        body = {"model": merged.path, "messages": asked, "max_tokens": 100, "temperature": 0}
        answer = post(f"{address}/v1/chat/completions", body)
        assert answer["choices"][0]["finish_reason"] == "stop", answer["choices"]
        assert "Paris" in answer["choices"][0]["message"]["content"]
