"""The rows made of what the sides did: ratios, overhead, and how far two greedy runs agree."""

from collections.abc import Mapping, Sequence

from benchmarks.evaluating.raw import Made, Tokens
from benchmarks.evaluating.sides import Evaluated
from benchmarks.ground.common import Row, median, ratio
from pipelines.measuring.parity import shared_prefix

SPEED, SPEED_ON_GPU, OVERHEAD = "eval_vs_transformers", "eval_vs_transformers_gpu", "eval_overhead"
AGREEMENT, START = "eval_token_agreement", "eval_engine_start_seconds"
TARGETS = {
    SPEED: ("x", ">= 3"),
    SPEED_ON_GPU: ("x", ">= 10"),
    AGREEMENT: ("share", ">= 0"),
    OVERHEAD: ("share", "<= 0.05"),
    START: ("s", ""),
}


def agreement(one: Tokens, other: Tokens) -> float:
    """Return the mean share of a text's tokens before the first in which two runs differ.

    What follows a difference is another text: a token that stands at the same place there is no agreement.

    >>> agreement([[1, 2, 3, 4], [5]], [[1, 2, 9, 4], [5]])
    0.75
    """
    pairs = list(zip(one, other, strict=True))
    shares = [ratio(shared_prefix(a, b), longest) if (longest := max(len(a), len(b))) else 1.0 for a, b in pairs]
    return ratio(sum(shares), len(shares))


def alike(one: Tokens, other: Tokens) -> int:
    """Return how many texts are the same to the last token."""
    return sum(a == b for a, b in zip(one, other, strict=True))


def best(grid: Mapping[int, Made]) -> int:
    """Return the batch size that took least time."""
    return min(grid, key=lambda size: grid[size].seconds)


def speed_row(row: str, ours: Sequence[Evaluated], grid: Mapping[int, Made]) -> Row:
    """Return how many times as long transformers takes at its best batch size; both sides in tokens a second."""
    size = best(grid)
    mine, peer = median(one.made.seconds for one in ours), grid[size]
    tokens = median(one.made.tokens for one in ours)
    note = (
        f"wall time over {len(peer.outputs)} prompts, median of {len(ours)} evaluations ({mine:.1f} s, predictions, "
        f"metrics and intervals; {ours[0].engine}), against transformers at batch {size} ({peer.seconds:.1f} s); ours "
        f"and peer are generated tokens a second of {tokens:.0f} and {peer.tokens}"
    )
    return Row(row, *TARGETS[row], ratio(peer.seconds, mine), tokens / mine, peer.tokens / peer.seconds, note)


def agreement_row(ours: Evaluated, grid: Mapping[int, Made], reference: Made) -> Row:
    """Return by how much we agree better with transformers at batch 1 than its own best batch does.

    `reference` is transformers at batch 1 over the first prompts.
    """
    size, rows = best(grid), len(reference.outputs)
    sides = [found[:rows] for found in (ours.made.outputs, grid[size].outputs)]
    mine, peer = (agreement(side, reference.outputs) for side in sides)
    same, its_own = (alike(side, reference.outputs) for side in sides)
    note = (
        f"share of a text's tokens before the first that differs from transformers' at batch 1; the value is ours less "
        f"its own at batch {size}; to the last token the same: {same} of {rows} texts of ours, {its_own} of its own"
    )
    if size == 1:
        note += "; its best batch is 1, which agrees with itself"
    return Row(AGREEMENT, *TARGETS[AGREEMENT], mine - peer, mine, peer, note)


def overhead_row(ours: Sequence[Evaluated], raw: Sequence[Made]) -> Row:
    """Return what a batch evaluation takes more than raw vLLM, as a share: the median over rounds, side by side."""
    shares = [ratio(one.made.seconds, other.seconds) - 1 for one, other in zip(ours, raw, strict=True)]
    mine, peer = median(one.made.seconds for one in ours), median(one.seconds for one in raw)
    around = median(one.made.seconds - one.generate_seconds for one in ours)
    same = sum(alike(one.made.outputs, other.outputs) for one, other in zip(ours, raw, strict=True))
    scored, texts = median(one.score_seconds for one in ours), sum(len(one.outputs) for one in raw)
    note = (
        f"{len(shares)} interleaved rounds, {min(shares):+.3f} to {max(shares):+.3f}; ours and peer are seconds; "
        f"outside of the engine {around:.2f} s, of them {scored:.2f} s metrics and intervals; {same} of {texts} texts "
        f"are token for token the same"
    )
    return Row(OVERHEAD, *TARGETS[OVERHEAD], median(shares), mine, peer, note)


def start_row(ours: float, raw: float) -> Row:
    """Return the seconds until the engine had loaded the model, beside raw vLLM's."""
    note = "imports and loading of the model; peer is raw vLLM; left out of the other rows"
    return Row(START, *TARGETS[START], ours, ours, raw, note)


def grid_lines(grid: Mapping[int, Made], reference: Made | None) -> str:
    """Return each batch size of transformers as a line, with its agreement where there is a reference."""
    return "\n".join(_line(size, made, reference) for size, made in grid.items())


def _line(size: int, made: Made, reference: Made | None) -> str:
    line = f"batch {size}: {made.seconds:.1f} s, {made.tokens / made.seconds:.0f} tokens/s"
    if reference is None:
        return line
    texts = made.outputs[: len(reference.outputs)]
    same = f"the same text {alike(texts, reference.outputs)} of {len(texts)}"
    return f"{line}, agreement with batch 1 {agreement(texts, reference.outputs):.4f}, {same}"
