"""A night within its time, and what failed for outside reasons tried again: both told in the digest."""

import time
from collections.abc import Callable
from pathlib import Path

import dagster as dg
import pytest

from pipelines.core.errors import ConfigurationError, GraftlineError, ServiceError
from pipelines.orchestration.digest.keeping import Keeping, expected_seconds
from pipelines.orchestration.digest.markdown import digest_markdown
from pipelines.orchestration.digest.record import Night
from pipelines.orchestration.limits import Clock, NightLimits
from pipelines.orchestration.night import NightStep
from resources.tables.tables import TableStore

STEPS = [NightStep("knowledge"), NightStep("promotion", needs=("knowledge",)), NightStep("answering")]


def definitions(work: Callable[[], None]) -> dg.Definitions:
    @dg.asset
    def documents() -> None:
        work()

    @dg.asset
    def registered_model() -> None: ...

    @dg.asset
    def answers() -> None: ...

    jobs = {"knowledge": documents, "promotion": registered_model, "answering": answers}
    return dg.Definitions(
        assets=list(jobs.values()),
        jobs=[dg.define_asset_job(name, dg.AssetSelection.assets(asset)) for name, asset in jobs.items()],
    )


def night(folder: Path, work: Callable[[], None], name: str = "n1", **limits: object) -> Night:
    kept = Keeping(folder / "nights", TableStore(folder / "tables"), str, limits=NightLimits(**limits))  # type: ignore[arg-type]
    with dg.DagsterInstance.ephemeral() as instance:
        kept.night(definitions(work), instance, STEPS, name)
        assert all(run.is_finished for run in instance.get_runs())
    return kept.nights.named(name)[1]


def states(of: Night) -> list[str]:
    return [step.state for step in of.steps]


def test_a_night_whose_time_is_up_stops_inside_a_step_and_the_next_one_does_the_rest(tmp_path: Path):
    started = time.monotonic()
    stopped = night(tmp_path, lambda: time.sleep(60), seconds=1.5)
    assert time.monotonic() - started < 30
    assert (stopped.state, states(stopped)) == ("budget spent", ["put off", "put off", "put off"])
    assert "GRAFTLINE_NIGHT_SECONDS: found 1.5 s spent" in stopped.steps[0].reason
    assert [step.reason for step in stopped.steps[1:]] == [
        "knowledge was put off",
        "budget: the night's 1.5 s are spent; the next night does it",
    ]
    assert "put off" in digest_markdown(stopped)
    after = night(tmp_path, lambda: None, "n2", seconds=600)
    assert (after.state, states(after)) == ("done", ["done", "done", "done"])


def test_an_error_that_a_step_swallows_stops_it_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("pipelines.orchestration.limits._AGAIN_SECONDS", 0.3)

    def work() -> None:
        try:
            time.sleep(60)
        except Exception:
            time.sleep(60)

    assert states(night(tmp_path, work, seconds=1))[0] == "put off"


def test_an_asset_has_its_own_time_and_the_night_goes_on_without_it(tmp_path: Path):
    found = night(tmp_path, lambda: time.sleep(60), assets={"documents": 0.5, "answers": 500.0})
    assert (found.state, states(found)) == ("budget spent", ["put off", "put off", "done"])
    assert "GRAFTLINE_ASSET_BUDGETS, documents: found 0.5 s spent" in found.steps[0].reason


def test_a_step_begins_only_where_what_is_expected_of_it_fits_into_what_is_left():
    clock = Clock(NightLimits(seconds=100), {"fits": 50.0, "long": 99.9999999, "never": 1000.0})
    assert clock.refusal("fits") == clock.refusal("not known") == ""
    assert clock.refusal("long").startswith("budget: about 100 s expected, 100 of 100 s left")
    assert not clock.refusal("never"), "what no night has time for is begun, and goes on the night after"
    clock._began -= 60
    assert "of 100 s left" in clock.refusal("fits") and clock.refusal("never")


def test_the_plan_says_what_a_step_is_expected_to_take_unless_an_asset_of_it_is_unknown():
    rows = [
        {"asset": "adapter", "step": "finetune[a]", "seconds": 5.0},
        {"asset": "predictions", "step": "finetune[a]", "seconds": 2.0},
        {"asset": "adapter", "step": "finetune[b]", "seconds": None},
        {"asset": "predictions", "step": "finetune[b]", "seconds": 2.0},
        {"asset": "answers", "calls": 3},
    ]
    assert expected_seconds(rows) == {"finetune[a]": 7.0}


class RateLimitError(Exception):
    """Has the name that openai gives a server's refusal for now."""


def refused(found: str) -> ServiceError:
    return ServiceError("LLM_BASE_URL=http://h", found, "an answer", "start the server")


@pytest.mark.parametrize(
    ("error", "tries"),
    [
        (ConnectionResetError("reset"), 3),
        (TimeoutError(), 3),
        (RateLimitError("slower"), 3),
        (refused("InternalServerError (status 503): 服务器忙"), 3),
        (refused("APIConnectionError"), 3),
        (refused("AuthenticationError (status 401)"), 1),
        (refused("BadRequestError (status 400): 500 tokens too many"), 1),
        (ConfigurationError("LLM_MODEL", "a connection TimeoutError", "a name", "set it"), 1),
        (ValueError("status 503"), 1),
    ],
)
def test_what_failed_for_outside_reasons_alone_is_tried_again_and_counted(
    tmp_path: Path, error: Exception | GraftlineError, tries: int
):
    called = []

    def work() -> None:
        called.append(1)
        if len(called) < 3:
            raise error

    found = night(tmp_path, work, tries=3, wait=0.01)
    assert len(called) == tries == found.steps[0].tries
    assert found.steps[0].state == ("done" if tries == 3 else "FAILED")
    assert ("done (3 tries)" in digest_markdown(found)) == (tries == 3)


def test_tries_end(tmp_path: Path):
    def work() -> None:
        raise ConnectionRefusedError("no server")

    found = night(tmp_path, work, tries=2, wait=0.01)
    assert (found.state, found.steps[0].state, found.steps[0].tries) == ("failed", "FAILED", 2)
