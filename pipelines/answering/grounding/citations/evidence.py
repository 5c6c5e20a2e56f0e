"""Which sentences of the sources a sentence of the answer may stand on: the best, and those that add what it lacks."""

import functools
import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pipelines.answering.grounding.citations.reading.lexicon import concept
from pipelines.answering.grounding.citations.reading.parts import Reading
from pipelines.answering.grounding.citations.reading.rows import with_units
from pipelines.answering.grounding.citations.reading.sentence import read
from pipelines.answering.grounding.citations.records import Citation, Passage, Source
from pipelines.text.languages.languages import refers_back
from pipelines.text.lines import is_table_row
from pipelines.text.segmenter import chinese_segmenter
from pipelines.text.sentence_spans import sentence_spans
from pipelines.text.tables import chunk_tables, head_of_row, labelled_cells
from pipelines.text.terms import terms

_CONTEXT = 0.5
_MOST, _RIVALS = 5, 4
_NEAR, _ADDS = 0.6, 0.08
_IRREGULAR = (
    "died die sold sell bought buy built build led lead held hold made make grew grow grown "
    "grow fell fall fallen fall rose "
    "rise risen rise won win lost lose left leave began begin begun begin wrote write "
    "written write taught teach sent send "
    "paid pay kept keep gave give given give shown show got get ran run lent lend beat beat beaten beat "
    "stood stand hired hire used use"
)
"""Forms that cutting an ending does not bring back, each with its word: ranking has no parse."""
_NUMBER = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?")


@dataclass(frozen=True, eq=False)
class SourceSentence:
    """A sentence of a source, compared by identity; quote == document[start:end], `said` is what it says as prose.

    `around` is what it is understood by: title, section, date; `before` the sentence before it; `refers_back` says
    whether it begins with a word for what that one names.
    """

    number: int
    passage: Passage
    start: int
    end: int
    quote: str
    said: str
    around: str
    before: str
    is_row: bool
    refers_back: bool

    @property
    def reading(self) -> Reading:
        """The sentence, read; of a very long one the first part."""
        return read(self.said)

    @property
    def citation(self) -> Citation:
        """The sentence as a citation."""
        one = self.passage
        return Citation(
            self.number, one.chunk_id, one.document_id, one.document_version, self.start, self.end, self.quote
        )


@functools.lru_cache(maxsize=512)
def source_sentences(source: Source) -> tuple[SourceSentence, ...]:
    """Return the sentences of a source that can be cited: no headings, no heads of tables."""
    found = []
    for passage in source.passages:
        chunk: dict[str, Any] = {"text": passage.text, "header": passage.header}
        if passage.sentence_spans is not None:
            chunk["sentence_spans"] = passage.sentence_spans
        grids, before, heading = chunk_tables(chunk), "", ""
        for start, end in sentence_spans(chunk):
            quote = passage.text[start:end]
            if not re.search(r"\w", quote) or any(one.ruled and one.start <= start < one.rows for one in grids):
                continue
            if quote.startswith("#"):
                heading, before = quote.strip("# "), ""
                continue
            row, table = is_table_row(quote), head_of_row(grids, start)
            said = (
                with_units(labelled_cells(quote, table.head if table and table.sure else "")) if row else _plain(quote)
            )
            around = "\n".join(filter(None, (source.title, source.section, source.date, heading)))
            place = passage.start + start
            found.append(
                SourceSentence(
                    source.number,
                    passage,
                    place,
                    passage.start + end,
                    quote,
                    said,
                    around,
                    before,
                    row,
                    refers_back(said),
                )
            )
            before = said
    return tuple(found)


def _plain(text: str) -> str:
    text = re.sub(r"\*\*|__|`|(?<!\w)[*_](?=\S)|(?<=\S)[*_](?!\w)", "", text)
    return " ".join(re.sub(r"^\s*(?:[-*+•>]\s+|\d{1,3}[.)]\s+)", "", text).split())


@functools.lru_cache(maxsize=16384)
def rough_keys(text: str) -> frozenset[str]:
    """Return what a text is ranked by: its terms, as concepts of the list where it holds them, and its figures."""
    found = terms(text)
    parts = [
        part
        for term in found
        if len(term) > 2 and not term.isascii()
        for part in chinese_segmenter().lcut_for_search(term, HMM=False)
    ]
    roots = {_roots().get(term) or concept(term) or term for term in [*found, *parts]}
    return frozenset(roots | {one.replace(",", "").rstrip("0").rstrip(".") for one in _NUMBER.findall(text)})


@functools.cache
def _roots() -> dict[str, str]:
    from pipelines.answering.grounding.citations.reading.lexicon import single_words

    found: dict[str, str] = {}
    for word, name in single_words().items():
        for root in terms(word) if word.isascii() else ():
            found.setdefault(root, name)
    for form, word in zip(_IRREGULAR.split()[::2], _IRREGULAR.split()[1::2], strict=True):
        found.setdefault(terms(form)[0], concept(word))
    return found


def choose(claim: str, pool: Sequence[SourceSentence]) -> tuple[list[SourceSentence], list[SourceSentence]]:
    """Return (sentences that may bear a claim out, best first; others that speak of the same)."""
    wanted = rough_keys(claim)
    held = [rough_keys(one.said) for one in pool]
    context = [rough_keys(f"{one.around}\n{one.before}") for one in pool]
    frequency = Counter(key for keys in held for key in keys & wanted)
    weights = {key: math.log(1 + len(pool) / (0.5 + frequency[key])) for key in wanted}
    scores = [
        sum(weights[key] for key in wanted & own) + _CONTEXT * sum(weights[key] for key in (wanted & around) - own)
        for own, around in zip(held, context, strict=True)
    ]
    total = sum(weights.values()) or 1.0
    order = sorted(range(len(pool)), key=lambda place: (-scores[place], place))
    order = [place for place in order if scores[place] > 0 and wanted & held[place]]
    chosen: list[int] = []
    covered: set[str] = set()
    while order and len(chosen) < _MOST:
        best = max(
            (place for place in order if place not in chosen),
            key=lambda place: (
                _gain(weights, wanted & held[place], wanted & context[place], covered),
                scores[place],
                -place,
            ),
            default=None,
        )
        if best is None or (
            chosen and _gain(weights, wanted & held[best], wanted & context[best], covered) < _ADDS * total
        ):
            break
        chosen.append(best)
        covered |= wanted & held[best]
    rivals = [place for place in order if place not in chosen and scores[place] >= _NEAR * scores[order[0]]][:_RIVALS]
    return [pool[place] for place in chosen], [pool[place] for place in rivals]


def _gain(weights: dict[str, float], own: frozenset[str], around: frozenset[str], covered: set[str]) -> float:
    new = sum(weights[key] for key in own - covered)
    # Of two that add alike, the one that is about the claim's own subject.
    return new + 0.1 * sum(weights[key] for key in (own | around) & covered) if new else 0.0
