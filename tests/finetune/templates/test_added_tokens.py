"""Tokens that a recipe adds: ordinary ones stay in what is read, special ones don't, and untrained rows are told."""

from typing import Any

import pytest

from pipelines.core.errors import InputError
from pipelines.finetune.models.loading import fit_vocabulary
from pipelines.finetune.models.methods import apply_method
from pipelines.finetune.recipes.recipe import Recipe
from pipelines.finetune.templates.tokenizing import prepare_tokenizer, untrained_tokens

WORDS = ["[UNK]", "open", "the", "door"]


def tokenizer_with(**keys: Any) -> Any:
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    words = Tokenizer(models.WordLevel({word: n for n, word in enumerate(WORDS)}, unk_token="[UNK]"))
    words.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    made = PreTrainedTokenizerFast(tokenizer_object=words, unk_token="[UNK]")
    prepare_tokenizer(made, Recipe(**keys))
    return made


def tiny_model(tokenizer: Any, **keys: Any) -> Any:
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=len(WORDS), hidden_size=8, intermediate_size=8, num_hidden_layers=1, num_attention_heads=1,
        num_key_value_heads=1, tie_word_embeddings=keys.pop("tied", False),
    )  # fmt: skip
    model = LlamaForCausalLM(config)
    fit_vocabulary(model, tokenizer)
    return apply_method(model, Recipe(**keys))


def test_ordinary_tokens_are_one_token_each_and_stay_in_what_is_read():
    tokenizer = tokenizer_with(add_tokens="<tool>, <door>,door", new_special_tokens="<end>", resize_vocab=True)
    ids = tokenizer.encode("open <tool> <end>", add_special_tokens=False)
    assert ids == [1, 4, 6] and len(tokenizer) == len(WORDS) + 3
    assert tokenizer.decode(ids, skip_special_tokens=True).split() == ["open", "<tool>"]
    assert tokenizer.added_by_recipe == ["<tool>", "<door>", "<end>"]


def test_ordinary_tokens_need_room_as_special_ones_do():
    with pytest.raises(InputError, match=r"add_tokens.*<tool>.*resize_vocab: true"):
        tokenizer_with(add_tokens="<tool>")
    assert tokenizer_with(add_tokens="door").added_by_recipe == []


@pytest.mark.parametrize(
    ("keys", "told"),
    [({}, True), ({"tied": True}, True), ({"additional_target": "embed_tokens"}, True),
     ({"additional_target": "embed_tokens,lm_head"}, False), ({"finetuning_type": "full"}, False)],
)  # fmt: skip
def test_rows_that_stay_untrained_are_told_with_the_key_that_trains_them(keys: dict[str, Any], told: bool):
    tokenizer = tokenizer_with(add_tokens="<tool>", resize_vocab=True)
    lines = untrained_tokens(tiny_model(tokenizer, **keys), tokenizer)
    assert len(lines) == told
    for line in lines:
        assert line.startswith("new tokens <tool> – ")
        assert line.endswith("add additional_target: embed_tokens,lm_head to the recipe")


def test_nothing_is_told_where_no_token_was_added():
    tokenizer = tokenizer_with()
    assert untrained_tokens(tiny_model(tokenizer), tokenizer) == []


def test_a_key_that_is_not_used_changes_no_training():
    assert Recipe().digest() == Recipe(add_tokens=None).digest() != Recipe(add_tokens="<tool>").digest()
