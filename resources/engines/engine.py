"""The inference engine: offline batches in a child process that is kept warm for the next one, and can be killed."""

import logging
import os
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, TypedDict

from pipelines.compute.processor import fast_bfloat16, has_gpu
from pipelines.core.child_process import ChildError
from pipelines.core.errors import InputError, ServiceError
from pipelines.core.progress.told import PartsProgress
from pipelines.core.protocols import Messages
from resources.engines.batch_engine import context_length
from resources.engines.chat_template import Tools, render_conversations, token_counts
from resources.engines.choices import choices_of
from resources.engines.chosen import Chosen, engine_environment
from resources.engines.engines import FALLBACK, engine_named, require_options
from resources.engines.job_pipe import Listener, Tells
from resources.engines.kept_model import STARTED
from resources.engines.likelihoods import Likelihood, Row
from resources.engines.options import EngineOptions
from resources.engines.warm import WARM

log = logging.getLogger("graftline")

_CONCURRENCY = 64
_PATIENCE_SECONDS = 3600.0


class Output(TypedDict):
    """One generated text; `token_ids` end with the end token where `finish_reason` is "stop" (else "length")."""

    text: str
    token_ids: list[int]
    finish_reason: str
    prompt_tokens: int
    completion_tokens: int


@dataclass(frozen=True)
class Batch:
    """What one model made of its prompts, in order, and the engine that ran (`fallback`: why not the asked one).

    `came` says whether an engine was started for it, took the model's weights in ("swapped"), or had it ("warm").
    """

    outputs: list[Output]
    engine: str
    dtype: str
    fallback: str
    start_seconds: float
    generate_seconds: float
    came: str = ""

    @property
    def starts(self) -> int:
        """How many engines were started for it: 1 or 0."""
        return int(self.came == STARTED)

    @property
    def tokens_per_second(self) -> float:
        """Generated tokens a second, the start left out."""
        return sum(output["completion_tokens"] for output in self.outputs) / max(self.generate_seconds, 1e-9)


