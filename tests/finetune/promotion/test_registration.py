from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from pipelines.finetune.merging.record import MergedRecord
from pipelines.finetune.promotion.promotion import decide
from pipelines.finetune.promotion.registration import GATED, candidates, carry_out, standing_champion
from pipelines.measuring.gates import GateRecord, Verdict, gate_name, keep_record
from resources.tables.tables import TableStore
from tests.finetune.evaluation.predicting import FakeEngine, predictions
from tests.finetune.merging.records import merged_record
from tests.finetune.promotion.test_promotion import FEW, PASSED, REFERENCES, candidate, row_ids


@dataclass
class FakeVersion:
    version: str
    key: str
    tags: dict[str, str]
    created: float = 0.0


@dataclass
class FakeRegistry:
    """Versions and aliases in memory; `calls` counts what changed something."""

    made: list[FakeVersion] = field(default_factory=list)
    aliases: dict[str, str] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)

    def register(self, run_id: str, key: str, model_path: Path, tags: Any) -> FakeVersion:
        known = next((version for version in self.made if version.key == key), None)
        if known is None:
            self.calls.append(f"register {key}")
            known = FakeVersion(str(len(self.made) + 1), key, dict(tags))
            self.made.append(known)
        return known

    def champion(self, alias: str = "champion") -> FakeVersion | None:
        return next((version for version in self.made if version.version == self.aliases.get(alias)), None)

    def versions(self) -> list[FakeVersion]:
        return self.made[::-1]

    def remove_tag(self, number: str, name: str) -> None:
        del self.made[int(number) - 1].tags[name]

    def set_alias(self, alias: str, number: str, reason: str) -> None:
        self.calls.append(f"{alias} {number}")
        self.aliases[alias] = number

    def set_tags(self, number: str, tags: Any) -> None:
        self.calls.append(f"tag {number}")
        self.made[int(number) - 1].tags.update(tags)


def merged(home: Path, *recipes: str) -> dict[str, MergedRecord]:
    return {
        recipe: merged_record(digest=f"model-{recipe}", key=f"key-{recipe}", path=str(home / recipe), recipe=recipe)
        for recipe in recipes
    }


def test_champion_and_challenger_are_registered_with_the_reason(home: Path) -> None:
    registry = FakeRegistry()
    decision = decide({"lora": candidate("lora", 9), "qlora": candidate("qlora", 8)}, None, FEW)
    record = carry_out(decision, merged(home, "lora", "qlora"), registry, home)
    assert record["champion"]["recipe"] == "lora" and record["challenger"]["recipe"] == "qlora"
    assert registry.champion().tags["graftline.decision"].startswith("better than the base")
    assert registry.champion().tags["graftline.folder"] == "lora"


def test_a_second_run_with_nothing_changed_registers_nothing_and_keeps_its_digest(home: Path) -> None:
    registry, offered = FakeRegistry(), {"lora": candidate("lora", 9), "qlora": candidate("qlora", 8)}
    first = carry_out(decide(offered, None, FEW), merged(home, "lora", "qlora"), registry, home)
    engine, store = FakeEngine(), TableStore(home / "tables")
    registry.calls.clear()
    champion = standing_champion(registry, offered, list, engine, store, home)
    second = carry_out(decide(offered, champion, FEW), merged(home, "lora", "qlora"), registry, home)
    assert not [call for call in registry.calls if not call.startswith("tag")]
    assert engine.jobs == [] and second["digest"] == first["digest"]


def offered_by_lora(home: Path) -> TableStore:
    """What the recipe lora has when its evaluation was just made, but for gates."""
    store = TableStore(home / "tables")
    store.write("predictions/lora", predictions(REFERENCES, REFERENCES, REFERENCES))
    for name, digest in (("merged_model/lora", "m1"), ("instruction_dataset", "d1"), ("evaluation/lora", "e1")):
        store.write_record(name, {"digest": digest}, digest)
    return store


def pass_gates(store: TableStore, *assets: str, **inputs: dict[str, str]) -> None:
    """Keep a passed gate of the version that stands; `inputs` are what an asset was checked with."""
    for asset in assets:
        recipe = "" if asset == "instruction_dataset" else "lora"
        name = f"{asset}/{recipe}" if recipe else asset
        if store.digest(name) is None:
            store.write_record(name, {"digest": f"{asset}-1"}, f"{asset}-1")
        checked, judges = inputs.get(asset, {}), frozenset(GATED[asset])
        keep_record(store, GateRecord(asset, recipe, store.digest(name) or "", PASSED, judges, checked))


