"""Parity gates: what is served is token for token what was trained, and an engine says what transformers says."""

from collections.abc import Sequence

from pipelines.measuring.gates import Verdict
from pipelines.measuring.significance import mcnemar, smallest_visible

LEAST_ROWS = 20
"""Rows below which an engine cannot be told from its reference: a gate that could not fail says nothing."""


def template_parity(trained: Sequence[Sequence[int]], served: Sequence[Sequence[int]]) -> Verdict:
    """Return whether the prompts that an engine is served are, row by row, the token ids that training read.

    >>> template_parity([[1, 2, 3]], [[1, 2, 4]]).reason
    '1 of 1 prompts are served as other tokens than trained; row 0 differs at token 2: trained 3, served 4'
    """
    if len(trained) != len(served):
        return Verdict(False, f"{len(trained)} prompts were trained and {len(served)} are served: no pairs")
    if not trained:
        return Verdict(False, "no prompt was compared")
    other = [row for row, (one, two) in enumerate(zip(trained, served, strict=True)) if list(one) != list(two)]
    if not other:
        return Verdict(True, f"{len(trained)} prompts are served as the token ids that were trained")
    first = other[0]
    place = shared_prefix(trained[first], served[first])
    one, two = (ids[place] if place < len(ids) else "its end" for ids in (trained[first], served[first]))
    found = f"row {first} differs at token {place}: trained {one}, served {two}"
    return Verdict(False, f"{len(other)} of {len(trained)} prompts are served as other tokens than trained; {found}")


def engine_parity(
    engine: Sequence[Sequence[int]],
    reference: Sequence[Sequence[int]],
    noise: Sequence[tuple[Sequence[Sequence[int]], Sequence[Sequence[int]]]],
    alpha: float,
    least_rows: int = LEAST_ROWS,
) -> Verdict:
    """Return whether an engine's greedy answers differ from transformers' on no more rows than noise explains.

    `noise` are pairs of runs of the same weights that should agree: an engine at two batch shapes, bfloat16 against
    float32. A row that differs in any of them is a close call. Fails where the engine differs on more other rows than
    close calls on which it agrees, by McNemar's one-sided exact test at `alpha`.
    """
    rows, runs = len(reference), [engine, *(run for pair in noise for run in pair)]
    if any(len(run) != rows for run in runs):
        return Verdict(False, f"runs of {', '.join(str(len(run)) for run in runs)} rows against {rows}: no pairs")
    if not noise:
        return Verdict(False, "no noise was measured: two identical greedy runs agree bit by bit and show none")
    if rows < least_rows:
        return Verdict(False, f"{rows} rows, {least_rows} needed")
    differs = _unlike(engine, reference)
    close = [any(found) for found in zip(*(_unlike(*pair) for pair in noise), strict=True)]
    more = sum(one and not two for one, two in zip(differs, close, strict=True))
    fewer = sum(two and not one for one, two in zip(differs, close, strict=True))
    p_value = mcnemar(more, fewer, one_sided=True)
    spread = [float(one) - float(two) for one, two in zip(differs, close, strict=True)]
    return Verdict(
        p_value > alpha,
        f"{sum(differs)} of {rows} answers differ from transformers', {sum(close)} by noise alone; p {p_value:.4f}, "
        f"{alpha:.4g} at most refuses, {smallest_visible(spread, alpha):.1%} more would be seen at power 0.8",
    )


def shared_prefix(one: Sequence[int], two: Sequence[int]) -> int:
    """Return how many tokens two lists begin with alike."""
    return next((place for place, (a, b) in enumerate(zip(one, two, strict=False)) if a != b), min(len(one), len(two)))


def _unlike(one: Sequence[Sequence[int]], two: Sequence[Sequence[int]]) -> list[bool]:
    return [list(first) != list(second) for first, second in zip(one, two, strict=True)]
