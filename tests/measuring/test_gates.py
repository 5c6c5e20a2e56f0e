"""Gates: one record an asset and recipe, about exactly one version, with a reason for every refusal."""

from typing import Any

import pytest

from pipelines.measuring.gates import (
    Gate,
    GateRecord,
    Verdict,
    at_most,
    faultless,
    find_record,
    gate_name,
    keep_record,
    standing_gate,
)

SOUND, LEAKS = {"few_rejected": Verdict(True, "1 of 97")}, {"no_leak": Verdict(False, "3 of 97 leak")}


class FakeStore:
    """Records in a dictionary."""

    def __init__(self, **versions: str) -> None:
        self.held: dict[str, tuple[dict[str, Any], str]] = {name: ({}, digest) for name, digest in versions.items()}

    def digest(self, name: str) -> str | None:
        return self.held[name][1] if name in self.held else None

    def read_record(self, name: str) -> dict[str, Any]:
        return self.held[name][0]

    def write_record(self, name: str, record: dict[str, Any], digest: str) -> str:
        self.held[name] = (record, digest)
        return digest


def record(digest: str, checks: Any = SOUND, judge: str = "rows_are_sound") -> GateRecord:
    return GateRecord("dataset", "", digest, checks, frozenset([judge]))


def test_what_is_stored_reads_as_before_and_comes_back_as_it_was() -> None:
    store = FakeStore()
    keep_record(store, record("v1"))
    stored = store.read_record("gates/dataset")
    assert stored == {
        "digest": "v1",
        "checks": {"few_rejected": {"passed": True, "reason": "1 of 97"}},
        "judges": ["rows_are_sound"],
    }
    assert find_record(store, "dataset") == record("v1")
    assert gate_name("adapter", "lora") == "gates/adapter/lora"


def test_checks_of_one_version_share_a_record_and_another_version_starts_anew() -> None:
    store = FakeStore()
    keep_record(store, record("v1"))
    keep_record(store, record("v1", LEAKS, "nothing_leaks"))
    kept = find_record(store, "dataset")
    assert kept == GateRecord("dataset", "", "v1", SOUND | LEAKS, frozenset(["rows_are_sound", "nothing_leaks"]))
    keep_record(store, record("v2"))
    assert find_record(store, "dataset") == record("v2")


@pytest.mark.parametrize(
    ("gate", "reason"),
    [
        (Gate("dataset", "v1", None), "has no result"),
        (Gate("dataset", "v2", record("v1")), "is stale: checked on v1, now v2"),
        (Gate("dataset", "v1", record("v1", LEAKS)), "failed: no_leak (3 of 97 leak)"),
        (Gate("dataset", "v1", record("v1", {})), "holds no check"),
        (Gate("dataset", "v1", record("v1"), ("nothing_leaks", "rows_are_sound")), "has no result of nothing_leaks"),
    ],
)
def test_a_gate_refuses_with_its_reason(gate: Gate, reason: str) -> None:
    assert gate.refusal() == f"the gate of dataset {reason}"


def test_a_gate_whose_every_check_passed_on_the_version_that_stands_lets_it_through() -> None:
    store = FakeStore(dataset="v1", **{"adapter/lora": "a1"})
    keep_record(store, record("v1"))
    assert standing_gate(store, "dataset", judges=["rows_are_sound"]).refusal() is None
    assert standing_gate(store, "adapter", "lora").refusal() == "the gate of adapter has no result"


def test_a_record_of_an_earlier_release_lacks_no_check_until_it_is_judged_anew() -> None:
    old = {"digest": "v1", "checks": {"few_rejected": {"passed": True, "reason": "1 of 97"}}}
    store = FakeStore(dataset="v1")
    store.write_record("gates/dataset", old, "v1")
    judges = ["nothing_leaks", "rows_are_sound"]
    assert standing_gate(store, "dataset", judges=judges).refusal() is None
    keep_record(store, record("v1"))
    assert "no result of nothing_leaks" in (standing_gate(store, "dataset", judges=judges).refusal() or "")


def test_faults_and_shares_become_verdicts_with_their_figures() -> None:
    assert faultless([]) == Verdict(True, "no fault")
    assert faultless(["a", "b"]) == Verdict(False, "2 faults: a; b")
    assert faultless(list("abcdef")).reason == "6 faults: a; b; c; d; e"
    assert at_most(0.05, 0.05, "rejected").passed and not at_most(0.06, 0.05, "rejected").passed
