import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pipelines.core.errors import InputError, ServiceError
from resources.engines import engine as inference_engine
from resources.engines import warm
from resources.engines.batch_engine import length_sorted_batches, stop_token_ids
from resources.engines.chat_template import render_conversations
from resources.engines.engine import InferenceEngine
from resources.engines.transformers_batch import cut


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A model folder that holds only its configuration."""
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"max_position_embeddings": 100, "eos_token_id": 7}))
    return folder


@pytest.fixture
def child(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Put a script in the place of the child."""
    package = tmp_path / "children"
    package.mkdir()
    monkeypatch.setenv("PYTHONPATH", str(package))
    kept = warm.WarmEngine()
    monkeypatch.setattr(inference_engine, "WARM", kept)

    def write(body: str) -> None:
        start = "import json, sys, time\nspec = json.load(open(input()))\n"
        (package / "child_of_test.py").write_text(start + body)
        monkeypatch.setattr(warm, "_CHILD", "child_of_test")

    yield write
    kept.stop()


ANSWERS = """
import os
outputs = lambda prompts: [{"text": str(len(ids)), "token_ids": ids[:2], "finish_reason": "stop"} for ids in prompts]
batches = [{"engine": "transformers", "dtype": "float32", "fallback": "no such architecture", "start_seconds": 1.0,
            "generate_seconds": 2.0, "came": "started", "outputs": outputs(job["prompts"])} for job in spec["jobs"]]
json.dump({"batches": batches}, open(spec["result"] + ".new", "w"))
os.replace(spec["result"] + ".new", spec["result"])
"""


def test_a_batch_says_what_came_out_and_which_engine_ran(model: Path, child, tmp_path: Path) -> None:
    child(ANSWERS)
    batch = InferenceEngine("vllm", tmp_path).generate(model, [[1, 2, 3], [4]], 10)
    assert (batch.engine, batch.fallback, batch.tokens_per_second) == ("transformers", "no such architecture", 1.5)
    assert batch.outputs[0] == {
        "text": "3",
        "token_ids": [1, 2],
        "finish_reason": "stop",
        "prompt_tokens": 3,
        "completion_tokens": 2,
    }


def test_several_models_run_in_one_child_and_one_without_prompts_in_none(model: Path, child, tmp_path: Path) -> None:
    child(ANSWERS)
    jobs = [(model, [[1]]), (model, []), (model, [[1, 2]])]
    first, none, last = InferenceEngine("vllm", tmp_path).generate_many(jobs, 5)
    assert [o["text"] for o in first.outputs + last.outputs] == ["1", "2"] and none.outputs == []


def test_after_its_end_only_the_last_log_stays(model: Path, child, tmp_path: Path) -> None:
    child("print('hello', flush=True)\n" + ANSWERS)
    InferenceEngine("vllm", tmp_path / "work").generate(model, [[1]], 5)
    inference_engine.WARM.stop()
    assert [path.name for path in (tmp_path / "work" / "generation").iterdir()] == ["last.log"]
    assert "hello" in (tmp_path / "work" / "generation" / "last.log").read_text()


def test_a_child_that_fails_is_a_service_error_with_its_last_lines(model: Path, child, tmp_path: Path) -> None:
    child("sys.exit('the weights are torn')")
    with pytest.raises(ServiceError, match="the weights are torn") as caught:
        InferenceEngine("vllm", tmp_path).generate(model, [[1]], 5)
    log = next((tmp_path / "generation").glob("engine-*/child.log"))
    assert str(log) in caught.value.fix


def test_a_child_that_takes_too_long_is_ended(model: Path, child, tmp_path: Path) -> None:
    child("print(__import__('os').getpid(), flush=True)\ntime.sleep(60)")
    with pytest.raises(ServiceError, match="no result after 2 s"):
        InferenceEngine("vllm", tmp_path, patience=2).generate(model, [[1]], 5)
    pid = int(next((tmp_path / "generation").glob("engine-*/child.log")).read_text())
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_prompt_that_leaves_no_room_is_refused_before_anything_starts(model: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="prompt 1: found 96 tokens; expected 1 to 95 beside 5 new ones"):
        InferenceEngine("vllm", tmp_path).generate(model, [[1], [1] * 96], 5)
    assert not (tmp_path / "generation").exists()


def test_a_folder_without_a_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no config\.json"):
        InferenceEngine("vllm", tmp_path).generate(tmp_path / "nothing", [[1]], 5)


def test_a_template_that_is_missing_is_named(model: Path) -> None:
    from tokenizers import Tokenizer, models

    Tokenizer(models.BPE()).save(str(model / "tokenizer.json"))
    with pytest.raises(InputError, match="no chat template"):
        render_conversations(model, [[{"role": "user", "content": "hello"}]])


def test_end_tokens_come_from_the_generation_config_first(model: Path) -> None:
    assert stop_token_ids(model) == [7]
    (model / "generation_config.json").write_text(json.dumps({"eos_token_id": [8, 9]}))
    assert stop_token_ids(model) == [8, 9]


def test_padding_after_the_first_end_token_is_cut() -> None:
    assert cut([5, 7, 7, 7], [7]) == {"token_ids": [5, 7], "finish_reason": "stop"}
    assert cut([5, 6], [7]) == {"token_ids": [5, 6], "finish_reason": "length"}


def test_batches_hold_prompts_of_similar_length_and_a_bounded_number_of_tokens() -> None:
    # Longest first; with 96 new tokens, rows of 1000 leave room for three, and of 10 for the rest.
    assert length_sorted_batches([10, 1000, 10, 1000, 1000, 1000], 96) == [[1, 3, 4], [5, 0, 2]]


def test_the_engine_is_imported_without_torch() -> None:
    import subprocess

    code = "import resources.engines.engine, resources.engines.chat_template, sys; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_what_texts_depend_on_names_the_engine_its_version_and_the_arithmetic(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = InferenceEngine("transformers", tmp_path)
    before = engine.made_with
    assert before.startswith("transformers transformers ")
    monkeypatch.setattr(inference_engine, "version", lambda package: "0.0")
    assert engine.made_with != before
    assert InferenceEngine("vllm", tmp_path).made_with != engine.made_with
