"""What a person may ask of an engine, by one set of names; what an engine does not have is refused by its name."""

import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from pipelines.core.errors import ConfigurationError
from pipelines.text.nearest import nearest_name

VARIABLE = "GRAFTLINE_ENGINE_OPTIONS"
Takes = Mapping[str, tuple[Any, ...] | None]
"""The options that an engine has, with the values that it knows (None: any)."""
SAMPLING: Takes = dict.fromkeys(("temperature", "top_p", "top_k", "min_p", "repetition_penalty", "seed"))
"""What decides on the next token; without them the likeliest is taken (greedy, temperature 0), seed 0."""

Count = Annotated[int, Field(ge=1)] | None
Share = Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)] | None


class EngineOptions(BaseModel):
    """Options by the names that they have for every engine; None: the engine's own default."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    tensor_parallel: Count = Field(default=None, description="GPUs that share each layer")
    pipeline_parallel: Count = Field(default=None, description="groups of GPUs that hold some of the layers each")
    data_parallel: Count = Field(default=None, description="copies of the model that share the requests")
    dtype: Literal["float32", "bfloat16", "float16"] | None = Field(
        default=None, description="arithmetic; unset: this machine's"
    )
    quantization: str | None = Field(default=None, description="of the weights: awq, gptq, fp8; llama.cpp: q8_0, q4_0")
    max_model_len: Count = Field(default=None, description="tokens of prompt and answer together")
    max_num_seqs: Count = Field(default=None, description="requests that are computed at once")
    max_num_batched_tokens: Count = Field(default=None, description="tokens of one step")
    gpu_memory_share: Share = Field(default=None, description="share of the GPU's memory that it takes")
    kv_cache_bytes: Count = Field(default=None, description="memory of keys and values")
    prefix_caching: bool | None = Field(default=None, description="keep what prompts that begin alike share")
    attention_backend: str | None = Field(default=None, description="kernels of attention, by the engine's own names")
    speculative_tokens: Count = Field(
        default=None, description="tokens guessed ahead: by draft_model, else from the prompt"
    )
    draft_model: str | None = Field(default=None, description="folder of the small model that guesses")
    temperature: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = Field(
        default=None, description="0: greedy"
    )
    top_p: Share = Field(default=None, description="share of the probability that is drawn from")
    top_k: Count = Field(default=None, description="how many tokens are drawn from")
    min_p: Annotated[float, Field(ge=0, le=1)] | None = Field(
        default=None, description="least share of the likeliest's probability"
    )
    repetition_penalty: Annotated[float, Field(gt=0)] | None = Field(
        default=None, description="above 1: repeats are less likely"
    )
    seed: Annotated[int, Field(ge=0)] | None = Field(default=None, description="of what is drawn; unset: 0")
    served_model: str | None = Field(default=None, description="its name on a hosted server; unset: the folder's name")

    @model_validator(mode="after")
    def _draft_guesses(self) -> Self:
        if self.draft_model and not self.speculative_tokens:
            raise ValueError("draft_model needs speculative_tokens, how many it guesses")
        return self

    @property
    def given(self) -> dict[str, Any]:
        """What was asked for, by name."""
        return self.model_dump(exclude_none=True)

    @property
    def sampling(self) -> dict[str, Any]:
        """What decides on the next token, by vLLM's names; greedy and seed 0 where nothing else is said."""
        return {"temperature": 0.0, "seed": 0, **{name: self.given[name] for name in SAMPLING if name in self.given}}

    @property
    def key(self) -> str:
        """What a text depends on: the same for the same options."""
        return json.dumps(self.given, sort_keys=True) if self.given else ""


def engine_options(text: str) -> EngineOptions:
    """Return the options of a JSON object, "" being none; ConfigurationError names the first that is wrong."""
    try:
        read = json.loads(text or "{}")
        if not isinstance(read, dict):
            raise ValueError("not an object")
    except ValueError as error:
        example = """'{"max_num_seqs": 64}'"""
        raise ConfigurationError(VARIABLE, str(error), "a JSON object", f"set {VARIABLE}={example}") from None
    try:
        return EngineOptions(**read)
    except ValidationError as error:
        raise _wrong(error) from None


def _wrong(error: ValidationError) -> ConfigurationError:
    first = error.errors(include_url=False)[0]
    name = str(first["loc"][0]) if first["loc"] else ""
    known = EngineOptions.model_fields
    if name and name not in known:
        near = nearest_name(name, known)
        fix = f"write {near} instead" if near else "leave it out"
        return ConfigurationError(VARIABLE, f"'{name}'", f"some of {', '.join(known)}", fix)
    found = f"{name} = {first['input']!r}" if name else first["msg"]
    return ConfigurationError(VARIABLE, found, first["msg"], f"correct {name or 'them'} ({_described(name)})")


def _described(name: str) -> str:
    return str(EngineOptions.model_fields[name].description) if name else "draft_model and speculative_tokens"


def require_taken(engine: str, takes: Takes, options: EngineOptions, others: Mapping[str, Takes]) -> None:
    """Raise ConfigurationError for the first option, or value, that an engine does not have; `others` may have it."""
    for name, value in options.given.items():
        if _has(takes, name, value):
            continue
        have = [other for other, its in others.items() if _has(its, name, value)]
        fix = f"leave it out, or set GRAFTLINE_ENGINE to one of {', '.join(have)}" if have else "leave it out"
        if name in takes:
            raise ConfigurationError(
                VARIABLE, f"{name} = {value!r}", f"for {engine} one of {', '.join(takes[name] or ())}", fix
            )
        expected = f"what {engine} has: {', '.join(takes) or 'no options'}"
        raise ConfigurationError(VARIABLE, f"{name}, which {engine} does not have", expected, fix)


def not_taken(takes: Takes, options: Mapping[str, Any]) -> list[str]:
    """Return the names of the options that an engine does not have: it runs in another's place, and says so."""
    return [name for name, value in options.items() if not _has(takes, name, value)]


def _has(takes: Takes, name: str, value: Any) -> bool:
    values = takes.get(name, ())
    return values is None or value in values
