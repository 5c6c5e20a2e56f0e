"""Classes of LlamaIndex that a setting names, and a language model made of one.

`llamaindex:package.module.ClassName` is imported because the user asks for it: importing runs the package's code.
"""

import functools
import importlib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from pipelines.core.cost.budget import BudgetReached, prompt_at_most
from pipelines.core.cost.meter import Meter
from pipelines.core.errors import ConfigurationError, ServiceError
from pipelines.core.identity import json_digest
from pipelines.core.masked import HIDDEN, masked
from pipelines.core.protocols import Completion, Messages
from resources.models.equal_errors import PROBE, EqualErrors
from resources.settings import Settings

PREFIX = "llamaindex:"
_REASON_LENGTH = 200
_SECRET = re.compile(r"(?i)key$|token$|secret|passw|credential|authorization")
_SCHEMA_TASK = """

Here's a JSON schema to follow:
{schema}

Output a valid JSON object but do not repeat the schema."""
"""In the words of LlamaIndex's own `PydanticOutputParser`: its models have no common way to be held to a schema."""


@dataclass(frozen=True)
class NamedClass:
    """A class with its arguments; `prefix` is that of the variables: LLM of LLM_MODEL, LLM_OPTIONS and LLM_API_KEY."""

    prefix: str
    path: str
    options: dict[str, Any] = field(repr=False)
    api_key: str = field(repr=False)

    @property
    def name(self) -> str:
        """The class, and a digest of its path and its options; secrets are no part of either."""
        digest = json_digest({"class": self.path, "options": _without_secrets(self.options)})
        return f"{self.path.rpartition('.')[2]}@llamaindex-{digest[:12]}"

    def open(self, base: type, **defaults: Any) -> Any:
        """Return an instance; of `defaults`, those that the class has a field for and the options leave open.

        Raises ConfigurationError for a class that cannot be imported, is none of `base`, or refuses the options.
        """
        named = self._imported(base)
        arguments = {name: value for name, value in defaults.items() if name in getattr(named, "model_fields", {})}
        key = {"api_key": self.api_key} if self.api_key else {}
        try:
            return named(**{**arguments, **key, **self.options})
        except Exception as error:  # whatever a class makes of arguments that it does not like
            raise ConfigurationError(
                f"{self.prefix}_OPTIONS",
                self.error_text(error),
                f"what {self.path} is made with",
                f"correct {self.prefix}_OPTIONS; a key belongs into {self.prefix}_API_KEY",
            ) from None

    def _imported(self, base: type) -> type:
        module, _, name = self.path.rpartition(".")
        expected = f"the path of a class made from LlamaIndex's {base.__name__}"
        try:
            named = getattr(importlib.import_module(module), name)
        except Exception as error:  # no such module or class, or whatever its import runs into
            fix = f"pip install the package that has it, or correct {self.prefix}_MODEL"
            raise ConfigurationError(f"{self.prefix}_MODEL", self.error_text(error), expected, fix) from None
        if not (isinstance(named, type) and issubclass(named, base)):
            fix = f"set {self.prefix}_MODEL={PREFIX}package.module.ClassName"
            raise ConfigurationError(f"{self.prefix}_MODEL", f"{self.path}, which is none", expected, fix)
        return named

    def failure(self, error: Exception) -> ServiceError:
        """Return the error of a call."""
        return ServiceError(
            f"{self.prefix}_MODEL={PREFIX}{self.path}",
            self.error_text(error),
            "an answer of the class",
            f"look at its package's documentation for this error, or change {self.prefix}_OPTIONS",
        )

    def error_text(self, error: Exception) -> str:
        """Return what an error says, in one line and without secrets."""
        text = masked(" ".join(str(error).split()))
        for secret in filter(None, (self.api_key, *_secrets(self.options))):
            text = text.replace(secret, HIDDEN)
        return f"{type(error).__name__}: {text}"[:_REASON_LENGTH]


def named_class(settings: Settings, prefix: str) -> NamedClass | None:
    """Return the class that LLM_MODEL or EMBEDDING_MODEL names, None where it names something else.

    Nothing is imported. Raises ConfigurationError for options that are no JSON object or stand beside no class.
    """
    model, address, options, api_key = (
        (settings.llm_model, settings.llm_base_url, settings.llm_options, settings.llm_api_key)
        if prefix == "LLM"
        else (
            settings.embedding_model,
            settings.embedding_base_url,
            settings.embedding_options,
            settings.embedding_api_key,
        )
    )
    if not model.startswith(PREFIX):
        if options.get_secret_value():
            found, expected = f"options, while {prefix}_MODEL names no class", f"{prefix}_MODEL={PREFIX}package.Class"
            raise ConfigurationError(f"{prefix}_OPTIONS", found, expected, f"unset {prefix}_OPTIONS")
        return None
    if address:
        found, expected = f"an address beside {prefix}_MODEL={model}", "one of the two"
        fix = f"unset {prefix}_BASE_URL; a class takes its address from {prefix}_OPTIONS"
        raise ConfigurationError(f"{prefix}_BASE_URL", found, expected, fix)
    try:
        arguments = json.loads(options.get_secret_value() or "{}")
    except ValueError:
        arguments = None
    if not isinstance(arguments, dict):
        expected, fix = "the keyword arguments of the class", f"""set {prefix}_OPTIONS='{{"model_name": "…"}}'"""
        raise ConfigurationError(f"{prefix}_OPTIONS", "no JSON object", expected, fix)
    return NamedClass(prefix, model.removeprefix(PREFIX), arguments, api_key.get_secret_value())


