"""Small tables for the tests of extraction, resolution, communities and summaries."""

import itertools
from collections.abc import Mapping, Sequence

import pyarrow as pa

from pipelines.core.identity import content_id
from pipelines.core.schemas import CHUNKS
from pipelines.knowledge.extraction.rules.links import Said, relations
from pipelines.knowledge.mentions import Entity, Extraction, Passage
from pipelines.text.sentence_spans import flat_spans
from pipelines.text.sentences import sentences


def chunk_table(documents: Mapping[str, Sequence[str]]) -> pa.Table:
    """Return CHUNKS with these texts by document, one space apart."""
    rows = []
    for path, texts in documents.items():
        start = 0
        for text in texts:
            rows.append(
                {
                    "chunk_id": content_id("chunk", path, text),
                    "document_id": content_id("document", path),
                    "path": path,
                    "language": "en",
                    "start": start,
                    "end": start + len(text),
                    "tokens": len(text.split()),
                    "text": text,
                    "version": "1",
                    "section": "",
                    "page": 0,
                    "parent_id": "",
                    "header": "",
                    "sentence_spans": flat_spans(sentences(text)),
                }
            )
            start += len(text) + 1
    return pa.Table.from_pylist(sorted(rows, key=lambda row: row["chunk_id"]), CHUNKS)


class WordExtractor:
    """Every capitalised word is a PERSON; sentences relate them as the rules do; fails on texts with "BOOM"."""

    def __init__(self, name: str = "words-1") -> None:
        self.name = name
        self.calls: list[list[str]] = []

    def extract(self, passages: Sequence[Passage]) -> list[Extraction]:
        self.calls.append([passage.text for passage in passages])
        return [self._one(passage) for passage in passages]

    def _one(self, passage: Passage) -> Extraction:
        text = passage.text
        if "BOOM" in text:
            return Extraction(failure="ValueError: BOOM")
        entities: list[Entity] = []
        said: list[Said] = []
        for start, end in passage.spans:
            here, place = [], 0
            for word in text[start:end].split():
                place = text.index(word, start + place) - start
                if word[0].isupper():
                    here.append(Entity(place, place + len(word.rstrip(".")), word.rstrip("."), "PERSON"))
                place += len(word)
            entities += [entity.moved(start) for entity in here]
            said.append(Said(text[start:end], here, typed=_leads(text[start:end], here)))
        return Extraction(tuple(entities), tuple(relations(said, None)))


def _leads(sentence: str, people: Sequence[Entity]) -> list[tuple[str, str, str]]:
    """Return who leads whom, where that word alone stands between two names."""
    pairs = itertools.pairwise(people)
    return [
        (one.name, other.name, "LEADS") for one, other in pairs if sentence[one.end : other.start].strip() == "leads"
    ]
