"""The record of a night: what its digest says, as plain data that JSON keeps and any page can show."""

import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Self

from pipelines.core.progress import progress

DONE, FAILED, CANCELLED, BROKE_OFF, UNDER_WAY = "done", "failed", "cancelled", "broke off", "under way"
BUDGET_SPENT = "budget spent"
"""How a night ended; "broke off": its process was killed; "budget spent": the next night does what it put off."""
GATED, REGRESSED, WARNED, STANDS = "gated", "regressed", "warned", "still refused"
"""What a check that did not pass means; "still refused": a gate of an earlier night that tonight did not judge anew."""

_CONTROL = re.compile("[\\x00-\\x1f\\x7f-\\x9f\\u2028-\\u202e\\u2066-\\u2069]+")


@dataclass(frozen=True)
class Step:
    """A step of the night: "done", "FAILED", "skipped", "put off", "broke off", "under way" or "not reached"; why."""

    name: str
    state: str
    reason: str = ""
    seconds: float | None = None
    before: float | None = None
    """Seconds of this step in the night before."""
    tries: int = 1
    """How often it was begun: more than once where it failed for a reason outside of it."""


@dataclass(frozen=True)
class Made:
    """What became of an asset: "new" data, "as it was" (the same data version as before), or "not made"."""

    asset: str
    recipe: str
    state: str
    seconds: float | None = None
    before: float | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    """Rows new, changed, gone and rejected, and what was computed."""


@dataclass(frozen=True)
class Finding:
    """A check that did not pass, or a gate that refuses, and why."""

    kind: str
    asset: str
    recipe: str
    check: str
    reason: str


@dataclass(frozen=True)
class Cost:
    """What an asset's language model cost, beside what the plan said before; None: nobody knows."""

    asset: str
    calls: int = 0
    tokens: int = 0
    money: float | None = None
    seconds: float = 0.0
    cached: int = 0
    not_sent: int = 0
    planned_calls: int | None = None
    planned_tokens: int | None = None
    planned_money: float | None = None


@dataclass(frozen=True)
class Planned:
    """What the plan said of a training or of the texts to generate, beside what became of it; None: not known."""

    asset: str
    recipe: str
    told: str
    planned_seconds: float | None = None
    seconds: float | None = None
    planned_tokens: int | None = None
    tokens: int | None = None
    state: str = ""


@dataclass(frozen=True)
class Judged:
    """What the decision found about a recipe."""

    recipe: str
    verdict: str
    reason: str


@dataclass(frozen=True)
class Rejected:
    """A file or row that could not be read, as a ledger has it."""

    ledger: str
    file: str
    row: str
    found: str
    fix: str


@dataclass(frozen=True)
class Picture:
    """A plot that an asset showed: beside the record, in the page alone."""

    title: str
    png: bytes


@dataclass(frozen=True)
class Night:
    """All that the digest of a night says; times are ISO 8601 in UTC."""

    night: str
    state: str
    reason: str
    started: str
    ended: str
    seconds: float
    steps: tuple[Step, ...] = ()
    assets: tuple[Made, ...] = ()
    findings: tuple[Finding, ...] = ()
    costs: tuple[Cost, ...] = ()
    work: tuple[Planned, ...] = ()
    verdict: str = ""
    why: str = ""
    champion: str = ""
    recipes: tuple[Judged, ...] = ()
    rejected: tuple[Rejected, ...] = ()
    notes: tuple[str, ...] = ()
    """What could not be gathered or sent."""

    def as_json(self) -> dict[str, Any]:
        """Return the record as JSON keeps it."""
        return asdict(self)

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """Return the record that `as_json` made; fields of another release are left out."""
        parts: dict[str, type] = {
            "steps": Step, "assets": Made, "findings": Finding, "costs": Cost, "work": Planned,
            "recipes": Judged, "rejected": Rejected,
        }  # fmt: skip
        known = _known(cls, stored)
        made = {name: tuple(kind(**_known(kind, one)) for one in known.get(name, ())) for name, kind in parts.items()}
        return cls(**{**known, **made, "notes": tuple(known.get("notes", ()))})

    def written_by(self, hide: Callable[[str], str]) -> Self:
        """Return the record with each of its texts as `hide` makes it, on one line and without control characters."""
        return type(self).from_json(_each_text(self.as_json(), lambda text: one_line(hide(text))))


