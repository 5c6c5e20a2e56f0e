"""What an agent can do, and all that it found: search, read, relations and a calculator over one store."""

import re
from collections.abc import Iterable, Sequence

from pipelines.answering.modes.native import NativeRetriever
from pipelines.answering.question import numbers_in, question_terms
from pipelines.answering.search.entities import entity_names, near_entities
from pipelines.answering.search.fusion import fuse
from pipelines.answering.search.parents import expand_to_parents
from pipelines.answering.search.search import Fact, Retrieved, Row, Search
from pipelines.text.notation.arithmetic import NoArithmetic, evaluate, numerals, plain, written
from pipelines.text.sentences import sentences
from pipelines.text.terms import stands_in, term_weights, terms

_HITS, _RELATIONS, _NAMED = 5, 20, 30
_SHOWN, _LONGEST = 400, 6_000
_HANDLE = re.compile(r"\bp\s?(\d{1,3})\b", re.IGNORECASE)
_BESIDE = 0.5
"""Weight of the passages of relations against those of a search: the graph does not know what is asked."""
_SHARES = 10
"""A quotient below it is told in per cent as well."""


class Desk:
    """The tools of one question; every result is a text, and what stands behind it is kept."""

    def __init__(self, search: Search, question: str) -> None:
        self.search_store, self.question = search, question
        self.native = NativeRetriever(search)
        self.rows: dict[str, Row] = {}
        self.read_ids: list[str] = []
        self.rankings: list[tuple[float, list[str]]] = []
        self.calculations: list[Fact] = []
        self.searched = False
        self.relations_found: dict[str, list[str]] = {}
        self._results: dict[str, tuple[Row, ...]] = {}

    def search(self, query: str) -> str:
        """Return the best passages, each by its name; those already shown by name alone."""
        if not query.strip():
            return "nothing was searched: the argument holds no words"
        known, self.searched = set(self.rows), True
        found = self.native.retrieve(query, _HITS).chunks
        if not found:
            return "no passage"
        self.rankings.append((1.0, [row["chunk_id"] for row in found]))
        self.rows |= {row["chunk_id"]: row for row in found if row["chunk_id"] not in known}
        return "\n\n".join(self._shown(row, query, row["chunk_id"] in known) for row in found)

    def read(self, argument: str) -> str:
        """Return the whole text of the passages that are named."""
        chosen = self.named(argument)
        if not chosen:
            return f"no passage of that name; {self._names()}"
        self.read_ids += [key for key in chosen if key not in self.read_ids]
        return "\n\n".join(f"{self._head(self.rows[key])}\n{self._whole(self.rows[key])}" for key in chosen)

    def relations(self, name: str) -> str:
        """Return what the graph says of the entities that a name means, and in which passages each relation stands."""
        store = self.search_store.store
        near = near_entities(store, name, _NAMED)
        meant = [
            row
            for row in near
            if name and any(stands_in(name, one) or stands_in(one, name) for one in entity_names(row))
        ]
        if not meant:
            open_to_all = self.search_store.settings.retrieval.filters.empty  # a name tells of documents, too
            return (
                f"no entity of that name; near: {', '.join(row['name'] for row in near[:5] if open_to_all) or 'none'}"
            )
        relations = store.relations_of([row["entity_id"] for row in meant])
        ends = {row[end] for row in relations for end in ("source_id", "target_id")}
        names = {row["entity_id"]: row["name"] for row in store.rows("entities", sorted(ends))}
        told = [(f"{row['name']}: {row['description']}", row) for row in meant if row["description"]]
        told += [(_relation_text(row, names), row) for row in relations]
        homes = {text: list(row["chunk_ids"] or []) for text, row in told}
        passing = self.search_store.inside(homes)
        lines, self.searched = [text for text in homes if text in passing][:_RELATIONS], True
        if not lines:
            return "no relation"
        chunks = list(dict.fromkeys(key for text in lines for key in homes[text][:2]))
        self.rows |= {
            row["chunk_id"]: row for row in self.search_store.chunk_rows([k for k in chunks if k not in self.rows])
        }
        self.rankings.append((_BESIDE, [key for key in chunks if key in self.rows]))
        self.relations_found |= {text: homes[text] for text in lines}
        return "\n".join(f"{text} [{self._handles(homes[text][:2])}]" for text in lines)

    def calculate(self, expression: str) -> str:
        """Return "expression = result", and which of its numbers stand in no passage that was found."""
        try:
            value = evaluate(expression)
        except NoArithmetic as error:
            return f"no calculation: found {error}"
        result = written(value)
        share = f" ({written(value * 100, 2)} %)" if "/" in plain(expression) and abs(value) < _SHARES else ""
        text = f"{plain(expression)} = {result}{share}"
        homes, homeless = self._homes(numerals(expression))
        self._results |= dict.fromkeys({result, result.lstrip("-"), written(value * 100, 2)}, homes)
        if homes:
            self.calculations.append(Fact("calculation", f"calculated: {text}", homes))
        return text + (f"; in no passage that was found: {', '.join(homeless)}" if homeless else "")

    def named(self, argument: str) -> list[str]:
        """Return the chunk ids of the passages that an argument names: p1, or a document's path."""
        keys = list(self.rows)
        places = [int(match) - 1 for match in _HANDLE.findall(argument)]
        found = [keys[place] for place in places if 0 <= place < len(keys)]
        if not places and argument.strip():
            wanted = argument.strip().lower()
            found = [
                key for key, row in self.rows.items() if wanted in (row["path"].lower(), row["title"].lower(), key)
            ]
        return list(dict.fromkeys(found))

    def retrieved(self, kept: Sequence[str], k: int) -> Retrieved:
        """Return what was kept, then what was read and calculated with, then what was found, best first."""
        stood = [row["chunk_id"] for fact in self.calculations for row in fact.chunks]
        order = dict.fromkeys([*kept, *stood, *self.read_ids, *fuse(self.rankings)])
        rows = [self.rows[key] for key in order if key in self.rows]
        weights = term_weights(question_terms(self.question), [row["terms"] for row in rows])
        facts = [(Fact("fact", text), ids) for text, ids in self.relations_found.items()]
        context = [*self.calculations, *self.search_store.standing(facts, self.rows)]
        return Retrieved(rows[: max(k, len(set(stood)))], context, weights)

    def _homes(self, figures: Iterable[str]) -> tuple[tuple[Row, ...], list[str]]:
        """Return the passages that hold the numbers, one each, those that were read first; and the numbers without."""
        order = list(dict.fromkeys([*self.read_ids, *fuse(self.rankings)]))
        held = {key: numbers_in(self.rows[key]["text"]) for key in order if key in self.rows}
        homes, homeless = dict[str, Row](), list[str]()
        for figure in figures:
            home = next((key for key, numbers in held.items() if figure in numbers), None)
            if home is not None:
                homes[home] = self.rows[home]
            elif figure in self._results:
                homes |= {row["chunk_id"]: row for row in self._results[figure]}
            else:
                homeless.append(figure)
        return tuple(homes.values()), homeless

    def _shown(self, row: Row, query: str, known: bool) -> str:
        return f"{self._head(row)} (shown before)" if known else f"{self._head(row)}\n{_snippet(row['text'], query)}"

    def _head(self, row: Row) -> str:
        parts = [row["title"] or row["path"], row.get("section") or "", row["path"], row["date"] or ""]
        return f"[{self._handles([row['chunk_id']])}] " + " · ".join(dict.fromkeys(part for part in parts if part))

    def _whole(self, row: Row) -> str:
        store = self.search_store
        wide = expand_to_parents([row], store.store)[0] if store.settings.retrieval.parents else row
        text = f"{wide['header']}\n{wide['text']}" if wide.get("header") else wide["text"]
        return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}… (cut)"

    def _handles(self, ids: Iterable[str]) -> str:
        keys = list(self.rows)
        return ", ".join(f"p{keys.index(key) + 1}" for key in ids if key in self.rows)

    def _names(self) -> str:
        return f"there are p1 to p{len(self.rows)}" if self.rows else "search first"


def _relation_text(row: Row, names: dict[str, str]) -> str:
    ends = f"{names.get(row['source_id'], '?')} –{row['type']}→ {names.get(row['target_id'], '?')}"
    return f"{ends}: {row['description']}" if row["description"] else ends


def _snippet(text: str, query: str) -> str:
    """Return the passage from the sentence on that holds most of the words that were searched."""
    if len(text) <= _SHOWN:
        return text
    wanted, spans = set(terms(query)), sentences(text)
    start = max(spans, key=lambda span: (len(wanted & set(terms(text[span[0] : span[1]]))), -span[0]), default=(0, 0))[
        0
    ]
    start = 0 if start + _SHOWN // 2 < _SHOWN else start
    shown = text[start : start + _SHOWN]
    return f"{'… ' if start else ''}{shown}{' …' if start + _SHOWN < len(text) else ''}"
