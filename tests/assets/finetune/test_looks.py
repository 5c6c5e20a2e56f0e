"""What a person sees of an evaluation and of a decision in Dagster."""

import dagster as dg

from assets.finetune import promotion
from tests.assets.finetune.test_evaluation_assets import Line, line  # noqa: F401 - a fixture
from tests.finetune.promotion.test_registration import pass_gates
from tests.finetune.training.records import training_record


def test_the_page_shows_pictures_and_the_answers_side_by_side(line: Line) -> None:  # noqa: F811
    adapter = training_record(resolved={"lora_rank": 8, "finetuning_type": "lora"}, recipe="lora").as_json()
    line.tables.write_record("adapter/lora", adapter, "weights")
    pass_gates(line.tables, "adapter")
    (shown,) = line.evaluate().asset_materializations_for_node("evaluation")
    assert all("data:image/png" in shown.metadata[name].value for name in ("plot", "gains"))
    table = shown.metadata["side_by_side"].value
    assert table.startswith("120 won, 0 lost, 0 tied against the base by the mean of token_f1 and chrf; 12 shown")
    assert table.count("\n| adapter |") == 12 and "question 1" in table
    result = dg.materialize([promotion.registered_model], resources=line.resources)
    (decided,) = result.asset_materializations_for_node("registered_model")
    assert all("data:image/png" in decided.metadata[name].value for name in ("gains_plot", "recipes_plot"))
    assert "| lora | promote | base | token_f1 | 120 |" in decided.metadata["gains"].value
    assert "| lora | 8 | lora | 72 |" in decided.metadata["recipes"].value
