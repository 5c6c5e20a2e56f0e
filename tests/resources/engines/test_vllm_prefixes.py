"""What vLLM remembers of a batch has no influence on the next: a prefix computed in another batch rounds otherwise."""

import sys
from types import SimpleNamespace
from typing import Any

import pytest

from resources.engines.vllm_batch import VllmModel


class RememberingLlm:
    """Notes what is done with it."""

    def __init__(self) -> None:
        self.done: list[str] = []
        config = SimpleNamespace(max_model_len=100)
        self.llm_engine = SimpleNamespace(model_config=config)

    def reset_prefix_cache(self) -> None:
        self.done.append("forget")

    def generate(self, requests: list[Any], sampling: Any, use_tqdm: bool) -> list[Any]:
        self.done.append(f"generate {len(requests)}")
        output = SimpleNamespace(text="a", token_ids=[7], finish_reason=None)
        said = [None, {2: SimpleNamespace(logprob=-1.0, rank=1)}]
        return [SimpleNamespace(outputs=[output], prompt_logprobs=said) for _ in requests]


def test_every_batch_begins_with_no_prefix_of_another(monkeypatch: pytest.MonkeyPatch):
    parameters = SimpleNamespace(SamplingParams=lambda **_: None)
    monkeypatch.setitem(sys.modules, "vllm", parameters)
    monkeypatch.setitem(sys.modules, "vllm.sampling_params", SimpleNamespace(StructuredOutputsParams=None))
    llm = RememberingLlm()
    model = VllmModel(llm)
    job = {"schema": None, "max_tokens": 3}
    first, second = (model.generate([[1, 2]], [7], job) for _ in range(2))
    assert first == second == [{"text": "a", "token_ids": [7], "finish_reason": "length"}]
    model.likelihoods([[1, 2]], [1])
    assert llm.done == ["forget", "generate 1"] * 3
