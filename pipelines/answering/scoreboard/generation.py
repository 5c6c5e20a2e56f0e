"""Questions made from a graph's typed relations: one step, two steps, and ones that nothing in the graph answers."""

import random
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from pipelines.answering.scoreboard.phrases import BACKWARD, FORWARD, asking_language, has_phrase, phrase
from pipelines.answering.scoreboard.questions import GENERATED
from pipelines.core.identity import content_id

_UNTYPED = frozenset({"CO_OCCURS", "ALIAS_OF"})
_NAMED = frozenset({"PERSON", "LOCATION"})
"""Types whose members nearly always have a name, so that one that is told of is found."""
_RECURS = 5
"""Relations of a type that make it worth a question by its bare name: of a rarer one nobody knows what is asked."""
_SHARES = {"single-hop": 0.5, "multi-hop": 0.25, "unanswerable": 0.25}


@dataclass(frozen=True)
class _Step:
    """From one entity to the only one that a relation type leads to, in the only document that says so."""

    start: str
    kind: str
    direction: str
    end: str
    document: str
    language: str


def generate_questions(
    entities: pa.Table, relations: pa.Table, chunks: pa.Table, count: int, seed: int = 0
) -> list[dict[str, Any]]:
    """Return at most `count` rows as a file of questions has them; equal tables and seed give equal rows.

    A question is asked where one entity alone is the answer and one document alone says so; two steps stand in two
    documents. A missing relation is asked of an entity in whose documents nothing stands that could be its answer.
    Languages, those of the documents, take turns. A graph that holds too little gives fewer.
    """
    graph = _Graph(entities, relations, chunks)
    made = {
        "single-hop": graph.single(),
        "multi-hop": graph.double(),
        "unanswerable": graph.missing(),
    }
    wanted = {kind: round(count * share) for kind, share in _SHARES.items()}
    wanted["single-hop"] += count - sum(wanted.values())
    chooser = random.Random(seed)
    rows = [row for kind, number in wanted.items() for row in _take(list(made[kind]), number, chooser)]
    return sorted(rows, key=lambda row: (row["type"], row["id"]))


def _take(rows: Sequence[dict[str, Any]], number: int, chooser: random.Random) -> list[dict[str, Any]]:
    """Return so many rows, the languages in turn."""
    by_language: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in sorted({row["id"]: row for row in rows}.values(), key=lambda row: row["id"]):
        by_language[row["language"]].append(row)
    for own in by_language.values():
        chooser.shuffle(own)
    taken: list[dict[str, Any]] = []
    while len(taken) < number and any(by_language.values()):
        for language in sorted(by_language):
            if by_language[language] and len(taken) < number:
                taken.append(by_language[language].pop())
    return taken