def one_line(text: str) -> str:
    """Return a text on one line; what steers a terminal, or turns the direction of writing, becomes a space.

    >>> one_line("a\\x1b[31m b\\nc")
    'a [31m b c'
    """
    return _CONTROL.sub(" ", text).strip()


def headline(night: Night) -> str:
    """Return the night in a few lines, as a message to a person is.

    >>> headline(Night("n1", "done", "", "", "", 75.0, verdict="hold", why="lora stays champion"))
    'Graftline night n1: done in 1 min 15 s\\nPromotion: hold: lora stays champion'
    """
    lines = [f"Graftline night {night.night}: {night.state} in {duration(night.seconds)}"]
    if night.reason:
        lines[0] += f" ({night.reason})"
    wrong = [step for step in night.steps if step.state != DONE]
    lines += [f"{step.state}: {step.name}{f': {step.reason}' if step.reason else ''}" for step in wrong]
    refused = [one for one in night.findings if one.kind != WARNED]
    lines += [f"{one.kind}: {of_recipe(one.asset, one.recipe)}: {one.reason}" for one in refused]
    if night.verdict:
        lines.append(f"Promotion: {night.verdict}: {night.why}")
    if night.costs:
        lines.append(f"Language model: {cost_in_all(night)}")
    if night.rejected:
        lines.append(f"Rejected input: {len(night.rejected)}")
    return "\n".join(lines)


def cost_in_all(night: Night) -> str:
    """Return calls, tokens and money of the night in a line, beside the plan where there was one.

    >>> cost_in_all(Night("n", "done", "", "", "", 1, costs=(Cost("answers", 3, 900, 0.5, planned_calls=4),)))
    '3 calls, 900 tokens, 0.5 in money; planned about 4 calls'
    """
    calls, tokens = sum(one.calls for one in night.costs), sum(one.tokens for one in night.costs)
    told = _amounts(calls, tokens, total([one.money for one in night.costs]))
    planned = [total([getattr(one, f"planned_{name}") for one in night.costs]) for name in ("calls", "tokens", "money")]
    plan = _amounts(*planned)
    left = sum(one.not_sent for one in night.costs)
    return f"{told}{f'; planned about {plan}' if plan else ''}{f'; {left} not sent: the budget' if left else ''}"


def _amounts(calls: float | None, tokens: float | None, money: float | None) -> str:
    parts = ((calls, "{:,.0f} calls"), (tokens, "{:,.0f} tokens"), (money, "{:.4g} in money"))
    return ", ".join(form.format(amount) for amount, form in parts if amount is not None)


def total(amounts: "list[Any]") -> float | None:
    """Return the sum of what is known; None where nothing is."""
    known = [amount for amount in amounts if amount is not None]
    return sum(known) if known else None


def of_recipe(name: str, recipe: str) -> str:
    """Return an asset's name with its recipe: adapter[lora]."""
    return f"{name}[{recipe}]" if recipe else name


def duration(seconds: float | None) -> str:
    """Return a time as a person says it.

    >>> duration(0.4), duration(75), duration(7384)
    ('0.4 s', '1 min 15 s', '2 h 3 min')
    """
    if seconds is None:
        return ""
    return f"{seconds:.1f} s" if seconds < 59.95 else progress.duration(seconds)


def _known(kind: type, stored: Mapping[str, Any]) -> dict[str, Any]:
    names = {one.name for one in fields(kind)}
    return {name: value for name, value in stored.items() if name in names}


def _each_text(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {name: _each_text(one, change) for name, one in value.items()}
    return [_each_text(one, change) for one in value] if isinstance(value, list | tuple) else value
