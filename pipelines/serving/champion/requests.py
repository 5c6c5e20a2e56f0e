"""What may be asked of the champion: OpenAI's chat and text completions, read, checked, or refused by name."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, TypeVar

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pipelines.serving.champion.generation import Sampling
from pipelines.serving.request_fields import FieldError

_ONE = "one answer a request: send it again with another seed"
_REFUSED: dict[str, tuple[tuple[Any, ...], str]] = {
    "n": ((1,), f"1: {_ONE}"),
    "best_of": ((1,), f"1: {_ONE}"),
    "logprobs": ((False, 0), "false: probabilities are not told"),
    "top_logprobs": ((0,), "0: probabilities are not told"),
    "prompt_logprobs": ((0,), "0: probabilities are not told"),
    "logit_bias": (({},), "{}"),
    "response_format": (({"type": "text"},), "type text: an answer is held to no schema"),
    "tools": (([],), "[]: calls of tools are not read out of the text"),
    "functions": (([],), "[]: calls of functions are not read out of the text"),
    "tool_choice": (("none", "auto"), "none"),
    "function_call": (("none", "auto"), "none"),
    "modalities": ((["text"],), "text"),
    "audio": ((), "none: answers are text"),
    "echo": ((False,), "false: the prompt is not repeated"),
    "suffix": (("",), "none: what follows an answer cannot be given"),
}
"""Fields that change what an answer is, the values that ask for what it is anyway, and what is expected."""

Probability = Annotated[float, Field(gt=0, le=1)]
Penalty = Annotated[float, Field(ge=-2, le=2)]
Whole = Annotated[int, Field(ge=1)]
Stops = Annotated[list[Annotated[str, Field(min_length=1, max_length=256)]], Field(max_length=16)]


class GenerationRequest(BaseModel):
    """What both protocols have in common; what is not given is as the model's generation_config.json has it."""

    model_config = ConfigDict(extra="allow")
    model: str
    stream: bool | None = None
    stream_options: dict[str, Any] | None = None
    max_tokens: Whole | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    top_p: Probability | None = None
    top_k: Annotated[int, Field(ge=-1)] | None = None
    min_p: Annotated[float, Field(ge=0, le=1)] | None = None
    presence_penalty: Penalty | None = None
    frequency_penalty: Penalty | None = None
    repetition_penalty: Annotated[float, Field(gt=0, le=10)] | None = None
    seed: Annotated[int, Field(ge=-(2**63), lt=2**63)] | None = None
    stop: str | Stops | None = None

    @property
    def wants_usage(self) -> bool:
        """Whether a stream ends with an event of its own for the counts of tokens."""
        return bool((self.stream_options or {}).get("include_usage"))

    @property
    def most_tokens(self) -> int | None:
        """Tokens that the answer may have at most; None where nothing is said of it."""
        return self.max_tokens

    @property
    def unread(self) -> list[str]:
        """The given fields that change nothing, by name; FieldError for one that would change what an answer is."""
        given = {name: value for name, value in (self.model_extra or {}).items() if value is not None}
        for name, value in given.items():
            allowed, expected = _REFUSED.get(name, ((value,), ""))
            if not any(value == one and type(value) is type(one) for one in allowed):
                raise FieldError(name, str(value)[:80], expected)
        return sorted(name for name in given if name not in _REFUSED)

    def sampling(self, defaults: Mapping[str, Any], max_tokens: int) -> Sampling:
        """Return how the answer is chosen: by what is given, else by the model's own defaults."""
        names = (
            "temperature", "top_p", "top_k", "min_p", "presence_penalty", "frequency_penalty", "repetition_penalty",
        )  # fmt: skip
        chosen = {name: value for name in names if (value := getattr(self, name)) is not None}
        values = {name: value for name, value in defaults.items() if name in names} | chosen
        values["top_k"] = max(0, int(values.get("top_k") or 0))
        stop = (self.stop,) if isinstance(self.stop, str) else tuple(self.stop or ())
        return Sampling(max_tokens, seed=self.seed, stop=tuple(one for one in stop if one), **values)


class ChatCompletion(GenerationRequest):
    """A conversation, written by the chat template that the model was trained under."""

    messages: Annotated[list[dict[str, Any]], Field(min_length=1)]
    max_completion_tokens: Whole | None = None

    @property
    def most_tokens(self) -> int | None:
        """Tokens that the answer may have at most; None where nothing is said of it."""
        return self.max_completion_tokens or self.max_tokens

    @property
    def conversation(self) -> list[dict[str, Any]]:
        """The messages with their text in one piece; FieldError for what is not text, or for an unknown role."""
        return [_message(message, place) for place, message in enumerate(self.messages)]


class TextCompletion(GenerationRequest):
    """A text, or token ids, that the model goes on from; no template is applied."""

    prompt: Any

    def token_ids(self, tokenizer: Any) -> list[int]:
        """Return the prompt's ids; FieldError for several prompts, or ids that the model does not have."""
        prompt = self.prompt
        if isinstance(prompt, list) and len(prompt) == 1 and not isinstance(prompt[0], int):
            prompt = prompt[0]
        if isinstance(prompt, str):
            return list(tokenizer.encode(prompt).ids)
        if not isinstance(prompt, list) or not all(type(one) is int for one in prompt):
            raise FieldError("prompt", "several prompts, or none", "one text, or one list of token ids")
        most = tokenizer.get_vocab_size() - 1
        if not all(0 <= one <= most for one in prompt):
            raise FieldError("prompt", "a token id that the model does not have", f"ids from 0 to {most}")
        return list(prompt)


Wanted = TypeVar("Wanted", bound=GenerationRequest)


def validated(kind: type[Wanted], body: Any) -> Wanted:
    """Return the request of a body; raises as FastAPI does, with the field at fault."""
    try:
        return kind.model_validate(body)
    except ValidationError as error:
        raise RequestValidationError([{**one, "loc": ("body", *one["loc"])} for one in error.errors()]) from None


def sampling_defaults(model: Path) -> dict[str, Any]:
    """Return what the model's generation_config.json says of sampling, as vLLM's server takes it."""
    path = model / "generation_config.json"
    found = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    names = ("temperature", "top_p", "top_k", "min_p", "repetition_penalty")
    return {name: found[name] for name in names if found.get(name) is not None}


def _message(message: Mapping[str, Any], place: int) -> dict[str, Any]:
    if not isinstance(message.get("role"), str):
        raise FieldError(f"messages.{place}.role", str(message.get("role"))[:40], "system, user, assistant or tool")
    content = message.get("content")
    if isinstance(content, list):
        for number, part in enumerate(content):
            kind = part.get("type", "text") if isinstance(part, dict) else type(part).__name__
            if kind != "text" or not isinstance(part.get("text"), str):
                raise FieldError(
                    f"messages.{place}.content.{number}", f"a part of type {kind}"[:60], "parts of type text"
                )
        content = "\n".join(part["text"] for part in content)
    if content is not None and not isinstance(content, str):
        raise FieldError(f"messages.{place}.content", type(content).__name__, "text")
    role = "system" if message["role"] == "developer" else message["role"]
    return {**message, "role": role, "content": content}
