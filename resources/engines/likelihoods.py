"""What a model gives the tokens of a continuation: for tasks that choose among answers, and for perplexities."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from resources.engines.batch_engine import length_sorted_batches

Row = tuple[Sequence[int], Sequence[int]]
"""Context and continuation, as token ids; neither is empty."""


@dataclass(frozen=True)
class Likelihood:
    """Natural logarithms, a token of the continuation each, and whether every token was the likeliest one."""

    log_probabilities: list[float]
    greedy: bool


class Scoring:
    """A loaded model whose outputs are the likelihoods that a job asks for: from `starts` on, a row each."""

    def __init__(self, loaded: Any) -> None:
        self._loaded, self.room = loaded, loaded.room

    def generate(self, prompts: list[list[int]], stop: list[int], job: dict[str, Any]) -> list[dict[str, Any]]:
        """Return {"log_probabilities", "greedy"} by row; nothing is generated."""
        return self._loaded.likelihoods(prompts, job["starts"])

    def likelihoods(self, rows: list[list[int]], starts: list[int]) -> list[dict[str, Any]]:
        """Return the same."""
        return self._loaded.likelihoods(rows, starts)

    def swap(self, model: str) -> bool:
        """Take other weights in, as the model does."""
        return bool(self._loaded.swap(model))


def of_vllm(llm: Any, rows: Sequence[list[int]], starts: Sequence[int]) -> list[dict[str, Any]]:
    """Return a row's log-probabilities from its start on, by vLLM's own of a prompt's tokens."""
    from vllm import SamplingParams

    sampling = SamplingParams(temperature=0.0, max_tokens=1, prompt_logprobs=0, detokenize=False)
    llm.reset_prefix_cache()
    results = llm.generate([{"prompt_token_ids": ids} for ids in rows], sampling, use_tqdm=True)
    made = []
    for ids, start, result in zip(rows, starts, results, strict=True):
        said = [place[token] for place, token in zip(result.prompt_logprobs[start:], ids[start:], strict=True)]
        made.append({"log_probabilities": [one.logprob for one in said], "greedy": all(one.rank == 1 for one in said)})
    return made


def of_transformers(
    network: Any, device: str, rows: Sequence[list[int]], starts: Sequence[int]
) -> list[dict[str, Any]]:
    """Return the same by one forward pass over rows of similar length; what is padded on the right is not read."""
    import torch

    made: dict[int, dict[str, Any]] = {}
    for batch in length_sorted_batches([len(ids) for ids in rows], 0):
        width = max(len(rows[row]) for row in batch)
        ids = torch.tensor([rows[row] + [0] * (width - len(rows[row])) for row in batch], device=device)
        mask = torch.tensor([[1] * len(rows[row]) + [0] * (width - len(rows[row])) for row in batch], device=device)
        with torch.inference_mode():
            logits = network(input_ids=ids, attention_mask=mask).logits
        for place, row in enumerate(batch):
            start, end = starts[row], len(rows[row])
            said, tokens = logits[place, start - 1 : end - 1].float(), ids[place, start:end]
            of_tokens = said.log_softmax(-1).gather(-1, tokens[:, None])[:, 0]
            greedy = bool((said.argmax(-1) == tokens).all())
            made[row] = {"log_probabilities": of_tokens.tolist(), "greedy": greedy}
    return [made[row] for row in range(len(rows))]
