"""Searching more: in the documents' languages where the question is in another, otherwise where nothing is found."""

import time
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from pipelines.answering.prompts.prompt_files import Prompts
from pipelines.answering.question import question_terms
from pipelines.answering.search.fusion import fuse
from pipelines.answering.search.search import Retrieved
from pipelines.answering.search.trace import Step, model_step
from pipelines.core.protocols import Completion, Embedder, LanguageModel, Messages
from pipelines.text.languages.languages import LANGUAGES, language_of
from pipelines.text.terms import word_root
from pipelines.text.words import words

Steps = Generator[Step, None, Retrieved]
Retrieve = Callable[[str, str, int], Steps]
"""Searches for a text in a mode: yields its steps and returns the best of that many passages."""
_MAIN_SHARE = 0.2
"""Share of the chunks from which a language is one of the documents' own."""
_OTHER = {"bm25": "vector", "vector": "bm25"}
_SEARCHED_BY = {"bm25": "words", "vector": "meaning"}
_OWN_SEARCHES = ("agentic", "cypher")
"""Modes in which a model chooses what is searched for, in any language, and is told what found nothing."""
_READING = ("global", "drift")
"""Modes in which a model that can read, whatever its language, chooses among reports; each search is calls of it."""
_MOST_TERMS = 5
_TOKENS = 96


@dataclass(frozen=True)
class _Translation:
    """What a model made of a question's terms, "" where that is no translation, and what it took."""

    text: str
    written: Completion
    seconds: float = 0.0


class Finder:
    """Retrieves for a question; what was searched beside it, or in its place, is told in a line."""

    def __init__(
        self, retrieve: Retrieve, count_languages: Callable[[], Mapping[str, int]], embedder: Embedder,
        model: LanguageModel, prompts: Prompts,
    ) -> None:  # fmt: skip
        self._retrieve, self._count, self._embedder, self._model = retrieve, count_languages, embedder, model
        self._prompts = prompts
        self._translated: dict[tuple[str, str], _Translation] = {}

    def steps(self, question: str, mode: str, k: int) -> Generator[Step, None, tuple[Retrieved, str]]:
        """Yield the steps; return what is found and a line about searches that are not the question's own.

        Raises as retrieval does.
        """
        if mode in _OWN_SEARCHES or (mode in _READING and not self._model.packaged):
            return (yield from self._retrieve(question, mode, k)), ""
        targets = self._targets(question)
        before = {code for code in targets if (question, code) in self._translated}
        self.look_ahead([question])
        terms: list[str] = []
        for code in targets:
            made = self._translated[question, code]
            yield _translation_step(question, code, made, made.seconds if code in before else 0.0)
            terms += [made.text] if made.text else []
        found: list[Retrieved] = []
        for query in (question, *terms):
            found.append((yield from self._retrieve(query, mode, k)))
        notes = [f"searched as well: {', '.join(terms)}"] if terms else []
        best = _together(found, k)
        if _is_nothing(best):
            best, note = yield from self._search_again([question, *terms], mode, k, best)
            notes += [note] if note else []
        return best, "; ".join(notes)

    def look_ahead(self, questions: Sequence[str]) -> None:
        """Translate what these questions need at once, so that an engine starts once for all of them."""
        wanted = [(one, code) for one in dict.fromkeys(questions) for code in self._targets(one)]
        wanted = [key for key in wanted if key not in self._translated]
        if not wanted:
            return
        prompts: list[Messages] = [
            [{"role": "user", "content": self._prompts.text("terms", LANGUAGES[code], question=one)}]
            for one, code in wanted
        ]

        def is_usable(number: int, completion: Completion) -> bool:
            return bool(_translation(completion.text, *wanted[number]))

        started = time.perf_counter()
        written = self._model.complete(prompts, _TOKENS, usable=is_usable)
        share = (time.perf_counter() - started) / len(wanted)
        for key, completion in zip(wanted, written, strict=True):
            seconds = 0.0 if completion.cached else share
            self._translated[key] = _Translation(_translation(completion.text, *key), completion, seconds)

    @cached_property
    def _main(self) -> tuple[str, ...]:
        """The documents' main languages, the first by chunks first; counted once."""
        counts = self._count()
        least = _MAIN_SHARE * sum(counts.values())
        return tuple(sorted((code for code in counts if counts[code] >= least), key=lambda code: (-counts[code], code)))

    def _targets(self, question: str) -> list[str]:
        """Return the languages into which a question is to be translated: none where its vector, or nobody, can."""
        own, reads = language_of(question).code, self._embedder.reads
        # Who reads every language needs no count.
        if self._model.packaged or all(reads(code) for code in LANGUAGES) or own in self._main:
            return []
        return [code for code in self._main if self._prompts.has("terms", code) and not (reads(own) and reads(code))]

    def _search_again(
        self, queries: Sequence[str], mode: str, k: int, nothing: Retrieved
    ) -> Generator[Step, None, tuple[Retrieved, str]]:
        """Return what the other search finds, else the first that a single term does; filters hold here too."""
        other = _OTHER.get(mode)
        if other:
            both: list[Retrieved] = []
            for query in queries:
                both.append((yield from self._retrieve(query, other, k)))
            found = _together(both, k)
            if not _is_nothing(found):
                return found, f"nothing was found by {_SEARCHED_BY[mode]}: searched by {_SEARCHED_BY[other]} instead"
        for term in _single_terms(queries):
            found = yield from self._retrieve(term, "bm25" if other else mode, k)
            if not _is_nothing(found):
                return found, f"nothing was found for the whole question: searched for '{term}' instead"
        return nothing, ""


def _translation_step(question: str, code: str, made: _Translation, seconds: float) -> Step:
    """Return the step of a translation: its tokens are the answer's in every mode that searches with it."""
    written = made.written
    result = f"{code}: {made.text}" if made.text else f"{code}: {written.failure or 'no translation'}; not searched"
    return model_step("translate", question, result, written, seconds)


def _is_nothing(found: Retrieved) -> bool:
    return not found.chunks and not found.context


def _together(found: Sequence[Retrieved], k: int) -> Retrieved:
    """Return several searches as one: passages by their ranks in all of them, what the graph says once each."""
    if len(found) == 1:
        return found[0]
    rows = {row["chunk_id"]: row for one in reversed(found) for row in one.chunks}
    order = fuse([(1.0, [row["chunk_id"] for row in one.chunks]) for one in found])
    weights: dict[str, float] = {}
    for one in found:
        weights = one.weights | weights
    return Retrieved(
        chunks=[rows[key] for key in order[:k]],
        context=list({fact.text: fact for one in found for fact in one.context}.values()),
        weights=weights,
        names=frozenset().union(*(one.names for one in found)),
        broad=any(one.broad for one in found),
        stuffed=any(one.stuffed for one in found),
    )


def _translation(text: str, question: str, code: str) -> str:
    """Return what a model wrote where it can be the terms: one line in that language, not much longer than they."""
    text = " ".join(text.split()) if len(text.strip().splitlines()) == 1 else ""
    return text if text and len(text) <= 6 * len(question) + 100 and language_of(text).code == code else ""


def _single_terms(queries: Sequence[str]) -> list[str]:
    """Return the words that a question is about, the longest (the rarest, mostly) first."""
    found: dict[str, None] = {}
    for query in queries:
        wanted = set(question_terms(query))
        found |= dict.fromkeys(word for word in words(query) if word_root(word) in wanted)
    return sorted(found, key=lambda word: -len(word))[:_MOST_TERMS]
