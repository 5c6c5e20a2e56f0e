"""What the engines' loops decide for each row of a batch, on tensors of eight tokens and an engine of tests."""

from types import SimpleNamespace
from typing import Any

import pytest

from pipelines.serving.champion.generation import Sampling
from pipelines.serving.champion.inbox import Asked, Inbox
from pipelines.serving.champion.transformers_loop import _Row, _Running
from pipelines.serving.champion.vllm_loop import VllmLoop

END = 7


def decode(ids: Any) -> str:
    return "".join(chr(ord("a") + one) for one in ids if one != END)


def row(number: int = 1, **sampling: Any) -> _Row:
    return _Row(Asked(number, [0, 1], Sampling(**{"max_tokens": 4, "temperature": 0.0, **sampling})), decode, [END])


def chosen(one: _Row, scores: list[float], made: tuple[int, ...] = ()) -> int:
    import torch

    return one.choose(torch.tensor([[0, 1, *made]]), 2, torch.tensor([scores]))


def test_a_row_chooses_by_its_own_sampling() -> None:
    scores = [0.0, 3.0, 2.0, 1.0, 0.0, 0.0, 0.0, 0.0]
    assert chosen(row(), scores) == 1
    assert chosen(row(presence_penalty=1.5), scores, (1,)) == 2  # 3 - 1.5 < 2
    assert chosen(row(frequency_penalty=0.4), scores, (1, 1, 1)) == 2  # 3 - 1.2 < 2
    assert chosen(row(repetition_penalty=2.0), scores) == 2  # token 1 stands in the prompt: 3 / 2 < 2
    for narrow in ({"top_k": 1}, {"top_p": 0.1}, {"min_p": 0.9}):
        assert chosen(row(temperature=5.0, **narrow), scores) == 1
    drawn = {seed: [chosen(row(temperature=9.0, seed=seed), scores) for _ in range(3)] for seed in range(20)}
    assert all(len(set(one)) == 1 for one in drawn.values()) and len({one[0] for one in drawn.values()}) > 3


def test_rows_of_one_batch_end_each_for_themselves() -> None:
    import torch
    from transformers import LogitsProcessorList, StoppingCriteriaList

    told: list[dict[str, Any]] = []
    inbox, rows = Inbox(), [row(1), row(2, max_tokens=2), row(3, stop=("cd",)), row(4)]
    running = _Running(rows, inbox, told.append, 2)
    criteria, processors = StoppingCriteriaList([running.over]), LogitsProcessorList([running.choose])
    ids, over = torch.tensor([[0, 1]] * 4), []
    # Row by row what it says: b END; c c; c d; b b and then it is left.
    for step in ([1, 2, 2, 1], [END, 2, 3, 1], [0, 0, 0, 1]):
        scores = torch.nn.functional.one_hot(torch.tensor(step), 8).float()
        ids = torch.cat([ids, processors(ids, scores).argmax(-1, keepdim=True)], dim=-1)
        if len(over) == 2:
            inbox.put({"abort": 4})
        over.append(criteria(ids, None).tolist())
    assert over == [[False] * 4, [True, True, True, False], [True] * 4]
    by_row = {number: [event for event in told if event["id"] == number] for number in (1, 2, 3, 4)}
    assert by_row[1] == [{"id": 1, "text": "b"}, {"id": 1, "finish": "stop", "tokens": 2}]
    assert by_row[2][-1] == {"id": 2, "finish": "length", "tokens": 2}
    assert by_row[3] == [{"id": 3, "finish": "stop", "tokens": 2}]
    assert by_row[4] == [{"id": 4, "text": "b"}] * 2
    running.finish()
    assert [event for event in told if event["id"] == 4] == by_row[4]


class Stepping:
    """Stands for vLLM's engine: a token a step, under names of its own."""

    def __init__(self) -> None:
        self.aborted: list[str] = []
        self.names: list[str] = []

    def add_request(self, number: str, prompt: dict[str, list[int]], params: Any) -> str:
        if not prompt["prompt_token_ids"]:
            raise ValueError("an empty prompt")
        self.names.append(f"{number}-x")
        return self.names[-1]

    def abort_request(self, names: list[str], internal: bool) -> None:
        self.aborted += names

    def step(self) -> list[Any]:
        output = SimpleNamespace(text="a", token_ids=[0], finish_reason="stop")
        return [
            SimpleNamespace(request_id=name.removesuffix("-x"), outputs=[output], finished=name == "1-x")
            for name in self.names
        ]


def test_vllms_answers_are_told_to_who_asked_and_what_is_left_is_aborted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(VllmLoop, "_params", lambda self, asked: None)
    loop, told, inbox = object.__new__(VllmLoop), list[dict[str, Any]](), Inbox()
    engine = Stepping()
    loop._engine, loop._under_way, loop._tokens, loop._stop = engine, {}, {}, []  # type: ignore[assignment]
    for number, prompt in ((1, [1]), (2, [1]), (3, [])):
        inbox.put({"id": number, "prompt": prompt, "sampling": {"max_tokens": 4, "stop": []}})
    loop.work(inbox, told.append)
    assert told == [
        {"id": 3, "error": "an empty prompt"},
        {"id": 1, "text": "a"},
        {"id": 1, "finish": "stop", "tokens": 1},
        {"id": 2, "text": "a"},
    ]
    inbox.put({"abort": 2})
    loop.work(inbox, told.append)
    assert engine.aborted == ["2-x"] and len(told) == 4


def test_vllm_knows_every_field_that_it_is_given() -> None:
    pytest.importorskip("vllm")
    loop = object.__new__(VllmLoop)
    loop._stop = [END]
    sampling = Sampling(5, 0.5, 0.9, 3, 0.1, 0.2, 0.3, 1.1, 4, ("x",))
    made = loop._params(Asked(1, [1], sampling))
    assert (made.max_tokens, made.temperature, made.seed, made.stop, made.stop_token_ids) == (5, 0.5, 4, ["x"], [END])
