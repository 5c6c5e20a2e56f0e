from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from datasets import Dataset
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from pipelines.finetune.recipes.recipe import Recipe
from pipelines.finetune.templates.encoding import RowEncoding, tokenizer_digest, tokens_of

TEMPLATE = "{{ messages[0]['content'] }}"
ROWS = [{"text": "pay the <tool> here"}]


def tokenizer(*special: str, words: str = "pay the < > tool toll here", template: str = TEMPLATE) -> Any:
    vocabulary = {word: number for number, word in enumerate(["?", *words.split()])}
    plain = Tokenizer(models.WordLevel(vocabulary, unk_token="?"))
    plain.pre_tokenizer = pre_tokenizers.Whitespace()
    fast = PreTrainedTokenizerFast(tokenizer_object=plain, unk_token="?", chat_template=template)
    fast.add_special_tokens({"additional_special_tokens": list(special)})
    return fast


def encode(row: Mapping[str, Any], tokenizer: Any, recipe: Recipe) -> dict[str, list[int]]:
    return {"ids": tokenizer(row["text"])["input_ids"]}


def encode_twice(row: Mapping[str, Any], tokenizer: Any, recipe: Recipe) -> dict[str, list[int]]:
    return {"ids": 2 * tokenizer(row["text"])["input_ids"]}


def always(encoded: Mapping[str, list[int]]) -> bool:
    return True


def tokens(cache: Path, tokenizer: Any, function: Any = encode) -> list[int]:
    rows = Dataset.from_list(ROWS)
    return tokens_of(rows, tokenizer, Recipe(), RowEncoding(function, always, ()), cache)[0][0]["ids"]


def test_a_corrected_token_is_in_the_rows_at_once(tmp_path: Path):
    misspelt, right = tokenizer("<toll>"), tokenizer("<tool>")
    assert len(misspelt) == len(right) and misspelt.chat_template == right.chat_template
    added = right.convert_tokens_to_ids("<tool>")
    assert added not in tokens(tmp_path, misspelt)
    assert added in tokens(tmp_path, right)


def test_another_vocabulary_of_the_same_size_is_another_cache(tmp_path: Path):
    assert tokens(tmp_path, tokenizer()) == [1, 2, 3, 5, 4, 7]
    assert tokens(tmp_path, tokenizer(words="the pay < > tool toll here")) == [2, 1, 3, 5, 4, 7]


def test_rows_that_are_encoded_otherwise_are_another_cache(tmp_path: Path):
    assert tokens(tmp_path, tokenizer(), encode_twice) == 2 * tokens(tmp_path, tokenizer())


def test_the_same_tokenizer_finds_its_rows_again(tmp_path: Path):
    tokens(tmp_path, tokenizer("<tool>"))
    first = sorted(tmp_path.iterdir())
    again = tokenizer("<tool>")
    again("a text", truncation=True, max_length=2)  # an earlier call's options are no words
    tokens(tmp_path, again)
    assert sorted(tmp_path.iterdir()) == first


@pytest.mark.parametrize(
    "other",
    [
        tokenizer("<tool>", template=TEMPLATE + " "),
        tokenizer("<toll>"),
        tokenizer("<tool>", words="the pay < > tool toll here"),
    ],
)
def test_template_tokens_and_words_are_part_of_a_tokenizers_digest(other: Any):
    assert tokenizer_digest(other) != tokenizer_digest(tokenizer("<tool>"))
