"""How a mode that takes several steps found what it found: kept with the answer, printed by `graftline ask --trace`."""

from dataclasses import asdict, dataclass
from typing import Any

_SHOWN = 160


@dataclass(frozen=True)
class Step:
    """What was done, with what, what came, and the tokens that the model read and wrote to decide on it."""

    action: str
    argument: str
    result: str
    prompt_tokens: int = 0
    completion_tokens: int = 0

    def as_dict(self) -> dict[str, Any]:
        """Return plain values as in TRACE."""
        return asdict(self)


def printed(trace: list[dict[str, Any]]) -> list[str]:
    """Return a line for each step (TRACE), results cut to what a line takes, and one for the tokens."""
    lines = []
    for number, step in enumerate(trace, 1):
        result = " ".join(step["result"].split())
        shown = result if len(result) <= _SHOWN else f"{result[:_SHOWN]}…"
        lines.append(f"{number}. {step['action']} {' '.join(step['argument'].split())} → {shown}")
    read, wrote = (sum(step[name] for step in trace) for name in ("prompt_tokens", "completion_tokens"))
    return [*lines, f"{len(trace)} steps; the model read {read} and wrote {wrote} tokens to decide on them"]
