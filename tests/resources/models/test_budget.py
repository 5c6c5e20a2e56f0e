"""A run's budget over a real HTTP server that counts: kept to the call, and the next run asks for the rest only."""

from pathlib import Path
from typing import Any

import pytest

from pipelines.core.errors import ConfigurationError, ServiceError
from pipelines.core.protocols import Completion, Messages
from resources.models.language_model import CachedLanguageModel, open_language_model
from resources.models.local import LocalModel
from resources.settings import Settings
from tests.resources.models.odd_server import OddServer, chat, odd_server
from tests.resources.models.test_llamaindex import OWN, CapitalLLM


def _prompts(count: int) -> list[Messages]:
    return [[{"role": "user", "content": f"Question number {number}"}] for number in range(count)]


def _model(server: OddServer, home: Path, **values: str) -> CachedLanguageModel:
    settings = Settings(GRAFTLINE_HOME=str(home), LLM_BASE_URL=server.address, LLM_MODEL="tiny", **values)
    return open_language_model(settings, settings.meter())


def _answered(found: list[Completion]) -> int:
    return sum(not one.failure for one in found)


@pytest.mark.parametrize(
    ("limits", "calls"),
    [
        ({"GRAFTLINE_BUDGET_CALLS": "7"}, 7),
        # An answer is 7 + 3 tokens; a call may read 15 (17 bytes by 2.5, and 8) and write 5: 90 + 20 > 108.
        ({"GRAFTLINE_BUDGET_TOKENS": "108"}, 9),
        ({"GRAFTLINE_BUDGET_MONEY": "0.000108", "LLM_PROMPT_PRICE": "1", "LLM_COMPLETION_PRICE": "1"}, 9),
    ],
)
def test_a_budget_is_kept_to_the_call_by_sixteen_at_once_and_the_next_run_asks_the_rest(
    tmp_path: Path, limits: dict[str, str], calls: int
):
    with odd_server(lambda body: chat("an answer")) as server:
        model = _model(server, tmp_path, **limits)
        found = model.complete(_prompts(40), 5)
        assert len(server.requests) == calls == model.meter.usage.calls == _answered(found)
        assert all(one.failure.startswith("budget: ") for one in found if one.failure)
        assert model.meter.usage.not_sent == 40 - calls
        assert _answered(model.complete(_prompts(40), 5)) == calls == len(server.requests)  # the same run: nothing more
        again = _model(server, tmp_path)
        assert _answered(again.complete(_prompts(40), 5)) == 40 == len(server.requests)
        assert again.meter.usage.calls == 40 - calls and again.meter.usage.cached == calls


def test_no_call_is_made_after_the_time_is_spent(tmp_path: Path):
    with odd_server(lambda body: chat("an answer")) as server:
        model = _model(server, tmp_path, GRAFTLINE_BUDGET_SECONDS="0")
        assert _answered(model.complete(_prompts(3), 5)) == 0 == len(server.requests)


def test_answers_that_fail_count_as_calls(tmp_path: Path):
    def answer(body: dict[str, Any]) -> Any:
        return (400, {"error": {"message": "no"}}) if "number 0" in body["messages"][-1]["content"] else chat("fine")

    with odd_server(answer) as server:
        model = _model(server, tmp_path, GRAFTLINE_BUDGET_CALLS="4")
        model.complete(_prompts(9), 5)
        assert len(server.requests) == 4 and model.meter.usage.calls == 4


def test_tokens_that_a_server_had_read_before_are_told(tmp_path: Path):
    status, body = chat("an answer")
    body["usage"] |= {"prompt_tokens": 1000, "prompt_tokens_details": {"cached_tokens": 960}}
    with odd_server(lambda _: (status, body)) as server:
        model = _model(server, tmp_path)
        model.complete(_prompts(1), 5)
        assert model.meter.usage.prefix_tokens == 960


