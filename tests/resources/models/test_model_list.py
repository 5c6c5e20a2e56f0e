"""What servers say of a model's context, each in its own word."""

import json

import pytest

from pipelines.core.errors import ServiceError
from resources.models.chat_answer import MalformedAnswer
from resources.models.model_list import context_of, listed_models


@pytest.mark.parametrize(
    ("entry", "tokens"),
    [
        ({"max_model_len": 32768}, 32768),
        ({"context_length": 131072}, 131072),
        ({"context_window": 8192}, 8192),
        ({"meta": {"n_ctx": 4096, "n_ctx_train": 32768}}, 4096),
        ({"max_context_length": 131072, "loaded_context_length": 4096}, 4096),
        ({"max_model_len": None}, None),
        ({"max_model_len": 0}, None),
        ({}, None),
    ],
)
def test_the_smallest_number_that_a_server_names_is_the_context(entry: dict, tokens: int | None) -> None:
    body = json.dumps({"data": [{"id": "other", "max_model_len": 7}, {"id": "mine", **entry}]})
    assert context_of(body, "mine") == tokens


@pytest.mark.parametrize("body", ["", "<html>", "{}", '{"data": null}', '{"data": [{"name": "x"}]}', '{"data": [1]}'])
def test_what_is_no_list_says_nothing_of_the_context_and_is_malformed(body: str) -> None:
    assert context_of(body, "mine") is None
    with pytest.raises((MalformedAnswer, ServiceError)):
        listed_models(body)