def _without_secrets(value: Any) -> Any:
    """Return options without what a name says is a secret, and without the users of addresses."""
    if isinstance(value, dict):
        return {name: _without_secrets(one) for name, one in value.items() if not _SECRET.search(name)}
    if isinstance(value, list):
        return [_without_secrets(one) for one in value]
    return masked(value) if isinstance(value, str) else value


def _secrets(value: Any, secret: bool = False) -> Iterator[str]:
    """Yield the texts of options that `_without_secrets` leaves out."""
    if isinstance(value, dict):
        for name, one in value.items():
            yield from _secrets(one, secret or bool(_SECRET.search(name)))
    elif isinstance(value, list):
        for one in value:
            yield from _secrets(one, secret)
    elif secret and isinstance(value, str):
        yield value


class LlamaIndexModel:
    """A LlamaIndex `LLM` as a backend: one call after another, since local classes share one model."""

    def __init__(self, named: NamedClass, meter: Meter | None = None) -> None:
        self._named, self.name, self.packaged = named, named.name, False
        self.meter = meter or Meter()

    @functools.cached_property
    def context_tokens(self) -> int | None:
        """What the class says of its model; LlamaIndex has one number for all that say nothing."""
        from llama_index.core.constants import DEFAULT_CONTEXT_WINDOW

        stated = int(self._model.metadata.context_window or 0)
        return stated if stated > 0 and stated != DEFAULT_CONTEXT_WINDOW else None

    @functools.cached_property
    def _model(self) -> Any:
        from llama_index.core.llms import LLM

        return self._named.open(LLM, temperature=0.0)

    def generate(
        self, prompts: Sequence[Messages], max_tokens: int, schema: dict[str, Any] | None
    ) -> Iterator[tuple[int, Completion]]:
        """Yield (number of the prompt, completion); what fails for one prompt is in its `failure`.

        Raises ServiceError when the class fails for all.
        A class without a field `max_tokens` keeps to its own limit; a schema is asked for in words.
        """
        from llama_index.core.llms import ChatMessage

        limit = {"max_tokens": max_tokens} if "max_tokens" in type(self._model).model_fields else {}
        task = _SCHEMA_TASK.format(schema=json.dumps(schema, ensure_ascii=False)) if schema else ""
        errors = EqualErrors()

        def ask(messages: Messages) -> Completion:
            *before, last = messages
            asked = [*before, last | {"content": last["content"] + task}]
            call, completion = self.meter.admit(prompt_at_most(asked), max_tokens), None
            try:
                answer = self._model.chat([ChatMessage(**message) for message in asked], **limit)
                text, finish = (answer.message.content or "").strip(), _finish_reason(answer)
                counts = _tokens(answer, "prompt_tokens"), _tokens(answer, "completion_tokens")
                completion = Completion(text, *counts, finish_reason=finish)
            finally:
                self.meter.settle(call, completion)
            return completion

        for number, messages in enumerate(prompts):
            try:
                completion = ask(messages)
                errors.answered()
            except BudgetReached as reached:
                completion = Completion("", 0, 0, failure=reached.reason)
            except Exception as error:  # every package has errors of its own
                completion = Completion("", 0, 0, failure=self._named.error_text(error))
                if errors.failed(type(error).__name__) or (number == len(prompts) - 1 and errors.only_errors):
                    try:
                        ask(PROBE)
                    except BudgetReached:
                        pass
                    except Exception:
                        raise self._named.failure(error) from None
                    errors.probed()
            yield number, completion

    def check(self) -> None:
        """Import the class and make an instance; nothing is asked of it. Raises ConfigurationError."""
        _ = self._model


def _finish_reason(answer: Any) -> str:
    """Return why a class over the OpenAI protocol stopped; "" where none is told."""
    choices = getattr(answer.raw, "choices", None) or [None]
    return str(getattr(choices[0], "finish_reason", None) or "")


def _tokens(answer: Any, name: str) -> int:
    """Return a count as classes over the OpenAI protocol report it, 0 where a class reports none."""
    return int(answer.additional_kwargs.get(name) or 0)
