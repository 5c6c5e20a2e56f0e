"""The decision as table and picture, and the recipes beside each other."""

from matplotlib.text import Text

from pipelines.finetune.evaluation.evaluation import EvaluationSettings, evaluate
from pipelines.finetune.promotion.compared import compared_recipes
from pipelines.finetune.promotion.picture import decision_figure, decision_rows, plot_decision
from pipelines.finetune.promotion.promotion import decide
from tests.finetune.evaluation.predicting import predictions
from tests.finetune.promotion.test_verdicts import FEW, carried, offer, texts
from tests.finetune.training.records import training_record


def shown(figure) -> list[str]:
    return [text.get_text() for text in figure.findobj(Text) if text.get_text()]


def test_each_recipe_stands_against_champion_and_base_with_its_interval() -> None:
    decision = decide({"lora": offer(texts(45), texts(5)), "二号": None}, carried(texts(30)), FEW)
    rows = decision_rows(decision)
    gains = {(row["against"], row["metric"]): row for row in rows if row["recipe"] == "lora"}
    assert set(gains) == {
        (who, metric) for who in ("base", "champion") for metric in
        ("token_f1", "rouge_l", "exact_match (does not decide)")
    }  # fmt: skip
    met = gains["champion", "token_f1"]
    assert met["won, lost, tied"] == "15, 0, 45" and met["verdict"] == "promote" and "95 % interval" in met
    assert [(row["verdict"], row["why"]) for row in rows if row["recipe"] == "二号"] == [("missing", "no evaluation")]
    panels = decision_figure(decision).axes
    assert [axes.get_title() for axes in panels] == [
        "token_f1 against the champion", "rouge_l against the champion",
        "token_f1 against the base", "rouge_l against the base",
    ]  # fmt: skip
    assert [label.get_text() for label in panels[0].get_yticklabels()] == ["lora: promote", "二号: missing"]


def test_every_label_names_the_level_that_was_used(tmp_path) -> None:
    decision = decide({"lora": offer(texts(45), texts(5))}, None, FEW.model_copy(update={"level": 0.9}))
    assert all("90 % interval" in row for row in decision_rows(decision))
    assert "gain, paired 90 % interval" in shown(decision_figure(decision))
    assert plot_decision(decision, tmp_path / "d.png").read_bytes().startswith(b"\x89PNG")


def test_where_nothing_was_tested_the_reason_stands_in_the_picture() -> None:
    nothing = decision_figure(decide({"lora": None}, None, FEW))
    assert {"lora: missing", "no evaluation", "nothing was tested"} <= set(shown(nothing))
    assert decision_figure(decide({}, None, FEW)).axes


def test_recipes_have_the_same_names_and_those_keys_that_tell_them_apart() -> None:
    answers = predictions(["red", "七天"], ["x", "x"], ["red", "七天"], languages=["en", "zh"])
    table = evaluate("a", answers, EvaluationSettings(resamples=50))
    shared = {"finetuning_type": "lora", "learning_rate": 1e-3, "seed": 1}
    trainings = {
        "a": training_record(resolved={**shared, "lora_rank": 8, "quantization_bit": None, "run_name": "x"}),
        "b": training_record(resolved={**shared, "lora_rank": 8, "quantization_bit": 4, "run_name": "y"}),
    }
    found = compared_recipes(trainings, {"a": table, "b": table.slice(0, 0)}, ("token_f1", "chrf"))
    assert list(found["a"]) == list(found["b"]) == [
        "finetuning_type", "learning_rate", "lora_rank", "quantization_bit", "rows", "seconds", "held_out_loss",
        "exact_match", "token_f1", "rouge_l", "chrf", "token_f1 en", "token_f1 zh", "chrf en", "chrf zh",
    ]  # fmt: skip
    assert found["a"]["quantization_bit"] == "unset" and found["b"]["quantization_bit"] == 4
    assert found["a"]["token_f1 zh"] == 1.0 and found["b"]["token_f1"] is None
