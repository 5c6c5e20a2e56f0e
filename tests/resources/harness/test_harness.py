"""lm-eval's tasks by our engine: a tiny model, local rows, no network; skipped where lm-eval is not installed."""

import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pipelines.commands import cli
from pipelines.core.errors import ConfigurationError, InputError
from resources.engines.engine import Batch, InferenceEngine
from resources.engines.likelihoods import Likelihood
from resources.engines.warm import WARM
from resources.harness.tasks import Harness, TaskFigure, figures, run_tasks
from tests.integration.training.tiny_model import make_tiny_model

CHOICE = """
task: choose
dataset_path: json
dataset_kwargs: {data_files: {test: ROWS}}
test_split: test
output_type: multiple_choice
doc_to_text: "{{question}}"
doc_to_choice: [" yes", " no"]
doc_to_target: answer
metric_list: [{metric: acc}]
"""
WRITTEN = """
task: write
dataset_path: json
dataset_kwargs: {data_files: {test: ROWS}}
test_split: test
output_type: generate_until
doc_to_text: "{{question}}"
doc_to_target: word
generation_kwargs: {until: UNTIL, max_gen_toks: 8, do_sample: SAMPLE}
metric_list: [{metric: exact_match}]
"""


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_model(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of two tasks over two local rows."""
    rows = tmp_path / "rows.jsonl"
    asked = [
        {"question": "Is it 退?", "answer": 1, "word": "no"},
        {"question": "Is 2 even?", "answer": 0, "word": "yes"},
    ]
    rows.write_text("".join(json.dumps(row) + "\n" for row in asked), encoding="utf-8")
    for name, text in (("choose", CHOICE), ("write", WRITTEN)):
        text = text.replace("ROWS", str(rows)).replace("UNTIL", '"."').replace("SAMPLE", "false")
        (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
    return tmp_path


class SaysNo(InferenceEngine):
    """An engine without a model: " no" is the likelier answer, and every text is "no. Question"."""

    def likelihoods(self, model: Path, rows: Any) -> list[Likelihood]:
        self.asked = [(list(context), list(answer)) for context, answer in rows]
        return [Likelihood([-0.5] * len(answer), len(answer) == 3) for _, answer in rows]

    def generate(self, model: Path, prompt_ids: Any, max_tokens: int, *_: Any) -> Batch:
        outputs: Any = [{"text": "no. Question"} for _ in prompt_ids]
        self.limit = max_tokens
        return Batch(outputs, "vllm", "float32", "", 0.0, 1.0)


def test_tasks_of_a_folder_are_measured_by_the_engine(folder: Path, model: Path, monkeypatch):
    pytest.importorskip("lm_eval")
    from transformers import AutoTokenizer

    monkeypatch.setenv("HF_DATASETS_CACHE", str(folder / "cache"))
    engine = SaysNo("transformers", folder)
    found = run_tasks(["choose", "write"], model, engine, folder)
    told = {(one.task, one.metric): (one.value, one.rows) for one in found.figures}
    assert told == {("choose", "acc"): (0.5, 2), ("write", "exact_match"): (0.5, 2)}  # "no" is right once
    assert engine.limit == 8 and found.cut_contexts == 0
    text = AutoTokenizer.from_pretrained(model).decode(engine.asked[0][0])
    # The template's own beginning token, and no second one; lm-eval reads the last white space with the answer.
    assert text == "<|im_start|>user\nIs it 退?<|im_end|>\n<|im_start|>assistant"


def test_a_task_that_samples_and_one_that_nobody_knows_are_refused(folder: Path, model: Path, monkeypatch):
    pytest.importorskip("lm_eval")
    monkeypatch.setenv("HF_DATASETS_CACHE", str(folder / "cache"))
    text = (folder / "write.yaml").read_text()
    (folder / "write.yaml").write_text(text.replace("do_sample: false", "do_sample: true, temperature: 0.7"))
    engine = SaysNo("transformers", folder)
    with pytest.raises(ConfigurationError, match="greedy answers"):
        run_tasks(["write"], model, engine, folder)
    with pytest.raises(ConfigurationError, match=r"'chose'.*write choose"):
        run_tasks(["chose"], model, engine, folder)


def test_a_stop_text_that_is_no_list_is_one_text_and_the_first_that_stands_there_ends_the_answer():
    pytest.importorskip("lm_eval")
    from resources.harness.stops import before_stops

    assert before_stops("So 42. Question: 7", "Question:") == "So 42. "  # not at the first of its letters
    assert before_stops("a\n\nb", ["b", "\n"]) == "a" and before_stops("a", []) == "a" and before_stops("a", "") == "a"


def test_a_text_longer_than_the_model_reads_counts_each_token_once_and_fits(folder: Path, model: Path):
    pytest.importorskip("lm_eval")
    from resources.harness.model import HarnessModel

    engine = SaysNo("transformers", folder)
    adapted, text = HarnessModel(engine, model), "a" * (2 * engine.context_length(model) + 5)
    assert adapted.loglikelihood_rolling([SimpleNamespace(args=(text,))]) == [-0.5 * len(text)]
    assert max(len(context) + len(answer) for context, answer in engine.asked) < engine.context_length(model)
    assert adapted.cut_contexts == 0


def test_a_context_is_cut_at_its_beginning_and_counted_and_never_to_nothing(folder: Path, model: Path):
    pytest.importorskip("lm_eval")
    from resources.harness.model import HarnessModel

    engine = SaysNo("transformers", folder)
    adapted, room = HarnessModel(engine, model), engine.context_length(model)
    adapted.generate_until([SimpleNamespace(args=("b" * (room + 9), {"max_gen_toks": 8}))])
    assert adapted.cut_contexts == 1
    with pytest.raises(ConfigurationError, match=f"answers of {room} tokens"):
        adapted.generate_until([SimpleNamespace(args=("b", {"max_gen_toks": room}))])


def test_without_lm_eval_the_command_to_type_is_told(folder: Path, model: Path, monkeypatch):
    monkeypatch.setitem(sys.modules, "lm_eval", None)
    with pytest.raises(ConfigurationError, match=r"pip install 'graftline\[lm-eval\]'"):
        run_tasks(["choose"], model, SaysNo("transformers", folder), folder)


def test_figures_are_read_with_their_error_filter_and_rows():
    of_task = {"alias": "gsm8k", "exact_match,strict-match": 0.25, "exact_match_stderr,strict-match": 0.1}
    found = {
        "results": {"gsm8k": of_task | {"word_perplexity,none": 9.5, "word_perplexity_stderr,none": "N/A"}},
        "n-samples": {"gsm8k": {"original": 10, "effective": 4}},
        "versions": {"gsm8k": 3},
        "higher_is_better": {"gsm8k": {"exact_match": True, "word_perplexity": False}},
    }
    first, second = figures(found)
    assert (first.name, first.value, first.stderr, first.rows) == (
        "lm_eval/gsm8k/exact_match_strict-match",
        0.25,
        0.1,
        4,
    )
    assert (second.name, second.stderr, second.higher_is_better) == ("lm_eval/gsm8k/word_perplexity", None, False)


def test_the_command_logs_the_figures_to_the_recipes_run_and_a_try_nowhere(home: Path, monkeypatch, capsys):
    figure = TaskFigure("gsm8k", "exact_match", "strict-match", 0.25, 0.1, 4, "3", True)
    record, logged = SimpleNamespace(path=str(home), run_id="run 1"), []
    monkeypatch.setattr("resources.tables.tables.TableStore.read_record", lambda *_: {})
    monkeypatch.setattr("pipelines.finetune.merging.record.MergedRecord.read", lambda *_: record)
    monkeypatch.setattr("resources.harness.tasks.run_tasks", lambda *_: Harness((figure,), 2, "0.4.13"))
    monkeypatch.setattr("resources.tracking.tracker.Tracker.log_metrics", lambda _, *told: logged.append(told))
    assert cli.main(["harness", "lora", "--tasks", "gsm8k"]) == 0
    name = "lm_eval/gsm8k/exact_match_strict-match"
    assert logged == [("run 1", {name: 0.25, f"{name}_stderr": 0.1})]
    told = capsys.readouterr().out
    assert "gsm8k exact_match strict-match: 0.2500 ± 0.1000, 4 rows" in told and "2 contexts were cut" in told
    assert cli.main(["harness", "lora", "--tasks", "gsm8k", "--limit", "3"]) == 0 and len(logged) == 1
    assert "not logged" in capsys.readouterr().out


def test_the_engine_gives_a_continuation_what_the_model_gives_it(model: Path, tmp_path: Path):
    import torch
    from transformers import AutoModelForCausalLM

    rows = [([1, 20, 30], [40, 50]), ([1, 7], [9]), ([1, 20, 30, 40, 41, 42], [43, 44, 45])]
    engine = InferenceEngine("transformers", tmp_path)
    try:
        found = engine.likelihoods(model, rows)
        made = engine.generate(model, [[1, 20, 30]], 3).outputs[0]["token_ids"]
        assert engine.likelihoods(model, [([1, 20, 30], made)])[0].greedy
    finally:
        WARM.stop()
    network: Any = AutoModelForCausalLM.from_pretrained(model, dtype=torch.float32)
    for (context, answer), one in zip(rows, found, strict=True):
        with torch.inference_mode():
            logits = network(input_ids=torch.tensor([context + answer])).logits[0].log_softmax(-1)
        wanted = [float(logits[len(context) - 1 + place, token]) for place, token in enumerate(answer)]
        assert one.log_probabilities == pytest.approx(wanted, abs=0.05)  # bfloat16, where the processor has it
    with pytest.raises(InputError):
        engine.likelihoods(model, [([1] * engine.context_length(model), [2])])


def test_vllm_says_it_by_token_from_the_start_of_the_continuation_on(monkeypatch):
    from resources.engines.likelihoods import of_vllm

    def said(token: int, logprob: float, rank: int) -> dict[int, Any]:
        return {token: SimpleNamespace(logprob=logprob, rank=rank)}

    result = SimpleNamespace(prompt_logprobs=[None, said(6, -9.0, 9), said(7, -0.5, 1), said(8, -0.25, 2)])
    llm = SimpleNamespace(reset_prefix_cache=lambda: None, generate=lambda *_, **__: [result])
    monkeypatch.setitem(sys.modules, "vllm", SimpleNamespace(SamplingParams=lambda **options: options))
    assert of_vllm(llm, [[5, 6, 7, 8]], [2]) == [{"log_probabilities": [-0.5, -0.25], "greedy": False}]
