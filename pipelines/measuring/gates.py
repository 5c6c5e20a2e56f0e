"""A gate: its name, its verdict and the figures it rests on, wherever it is kept and read."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Checks = dict[str, dict[str, Any]]
"""{check: {"passed", "reason"}}"""


def verdict(passed: bool, reason: str) -> dict[str, Any]:
    return {"passed": bool(passed), "reason": reason}


def gate_name(asset: str, recipe: str) -> str:
    """Return the name of an asset's gate record; what has no recipe uses ""."""
    return f"gates/{asset}/{recipe}" if recipe else f"gates/{asset}"


@dataclass(frozen=True)
class Gate:
    """A stored gate result beside the version that it must be about; `record` is {"digest", "checks"} or None."""

    asset: str
    version: str | None
    record: Mapping[str, Any] | None

    def refusal(self) -> str | None:
        """Return why this gate does not let its recipe through, or None."""
        if self.record is None:
            return f"the gate of {self.asset} has no result"
        if self.record["digest"] != self.version:
            return f"the gate of {self.asset} is stale: checked on {self.record['digest']}, now {self.version}"
        failed = [
            f"{name} ({check['reason']})"
            for name, check in sorted(self.record["checks"].items())
            if not check["passed"]
        ]
        if not self.record["checks"]:
            return f"the gate of {self.asset} holds no check"
        return f"the gate of {self.asset} failed: {'; '.join(failed)}" if failed else None