class InferenceEngine:
    """Generation by the engine `name`, greedy unless its options say otherwise.

    ConfigurationError where there is none of that name, or it does not have one of the options. `secrets` are
    variables that its process gets beside this one's own (a hosted server's address and key).
    """

    def __init__(
        self,
        name: str,
        work_folder: Path,
        patience: float = _PATIENCE_SECONDS,
        options: EngineOptions | None = None,
        secrets: Mapping[str, str] | None = None,
    ) -> None:
        self.options, self._secrets = options or EngineOptions(), dict(secrets or {})
        require_options(name, self.options)  # refused before a child is started
        self.name, self._work, self._patience = name, work_folder / "generation", patience

    @classmethod
    def of(cls, settings: Chosen, work_folder: Path) -> "InferenceEngine":
        """Return the engine that the settings name, with what they ask of it."""
        return cls(settings.engine, work_folder, options=settings.engine_options, secrets=settings.engine_secrets)

    @property
    def made_with(self) -> str:
        """What a text depends on beside model, prompt and limit: engine, fallback, their versions and arithmetic."""
        used = [engine_named(name) for name in (self.name, FALLBACK)]
        around = {**os.environ, **self._secrets}
        versions = dict.fromkeys(one.describe(around) if one.describe else _version_of(one.package) for one in used)
        arithmetic = "cuda" if has_gpu() else "bfloat16" if fast_bfloat16() else "float32"
        asked = (self.options.key,) if self.options.key else ()
        return " ".join((self.name, *versions, arithmetic, *asked))

    def render(
        self, model: Path, conversations: Sequence[Messages], tools: Sequence[Tools] | None = None
    ) -> list[list[int]]:
        """Return each conversation's prompt ids, its tools included, by the model's chat template; loads no model."""
        return render_conversations(model, conversations, tools)

    def token_counts(self, model: Path, texts: Sequence[str]) -> list[int]:
        """Return how many tokens the model's tokenizer makes of each text; loads no model."""
        return token_counts(model, texts)

    def context_length(self, model: Path) -> int:
        """Return how many tokens, prompt and answer together, the model takes."""
        return context_length(model)

    def generate(
        self,
        model: Path,
        prompt_ids: Sequence[list[int]],
        max_tokens: int,
        schema: dict[str, Any] | None = None,
        trust_remote_code: bool = False,
    ) -> Batch:
        """Return one output a prompt; with `schema` (JSON Schema) vLLM holds each output to it, transformers cannot.

        InputError for a prompt that leaves no room in the context; ServiceError, with the last lines of the child's
        log, when it fails or takes longer than the engine's patience.
        """
        return self.generate_many([(model, prompt_ids)], max_tokens, schema, trust_remote_code)[0]

    def generate_many(
        self,
        jobs: Sequence[tuple[Path, Sequence[list[int]]]],
        max_tokens: int,
        schema: dict[str, Any] | None = None,
        trust_remote_code: bool = False,
        told: Tells | None = None,
        at_once: int | None = None,
    ) -> list[Batch]:
        """Run several models in turn in the warm engine, which is started where there is none; one batch a model.

        `told` is called with (model's place, prompt's place, output) as rows are finished, where the engine says so.
        `at_once` gives the engine so many prompts at a time, for another shape of its batches.
        """
        for model, prompt_ids in jobs:
            self._require_room(model, prompt_ids, max_tokens)
        places = [place for place, (_, prompt_ids) in enumerate(jobs) if prompt_ids]
        wanted = [jobs[place] for place in places]
        room = min(self.context_length(model) for model, _ in jobs)
        asked = {"schema": schema, "trust_remote_code": trust_remote_code, "at_once": at_once}
        spec = self._job(wanted, max_tokens, room) | asked
        progress = PartsProgress([(f"answers of {model.name}", len(ids)) for model, ids in wanted], "prompts")

        def heard(model: int, row: int, output: dict[str, Any]) -> None:
            progress(model)
            if told:
                told(places[model], row, output)

        made = iter(self._run(spec, heard) if wanted else [])
        return [_batch(next(made), ids) if ids else Batch([], self.name, "", "", 0.0, 0.0) for _, ids in jobs]

    def likelihoods(self, model: Path, rows: Sequence[Row]) -> list[Likelihood]:
        """Return what the model gives each continuation of its context; InputError and ServiceError as `generate`."""
        whole, room = [[*context, *continuation] for context, continuation in rows], self.context_length(model)
        self._require_room(model, whole, 1)
        spec = self._job([(model, whole)], 1, room) | {"starts": [len(context) for context, _ in rows]}
        return [Likelihood(**one) for one in self._run(spec)[0]["outputs"]] if rows else []

    def _job(self, jobs: Sequence[tuple[Path, Sequence[list[int]]]], max_tokens: int, room: int) -> dict[str, Any]:
        return {
            "engine": self.name,
            "max_tokens": max_tokens,
            "concurrency": _CONCURRENCY,
            "trust_remote_code": False,
            "options": self.options.given,
            "context": room,
            "jobs": [{"model": str(model), "prompts": list(prompts)} for model, prompts in jobs],
        }

    def _require_room(self, model: Path, prompt_ids: Sequence[list[int]], max_tokens: int) -> None:
        room = self.context_length(model) - max_tokens
        for number, ids in enumerate(prompt_ids):
            if not 0 < len(ids) <= room:
                raise InputError(
                    f"prompt {number}",
                    f"{len(ids)} tokens",
                    f"1 to {room} beside {max_tokens} new ones",
                    "shorten the prompt, or generate fewer tokens",
                )

    def choices(
        self, model: Path, prompts: Sequence[Sequence[int]], answers: Sequence[Sequence[int]]
    ) -> dict[str, list[list[int]]]:
        """Return, in float32 and in bfloat16, what transformers would say at each token of these answers: `choices.py`.

        ChildError when its process fails; it is not the warm engine's.
        """
        return choices_of(model, prompts, answers, self._work)

    def _run(self, job: dict[str, Any], told: Tells = lambda *_: None) -> list[dict[str, Any]]:
        names = ", ".join(f"{len(one['prompts'])} prompts on {Path(one['model']).name}" for one in job["jobs"])
        log.info("%s generates: %s", self.name, names)
        watch = _deadline(self._patience)
        try:
            with tempfile.TemporaryDirectory(prefix="graftline-told-") as folder:
                listener = Listener(Path(folder) / "rows.jsonl", told)
                try:
                    told_to = {**job, "told": str(listener.path)}
                    return WARM.run(
                        told_to, self._work, {**engine_environment(), **self._secrets}, listener.beside(watch)
                    )
                finally:
                    listener()
        except ChildError as error:
            raise ServiceError(
                f"the {self.name} engine",
                error.found,
                "one output a prompt",
                f"read {WARM.log}, or set GRAFTLINE_ENGINE=transformers",
            ) from error
        except TimeoutError as error:
            found = f"no result after {self._patience:.0f} s"
            raise ServiceError(
                f"the {self.name} engine", found, "one output a prompt", f"read {WARM.log}, or generate fewer tokens"
            ) from error


def _version_of(package: str) -> str:
    try:
        return f"{package} {version(package)}"
    except PackageNotFoundError:  # not installed, or its distribution has another name than what is imported
        return package


def _deadline(patience: float) -> Callable[[], None]:
    end = time.monotonic() + patience

    def watch() -> None:
        if time.monotonic() > end:
            raise TimeoutError

    return watch


def _batch(made: dict[str, Any], prompts: Sequence[list[int]]) -> Batch:
    outputs: list[Output] = [
        Output(
            text=output["text"],
            token_ids=output["token_ids"],
            finish_reason=output["finish_reason"],
            prompt_tokens=len(ids),
            completion_tokens=len(output["token_ids"]),
        )
        for output, ids in zip(made["outputs"], prompts, strict=True)
    ]
    batch = Batch(
        outputs,
        made["engine"],
        made["dtype"],
        made["fallback"],
        made["start_seconds"],
        made["generate_seconds"],
        made["came"],
    )
    if batch.fallback:
        log.warning("%s generated instead of the engine asked for: %s", batch.engine, batch.fallback)
    log.info(
        "%s (%s): %s in %.1f s, %d outputs, %.0f tokens/s",
        batch.engine,
        batch.dtype,
        batch.came,
        batch.start_seconds,
        len(outputs),
        batch.tokens_per_second,
    )
    return batch
