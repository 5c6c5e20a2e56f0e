"""What stands in a digest, in order: a title and a table each, the same for Markdown, HTML and whatever comes next."""

from collections.abc import Iterator
from dataclasses import dataclass

from pipelines.orchestration.digest.record import Night, Step, cost_in_all, duration, of_recipe


@dataclass(frozen=True)
class Section:
    """A part of the digest: lines of text, then a table, either of which may be empty."""

    title: str
    lines: tuple[str, ...] = ()
    head: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


def sections(night: Night) -> Iterator[Section]:
    """Yield the sections of a night that have anything to say, what ran first."""
    yield Section(
        "What ran",
        head=("step", "how it ended", "time", "the night before", "why"),
        rows=tuple((s.name, _ended(s), duration(s.seconds), duration(s.before), s.reason) for s in night.steps),
    )
    if night.findings:
        yield Section(
            "Gated, regressed, warned",
            head=("what", "asset", "check", "why"),
            rows=tuple((one.kind, of_recipe(one.asset, one.recipe), one.check, one.reason) for one in night.findings),
        )
    if night.verdict or night.steps:
        yield _promotion(night)
    if night.costs:
        yield _costs(night)
    if night.work:
        yield _work(night)
    if night.rejected:
        yield Section(
            f"Rejected input: {len(night.rejected)}",
            head=("of", "file", "row", "found", "to do"),
            rows=tuple((one.ledger, one.file, one.row, one.found, one.fix) for one in night.rejected),
        )
    if night.assets:
        yield _assets(night)
    if night.notes:
        yield Section("Not in this digest", lines=night.notes)


def _ended(step: Step) -> str:
    return step.state if step.tries == 1 else f"{step.state} ({step.tries} tries)"


def _promotion(night: Night) -> Section:
    if not night.verdict:
        return Section("Promotion", lines=("No decision was made in this night.",))
    lines = [f"{night.verdict}: {night.why}"]
    if night.champion:
        lines.append(f"Champion now: {night.champion}")
    rows = tuple((one.recipe, one.verdict, one.reason) for one in night.recipes)
    return Section("Promotion", tuple(lines), ("recipe", "verdict", "why"), rows)


def _costs(night: Night) -> Section:
    def amount(value: float | None, form: str = "{:,.0f}") -> str:
        return "" if value is None else form.format(value)

    head = ("asset", "calls", "planned", "tokens", "planned", "money", "planned", "time", "from the cache", "not sent")
    rows = tuple(
        (
            one.asset, amount(one.calls), amount(one.planned_calls), amount(one.tokens), amount(one.planned_tokens),
            amount(one.money, "{:.4g}"), amount(one.planned_money, "{:.4g}"), duration(one.seconds),
            amount(one.cached), amount(one.not_sent),
        )
        for one in night.costs
    )  # fmt: skip
    return Section("What the language model cost", (f"In all: {cost_in_all(night)}.",), head, rows)


def _work(night: Night) -> Section:
    def amount(value: int | None) -> str:
        return "" if value is None else f"{value:,}"

    head = ("asset", "the plan", "planned time", "time", "planned tokens", "tokens", "what it is now")
    rows = tuple(
        (
            of_recipe(one.asset, one.recipe), one.told, duration(one.planned_seconds), duration(one.seconds),
            amount(one.planned_tokens), amount(one.tokens), one.state,
        )
        for one in night.work
    )  # fmt: skip
    return Section("Training and evaluation against the plan", head=head, rows=rows)


def _assets(night: Night) -> Section:
    same = sum(one.state == "as it was" for one in night.assets)
    rows = tuple(
        (
            of_recipe(one.asset, one.recipe), one.state, duration(one.seconds), duration(one.before),
            ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in one.counts.items()),
        )
        for one in night.assets
    )  # fmt: skip
    lines = (f"{same} of {len(night.assets)} are as they were before this night.",)
    return Section("Assets", lines, ("asset", "what it is now", "time", "the night before", "rows"), rows)
