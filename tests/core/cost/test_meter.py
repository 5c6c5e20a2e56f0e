"""A budget holds whatever the calls in flight turn out to cost; what is spent is counted once."""

import threading

import pytest

from pipelines.core.cost.budget import Budget, BudgetReached, Prices, Usage
from pipelines.core.cost.meter import Meter
from pipelines.core.protocols import Completion


def _answer(prompt: int, completion: int, **more: int) -> Completion:
    return Completion("text", prompt, completion, **more)


def test_money_is_by_the_million_and_read_prefixes_have_a_price_of_their_own():
    assert Prices(2.0, 8.0).money(1_000_000, 500_000) == 6.0
    assert Prices(2.0, 8.0, 0.5).money(1_000_000, 0, 400_000) == 1.4
    assert Prices(2.0).money(1, 1) is None and not Prices(2.0).known


def test_a_call_is_counted_with_what_its_server_says_and_estimated_where_it_says_nothing():
    meter = Meter()
    meter.settle(meter.admit(30, 10), _answer(21, 4, prefix_tokens=16))
    meter.settle(meter.admit(30, 10), Completion("nine bytes", 0, 0))
    meter.settle(meter.admit(30, 10), None)
    meter.cached([_answer(5, 2), _answer(6, 3)])
    assert meter.usage == Usage(
        calls=3, failed=1, estimated=1, prompt_tokens=51, completion_tokens=8, prompts_at_most=60, prefix_tokens=16,
        cached=2, cached_tokens=16,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("budget", "fits", "word"),
    [
        (Budget(calls=2), 2, "calls"),
        # 3 calls of 20 cost 60; a fourth might cost 10 + 30 and 60 + 40 > 99.
        (Budget(tokens=99), 3, "tokens"),
        (Budget(tokens=100), 4, "tokens"),
        # 10 read and 10 written are 10 * 1 + 10 * 2 = 30 millionths; at most 10 + 60 = 70: 30 + 30 + 70 > 129.
        (Budget(money=129e-6), 2, "money"),
        (Budget(seconds=2.5), 3, "seconds"),
    ],
)
def test_a_call_is_refused_once_all_that_it_can_cost_might_pass_the_limit(budget: Budget, fits: int, word: str):
    time = 0.0
    meter = Meter(budget, Prices(1.0, 2.0), clock=lambda: time)
    with meter.working():
        for number in range(fits):
            meter.settle(meter.admit(10, 30), _answer(10, 10))
            time += 1.0
            assert meter.usage.calls == number + 1
        with pytest.raises(BudgetReached, match=rf"GRAFTLINE_BUDGET_{word.upper()}.*run it again") as caught:
            meter.admit(10, 30)
    assert caught.value.reason.startswith("budget: ") and word in caught.value.reason
    assert meter.usage.not_sent == 1 and f"{word} had no room for 1 prompts" in meter.budget_line(1)


def test_a_call_waits_for_those_in_flight_and_goes_once_they_cost_little():
    meter = Meter(Budget(tokens=100))
    flying = meter.admit(10, 50)
    admitted = threading.Event()

    def second() -> None:
        meter.settle(meter.admit(10, 50), _answer(10, 5))
        admitted.set()

    thread = threading.Thread(target=second)
    thread.start()
    assert not admitted.wait(0.2)
    meter.settle(flying, _answer(10, 5))
    assert admitted.wait(5)
    thread.join()
    assert meter.usage.tokens == 30 and meter.usage.not_sent == 0


def test_those_who_wait_are_refused_when_what_flew_cost_too_much():
    meter = Meter(Budget(tokens=100))
    flying = meter.admit(10, 50)
    refused: list[str] = []

    def second() -> None:
        with pytest.raises(BudgetReached) as caught:
            meter.admit(10, 50)
        refused.append(caught.value.reason)

    thread = threading.Thread(target=second)
    thread.start()
    meter.settle(flying, _answer(10, 45))
    thread.join(5)
    assert refused and "55 of 100 tokens" in refused[0]


def test_prompts_that_are_longer_than_estimated_raise_the_estimate():
    meter = Meter(Budget(tokens=100))
    meter.settle(meter.admit(10, 10), _answer(30, 10))  # three times as many as thought
    with pytest.raises(BudgetReached):
        meter.admit(20, 10)  # 40 spent, 60 + 10 more at most
    meter.admit(15, 10)


def test_a_batch_gets_as_many_calls_as_fit_at_once():
    meter = Meter(Budget(tokens=100))
    calls = meter.admit_some([10, 20, 30, 40], 10)
    assert len(calls) == 3  # 20 + 30 + 40 at most; 50 more do not fit
    for call in calls:
        meter.settle(call, _answer(call.prompt_tokens, 1))


def test_time_of_calls_at_once_is_counted_once():
    time = 0.0
    meter = Meter(clock=lambda: time)
    with meter.working():
        time = 1.0
        with meter.working():
            time = 3.0
    time = 10.0
    assert meter.usage.seconds == 3.0


def test_what_was_spent_is_told_in_a_line_and_how_far_a_run_came():
    meter = Meter(Budget(calls=1), Prices(1.0, 2.0))
    assert meter.line() == ""
    meter.settle(meter.admit(10, 30), _answer(1_000_000, 500_000))
    assert "1 calls (0 failed), 1,000,000 tokens read and 500,000 written" in meter.line()
    assert meter.line().endswith(" 2 in money")
    with pytest.raises(BudgetReached):
        meter.admit(10, 30)
    assert meter.line().splitlines()[1] == (
        "the budget of 1 calls had no room for 1 prompts: the next run goes on with them"
    )
    assert Meter().line() == ""


def test_an_asset_has_its_own_budget_from_where_it_began_beside_that_of_the_run():
    meter = Meter(Budget(calls=5), parts={"answers": Budget(calls=2), "extractions": Budget(tokens=40)})

    def ask(times: int) -> str:
        for _ in range(times):
            try:
                call = meter.admit(10, 5)
            except BudgetReached as error:
                return error.where
            meter.settle(call, Completion("x", 10, 5))
        return ""

    assert ask(1) == ""
    meter.begin("answers")
    assert ask(3) == "GRAFTLINE_ASSET_BUDGETS, calls of answers"
    meter.begin("extractions")
    assert ask(1) == "", "what answers spent is its own"
    meter.begin("community_summaries")
    assert ask(9) == "GRAFTLINE_BUDGET_CALLS" and meter.usage.calls == 5
    assert "5 calls, 2 calls for answers had no room for 2 prompts" in meter.line()