class _Graph:
    """The steps that a graph allows, and what stands beside each entity."""

    def __init__(self, entities: pa.Table, relations: pa.Table, chunks: pa.Table) -> None:
        rows = entities.select(["entity_id", "name", "type", "chunk_ids"]).to_pylist()
        self._entities = {row["entity_id"]: row for row in rows}
        columns = chunks.select(["chunk_id", "path", "language"]).to_pylist()
        self._chunks = {row["chunk_id"]: row | {"language": asking_language(row["language"])} for row in columns}
        known = [r for r in relations.to_pylist() if {r["source_id"], r["target_id"]} <= self._entities.keys()]
        often = Counter(relation["type"] for relation in known)
        self._typed = sorted(
            (r for r in known if _is_asked(r["type"], often[r["type"]])), key=lambda relation: relation["relation_id"]
        )
        self._beside: dict[str, set[str]] = defaultdict(set)
        for relation in known:
            self._beside[relation["source_id"]].add(relation["target_id"])
            self._beside[relation["target_id"]].add(relation["source_id"])
        self._documents = {
            key: {self._chunks[chunk]["path"] for chunk in row["chunk_ids"] if chunk in self._chunks}
            for key, row in self._entities.items()
        }
        self._there: dict[str, set[str]] = defaultdict(set)
        for key, paths in self._documents.items():
            for path in paths:
                self._there[path].add(key)
        self._steps = list(self._only())

    def _only(self) -> Iterator[_Step]:
        """Yield the steps with one end and one document."""
        leads: dict[tuple[str, str, str], list[tuple[str, dict[str, Any]]]] = defaultdict(list)
        for relation in self._typed:
            ends = (relation["source_id"], relation["target_id"])
            for direction, (start, end) in ((FORWARD, ends), (BACKWARD, ends[::-1])):
                leads[start, relation["type"], direction].append((end, relation))
        for (start, kind, direction), found in sorted(leads.items(), key=lambda pair: pair[0]):
            said = [self._chunks[key] for _, one in found for key in one["chunk_ids"] if key in self._chunks]
            if len({end for end, _ in found}) == 1 and len({one["path"] for one in said}) == 1:
                yield _Step(start, kind, direction, found[0][0], said[0]["path"], said[0]["language"])

    def _name(self, key: str) -> str:
        return str(self._entities[key]["name"])

    def single(self) -> Iterator[dict[str, Any]]:
        """Yield questions of one step."""
        for step in self._steps:
            asked = phrase(step.kind, step.direction, step.language).ask.format(x=self._name(step.start))
            yield _row(asked, self._name(step.end), [step.document], "single-hop", step.language)

    def double(self) -> Iterator[dict[str, Any]]:
        """Yield questions of two steps in two documents; the entity between them is not named."""
        onward: dict[str, list[_Step]] = defaultdict(list)
        for step in self._steps:
            onward[step.start].append(step)
        for first in self._steps:
            for second in onward[first.end]:
                if second.end == first.start or second.document == first.document:
                    continue
                between = phrase(first.kind, first.direction, second.language).name.format(x=self._name(first.start))
                asked = phrase(second.kind, second.direction, second.language).ask.format(x=between)
                documents = sorted({first.document, second.document})
                yield _row(asked, self._name(second.end), documents, "multi-hop", second.language)

    def missing(self) -> Iterator[dict[str, Any]]:
        """Yield questions about a relation that an entity of a fitting type lacks.

        The graph may lack what the documents say: so asked is only who or where (what is led or supplied need not have
        a name), and no person, or no place, may stand in any document that names the entity, nor be joined to it.
        """
        starts: dict[tuple[str, str], set[str]] = defaultdict(set)
        ends: dict[tuple[str, str], set[str]] = defaultdict(set)
        has: dict[tuple[str, str], set[str]] = defaultdict(set)
        for relation in self._typed:
            pair = (relation["source_id"], relation["target_id"])
            for direction, (start, end) in ((FORWARD, pair), (BACKWARD, pair[::-1])):
                asked = relation["type"], direction
                starts[asked].add(self._entities[start]["type"])
                ends[asked].add(self._entities[end]["type"])
                has[asked].add(start)
        named = [asked for asked in sorted(starts) if len(ends[asked]) == 1 and ends[asked] <= _NAMED]
        for key, entity in sorted(self._entities.items()):
            others = self._beside[key].union(*(self._there[path] for path in self._documents[key])) - {key}
            beside = {self._entities[other]["type"] for other in others}
            said = [self._chunks[chunk] for chunk in entity["chunk_ids"] if chunk in self._chunks]
            for asked in named:
                if said and entity["type"] in starts[asked] and key not in has[asked] and not beside & ends[asked]:
                    language = said[0]["language"]
                    question = phrase(*asked, language).ask.format(x=entity["name"])
                    yield _row(question, "", [], "unanswerable", language)


def _is_asked(kind: str, often: int) -> bool:
    return kind not in _UNTYPED and (has_phrase(kind) or often >= _RECURS)


def _row(question: str, answer: str, documents: list[str], kind: str, language: str) -> dict[str, Any]:
    return {
        "id": content_id(GENERATED, question),
        "question": question,
        "answer": answer,
        "documents": documents,
        "type": kind,
        "language": language,
        "origin": GENERATED,
    }
