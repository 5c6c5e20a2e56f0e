"""The local language model: a few prompts in this process, many through the inference engine in a child process."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from pipelines.compute.processor import fast_bfloat16
from pipelines.core.checkpoints.revision import configuration_digest, weight_files
from pipelines.core.checkpoints.whole import require_whole
from pipelines.core.cost.budget import BudgetReached
from pipelines.core.cost.meter import Meter
from pipelines.core.errors import ConfigurationError
from pipelines.core.identity import content_id
from pipelines.core.protocols import CUT, Completion, Messages
from resources.engines.chat_template import render_conversations
from resources.engines.engines import FALLBACK
from resources.models.dialect import THINKING_TOKENS
from resources.models.reasoning import without_reasoning
from resources.settings import Settings

# A vLLM start alone is 30 s: as long as some ten short answers in this process.
_FEW = 4
# What a crash can lose at most, and still few starts of the engine.
_SLICE = 512


class LocalModel:
    """The small model (or a model folder), greedy; it is loaded when the first uncached prompt comes."""

    def __init__(self, settings: Settings, folder: Path | None = None, meter: Meter | None = None) -> None:
        self._settings, self._folder, self.meter = settings, folder, meter or Meter()
        self._loaded: tuple[Any, Any] | None = None
        self._thinks = False

    def _small_model(self) -> Any:
        from resources.models.small_model import SmallModel

        return SmallModel(self._settings.home)

    @cached_property
    def name(self) -> str:
        """Model and revision; the small model's files are prepared for it, no weights are loaded."""
        if self._folder is None:
            small = self._small_model()
            return f"{small.hub_name}@{small.revision()}"
        folder = self._path()
        sizes = [f"{path.name}:{path.stat().st_size}:{path.stat().st_mtime_ns}" for path in weight_files(folder)]
        return f"{self._folder.name}@{content_id(configuration_digest(folder), *sizes)}"

    @property
    def packaged(self) -> bool:
        """Whether no folder was named."""
        return self._folder is None

    @cached_property
    def context_tokens(self) -> int | None:
        """The positions that the model's configuration names."""
        import json

        config = json.loads((self._path() / "config.json").read_text(encoding="utf-8"))
        stated = config.get("max_position_embeddings") or config.get("text_config", {}).get("max_position_embeddings")
        return int(stated) if stated else None

    @cached_property
    def _whole(self) -> Path | None:
        if self._folder is not None:
            require_whole(self._folder)
        return self._folder

    def _path(self) -> Path:
        return self._whole or self._small_model().path()

    def generate(
        self, prompts: Sequence[Messages], max_tokens: int, schema: dict[str, Any] | None
    ) -> Iterator[tuple[int, Completion]]:
        """Yield (number of the prompt, completion); only the engine can hold an answer to a schema.

        What a model only thought until the token limit cut it is asked for again with the tokens that thinking takes.
        """
        if schema is not None:
            self._refuse_small_without_schema()
        numbers, known = [], self._thinks
        for number, completion in self._made(prompts, max_tokens, schema, known):
            thought = completion.text and not without_reasoning(completion.text)
            if thought and completion.finish_reason == CUT and not known:
                numbers.append(number)
            else:
                yield number, completion
        if numbers:
            for place, completion in self._made([prompts[number] for number in numbers], max_tokens, schema, True):
                self._thinks = self._thinks or bool(without_reasoning(completion.text))
                yield numbers[place], completion

    def _refuse_small_without_schema(self) -> None:
        """Raise ConfigurationError where nothing holds the packaged small model to a schema: it runs in circles."""
        if self._folder is None and self._settings.engine == FALLBACK:
            raise ConfigurationError(
                "GRAFTLINE_EXTRACTOR",
                f"llm with the packaged small model on {FALLBACK}, which cannot hold its answers to JSON",
                "a served model, another model's folder, or vLLM",
                "unset GRAFTLINE_EXTRACTOR for the rules, or set LLM_BASE_URL and LLM_MODEL",
            )

    def _made(
        self, prompts: Sequence[Messages], max_tokens: int, schema: dict[str, Any] | None, thinks: bool
    ) -> Iterator[tuple[int, Completion]]:
        if len(prompts) <= _FEW and schema is None:
            for number, messages in enumerate(prompts):
                yield number, self._one(messages, max_tokens + (THINKING_TOKENS if thinks else 0))
            return
        yield from self._batch(prompts, max_tokens, schema, thinks)

    def _one(self, messages: Messages, max_tokens: int) -> Completion:
        import torch

        tokenizer, network = self._load()
        ids = render_conversations(self._path(), [messages])[0]
        try:
            call = self.meter.admit_some([len(ids)], max_tokens)[0]
        except BudgetReached as reached:
            return Completion("", 0, 0, failure=reached.reason)
        inputs = torch.tensor([ids])
        completion = None
        try:
            with torch.inference_mode():
                made = network.generate(
                    input_ids=inputs,
                    attention_mask=torch.ones_like(inputs),
                    max_new_tokens=max_tokens,
                    do_sample=False,
                    temperature=None,
                    top_p=None,
                    top_k=None,
                )[0, len(ids) :].tolist()
            text = tokenizer.decode(made, skip_special_tokens=True).strip()
            finish = CUT if len(made) >= max_tokens else "stop"
            completion = Completion(text, len(ids), len(made), finish_reason=finish)
        finally:
            self.meter.settle(call, completion)
        return completion

    def _load(self) -> tuple[Any, Any]:
        """Return (tokenizer, model in the number format that this CPU is fast in)."""
        if self._loaded is None:
            import torch
            from tokenizers import Tokenizer
            from transformers import AutoModelForCausalLM
            from transformers.utils import logging as transformers_logging

            transformers_logging.disable_progress_bar()
            path = self._path()
            dtype = torch.bfloat16 if fast_bfloat16() else torch.float32
            network = AutoModelForCausalLM.from_pretrained(str(path), dtype=dtype).eval()
            self._loaded = Tokenizer.from_file(str(path / "tokenizer.json")), network
        return self._loaded

    def _batch(
        self, prompts: Sequence[Messages], max_tokens: int, schema: dict[str, Any] | None, thinks: bool
    ) -> Iterator[tuple[int, Completion]]:
        from resources.engines.engine import InferenceEngine

        engine, path = InferenceEngine.of(self._settings, self._settings.home / "work"), self._path()
        prompt_ids = engine.render(path, prompts)
        room = engine.context_length(path) - max(map(len, prompt_ids), default=0)
        limit = max(max_tokens, min(max_tokens + THINKING_TOKENS, room)) if thinks else max_tokens
        first = 0
        while first < len(prompts):
            part = prompt_ids[first : first + _SLICE]
            try:
                calls = self.meter.admit_some(list(map(len, part)), limit)
            except BudgetReached as reached:
                self.meter.refused(len(prompts) - first - 1)
                for number in range(first, len(prompts)):
                    yield number, Completion("", 0, 0, failure=reached.reason)
                return
            made: list[Completion | None] = [None] * len(calls)
            try:
                made = [*self._generated(engine, part[: len(calls)], limit, schema)]
            finally:
                for call, completion in zip(calls, made, strict=True):
                    self.meter.settle(call, completion)
            yield from ((number, one) for number, one in enumerate(made, start=first) if one is not None)
            first += len(calls)

    def _generated(
        self, engine: Any, prompts: Sequence[list[int]], limit: int, schema: dict[str, Any] | None
    ) -> Iterator[Completion]:
        batch = engine.generate(self._path(), prompts, limit, schema)
        for output in batch.outputs:
            counts = output["prompt_tokens"], output["completion_tokens"]
            yield Completion(output["text"].strip(), *counts, finish_reason=output["finish_reason"])

    def check(self) -> None:
        """Prepare the model's files; raises a GraftlineError when they cannot be had or are not whole."""
        self._path()