def test_money_without_prices_says_what_to_set():
    with pytest.raises(ConfigurationError, match="LLM_PROMPT_PRICE and LLM_COMPLETION_PRICE"):
        _ = Settings(GRAFTLINE_BUDGET_MONEY="1").budget
    with pytest.raises(ConfigurationError, match="GRAFTLINE_BUDGET_TOKENS: found '1e6'"):
        Settings(GRAFTLINE_BUDGET_TOKENS="1e6")


class Engine:
    """Answers a batch of prompts by a token each."""

    def __init__(self) -> None:
        self.batches: list[int] = []

    def generate(self, path: Path, prompts: list[list[int]], limit: int, schema: Any) -> Any:
        self.batches.append(len(prompts))
        outputs = [{"text": "a", "prompt_tokens": len(ids), "completion_tokens": 1, "finish_reason": "stop"}
                   for ids in prompts]  # fmt: skip
        return type("Batch", (), {"outputs": outputs})

    def render(self, path: Path, prompts: list[Messages]) -> list[list[int]]:
        return [[0] * 10 for _ in prompts]

    def context_length(self, path: Path) -> int:
        return 2048


def test_the_engine_of_this_machine_gets_what_fits_batch_by_batch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    engine = Engine()
    monkeypatch.setattr("resources.engines.engine.InferenceEngine.of", lambda *_: engine)
    monkeypatch.setattr(LocalModel, "_path", lambda _: tmp_path)
    settings = Settings(GRAFTLINE_HOME=str(tmp_path), GRAFTLINE_BUDGET_TOKENS="100")
    model = LocalModel(settings, meter=settings.meter())
    found = dict(model.generate(_prompts(20), 10, None))
    # 20 tokens at most each, 11 in truth: five at once (55), then two (22), then one (11): 88, and 20 more do not fit.
    assert engine.batches == [5, 2, 1] and _answered(list(found.values())) == 8 and len(found) == 20
    assert model.meter.usage.tokens == 88 and model.meter.usage.not_sent == 12


def test_a_class_of_llamaindex_is_held_to_a_budget_too(tmp_path: Path):
    CapitalLLM.calls.clear()
    settings = Settings(GRAFTLINE_HOME=str(tmp_path), LLM_MODEL=OWN, GRAFTLINE_BUDGET_CALLS="3")
    model = open_language_model(settings, settings.meter())
    assert _answered(model.complete(_prompts(5), 5)) == 3 == len(CapitalLLM.calls)
    assert (model.meter.usage.tokens, model.meter.usage.not_sent) == (30, 2)


def test_what_is_streamed_is_counted_and_held_to_the_budget(tmp_path: Path):
    with odd_server(lambda body: chat("an answer")) as server:
        model = _model(server, tmp_path, GRAFTLINE_BUDGET_CALLS="1")
        *_, last = model.stream(_prompts(1)[0], 5)
        assert isinstance(last, Completion) and model.meter.usage.tokens == 10
        assert list(model.stream(_prompts(1)[0], 5))[-1].cached and model.meter.usage.cached == 1
        with pytest.raises(ServiceError, match="GRAFTLINE_BUDGET_CALLS"):
            list(model.stream(_prompts(2)[1], 5))
        assert len(server.requests) == 1


def test_an_asset_budget_is_read_and_what_none_can_hold_is_refused_by_name():
    held = Settings(GRAFTLINE_ASSET_BUDGETS='{"answers": {"tokens": 900}, "adapter": {"seconds": 60.5}}').asset_budgets
    assert {name: budget.limits() for name, budget in held.items()} == {
        "answers": {"tokens": 900},
        "adapter": {"seconds": 60.5},
    }
    assert Settings().asset_budgets == {}
    for wrong in ("answers=3", "[1]", '{"answers": 3}', '{"answers": {"rows": 3}}', '{"answers": {"tokens": -1}}'):
        with pytest.raises(ConfigurationError, match="GRAFTLINE_ASSET_BUDGETS"):
            Settings(GRAFTLINE_ASSET_BUDGETS=wrong)
    with pytest.raises(ConfigurationError, match="LLM_PROMPT_PRICE"):
        _ = Settings(GRAFTLINE_ASSET_BUDGETS='{"answers": {"money": 1}}').budget
