"""A gate: verdicts about one version of an asset, kept by recipe, and why that version is refused, whoever asks."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

_FIRST_FAULTS = 5


@dataclass(frozen=True)
class Verdict:
    """Whether something holds, and the figures that say so."""

    passed: bool
    reason: str


Checks = Mapping[str, Verdict]
"""What was found, by the name of what was looked at."""


class GateStore(Protocol):
    """Digests and JSON records by name; `resources.tables.tables.TableStore`."""

    def digest(self, name: str) -> str | None: ...

    def read_record(self, name: str) -> dict[str, Any]: ...

    def write_record(self, name: str, record: dict[str, Any], digest: str) -> str: ...


def first_faults(faults: Sequence[str]) -> str:
    """Return the first few faults as one text."""
    return "; ".join(faults[:_FIRST_FAULTS])


def faultless(faults: Sequence[str]) -> Verdict:
    """Return the verdict on a list of faults, which passes when it is empty."""
    return Verdict(not faults, f"{len(faults)} faults: {first_faults(faults)}" if faults else "no fault")


def at_most(share: float, limit: float, what: str) -> Verdict:
    """Return the verdict on a share that may reach the limit.

    >>> at_most(0.07, 0.05, "rejected")
    Verdict(passed=False, reason='7.0% rejected, 5.0% allowed')
    """
    return Verdict(share <= limit, f"{share:.1%} {what}, {limit:.1%} allowed")


def gate_name(asset: str, recipe: str = "") -> str:
    """Return the name of an asset's gate record; what has no recipe uses ""."""
    return f"gates/{_stored_name(asset, recipe)}"


def _stored_name(asset: str, recipe: str) -> str:
    return f"{asset}/{recipe}" if recipe else asset


@dataclass(frozen=True)
class GateRecord:
    """What an asset's checks found about the version with this digest.

    `judges` are the checks that have looked at it; None in a record of an earlier release, which did not say. `inputs`
    are the digests, by stored name, of what it was made from when they looked.
    """

    asset: str
    recipe: str
    digest: str
    checks: Checks
    judges: frozenset[str] | None = frozenset()
    inputs: Mapping[str, str | None] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return what is stored under the gate's name."""
        checks = {name: {"passed": bool(kept.passed), "reason": kept.reason} for name, kept in self.checks.items()}
        judges = {} if self.judges is None else {"judges": sorted(self.judges)}
        inputs = {"inputs": dict(self.inputs)} if self.inputs else {}
        return {"digest": self.digest, "checks": checks} | judges | inputs

    @classmethod
    def from_json(cls, asset: str, recipe: str, stored: Mapping[str, Any]) -> "GateRecord":
        """Return the record that `as_json` made, or an earlier release."""
        checks = {name: Verdict(kept["passed"], kept["reason"]) for name, kept in stored["checks"].items()}
        judges = frozenset(stored["judges"]) if "judges" in stored else None
        return cls(asset, recipe, stored["digest"], checks, judges, stored.get("inputs", {}))

    def joined(self, earlier: "GateRecord | None") -> "GateRecord":
        """Return this record with what other checks found about the same version."""
        if earlier is None or earlier.digest != self.digest:
            return self
        judges = (earlier.judges or frozenset()) | (self.judges or frozenset())
        checks, inputs = {**earlier.checks, **self.checks}, {**earlier.inputs, **self.inputs}
        return GateRecord(self.asset, self.recipe, self.digest, checks, judges, inputs)

    def refusal(self, version: str | None, judges: Collection[str] = ()) -> str | None:
        """Return why nothing may be built on `version`, or None; `judges` are the checks that must have looked."""
        if self.digest != version:
            return f"the gate of {self.asset} is stale: checked on {self.digest}, now {version}"
        failed = [f"{name} ({kept.reason})" for name, kept in sorted(self.checks.items()) if not kept.passed]
        if failed:
            return f"the gate of {self.asset} failed: {'; '.join(failed)}"
        if not self.checks:
            return f"the gate of {self.asset} holds no check"
        absent = sorted(set(judges) - self.judges) if self.judges is not None else []
        return f"the gate of {self.asset} has no result of {', '.join(absent)}" if absent else None


@dataclass(frozen=True)
class Gate:
    """A gate as it stands: the version of the asset that is stored now, and the record of its checks, or None."""

    asset: str
    version: str | None
    record: GateRecord | None
    judges: tuple[str, ...] = ()
    standing: Mapping[str, str | None] = field(default_factory=dict)
    """By stored name, the versions that stand now of what the checks were made with; those not named are not asked."""

    def refusal(self) -> str | None:
        """Return why this gate does not let the version through, or None."""
        if self.record is None:
            return f"the gate of {self.asset} has no result"
        refused = self.record.refusal(self.version, self.judges)
        if refused:
            return refused
        moved = [(name, now) for name, now in sorted(self.standing.items()) if self.record.inputs.get(name) != now]
        told = "; ".join(f"{name} was {self.record.inputs.get(name)}, now {now}" for name, now in moved)
        return f"the gate of {self.asset} is stale: {told}" if moved else None


def standing_gate(
    store: GateStore, asset: str, recipe: str = "", judges: Sequence[str] = (), lineage: bool = False
) -> Gate:
    """Return the asset's gate over the version that stands; `judges` are the checks that it must have.

    With `lineage` it is also stale where what the asset was made from has another version than when it was checked.
    """
    record = find_record(store, asset, recipe)
    standing = {name: store.digest(name) for name in record.inputs} if record and lineage else {}
    return Gate(asset, store.digest(_stored_name(asset, recipe)), record, tuple(judges), standing)


def find_record(store: GateStore, asset: str, recipe: str = "") -> GateRecord | None:
    """Return what is stored of an asset's gate, or None."""
    name = gate_name(asset, recipe)
    return GateRecord.from_json(asset, recipe, store.read_record(name)) if store.digest(name) is not None else None


def keep_record(store: GateStore, record: GateRecord) -> None:
    """Store what a check found, beside what the asset's other checks found about the same version."""
    whole = record.joined(find_record(store, record.asset, record.recipe))
    store.write_record(gate_name(record.asset, record.recipe), whole.as_json(), whole.digest)