def test_a_recipe_is_offered_with_the_gates_of_its_current_version(home: Path) -> None:
    assert candidates(TableStore(home / "tables"), ["lora"]) == {"lora": None}
    store = offered_by_lora(home)
    pass_gates(store, *GATED)
    assert candidates(store, ["lora"])["lora"].refusal() is None
    store.write_record("merged_model/lora", {"digest": "m2"}, "m2")
    assert "stale predictions" in candidates(store, ["lora"])["lora"].refusal()


@pytest.mark.parametrize("missing", GATED)
def test_a_recipe_whose_gate_of_any_asset_is_missing_is_refused(home: Path, missing: str) -> None:
    store = offered_by_lora(home)
    pass_gates(store, *(asset for asset in GATED if asset != missing))
    assert candidates(store, ["lora"])["lora"].refusal() == f"the gate of {missing} has no result"


def test_a_gate_checked_with_other_inputs_than_stand_is_stale(home: Path) -> None:
    store = offered_by_lora(home)
    made_from = {"evaluation": {"predictions/lora": store.digest("predictions/lora") or ""}}
    pass_gates(store, *GATED, adapter={"instruction_dataset": "d1"}, **made_from)
    assert candidates(store, ["lora"])["lora"].refusal() is None
    pass_gates(store, "adapter", adapter={"instruction_dataset": "d0"})
    stale = "the gate of adapter is stale: instruction_dataset was d0, now d1"
    assert candidates(store, ["lora"])["lora"].refusal() == stale
    pass_gates(store, "adapter", adapter={"instruction_dataset": "d1"})
    store.write("predictions/lora", predictions(REFERENCES, REFERENCES, ["another"] * len(REFERENCES)))
    pass_gates(store, "predictions")
    assert "the gate of evaluation is stale: predictions/lora was" in candidates(store, ["lora"])["lora"].refusal()


def test_a_recipe_with_held_out_data_of_its_own_is_judged_by_that_datas_digest(home: Path) -> None:
    store = offered_by_lora(home)
    pass_gates(store, *GATED)
    store.write("predictions/lora", predictions(REFERENCES, REFERENCES, REFERENCES, dataset="own d1"))
    pass_gates(store, "predictions")
    assert "stale predictions" in candidates(store, ["lora"])["lora"].refusal()
    offered = candidates(store, ["lora"], lambda recipe, dataset: f"own {dataset}")
    assert offered["lora"].refusal() is None


def test_a_gate_record_of_an_earlier_release_counts_as_it_did(home: Path) -> None:
    store = offered_by_lora(home)
    pass_gates(store, *GATED)
    old = {"digest": "e1", "checks": {"enough_rows": {"passed": True, "reason": "97 rows"}}}
    store.write_record(gate_name("evaluation", "lora"), old, "e1")
    assert candidates(store, ["lora"])["lora"].refusal() is None


def test_predictions_and_data_that_their_own_gates_refuse_are_not_judged(home: Path) -> None:
    store = offered_by_lora(home)
    pass_gates(store, *GATED)
    judges, digest = frozenset(["every_row_answered"]), store.digest("predictions/lora")
    for passed, refused in ((False, True), (True, False)):
        verdict = {"every_row_answered": Verdict(passed, "3 texts missing")}
        keep_record(store, GateRecord("predictions", "lora", digest, verdict, judges))
        assert ("3 texts missing" in (candidates(store, ["lora"])["lora"].refusal() or "")) is refused
    half = GateRecord("instruction_dataset", "", "d1", PASSED, frozenset(["rows_are_sound"]))
    store.write_record(gate_name("instruction_dataset"), half.as_json(), "d1")
    assert "no result of nothing_leaks" in candidates(store, ["lora"])["lora"].refusal()


def test_an_older_champion_answers_the_rows_held_out_now(home: Path) -> None:
    registry, engine = FakeRegistry(), FakeEngine()
    registry.register("run", "old", home, {"graftline.model": "old", "graftline.folder": "old"})
    registry.set_alias("champion", "1", "")
    (home / "old").mkdir(parents=True)
    (home / "old" / "config.json").write_text("{}")
    offered = {"lora": candidate("lora", 9)}
    champion = standing_champion(registry, offered, row_ids, engine, TableStore(home / "tables"), home)
    assert champion.texts["r000"] == " old 10" and engine.jobs == ["old"]
    assert decide(offered, champion, FEW).recipe == "lora"


def test_a_champion_whose_folder_is_gone_answers_nothing(home: Path) -> None:
    registry = FakeRegistry()
    registry.register("run", "old", home, {"graftline.model": "old", "graftline.folder": "old"})
    registry.set_alias("champion", "1", "")
    offered = {"lora": candidate("lora", 9)}
    assert standing_champion(registry, offered, list, FakeEngine(), TableStore(home / "tables"), home).texts == {}
