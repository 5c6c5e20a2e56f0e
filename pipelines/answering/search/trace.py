"""What was done for an answer beside writing it: each step, and each call of the model, kept with the answer."""

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pipelines.core.protocols import Completion

_SHOWN = 160
_Made = TypeVar("_Made")


@dataclass(frozen=True)
class Step:
    """What was done, with what, what came, and the tokens that the model read and wrote for it.

    `seconds` is what it took; `cached` says that a model's reply was kept from before, so that its time is not known.
    """

    action: str
    argument: str
    result: str
    prompt_tokens: int = 0
    completion_tokens: int = 0
    seconds: float = field(default=0.0, compare=False)
    cached: bool = field(default=False, compare=False)

    def as_dict(self) -> dict[str, Any]:
        """Return plain values as in TRACE."""
        return {
            "action": self.action,
            "argument": self.argument,
            "result": self.result,
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
            "seconds": round(self.seconds, 3),
        }


def model_step(action: str, argument: str, result: str, completion: Completion, seconds: float = 0.0) -> Step:
    """Return a step for which the model was asked, with the tokens that it read and wrote."""
    tokens = completion.prompt_tokens, completion.completion_tokens
    return Step(action, argument, result, *tokens, seconds, completion.cached)


def drained(
    steps: Generator[Step, None, _Made], told: Callable[[Step], None] = lambda step: None
) -> tuple[_Made, tuple[Step, ...]]:
    """Return what steps come to, and the steps; `told` gets each when it is done."""
    trace: list[Step] = []
    while True:
        try:
            step = next(steps)
        except StopIteration as end:
            return end.value, tuple(trace)
        told(step)
        trace.append(step)


def printed_step(step: Mapping[str, Any]) -> str:
    """Return a step (TRACE) in a line, its result cut to what a line takes."""
    result = " ".join(step["result"].split())
    shown = result if len(result) <= _SHOWN else f"{result[:_SHOWN]}…"
    took = f" ({step['seconds']:.1f} s)" if step.get("seconds") else ""
    return f"{step['action']} {' '.join(step['argument'].split())} → {shown}{took}"


def printed_total(trace: Sequence[Mapping[str, Any]]) -> str:
    """Return the line below the steps: how many there were, and the model's tokens for them."""
    read, wrote = (sum(step[name] for step in trace) for name in ("prompt_tokens", "completion_tokens"))
    return f"{len(trace)} steps; the model read {read} and wrote {wrote} tokens to decide on them"


def printed(trace: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return a numbered line for each step (TRACE), and one for the tokens."""
    lines = [f"{number}. {printed_step(step)}" for number, step in enumerate(trace, 1)]
    return [*lines, printed_total(trace)]
