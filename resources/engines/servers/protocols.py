"""How servers are asked for a completion of token ids, and what they answer: bodies out, one record in."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

Body = dict[str, Any]


@dataclass(frozen=True)
class Asked:
    """One completion as it is wanted; `sampling` has OpenAI's and vLLM's names (temperature, top_p, top_k, seed, …)."""

    model: str
    prompt: Sequence[int]
    max_tokens: int
    stop: Sequence[int]
    sampling: dict[str, Any]
    schema: dict[str, Any] | None = None
    job: str = ""
    """Requests of one job may share prefixes that were computed; those of another may round otherwise."""


@dataclass(frozen=True)
class Answered:
    """A completion as it came; `token_ids` None: the server does not say them. `cached` prompt tokens were known."""

    text: str
    token_ids: list[int] | None
    finish_reason: str
    prompt_tokens: int | None = None
    cached: int | None = None


@dataclass(frozen=True)
class Protocol:
    """A way of asking: the path, the body of a request, how its answer is read, and what of it a server may refuse."""

    path: str
    body: Callable[[Asked], Body]
    read: Callable[[Body], Answered]
    optional: tuple[str, ...] = ()
    """Fields that do not change the text: left out, and told, where a server refuses them."""


def _completions(asked: Asked) -> Body:
    return {"model": asked.model, "prompt": list(asked.prompt), "max_tokens": asked.max_tokens, **asked.sampling}


def _stopped(asked: Asked) -> Body:
    return {"stop_token_ids": list(asked.stop)} if asked.stop else {}


def _vllm(asked: Asked) -> Body:
    schema = {"structured_outputs": {"json": asked.schema}} if asked.schema else {}
    salt = {"cache_salt": asked.job} if asked.job else {}
    return {**_completions(asked), **_stopped(asked), **schema, **salt, "return_token_ids": True}


def _sglang(asked: Asked) -> Body:
    import json

    schema = {"json_schema": json.dumps(asked.schema)} if asked.schema else {}
    return {**_completions(asked), **_stopped(asked), **schema, "return_token_ids": True}


def _trtllm(asked: Asked) -> Body:
    schema = {"response_format": {"type": "json", "schema": asked.schema}} if asked.schema else {}
    return {**_completions(asked), **_stopped(asked), **schema, "detokenize": False}


def _hosted(asked: Asked) -> Body:
    return {**_completions(asked), **_stopped(asked), "return_token_ids": True}


def _llama(asked: Asked) -> Body:
    sampling = {**asked.sampling}
    renamed = {"repeat_penalty": sampling.pop("repetition_penalty")} if "repetition_penalty" in sampling else {}
    # Its own defaults draw from 40 tokens, and from those with a twentieth of the likeliest's probability.
    wide = {"top_k": 0, "top_p": 1.0, "min_p": 0.0, "repeat_penalty": 1.0}
    schema = {"json_schema": asked.schema} if asked.schema else {}
    asks = {"prompt": list(asked.prompt), "n_predict": asked.max_tokens, "return_tokens": True}
    return {**asks, **wide, **sampling, **renamed, **schema}


def _read_completion(answer: Body) -> Answered:
    choice = answer["choices"][0]
    usage = answer.get("usage") or {}
    details = usage.get("prompt_tokens_details") or {}
    ids = choice.get("token_ids")
    if ids is not None and isinstance(choice.get("stop_reason"), int) and (not ids or ids[-1] != choice["stop_reason"]):
        ids = [*ids, choice["stop_reason"]]
    reason = "stop" if choice.get("finish_reason") == "stop" else "length"
    return Answered(choice.get("text") or "", ids, reason, usage.get("prompt_tokens"), details.get("cached_tokens"))


def _read_llama(answer: Body) -> Answered:
    reason = "stop" if answer.get("stop_type") in ("eos", "word") else "length"
    cached = (answer.get("timings") or {}).get("cache_n")
    return Answered(answer.get("content") or "", answer.get("tokens"), reason, answer.get("tokens_evaluated"), cached)


VLLM = Protocol("/v1/completions", _vllm, _read_completion)
SGLANG = Protocol("/v1/completions", _sglang, _read_completion)
TRTLLM = Protocol("/v1/completions", _trtllm, _read_completion)
HOSTED = Protocol("/v1/completions", _hosted, _read_completion, ("return_token_ids", "stop_token_ids"))
LLAMA_CPP = Protocol("/completion", _llama, _read_llama)
