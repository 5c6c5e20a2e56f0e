"""The real small model through vLLM's offline batch and through transformers, in their child processes."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from resources.engines.engine import Batch, InferenceEngine
from resources.engines.warm import WARM

QUESTIONS = ["What is the capital of France?", "Name a colour.", "七天内可以退货吗？", "Write one word."]
CONVERSATIONS = [[{"role": "user", "content": question}] for question in QUESTIONS]
SCHEMA = {
    "type": "object",
    "properties": {"colour": {"type": "string", "enum": ["red", "green"]}},
    "required": ["colour"],
    "additionalProperties": False,
}


@pytest.fixture(scope="module")
def prompt_ids(small_model: Path) -> list[list[int]]:
    return InferenceEngine("vllm", small_model).render(small_model, CONVERSATIONS)


@pytest.fixture(scope="module")
def by_vllm(small_model: Path, prompt_ids: list[list[int]], tmp_path_factory: pytest.TempPathFactory) -> list[Batch]:
    pytest.importorskip("vllm")
    engine = InferenceEngine("vllm", tmp_path_factory.mktemp("vllm"))
    return engine.generate_many([(small_model, prompt_ids), (small_model, prompt_ids[:2])], 24)


@pytest.fixture(scope="module")
def by_transformers(small_model: Path, prompt_ids: list[list[int]], tmp_path_factory: pytest.TempPathFactory) -> Batch:
    engine = InferenceEngine("transformers", tmp_path_factory.mktemp("transformers"))
    return engine.generate(small_model, prompt_ids, 24)


def test_rendering_gives_what_transformers_gives(small_model: Path, prompt_ids: list[list[int]]) -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(str(small_model))
    expected = tokenizer.apply_chat_template(CONVERSATIONS, add_generation_prompt=True, return_dict=True)["input_ids"]
    assert prompt_ids == [list(ids) for ids in expected]


def test_rendering_imports_no_torch(small_model: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from resources.engines.engine import InferenceEngine\n"
        "model = Path(sys.argv[1])\n"
        "InferenceEngine('vllm', model).render(model, [[{'role': 'user', 'content': 'hello'}]])\n"
        "sys.exit('torch' in sys.modules or 'transformers' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code, str(small_model)], check=False).returncode == 0


def test_vllm_answers_twice_with_one_start(by_vllm: list[Batch]) -> None:
    first, second = by_vllm
    assert first.engine == second.engine == "vllm" and not first.fallback
    assert "Paris" in first.outputs[0]["text"] and "Paris" in second.outputs[0]["text"]
    assert (first.came, second.came) == ("started", "warm")


@pytest.mark.parametrize("name", ["vllm", "transformers"])
def test_each_row_is_told_with_its_own_output_and_transformers_would_choose_alike(
    name: str, small_model: Path, prompt_ids: list[list[int]], tmp_path: Path
) -> None:
    pytest.importorskip(name)
    engine, heard = InferenceEngine(name, tmp_path), dict[int, dict]()
    for at_once in (None, 3):
        heard.clear()
        (batch,) = engine.generate_many(
            [(small_model, prompt_ids)], 16, told=lambda _, row, output: heard.update({row: output}), at_once=at_once
        )
        assert sorted(heard) == [0, 1, 2, 3] and {output["engine"] for output in heard.values()} == {name}
        assert [heard[row]["token_ids"] for row in range(4)] == [output["token_ids"] for output in batch.outputs]
        assert [heard[row]["text"] for row in range(4)] == [output["text"] for output in batch.outputs]
    answers = [output["token_ids"] for output in batch.outputs]
    chosen = engine.choices(small_model, prompt_ids, answers)
    assert set(chosen) == {"float32", "bfloat16"} and [len(ids) for ids in chosen["float32"]] == list(map(len, answers))
    assert chosen["float32"][0] == answers[0]  # "The capital of France is Paris.": no close call


@pytest.mark.parametrize("layer", ["model.embed_tokens.weight", "model.layers.0.mlp.down_proj.weight"])
def test_weights_that_were_taken_in_answer_as_a_fresh_engine_does(
    layer: str, small_model: Path, prompt_ids: list[list[int]], tmp_path: Path
) -> None:
    """Also those of a head that is the embeddings, which vLLM's own reload leaves as they were."""
    pytest.importorskip("vllm")
    import torch
    from safetensors.torch import load_file, save_file

    other = tmp_path / "other"
    shutil.copytree(small_model, other)
    weights = load_file(other / "model.safetensors")
    torch.manual_seed(0)
    noise = 1 + 0.4 * torch.randn_like(weights[layer], dtype=torch.float32)
    weights[layer] = (weights[layer].float() * noise).to(weights[layer].dtype)
    save_file(weights, other / "model.safetensors", metadata={"format": "pt"})
    engine = InferenceEngine("vllm", tmp_path)
    before, swapped, again = engine.generate_many(
        [(model, prompt_ids) for model in (small_model, other, small_model)], 24
    )
    WARM.stop()
    fresh = engine.generate(other, prompt_ids, 24)
    assert (swapped.came, again.came, fresh.came) == ("swapped", "swapped", "started")
    assert swapped.outputs == fresh.outputs != before.outputs == again.outputs


def test_transformers_answers_too(by_transformers: Batch) -> None:
    assert by_transformers.engine == "transformers" and len(by_transformers.outputs) == len(QUESTIONS)
    assert "Paris" in by_transformers.outputs[0]["text"]


def test_both_engines_start_an_answer_alike_and_stop_at_the_same_token(
    by_vllm: list[Batch], by_transformers: Batch
) -> None:
    ours, theirs = by_vllm[0].outputs[0], by_transformers.outputs[0]
    assert ours["token_ids"][:4] == theirs["token_ids"][:4]
    assert ours["finish_reason"] == theirs["finish_reason"] == "stop"
    assert ours["token_ids"][-1] == theirs["token_ids"][-1]


@pytest.mark.slow
def test_vllm_holds_an_output_to_its_schema(small_model: Path, prompt_ids: list[list[int]], tmp_path: Path) -> None:
    pytest.importorskip("vllm")
    batch = InferenceEngine("vllm", tmp_path).generate(small_model, prompt_ids[1:2], 24, SCHEMA)
    assert json.loads(batch.outputs[0]["text"])["colour"] in ("red", "green")


def test_an_architecture_that_vllm_cannot_run_is_run_by_transformers(small_model: Path, tmp_path: Path) -> None:
    pytest.importorskip("vllm")
    from resources.engines.batch_engine import CannotRun
    from resources.engines.vllm_batch import load

    (tmp_path / "config.json").write_text(json.dumps({"architectures": ["NoSuchModel"], "model_type": "no_such"}))
    job = {"max_tokens": 4, "concurrency": 1, "trust_remote_code": False, "context": 64, "schema": None}
    with pytest.raises(CannotRun):
        load(str(tmp_path), 5, job)
