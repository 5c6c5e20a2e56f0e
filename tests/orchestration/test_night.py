from pipelines.orchestration.night import night_steps


def test_a_night_prepares_once_trains_each_recipe_once_and_then_decides_once():
    names = [step.name for step in night_steps(["qlora", "lora"])]
    assert names == ["knowledge", "preparation", "finetune[lora]", "finetune[qlora]", "promotion", "answering"]
