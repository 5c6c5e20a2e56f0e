"""Any OpenAI-compatible server that runs elsewhere and takes prompts of token ids: GRAFTLINE_ENGINE_URL names it."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipelines.core.errors import ConfigurationError
from pipelines.core.masked import without_user
from resources.engines.batch_engine import Engine, Job, Outputs
from resources.engines.chat_template import fast_tokenizer
from resources.engines.options import SAMPLING, EngineOptions, Takes
from resources.engines.servers.client import CompletionsClient
from resources.engines.servers.protocols import HOSTED, Answered, Asked
from resources.engines.servers.served_batch import decoder, no_likelihoods, output_of

URL, KEY = "GRAFTLINE_ENGINE_URL", "GRAFTLINE_ENGINE_API_KEY"
TAKES: Takes = {"max_num_seqs": None, "served_model": None, **SAMPLING}
"""What it computes with is its own matter; max_num_seqs is how many requests are sent at once."""


class HostedModel:
    """A model that a server elsewhere has."""

    dtype = "as it is served"

    def __init__(self, model: str, room: int, job: Job) -> None:
        options = EngineOptions(**job.get("options") or {})
        self.room, self._sampling = job["context"], options.sampling
        self._name = options.served_model or Path(model).name
        self._text, self._ids = decoder(Path(model)), _encoder(Path(model))
        slots = options.max_num_seqs or job["concurrency"]
        self._client = CompletionsClient(_url(), HOSTED, os.environ.get(KEY, ""), slots)
        self._require_served()

    def _require_served(self) -> None:
        listed = self._client.get("/v1/models")
        names = [str(one.get("id")) for one in listed.get("data", [])] if isinstance(listed, dict) else []
        if names and self._name not in names:
            raise ConfigurationError(
                f"{URL}={without_user(_url())}",
                f"no model '{self._name}' among {', '.join(sorted(names)[:10])}",
                "a server of the model that is evaluated",
                'serve it under its folder\'s name, or set GRAFTLINE_ENGINE_OPTIONS=\'{"served_model": "NAME"}\'',
            )

    def generate(self, prompts: list[list[int]], stop: list[int], job: Job) -> Outputs:
        """Return one output a prompt; the ids of a server that says none are those of its text."""
        if job["schema"]:
            raise ConfigurationError(
                "GRAFTLINE_ENGINE",
                "hosted, with answers held to a JSON Schema",
                "vllm, which can",
                "set GRAFTLINE_ENGINE=vllm",
            )
        told = job.get("told")
        heard = (lambda row, answer: told(row, self._output(answer, stop))) if told else None
        asked = [Asked(self._name, ids, job["max_tokens"], stop, self._sampling) for ids in prompts]
        answers = self._client.generate(asked, heard)
        _require_equal_counts(prompts, answers)
        return [self._output(answer, stop) for answer in answers]

    def _output(self, answer: Answered, stop: list[int]) -> dict[str, Any]:
        if answer.token_ids is None:
            ids = self._ids(answer.text) if self._ids else None
            answer = Answered(answer.text, ids, answer.finish_reason, answer.prompt_tokens, answer.cached)
        return output_of(answer, stop, self._text)

    def swap(self, model: str) -> bool:
        """Never: another model is opened anew."""
        return False

    def likelihoods(self, rows: list[list[int]], starts: list[int]) -> Outputs:
        """Raise ConfigurationError: a hosted server only generates here."""
        raise no_likelihoods("hosted")


def _require_equal_counts(prompts: list[list[int]], answers: list[Answered]) -> None:
    """ConfigurationError where the server counted other tokens than it was sent: it has another tokenizer."""
    other = sum(answer.prompt_tokens not in (None, len(ids)) for ids, answer in zip(prompts, answers, strict=True))
    if other:
        raise ConfigurationError(
            f"{URL}={without_user(_url())}",
            f"{other} of {len(prompts)} prompts that it counts as another number of tokens than it was sent",
            "a server of this very model, which takes token ids as they are",
            "serve the checkpoint itself, or set another GRAFTLINE_ENGINE",
        )


def _encoder(model: Path) -> Any:
    path = model / "tokenizer.json"
    if not path.exists():
        return None
    tokenizer = fast_tokenizer(path)
    return lambda text: tokenizer.encode(text, add_special_tokens=False).ids


def _url(environment: Mapping[str, str] = os.environ) -> str:
    return environment.get(URL, "")


def why_not(environment: Mapping[str, str] = os.environ) -> str:
    """Return why there is none."""
    return "" if _url(environment) else f"{URL} is not set"


def served_by(environment: Mapping[str, str] = os.environ) -> str:
    """Return where it is, without user and password."""
    return without_user(_url(environment))


def load(model: str, room: int, job: Job) -> HostedModel:
    """Open the model; ConfigurationError where the server has none of its name, ServiceError where it is silent."""
    if why_not():
        raise ConfigurationError(
            URL, "nothing", "the address of an OpenAI-compatible server", f"set {URL}=https://…/v1"
        )
    return HostedModel(model, room, job)


ENGINE = Engine(load, "httpx", takes=TAKES, why_not=why_not, describe=served_by)
