"""What a server's list of models (`/v1/models`) says."""

import json
from collections.abc import Mapping
from typing import Any

from resources.models.chat_answer import MalformedAnswer

_CONTEXT = ("max_model_len", "context_length", "context_window", "max_context_length", "loaded_context_length", "n_ctx")
"""vLLM and SGLang; OpenRouter and Together; Groq; LM Studio; llama.cpp, in `meta`."""


def listed_models(body: str) -> list[str]:
    """Return the ids of a list of models; MalformedAnswer where it is none."""
    return [str(model["id"]) for model in _models(body)]


def context_of(body: str, model: str) -> int | None:
    """Return the tokens that a model reads and writes together, None where the list does not say."""
    try:
        entry = next((one for one in _models(body) if one["id"] == model), None)
    except MalformedAnswer:
        return None
    if entry is None:
        return None
    meta = entry.get("meta")
    places: list[Mapping[str, Any]] = [entry, meta if isinstance(meta, dict) else {}]
    stated = [place[name] for place in places for name in _CONTEXT if isinstance(place.get(name), int)]
    return min((number for number in stated if number > 0), default=None)


def _models(body: str) -> list[dict[str, Any]]:
    try:
        models = [dict(model) for model in json.loads(body)["data"]]
        if all("id" in model for model in models):
            return models
    except (ValueError, KeyError, TypeError):
        pass
    raise MalformedAnswer(body)
