"""Which metrics a row is measured by, and the slices: a registry's, a recipe's, else four."""

import json
import math
from pathlib import Path

import pyarrow as pa
import pytest

from pipelines.core.errors import InputError
from pipelines.core.identity import table_digest
from pipelines.finetune.dataset.rows.measures import Measures, registered_measures, row_measures
from pipelines.finetune.dataset.rows.registry import find_sources
from pipelines.finetune.evaluation.evaluation import (
    EvaluationSettings,
    evaluate,
    flat_metrics,
    headline,
    score_rows,
    unmeasured,
)
from pipelines.finetune.evaluation.judged import judge_metadata, judge_predictions
from pipelines.finetune.evaluation.picture import GAIN, evaluation_figure, gains_figure
from pipelines.finetune.evaluation.scores import score_all
from pipelines.finetune.recipes.recipe import Recipe
from tests.fakes import FakeLanguageModel
from tests.finetune.evaluation.predicting import predictions, row

FEW = EvaluationSettings(resamples=200, min_slice_rows=2)


def by_name(table: pa.Table) -> dict[tuple[str, str], dict[str, object]]:
    return {(row["slice"], row["metric"]): row for row in table.to_pylist()}


def test_a_row_is_measured_by_what_is_named_for_it_and_others_as_usual() -> None:
    table = predictions(["305", "七天退货", "红色"], ["304", "是", "蓝"], ["三百零五", "七天退货", "红色"])
    measures = {"r000": Measures("sums", ("number_match",)), "r001": Measures("chat", ("bleu", "chrf"))}
    found = by_name(evaluate("lora", table, FEW, measures))
    assert found["all", "number_match"]["rows"] == 1 and found["all", "number_match"]["difference"] == 1.0
    assert found["all", "bleu"]["rows"] == 1 and found["all", "bleu"]["adapter"] == 1.0
    assert found["all", "chrf"]["rows"] == 2 and found["all", "exact_match"]["rows"] == 1
    rows = score_rows(table, score_all(table, measures)).to_pylist()
    assert rows[0]["adapter_number_match"] == 1.0 and rows[0]["adapter_chrf"] is None
    assert "adapter_bleu" not in rows[0]


def test_without_names_and_without_slices_the_evaluation_is_the_former_one() -> None:
    table = predictions(["red tent", "七天"], ["blue", "七天"], ["red tent", "三天"], languages=["en", "zh"])
    usual = evaluate("lora", table, EvaluationSettings(resamples=200, slices=("language",)))
    assert usual["metric"].unique().to_pylist() == ["exact_match", "token_f1", "rouge_l", "chrf"]
    assert table_digest(usual) == table_digest(evaluate("lora", table, EvaluationSettings(resamples=200)))


def test_slices_are_by_language_length_source_and_task() -> None:
    references = ["a", "b c d e", "是", "七天无理由"] * 2
    table = predictions(references, references, references, languages=["en", "en", "zh", "zh"] * 2)
    table = table.set_column(table.column_names.index("source"), "source", [["x", "x", "y", "y", "x", "x", "y", "z"]])
    tasks = {f"r{number:03}": Measures("sum" if number < 4 else "chat") for number in range(8)}
    evaluation = evaluate("lora", table, FEW, tasks)
    sizes = {row["slice"]: row["rows"] for row in evaluation.to_pylist()}
    assert sizes == {
        "all": 8, "en": 4, "zh": 4, "length=long": 4, "length=short": 4, "source=x": 4, "source=y": 3,
        "task=chat": 4, "task=sum": 4,
    }  # fmt: skip
    panels = evaluation_figure(evaluation).axes
    assert [text.get_text() for text in panels[0].get_xticklabels()] == ["all (n=8)", "en (n=4)", "zh (n=4)"]
    names = flat_metrics(evaluation)
    assert "adapter_chrf_length_long" in names and "base_chrf_task_sum" in names
    assert not any("source" in name for name in names)


def test_two_tasks_whose_names_mlflow_does_not_take_stay_two() -> None:
    same = ["a"] * 4
    tasks = {f"r{number:03}": Measures("a(b" if number < 2 else "a)b") for number in range(4)}
    names = flat_metrics(evaluate("lora", predictions(same, same, same), FEW, tasks))
    mine = [name for name in names if name.startswith("adapter_chrf_task")]
    assert len(mine) == 2 and not any(mark in name for name in mine for mark in "(:)")


def test_what_says_nothing_of_a_row_is_counted() -> None:
    table = predictions(["305", "none"], ["1", "2"], ["305", "3"])
    scored = score_all(table, {f"r00{n}": Measures("", ("number_match", "perplexity")) for n in (0, 1)})
    assert unmeasured(scored) == {"number_match": 1, "perplexity": 2}
    found = by_name(evaluate("lora", table, FEW, scored=scored))
    assert found["all", "number_match"]["rows"] == 1 and ("all", "perplexity") not in found


