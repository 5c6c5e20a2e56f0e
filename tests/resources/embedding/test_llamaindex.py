"""A LlamaIndex class behind the embedder, over LlamaIndex's own classes."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from llama_index.core.embeddings import MockEmbedding
from pydantic import Field

from pipelines.core.errors import ConfigurationError, ServiceError
from pipelines.core.protocols import Embedder
from resources.embedding.embedders import open_embedder
from resources.embedding.local import SentenceEmbedder
from resources.models.llamaindex import NamedClass
from resources.settings import CHECKOUT, Settings

MOCK = "llamaindex:llama_index.core.embeddings.MockEmbedding"
OWN = f"llamaindex:{__name__}.LengthEmbedding"


class LengthEmbedding(MockEmbedding):
    """A text is (its length, 1) and a question (1, its length); "fail" fails, and tells its key."""

    api_key: str = Field(default="", exclude=True)

    def __init__(self, **options: Any) -> None:
        super().__init__(**({"embed_dim": 2} | options))

    def _get_text_embedding(self, text: str) -> list[float]:
        if text == "fail":
            raise RuntimeError(f"no answer from http://joe:pass@host for the key {self.api_key}")
        return [float(len(text)), 1.0] if text != "odd" else [1.0]

    def _get_query_embedding(self, query: str) -> list[float]:
        return [1.0, float(len(query))]


def opened(tmp_path: Path, model: str = OWN, **values: str) -> Embedder:
    given = {"GRAFTLINE_HOME": str(tmp_path), "EMBEDDING_MODEL": model} | values
    return open_embedder(Settings.load(given, tmp_path / "none"))


def test_a_class_that_the_settings_name_embeds_texts_and_questions(tmp_path: Path) -> None:
    embedder = opened(tmp_path)
    np.testing.assert_allclose(embedder.embed(["abc", "a"]), [[3 / 10**0.5, 1 / 10**0.5], [0.5**0.5, 0.5**0.5]])
    np.testing.assert_allclose(embedder.embed_queries(["abc"]), [[1 / 10**0.5, 3 / 10**0.5]], atol=1e-6)
    assert embedder.computed == 3 and embedder.asymmetric and embedder.embed([]).shape == (0, 2)
    np.testing.assert_allclose(embedder.embed_queries(["abc"]), [[1 / 10**0.5, 3 / 10**0.5]], atol=1e-6)
    assert embedder.computed == 3


def test_its_options_are_those_of_the_class_and_its_limits_those_of_the_settings(tmp_path: Path) -> None:
    limits = {"EMBEDDING_LANGUAGES": "en", "EMBEDDING_MAX_TOKENS": "8191"}
    embedder = opened(tmp_path, MOCK, EMBEDDING_OPTIONS='{"embed_dim": 5}', **limits)
    assert embedder.dimensions == 5 and embedder.embed(["a", "b"]).shape == (2, 5)
    assert (embedder.max_tokens, embedder.reads("en"), embedder.reads("zh")) == (8191, True, False)
    assert opened(tmp_path).reads("zh") and opened(tmp_path).max_tokens is None
    packaged = SentenceEmbedder(tmp_path)
    assert embedder.tokenizer == packaged.tokenizer
    assert embedder.count_tokens(["a tent"]) == packaged.count_tokens(["a tent"])


def test_the_name_tells_options_apart_and_holds_no_secret(tmp_path: Path) -> None:
    def name(options: dict[str, Any], **values: str) -> str:
        return opened(tmp_path, EMBEDDING_OPTIONS=json.dumps(options), **values).name

    plain = name({"model_name": "small"})
    assert plain.startswith("LengthEmbedding@llamaindex-")
    assert name({"model_name": "large"}) != plain
    secrets = {"api_key": "sk-one", "default_headers": {"Authorization": "Bearer sk-two"}}
    with_headers = name({"model_name": "small", "default_headers": {}})
    assert name({"model_name": "small", **secrets}, EMBEDDING_API_KEY="sk-three") == with_headers
    with_user = name({"base_url": "http://joe:one@host"})
    assert with_user == name({"base_url": "http://ann:two@host"}) != name({"base_url": "http://joe:one@other"})


def test_the_key_is_given_to_the_class_and_shown_in_no_error(tmp_path: Path) -> None:
    embedder = opened(tmp_path, EMBEDDING_API_KEY="sk-secret")
    with pytest.raises(ServiceError, match="RuntimeError: no answer from") as caught:
        embedder.embed(["fail"])
    assert "sk-secret" not in str(caught.value) and "joe" not in str(caught.value) and "key •••" in str(caught.value)
    assert caught.value.__cause__ is None and caught.value.__suppress_context__
    named = NamedClass("EMBEDDING", "package.Class", {"token": "sk-other"}, "sk-secret")
    assert "sk-" not in repr(named) and named.error_text(ValueError("sk-other, sk-secret")) == "ValueError: •••, •••"


def test_vectors_of_another_length_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ServiceError, match="finite vectors of 2 numbers each"):
        opened(tmp_path).embed(["tent", "odd"])


@pytest.mark.parametrize(
    ("model", "values", "message"),
    [
        ("llamaindex:no.such.Class", {}, "ModuleNotFoundError.*pip install the package"),
        ("llamaindex:Class", {}, "pip install the package"),
        ("llamaindex:llama_index.core.embeddings.Nothing", {}, "pip install the package"),
        ("llamaindex:pathlib.Path", {}, "made from LlamaIndex's BaseEmbedding"),
        (MOCK, {"EMBEDDING_OPTIONS": '{"embed_dim": "many"}'}, "correct EMBEDDING_OPTIONS"),
        (MOCK, {"EMBEDDING_OPTIONS": "embed_dim=5"}, "no JSON object"),
        (MOCK, {"EMBEDDING_OPTIONS": "[5]"}, "no JSON object"),
        (MOCK, {"EMBEDDING_BASE_URL": "http://h/v1"}, "unset EMBEDDING_BASE_URL"),
    ],
)
def test_what_is_no_embedding_class_says_what_to_type(
    tmp_path: Path, model: str, values: dict[str, str], message: str
) -> None:
    with pytest.raises(ConfigurationError, match=message):
        opened(tmp_path, model, **values).embed(["a"])


def test_nothing_is_imported_before_the_first_vector(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from resources.settings import Settings;"
        "from resources.embedding.embedders import open_embedder;"
        f"e = open_embedder(Settings.load({{'GRAFTLINE_HOME': {str(tmp_path)!r}, 'EMBEDDING_MODEL': {MOCK!r}}}));"
        "e.name, e.max_tokens, e.reads('en'), e.count_tokens(['a']);"
        "assert not [name for name in sys.modules if name.startswith('llama_index')]"
    )
    subprocess.run([sys.executable, "-c", code], cwd=CHECKOUT, check=True)
