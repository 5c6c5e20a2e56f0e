"""Cheap steps follow changed inputs only: the condition evaluated over real materialisations of stand-ins."""

from collections.abc import Iterator

import dagster as dg
import pytest

from pipelines.orchestration.jobs import FOLLOW


class World:
    """An input with a gate and a step that follows it; `version` and `sound` say what the next input run does."""

    def __init__(self, instance: dg.DagsterInstance) -> None:
        self.instance, self.version, self.sound, self._cursor = instance, "1", True, None

        @dg.asset
        def source() -> dg.MaterializeResult:
            return dg.MaterializeResult(data_version=dg.DataVersion(self.version))

        @dg.asset_check(asset=source, blocking=True)
        def gate() -> dg.AssetCheckResult:
            return dg.AssetCheckResult(passed=self.sound)

        @dg.asset(deps=[source], automation_condition=FOLLOW)
        def step() -> None:
            """What follows."""

        self._assets, self._checks, self._source, self._step = [source, step], [gate], source, step
        self.materialise()

    def materialise(self, *names: str) -> None:
        chosen = dg.AssetSelection.assets(*(names or ("source", "step")))
        if "step" in names:
            chosen = chosen.without_checks()
        dg.materialize([*self._assets, *self._checks], selection=chosen, instance=self.instance, raise_on_error=False)

    def requested(self) -> int:
        defs = dg.Definitions(assets=self._assets, asset_checks=self._checks)
        result = dg.evaluate_automation_conditions(defs, self.instance, cursor=self._cursor)
        self._cursor = result.cursor
        return result.total_requested


@pytest.fixture
def world() -> Iterator[World]:
    with dg.DagsterInstance.ephemeral() as instance:
        made = World(instance)
        assert made.requested() == 0
        yield made


def test_an_input_rerun_with_the_same_data_asks_for_nothing(world: World):
    world.materialise("source")
    assert world.requested() == 0


def test_changed_data_asks_for_the_step_once(world: World):
    world.version = "2"
    world.materialise("source")
    assert [world.requested(), world.requested()] == [1, 0]
    world.materialise("step")
    assert world.requested() == 0


def test_changed_data_that_failed_its_gate_waits_until_the_gate_passes(world: World):
    world.version, world.sound = "2", False
    world.materialise("source")
    assert world.requested() == 0
    world.sound = True
    world.materialise("source")
    assert world.requested() == 1
