"""The numbers that a source states, with the unit of the number before; labels, losses, and what numbers add up to."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import product

from pipelines.answering.grounding.citations.evidence import SourceSentence
from pipelines.answering.grounding.citations.reading.number_words import raw_numbers
from pipelines.answering.grounding.citations.reading.numbers import Number, is_rounded, same_value
from pipelines.answering.grounding.citations.reading.parts import LABEL

_LOSS = re.compile(
    r"\b(?:loss\w*|los[et]s?|negative|minus|below|deficit|shortfall|red|fell|fall\w*|drop\w*|down|declin\w*|decreas\w*)\b"
    r"|亏|损|负|赤字|零下|降|减|跌|低",
    re.IGNORECASE,
)
_NUMBERED = re.compile(
    r"(?:\bnos?\.|\bnumber|#|№|\bv\.?|\bversion|编号[:：]?|第|版本)\s*(\d{1,5})(?![\d%]|[.,]\d)", re.IGNORECASE
)
"""A number that names a thing: "No. 19", "version 3", 第19."""
_TERMS = (3, 4)
"""How many numbers that a sentence states may be added and subtracted to what it says they make."""


def stated(one: SourceSentence) -> list[Number]:
    """Return the numbers of a sentence; one without a unit also with the unit that it is understood with."""
    found: list[Number] = []
    for number in one.reading.numbers:
        found.append(number)
        # "Arvo covers 112 km² and Sund 87": the second figure has the unit of the first.
        before = next((other.unit for other in reversed(found[:-1]) if other.unit), None)
        if before and not number.unit and not number.ordinal and not one.is_row:
            found.append(replace(number, unit=before))
    return found


def is_loss(number: Number, text: str, known: Sequence[Number]) -> bool:
    """Say whether a number is what a sentence calls a loss or fall and a source writes with a minus."""
    lost = [replace(one, value=-one.value, mantissa=-one.mantissa) for one in known if one.value < 0]
    return bool(lost) and bool(_LOSS.search(text)) and any(same_value(one, number) for one in lost)


def rows_beside(evidence: Sequence[SourceSentence], pool: Sequence[SourceSentence]) -> frozenset[int]:
    """Return how many rows the tables have that rows of the evidence stand in, as far as the sources show them."""
    heads = {(one.passage.document_id, _head(one.said)) for one in evidence if one.is_row}
    return frozenset(
        len({one.said for one in pool if one.is_row and (one.passage.document_id, _head(one.said)) == head})
        for head in heads
    )


def _head(said: str) -> str:
    return said.partition(":")[0]


def names_a_thing(number: Number, text: str, evidence: Sequence[SourceSentence]) -> bool:
    """Say whether a number of a text names a thing ("No. 19", 第三版) that the evidence has too (19号)."""
    if not number.ordinal and not any(one.end(1) == number.end for one in _NUMBERED.finditer(text)):
        return False
    return any(number.value in set(_labels(f"{one.said}\n{one.around}")) for one in evidence)


def _labels(text: str) -> Iterator[float]:
    for match in LABEL.finditer(text):
        yield from (value for _, _, value, *_ in raw_numbers(match.group().rstrip("号")))
        yield from (float(digits) for digits in re.findall(r"\d+", match.group()))
    yield from (float(match.group(1)) for match in _NUMBERED.finditer(text))


def adds_up(claimed: Number, operands: Sequence[Number]) -> str:
    """Return how a number is made of all the others that a sentence states, added and subtracted, "" where it is not.

    All of them are used, so that few results are possible.
    """
    own = [one for one in operands if one.dimension == claimed.dimension and not one.ordinal]
    if len(own) not in _TERMS or len(own) != len(operands) or claimed.dimension == "share" or abs(claimed.value) < 10:
        return ""
    for signs in product((1, -1), repeat=len(own) - 1):
        total = own[0].base + sum(sign * one.base for sign, one in zip(signs, own[1:], strict=True))
        value = (total - claimed.unit.offset) / claimed.unit.factor if claimed.unit else total
        result = Number(0, 0, value, value, min(one.step for one in own) * 1e-3, claimed.unit)
        if same_value(result, claimed) or (not claimed.rough and is_rounded(result, claimed)):
            terms = "".join(
                f" {'+' if sign > 0 else '-'} {one.value:g}" for sign, one in zip(signs, own[1:], strict=True)
            )
            return f"{own[0].value:g}{terms}"
    return ""
