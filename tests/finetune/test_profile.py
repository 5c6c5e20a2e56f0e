from pipelines.finetune.profile import Weight, trainable_parameters
from pipelines.finetune.recipe import Recipe

LAYER = Weight("model.layers.0.self_attn.q_proj.weight", (4096, 4096))


def test_the_guides_figure_for_one_layer():
    assert trainable_parameters([LAYER], Recipe(lora_rank=8), 1) == 65_536
    assert LAYER.parameters + 65_536 == 16_842_752


def test_dora_adds_a_magnitude_for_each_output():
    assert trainable_parameters([LAYER], Recipe(lora_rank=8, use_dora=True), 1) == 65_536 + 4_096


def test_freeze_trains_the_last_layers_and_full_trains_all():
    weights = [LAYER, Weight("model.layers.1.self_attn.q_proj.weight", (8, 8)), Weight("model.norm.weight", (8,))]
    last = Recipe(finetuning_type="freeze", freeze_trainable_layers=1)
    first = Recipe(finetuning_type="freeze", freeze_trainable_layers=-1)
    assert trainable_parameters(weights, last, 2) == 64
    assert trainable_parameters(weights, first, 2) == 4096 * 4096
    assert trainable_parameters(weights, Recipe(finetuning_type="full"), 2) == 4096 * 4096 + 64 + 8


def test_an_embedding_is_not_a_linear_layer():
    assert trainable_parameters([Weight("model.embed_tokens.weight", (100, 8))], Recipe(lora_rank=8), 1) == 0
