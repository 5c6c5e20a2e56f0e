"""In the engine's process: the model that answered last stays in memory for the next job."""

import gc
import json
from pathlib import Path
from typing import Any

from resources.engines.batch_engine import CannotRun, Job, Loaded
from resources.engines.engines import FALLBACK, engine_named
from resources.engines.options import not_taken

_OF_NO_SHAPE = ("_name_or_path", "_model_name_or_path", "transformers_version", "eos_token_id", "pad_token_id")
"""Keys of config.json that say nothing about the weights or about how they are used."""
_TOKENIZER = "tokenizer.json"

STARTED, SWAPPED, WARM = "started", "swapped", "warm"
"""How a model came to answer: its engine was started, took its weights in, or had it in memory already."""


class KeptModel:
    """One model at a time, on the engine asked for, or on transformers where that one cannot run it."""

    def __init__(self, engine: str) -> None:
        self.asked, self.name, self.fallback = engine, engine, ""
        self._loaded: Loaded | None = None
        self._model, self._version = "", ""
        self._options: tuple[Any, ...] = ()

    def ready(self, model: str, room: int, job: Job) -> tuple[Loaded, str]:
        """Return the model, with room for so many tokens, and how it came (STARTED, SWAPPED or WARM)."""
        version, options = (
            _version(Path(model)),
            (
                job["trust_remote_code"],
                job["concurrency"],
                json.dumps(job.get("options")),
            ),
        )
        if self._loaded is not None and options == self._options and room <= self._loaded.room:
            if (model, version) == (self._model, self._version):
                return self._loaded, WARM
            if _same_shape(Path(model), Path(self._model)) and _swapped(self._loaded, model):
                self._model, self._version = model, version
                return self._loaded, SWAPPED
        self._let_go()
        self._loaded = self._start(model, room, job)
        self._model, self._version, self._options = model, version, options
        return self._loaded, STARTED

    def _start(self, model: str, room: int, job: Job) -> Loaded:
        self.name, self.fallback = self.asked, ""
        try:
            return engine_named(self.name).load(model, room, job)
        except CannotRun as error:
            if self.name == FALLBACK:
                raise
            print(f"{self.name} cannot run {model}, {FALLBACK} does: {error}", flush=True)
            self.name, self.fallback = FALLBACK, str(error)
        here, asked = engine_named(FALLBACK), job.get("options") or {}
        without = not_taken(here.takes, asked)
        if without:
            self.fallback += f"; without {', '.join(without)}, which {FALLBACK} does not have"
        options = {name: value for name, value in asked.items() if name not in without}
        return here.load(model, room, {**job, "options": options})

    def _let_go(self) -> None:
        if self._loaded is None:
            return
        self._loaded = None
        gc.collect()
        engine_named(self.name).let_go()


def _swapped(loaded: Loaded, model: str) -> bool:
    try:
        return loaded.swap(model)
    except Exception as error:  # a library's own; what it left behind is dropped, and the model loaded anew
        print(f"{model} is loaded anew: {type(error).__name__}: {error}", flush=True)
        return False


def _same_shape(one: Path, other: Path) -> bool:
    shape = shape_of(one)
    return shape is not None and shape == shape_of(other)


def shape_of(model: Path) -> str | None:
    """Return what two checkpoints share where one's weights can take the other's place; None: never.

    The same configuration and the same tokenizer, byte by byte.
    """
    config, tokenizer = model / "config.json", model / _TOKENIZER
    if not config.exists() or not tokenizer.exists():
        return None
    values = {key: value for key, value in json.loads(config.read_text("utf-8")).items() if key not in _OF_NO_SHAPE}
    return json.dumps(values, sort_keys=True) + tokenizer.read_text("utf-8")


def _version(model: Path) -> str:
    """Return what changes when files of the folder do: a model that was replaced is not the one in memory."""
    stats = {path.name: path.stat() for path in sorted(model.iterdir()) if path.is_file()}
    return json.dumps({name: [stat.st_size, stat.st_mtime_ns] for name, stat in stats.items()})
