"""What documents are about, in their own words: one sentence of each, where a question has no words to cover."""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from pipelines.answering.grounding.evidence import Evidence, Sentence, source_sentences
from pipelines.answering.search.search import Fact, Retrieved
from pipelines.answering.settings import ExtractSettings
from pipelines.text.languages.languages import refers_back
from pipelines.text.terms import terms, with_pairs

_LONGEST = 300
"""Characters of a sentence that still reads as one."""
_NEARLY = 2 / 3
_CELLS_OR_QUESTION = re.compile(r"^\s*\||[?？]\W*$")


def overview_evidence(retrieved: Retrieved, settings: ExtractSettings) -> list[Evidence]:
    """Return one sentence each of `voices` passages, documents that are not heard yet first; [] where there are none.

    A sentence tells the more, the more words of the reports on its passage and of its document's title it has, by its
    length (a centroid, as in Radev and others, 2004). Of those that tell nearly as much as the best it is the first,
    for texts begin with what they are about; one that stands by itself comes before all that refer back.
    """
    reports = [fact for fact in retrieved.context if fact.kind == "report"]
    voices: dict[str, Sentence] = {}
    for chunk in _documents_first(retrieved.chunks):
        about = _about(chunk, reports)
        told = [one for one in source_sentences([chunk]) if one.text not in voices]
        if told:
            alone = [one for one in told if _stands_alone(one)] or told
            least = _NEARLY * max(_telling(one, about) for one in alone)
            first = next(one for one in alone if _telling(one, about) >= least)
            voices[first.text] = first
        if len(voices) == settings.voices:
            break
    return [Evidence(tuple(voices.values()), 1.0)] if voices else []


def _about(chunk: Mapping[str, Any], reports: Sequence[Fact]) -> frozenset[str]:
    """Return the words of the reports that stand on a passage, of all where none does, and of its document's title."""
    on_it = [fact for fact in reports if any(row["chunk_id"] == chunk["chunk_id"] for row in fact.chunks)]
    texts = [text for fact in on_it or reports for text in (fact.title, fact.text)]
    return frozenset().union(*(with_pairs(terms(text)) for text in (*texts, chunk["title"])))


def _documents_first(chunks: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the passages in order, the first of each document before all others."""
    first = {chunk["document_id"]: chunk for chunk in reversed(chunks)}
    return sorted(chunks, key=lambda chunk: first[chunk["document_id"]] is not chunk)


def _stands_alone(one: Sentence) -> bool:
    return not refers_back(one.text) and len(one.text) <= _LONGEST and not _CELLS_OR_QUESTION.search(one.text)


def _telling(one: Sentence, about: frozenset[str]) -> float:
    return len(one.terms & about) / math.sqrt(len(one.terms))
