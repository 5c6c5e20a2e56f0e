import json
import logging
import shutil
from pathlib import Path

import numpy as np
import pytest

from pipelines.core.errors import ConfigurationError
from resources.embedding import model_files
from resources.embedding.embedders import open_embedder
from resources.embedding.local import SentenceEmbedder
from resources.embedding.prompts import card_prompts, missing, prompts_setting
from resources.settings import Settings

E5_CARD = """---
language: [en]
---
# Text embeddings by weakly-supervised contrastive pre-training
```python
# Each input text should start with "query: " or "passage: ".
input_texts = ['query: how much protein should a female eat', "passage: As a general guideline, the CDC's average"]
```
"""


@pytest.fixture
def named_model(tmp_path: Path):
    """Return how to make a folder of the packaged model under another name, with a card."""
    model_files.tell_once.cache_clear()

    def make(name: str, card: str = "") -> str:
        folder = tmp_path / name
        shutil.copytree(model_files._minilm_folder(), folder, ignore=shutil.ignore_patterns("README.md"))
        if card:
            (folder / "README.md").write_text(card)
        return str(folder)

    return make


@pytest.mark.parametrize(
    ("card", "found"),
    [
        (E5_CARD, {"query": "query: ", "passage": "passage: "}),
        (
            "use `search_query: what is TSNE?` and `search_document: TSNE is a method`",
            {"query": "search_query: ", "document": "search_document: "},
        ),
        ("questions begin with 'query: ' and texts with nothing", {}),
        ("This query: takes long. A passage: none. The SQL query: 'select'", {}),
        ("", {}),
    ],
)
def test_a_card_names_prompts_by_its_example_texts_of_both_kinds(card: str, found: dict[str, str], tmp_path: Path):
    (tmp_path / "README.md").write_text(card)
    assert card_prompts(tmp_path) == found


def test_a_model_whose_card_alone_has_prompts_gets_them_is_another_model_and_says_so(
    named_model, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    plain, carded = (SentenceEmbedder(tmp_path, named_model(*of)) for of in (("small",), ("carded", E5_CARD)))
    words = "boats in the harbour"
    assert np.array_equal(carded.embed_queries([words]), plain.embed([f"query: {words}"]))
    assert np.array_equal(carded.embed([words]), plain.embed([f"passage: {words}"]))
    assert (carded.asymmetric, plain.asymmetric) == (True, False)
    assert carded.max_tokens == (plain.max_tokens or 0) - 2  # passage, :
    revisions = [embedder.name.partition("@")[2] for embedder in (plain, carded)]
    assert revisions[1].partition("+")[0] == revisions[0] and revisions[1].partition("+")[2].startswith("prompts-")
    (record,) = caplog.records
    assert "'query: ' is put before questions and 'passage: ' before texts" in record.message


def test_an_e5_without_card_or_configuration_is_told_of_once_with_what_to_set(
    named_model, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    folder = named_model("our-e5-small-v2")
    assert [SentenceEmbedder(tmp_path, folder).asymmetric for _ in range(2)] == [False, False]
    (record,) = caplog.records
    assert record.levelno == logging.WARNING and 'EMBEDDING_PROMPTS=\'{"query": "query: "' in record.message
    assert [bool(missing(name)) for name in ("intfloat/multilingual-e5-base", "E5", "vie5", "bge-base", "e50")] == [
        True,
        True,
        False,
        False,
        False,
    ]


def test_the_setting_goes_before_card_and_configuration_and_an_empty_one_means_none(
    named_model, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    folder = named_model("e5-carded", E5_CARD)
    config = {"prompts": {"query": "q: ", "document": ""}}
    (Path(folder) / "config_sentence_transformers.json").write_text(json.dumps(config))
    assert SentenceEmbedder(tmp_path, folder).files.prompts == config["prompts"]  # its own go before its card's
    stated = {"GRAFTLINE_HOME": str(tmp_path), "EMBEDDING_MODEL": folder}
    none = open_embedder(Settings(**stated, EMBEDDING_PROMPTS="{}"))
    given = open_embedder(Settings(**stated, EMBEDDING_PROMPTS='{"query": "ask: "}'))
    assert (none.asymmetric, given.asymmetric) == (False, True) and not caplog.records
    assert len({none.name, given.name, SentenceEmbedder(tmp_path, folder).name}) == 3


def test_prompts_that_are_none_or_would_not_be_used_are_refused(tmp_path: Path):
    assert prompts_setting("") is None
    for wrong in ("query: ", '["query: "]', '{"query": 1}', '{"question": "q: "}'):
        with pytest.raises(ConfigurationError, match="EMBEDDING_PROMPTS"):
            prompts_setting(wrong)
    for model in ("", "llamaindex:llama_index.core.embeddings.MockEmbedding"):
        with pytest.raises(ConfigurationError, match="EMBEDDING_PROMPTS: found prompts for a"):
            _ = open_embedder(
                Settings(GRAFTLINE_HOME=str(tmp_path), EMBEDDING_MODEL=model, EMBEDDING_PROMPTS='{"query": "q: "}')
            ).name