def test_given_log_probabilities_make_a_perplexity_and_lower_is_better() -> None:
    table = predictions(["a", "b"], ["", ""], ["", ""])
    for who, value in (("base", 1 / 8), ("adapter", 1 / 2)):
        column = pa.array([[math.log(value)], [math.log(value)] * 3])
        table = table.append_column(f"{who}_log_probabilities", column)
    evaluation = evaluate("lora", table, FEW, {f"r00{n}": Measures("", ("perplexity",)) for n in (0, 1)})
    (row, *_) = evaluation.to_pylist()
    assert (row["base"], row["adapter"], row["difference"]) == pytest.approx((8, 2, -6))
    assert headline(evaluation)[0]["metric"] == "perplexity (lower is better)"


def registry(folder: Path, **entry: object) -> Path:
    (folder / "rows.json").write_text('[{"instruction": "1+1?", "output": "2"}]', encoding="utf-8")
    (folder / "dataset_info.json").write_text(json.dumps({"sums": {"file_name": "rows.json"} | entry}), "utf-8")
    return folder


def test_a_registrys_metrics_come_before_a_recipes(tmp_path: Path) -> None:
    folder = registry(tmp_path, metrics=["number_match"], task="arithmetic")
    assert registered_measures(folder) == {"sums": Measures("arithmetic", ("number_match",))}
    assert find_sources(folder)[0][0].dataset == "sums"
    rows = [{"row_id": "r0", "dataset": "sums"}, {"row_id": "r1", "dataset": "chat"}]
    assert row_measures(rows, registered_measures(folder), ("bleu",)) == {
        "r0": Measures("arithmetic", ("number_match",)),
        "r1": Measures("chat", ("bleu",)),
    }
    assert registered_measures(tmp_path / "none") == {}


@pytest.mark.parametrize("given", ["number_mach", ["chrf", "number_mach"], 7])
def test_a_registrys_wrong_metric_is_told_before_a_training(tmp_path: Path, given: object) -> None:
    with pytest.raises(InputError, match=r"dataset_info.json, sums") as caught:
        find_sources(registry(tmp_path, metrics=given))
    assert given == 7 or "write number_match" in str(caught.value)


def test_a_registrys_slip_in_the_key_is_told(tmp_path: Path) -> None:
    assert "write 'metrics'" in find_sources(registry(tmp_path, metric=["chrf"]))[0][0].flaw


def test_a_recipe_names_metrics_and_trains_as_before() -> None:
    assert Recipe(metrics="bleu,chrf").digest() == Recipe().digest()
    assert Recipe.model_validate({"metrics": ["bleu", "rouge-l"]}).metrics == "bleu,rouge-l"
    with pytest.raises(ValueError, match="the nearest is 'rouge_l'"):
        Recipe(metrics="rouge_ll")


def test_verdicts_of_a_judge_are_scores_and_what_was_not_judged_is_none() -> None:
    table = predictions(["yes"] * 3, ["no", "no", "no"], ["yes", "no", "yes"])
    model = FakeLanguageModel(lambda messages: json.dumps({"better": "BA"[messages[0]["content"].endswith("no")]}))
    scored, judgements = judge_predictions(table, [row(0), row(1)], model)
    assert [judgement.winner for judgement in judgements] == ["second", "tie", ""]
    (judged,) = evaluate("lora", table, EvaluationSettings(resamples=50, slices=()), scored=[scored]).to_pylist()
    assert (judged["metric"], judged["rows"], judged["adapter"], judged["base"]) == ("judge_win_rate", 2, 0.75, 0.25)
    told = judge_metadata(judgements, "m")
    assert told["judge_not_judged"] == 1 and told["judge_reasons"]["its row is no longer held out"] == 1
    assert "user: question 0" in model.calls[0][0][0]["content"] and unmeasured([scored]) == {"judge_win_rate": 1}


def test_the_gains_are_drawn_in_every_slice_and_what_is_left_out_is_counted() -> None:
    references = [f"a{number}" for number in range(90)]
    table = predictions(references, ["x"] * 90, references, languages=["en", "zh"] * 45)
    sources = [f"来源{number % 30}" for number in range(90)]
    table = table.set_column(table.column_names.index("source"), "source", [sources])
    figure = gains_figure(evaluate("lora", table, FEW))
    labels = [text.get_text() for text in figure.axes[0].get_yticklabels()]
    assert labels[:3] == ["all (n=90)", "en (n=45)", "zh (n=45)"] and len(labels) == 24
    assert figure.get_supxlabel().endswith("; 9 smaller slices are in the table")
    colours = {line.get_color() for line in figure.axes[0].lines} - {"black"}
    assert colours == {GAIN}
