"""What every engine of offline batches is: a function that loads a model, and what it has to say for itself."""

import importlib.util
import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

from pipelines.compute.processor import fast_bfloat16
from pipelines.core.errors import InputError

Outputs = list[dict[str, Any]]
"""One a prompt: {"text", "token_ids", "finish_reason"}."""
Job = dict[str, Any]
"""`max_tokens`, `schema`, `context`, `concurrency` and `trust_remote_code` (see `InferenceEngine.generate`).

`told` is a function of (row, output) that an engine may call as soon as a row is finished: it is kept then."""


class Loaded(Protocol):
    """A model in memory, which answers one job after the other."""

    @property
    def room(self) -> int:
        """How many tokens, prompt and answer together, a job may have."""
        ...

    def generate(self, prompts: list[list[int]], stop: list[int], job: Job) -> Outputs:
        """Return one output a prompt; it ends at a token of `stop`. Earlier jobs have no influence on it."""
        ...

    def likelihoods(self, rows: list[list[int]], starts: list[int]) -> Outputs:
        """Return for each row {"log_probabilities", "greedy"} of its tokens from its start on (`likelihoods.py`)."""
        ...

    def swap(self, model: str) -> bool:
        """Take another checkpoint of the same shape in; False where that cannot be done, and it is loaded anew then."""
        ...


Load = Callable[[str, int, Job], Loaded]
"""(model's folder, how many tokens prompt and answer have at most, job) -> the model in memory."""


class CannotRun(Exception):
    """An engine that is not there or cannot run this model; the message says why, and transformers does it instead."""


@dataclass(frozen=True)
class Engine:
    """An engine as the table has it."""

    load: Load
    package: str
    """What has to be importable for it."""
    let_go: Callable[[], None] = lambda: None
    """Called once its model is done with, before the next one is loaded in the same process."""
    takes: Mapping[str, tuple[Any, ...] | None] = field(default_factory=dict)
    """The options that it has (`options.EngineOptions`), with the values that it knows (None: any)."""
    why_not: Callable[[Mapping[str, str]], str] | None = None
    """Of the environment, why it cannot run here, "" where it can; None: where its package is not there."""
    describe: Callable[[Mapping[str, str]], str] | None = None
    """Of the environment, what of it a text depends on; None: its package's version."""

    def reason_against(self, environment: Mapping[str, str] = os.environ) -> str:
        """Return why it cannot run here, "" where it can."""
        if self.why_not is not None:
            return self.why_not(environment)
        return "" if importlib.util.find_spec(self.package) else f"{self.package} is not installed"


TOKENS_PER_BATCH = 4096


def length_sorted_batches(lengths: Sequence[int], max_tokens: int) -> list[list[int]]:
    """Return row numbers in batches of similar length, longest first, each at most TOKENS_PER_BATCH with padding."""
    batches: list[list[int]] = []
    for row in sorted(range(len(lengths)), key=lambda row: (-lengths[row], row)):
        widest = lengths[batches[-1][0]] + max_tokens if batches else 0
        if batches and widest * (len(batches[-1]) + 1) <= TOKENS_PER_BATCH:
            batches[-1].append(row)
        else:
            batches.append([row])
    return batches


def left_padded(prompts: Sequence[Sequence[int]], pad: int) -> tuple[list[list[int]], list[list[int]]]:
    """Return the prompts as rows of one width, and their attention masks: what is generated follows each directly."""
    width = max(map(len, prompts))
    missing = [width - len(ids) for ids in prompts]
    rows = [[pad] * left + list(ids) for left, ids in zip(missing, prompts, strict=True)]
    return rows, [[0] * left + [1] * (width - left) for left in missing]


def context_length(model: Path) -> int:
    """Return how many tokens, prompt and answer together, a checkpoint takes; InputError without a config.json."""
    path = model / "config.json"
    if not path.exists():
        raise InputError(str(model), "no config.json", "a checkpoint's folder", "name a folder that holds a model")
    config = json.loads(path.read_text(encoding="utf-8"))
    return int((config.get("text_config") or config).get("max_position_embeddings", 1 << 20))


def dtype_name() -> Literal["bfloat16", "float32"]:
    """Return the arithmetic of this machine's engines: bfloat16 where it is fast, else float32."""
    import torch

    return "bfloat16" if torch.cuda.is_available() or fast_bfloat16() else "float32"


def stop_token_ids(model: Path) -> list[int]:
    """Return the end tokens of `generation_config.json`, else of `config.json`: the same for either engine."""
    for name in ("generation_config.json", "config.json"):
        path = model / name
        found = json.loads(path.read_text(encoding="utf-8")).get("eos_token_id") if path.exists() else None
        if found is not None:
            return found if isinstance(found, list) else [found]
    return []
