"""Our inference engine as a model of lm-eval, the Language Model Evaluation Harness (EleutherAI, MIT)."""

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from lm_eval.api.instance import Instance
from lm_eval.api.model import TemplateLM
from lm_eval.utils import get_rolling_token_windows, make_disjoint_window

from pipelines.core.errors import ConfigurationError
from resources.engines.engine import InferenceEngine
from resources.harness.stops import before_stops

log = logging.getLogger("graftline")

_MAX_TOKENS = 256
"""New tokens where a task names no limit; lm-eval's own."""
_LIMITS = ("max_gen_toks", "max_new_tokens", "max_tokens", "max_completion_tokens")
_SAMPLED = ("do_sample", "temperature")


class HarnessModel(TemplateLM):
    """A checkpoint on the warm engine; all requests of a kind are one batch, greedy.

    `cut_contexts` counts contexts whose beginning was cut, since the model reads no more.
    """

    def __init__(self, engine: InferenceEngine, model: Path) -> None:
        from transformers import AutoTokenizer

        super().__init__()
        self._engine, self._model = engine, model
        self.tokenizer: Any = AutoTokenizer.from_pretrained(str(model))
        self.max_length = engine.context_length(model)
        self.cut_contexts = 0

    @property
    def eot_token_id(self) -> int:
        """The end token."""
        return int(self.tokenizer.eos_token_id)

    @property
    def prefix_token_id(self) -> int:
        """What stands before a text without a context."""
        beginning = self.tokenizer.bos_token_id
        return int(beginning) if beginning is not None else self.eot_token_id

    @property
    def tokenizer_name(self) -> str:
        """Part of the key of what lm-eval caches."""
        return str(self._model).replace("/", "__")

    def tok_encode(self, string: str, add_special_tokens: bool | None = None, **_: Any) -> list[int]:
        """Return a text's ids; one that begins with the beginning token, as a template writes it, gets no second."""
        if add_special_tokens is None:
            beginning = self.tokenizer.bos_token
            add_special_tokens = not (beginning and string.startswith(beginning))
        return list(self.tokenizer.encode(string, add_special_tokens=add_special_tokens))

    def apply_chat_template(self, chat_history: list[dict[str, str]], add_generation_prompt: bool = True) -> str:
        """Return a conversation as the checkpoint's own template writes it."""
        written = self.tokenizer.apply_chat_template(
            chat_history,
            tokenize=False,
            add_generation_prompt=add_generation_prompt,
            continue_final_message=not add_generation_prompt,
        )
        return str(written)

    def _loglikelihood_tokens(
        self, requests: Sequence[tuple[Any, list[int], list[int]]], **named: Any
    ) -> list[tuple[float, bool]]:
        rows = [(self._fitting(context, len(answer) + 1), answer) for _, context, answer in requests]
        found = self._engine.likelihoods(self._model, rows)
        made = [(sum(one.log_probabilities), one.greedy) for one in found]
        for (request, *_), answer in zip(requests, made, strict=True):
            if request is not None:
                self.cache_hook.add_partial("loglikelihood", request, answer)
        return made

    def loglikelihood_rolling(self, requests: list[Instance], disable_tqdm: bool = False) -> list[float]:
        """Return each text's log-likelihood; a longer one than the model reads in windows, every token counted once."""
        windows = [list(self._windows(request.args[0])) for request in requests]
        flat = [(None, *window) for of_text in windows for window in of_text]
        found = iter(self._loglikelihood_tokens(flat))
        sums = [sum(next(found)[0] for _ in of_text) for of_text in windows]
        for request, answer in zip(requests, sums, strict=True):
            self.cache_hook.add_partial("loglikelihood_rolling", request.args, answer)
        return sums

    def _windows(self, text: str) -> Iterator[tuple[list[int], list[int]]]:
        ids = self.tok_encode(text, add_special_tokens=False)
        windows = get_rolling_token_windows(ids, self.prefix_token_id, self.max_length - 2, 1)
        return map(make_disjoint_window, windows)

    def generate_until(self, requests: list[Instance], disable_tqdm: bool = False) -> list[str]:
        """Return each request's text up to its first stop text; ConfigurationError for a task that samples."""
        made: dict[int, str] = {}
        by_limit: dict[int, list[int]] = {}
        for place, request in enumerate(requests):
            by_limit.setdefault(_limit(request.args[1]), []).append(place)
        for limit, places in by_limit.items():
            prompts = [self._fitting(self.tok_encode(requests[place].args[0]), limit) for place in places]
            batch = self._engine.generate(self._model, prompts, limit)
            for place, output in zip(places, batch.outputs, strict=True):
                context, options = requests[place].args
                made[place] = before_stops(output["text"], options.get("until"))
                self.cache_hook.add_partial("generate_until", (context, options), made[place])
        return [made[place] for place in range(len(requests))]

    def _fitting(self, context: list[int], beside: int) -> list[int]:
        room = self.max_length - beside
        if room < 1:
            wanted = f"{self.max_length - 1} tokens at most beside the context"
            raise ConfigurationError("the task", f"answers of {beside} tokens", wanted, "take a task with shorter ones")
        if len(context) > room:
            self.cut_contexts += 1
        return context[-room:]


def _limit(options: dict[str, Any]) -> int:
    if options.get("do_sample") or options.get("temperature"):
        asked = ", ".join(f"{name}: {options[name]}" for name in _SAMPLED if name in options)
        raise ConfigurationError("the task", asked, "greedy answers", "take a task without sampling")
    return int(next((options[name] for name in _LIMITS if options.get(name)), _MAX_TOKENS))
