"""A server as an engine of offline batches: started for a model, asked over HTTP, ended with its process."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pipelines.core.errors import ConfigurationError, ServiceError
from resources.engines.batch_engine import CannotRun, Job, Load, Loaded, Outputs, dtype_name
from resources.engines.chat_template import fast_tokenizer
from resources.engines.options import EngineOptions, Takes
from resources.engines.servers.client import CompletionsClient
from resources.engines.servers.lifecycle import LocalServer
from resources.engines.servers.protocols import Answered, Asked, Protocol


@dataclass(frozen=True)
class Launch:
    """What a server is started for: `room` tokens a request, `slots` requests at once, a `folder` for its files."""

    model: Path
    name: str
    port: int
    room: int
    slots: int
    dtype: str
    folder: Path
    options: EngineOptions = field(default_factory=lambda: EngineOptions())
    adapters: Mapping[str, Path] = field(default_factory=dict)
    """LoRA adapters in PEFT's form, by the names under which they are asked for."""
    trust_remote_code: bool = False


@dataclass(frozen=True)
class LocalEngine:
    """A server that runs on this machine, as the table of engines has it: how it is started, asked and refused."""

    name: str
    takes: Takes
    command: Callable[[Launch], list[str]]
    protocol: Protocol
    why_not: Callable[..., str]
    """Why it cannot run here; "" where it can."""
    environment: Mapping[str, str] = field(default_factory=dict)
    takes_adapters: bool = False
    health: str = "/health"


class RunningServer:
    """A server that was started, and its client."""

    def __init__(
        self, engine: LocalEngine, launch: Launch, log_file: Path, tell: Callable[[str], None] = print
    ) -> None:
        reason = engine.why_not()
        if reason:
            raise CannotRun(reason)
        if launch.adapters and not engine.takes_adapters:
            raise CannotRun(f"{engine.name} takes no adapters here: {', '.join(launch.adapters)}")
        self.engine, self.launch = engine, launch
        self.server = LocalServer(
            engine.name,
            lambda port: engine.command(replace(launch, port=port)),
            log_file,
            engine.health,
            engine.environment,
            tell=tell,
        )
        self.server.start()
        slots = launch.options.max_num_seqs or launch.slots
        self.client = CompletionsClient(self.server.url, engine.protocol, concurrency=slots, failed=self._gone)
        self._jobs = 0

    def generate(
        self,
        prompts: list[list[int]],
        max_tokens: int,
        stop: list[int],
        schema: dict[str, Any] | None = None,
        adapter: str = "",
        told: Callable[[int, Answered], None] | None = None,
    ) -> list[Answered]:
        """Return one answer a prompt, by the base or one of the adapters; jobs share no computed prefixes."""
        self._jobs += 1
        sampling, name = self.launch.options.sampling, adapter or self.launch.name
        asked = [Asked(name, ids, max_tokens, stop, sampling, schema, f"job-{self._jobs}") for ids in prompts]
        return self.client.generate(asked, told)

    def _gone(self) -> ServiceError | None:
        return None if self.server.alive else self.server.failure()

    def stop(self) -> None:
        """End the server."""
        self.client.close()
        self.server.stop()

    def __enter__(self) -> "RunningServer":
        return self

    def __exit__(self, *_: Any) -> None:
        self.stop()


class ServedModel:
    """A model behind a server, as `batch_engine.Loaded` has it."""

    def __init__(self, running: RunningServer) -> None:
        self._running = running
        self.room, self.dtype = running.launch.room, running.launch.dtype
        self._text = decoder(running.launch.model)

    def generate(self, prompts: list[list[int]], stop: list[int], job: Job) -> Outputs:
        """Return one output a prompt."""
        told = job.get("told")
        heard = (lambda row, answer: told(row, output_of(answer, stop, self._text))) if told else None
        answers = self._running.generate(prompts, job["max_tokens"], stop, job["schema"], told=heard)
        return [output_of(answer, stop, self._text) for answer in answers]

    def swap(self, model: str) -> bool:
        """Never: a server is started anew for another model."""
        return False

    def likelihoods(self, rows: list[list[int]], starts: list[int]) -> Outputs:
        """Raise ConfigurationError: servers only generate here."""
        raise no_likelihoods(self._running.engine.name)


def no_likelihoods(engine: str) -> ConfigurationError:
    """Return the error of a server that is asked what a model gives each token of a text."""
    found = f"{engine}, which is not asked for likelihoods"
    return ConfigurationError("GRAFTLINE_ENGINE", found, "vllm or transformers", "set GRAFTLINE_ENGINE=vllm")


def load_with(engine: LocalEngine) -> Load:
    """Return the function by which the table of engines loads a model into this kind of server."""

    def load(model: str, room: int, job: Job) -> Loaded:

        options = EngineOptions(**job.get("options") or {})
        if options.max_model_len and options.max_model_len < room:
            raise CannotRun(f"max_model_len = {options.max_model_len}, and the longest prompt and answer have {room}")
        folder = Path(job["result"]).parent
        launch = Launch(
            model=Path(model),
            name=Path(model).name,
            port=0,
            room=options.max_model_len or min(job["context"], max(room, 1024)),
            slots=job["concurrency"],
            dtype=options.dtype or dtype_name(),
            folder=folder,
            options=options,
            trust_remote_code=job["trust_remote_code"],
        )

        def tell(text: str) -> None:
            print(text, flush=True)

        try:
            return ServedModel(RunningServer(engine, launch, folder.parent / f"{engine.name}.log", tell))
        except ServiceError as error:
            raise CannotRun(str(error)) from error

    return load


def decoder(model: Path) -> Callable[[list[int]], str] | None:
    """Return what makes text of token ids, special ones left out; None for a checkpoint without tokenizer.json."""
    path = model / "tokenizer.json"
    if not path.exists():
        return None
    tokenizer = fast_tokenizer(path)
    return lambda ids: tokenizer.decode(ids, skip_special_tokens=True)


def output_of(answer: Answered, stop: list[int], text: Callable[[list[int]], str] | None) -> dict[str, Any]:
    """Return an answer as every engine gives it: up to and with its end token, the text of those ids."""
    from resources.engines.transformers_batch import cut

    if answer.token_ids is None:
        raise ServiceError(
            "the engine's server",
            "an answer without token ids",
            "the ids beside the text",
            "set another GRAFTLINE_ENGINE",
        )
    ids = answer.token_ids
    if answer.finish_reason == "stop" and len(stop) == 1 and (not ids or ids[-1] not in stop):
        ids = [*ids, *stop]  # the end token itself is not always among what a server gives
    output = cut(ids, stop)
    output["finish_reason"] = "stop" if answer.finish_reason == "stop" else output["finish_reason"]
    return {**output, "text": text(output["token_ids"]) if text else answer.text}


def environment_for_cpu() -> dict[str, str]:
    """Return what a vLLM server on a CPU is started with; a variable that is set already stands."""
    found = {"VLLM_CPU_KVCACHE_SPACE": "1", "VLLM_NO_USAGE_STATS": "1", "VLLM_LOGGING_LEVEL": "INFO"}
    return {name: os.environ.get(name, value) for name, value in found.items()}
