"""The weights of `citations/weighing/weights.py`: fitted to labelled sentences, and judged on documents left out.

GRAFTLINE_HOME=… .venv/bin/python -m benchmarks.curves.claim_weights   (a home in which `benchmarks.answers` was run)

Labelled are the cases of the benchmark of answers (a right answer's sentences; of a false one those with a false
part) and the tables of the checks' tests. What a rule decides before anything is weighed is left as it is: sentences
that no attempt reaches count as unverified. Of a sentence's attempts (its sources, then all, then other languages)
the best one counts, so fitting and choosing alternate. What holds before a sentence is taken from the weights that
are stored: run it again with the new ones. Chosen on the curve of documents left out: the penalty 1 (of 0.3, 1 and 3)
and the least weight 0.25 (0.07 of the right sentences unverified, 0.88 of the false answers marked; the rules before
had 0.17 and 0.88); 0.90 are marked from 0.9 on, where 0.12 of the right sentences are unverified. The embedder is the
packaged multilingual one.
"""

import hashlib
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np

from benchmarks.answer_cases.cases import STAGES, load
from benchmarks.answer_cases.home import settings_of
from benchmarks.answer_cases.numbered_sources import resolve
from benchmarks.ground.common import say
from pipelines.answering.grounding.citations import checks, meaning, verify
from pipelines.answering.grounding.citations.claims import Claim
from pipelines.answering.grounding.citations.coverage import Similar
from pipelines.answering.grounding.citations.records import CheckedSentence, Passage, Source
from pipelines.answering.grounding.citations.weighing.signs import Likeness, Signs, named, signs
from pipelines.answering.grounding.proof import sources_of
from pipelines.opening import opened_answerer
from resources.settings import Settings
from tests.answering.grounding.citations import cases, cases_genres, cases_genres_later, cases_more, cases_slots, world

_TABLES = (cases, cases_more, cases_genres, cases_genres_later, cases_slots)
_PENALTY, _ROUNDS, _STEPS, _FOLDS, _SURE = 1.0, 4, 30, 10, 9.0
_LEAST = (-0.5, 0.0, 0.25, 0.5, 0.7, 0.9, 1.0, 1.5, 2.0)
_NAMES = (*named(Signs), *named(Likeness))


@dataclass(frozen=True)
class Text:
    """An answer with its sources; `false` are its false parts, None where all of it is right."""

    set: str
    id: str
    documents: frozenset[str]
    text: str
    sources: Sequence[Source]
    question: str = ""
    false: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Labelled:
    """A sentence: whether it is right, what each attempt weighs by, and whether rules alone bear it out."""

    of: Text
    right: bool
    attempts: np.ndarray
    holds: bool
    by_rules: bool


def written(answerer: Any, stages: Sequence[str] = STAGES) -> Iterator[Text]:
    """Yield the benchmark's answers in mode native; right ones only where their gold stood in the prompt."""
    for name in (f"{kind}_{stage}" for stage in stages for kind in ("right", "false")):
        for case in load(name):
            draft = answerer.prepare(case.question, "native").draft
            said = resolve(case, "\n\n".join(one["content"] for one in draft.prompt))
            false = case.false_parts if name.startswith("false") else None
            if false is not None or not said.missing:
                sources = sources_of(draft.ground)
                yield Text(
                    case.stage, case.id, frozenset(case.documents), said.text.strip(), sources, case.question, false
                )


def tabled(table: ModuleType) -> Iterator[Text]:
    """Yield the answers of a table of the tests."""
    name, documents = table.__name__.rpartition(".")[2], getattr(table, "DOCUMENTS", world.DOCUMENTS)
    known = [
        Source(number, (Passage(f"c{number}", f"{name} {number}", "v1", text, 100),), title=title)
        for number, (title, text) in documents.items()
    ]
    pairs = [(one, None) for one in table.RIGHT]
    pairs += [(text, (text,)) for text in (one if isinstance(one, str) else one[1] for one in table.FALSE)]
    for text, false in pairs:
        cited = {f"{name} {number}" for mark in re.findall(r"\[([\d, ]+)\]", text) for number in mark.split(",")}
        yield Text(name, text, frozenset(cited), text, known, "", false)


def labelled(one: Text, similar: Similar) -> list[Labelled]:
    """Return the sentences of an answer that claim something; of a false answer those with a false part."""
    seen: dict[Claim, tuple[CheckedSentence, list[list[float]]]] = {}
    with _recorded(seen):
        verify.verify(one.text, one.sources, similar, one.question)
    spans = [(one.text.find(part), one.text.find(part) + len(part)) for part in one.false or ()]
    found = []
    for said, attempts in seen.values():
        false = any(said.start < last and first < said.end for first, last in spans)
        if said.status is not None and (one.false is None or false):
            rules = said.status.holds and not attempts
            found.append(Labelled(one, not false, np.array(attempts), said.status.holds, rules))
    return found


@contextmanager
def _recorded(seen: dict[Claim, tuple[CheckedSentence, list[list[float]]]]) -> Iterator[None]:
    """Note each claim's verdict and the signs of all its attempts, none of which is taken for the last one."""
    check, says = verify._checked, checks.says

    def recorded(claim: Claim, *given: Any) -> CheckedSentence:
        verdict, attempts = check(claim, *given), list[list[float]]()

        def noting(
            reading: Any, likeness: Any, pool: Any, figures: Any, others: Any, question: str, crosses: bool
        ) -> Any:
            before = meaning.said_before([*others, question] if figures.derived else others)
            found, missing = signs(reading, likeness.sentences, pool, figures, before, crosses)
            if meaning.denied(reading, likeness, figures, missing, crosses):
                return says(reading, likeness, pool, figures, others, question, crosses)
            if crosses and likeness.score < meaning.TRANSLATED:
                return False, ""
            like = meaning.likeness(reading, likeness, found, missing)
            if not crosses and like.whole >= meaning.THE_SAME:
                return says(reading, likeness, pool, figures, others, question, crosses)
            attempts.append([getattr(found, n) for n in named(Signs)] + [getattr(like, n) for n in named(Likeness)])
            return False, ""

        checks.says = noting
        try:
            check(claim, *given)
        finally:
            checks.says = says
        seen[claim] = verdict, attempts
        return verdict

    verify._checked = recorded
    try:
        yield
    finally:
        verify._checked = check


def fitted(rows: Sequence[Labelled]) -> np.ndarray:
    """Return the weights, the constant last."""
    rows = [one for one in rows if len(one.attempts)]
    right, best = np.array([one.right for one in rows], float), [0] * len(rows)
    weights = np.zeros(len(_NAMES) + 1)
    for _ in range(_ROUNDS):
        weights = regression(np.array([one.attempts[at] for one, at in zip(rows, best, strict=True)]), right)
        best = [int(np.argmax(one.attempts @ weights[:-1])) for one in rows]
    return weights


def regression(signs_of: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Return the weights of a logistic regression by Newton's steps, the constant last and free of the penalty."""
    rows = np.hstack([signs_of, np.ones((len(signs_of), 1))])
    penalty = np.diag([1.0 / _PENALTY] * (rows.shape[1] - 1) + [1e-6])
    weights = np.zeros(rows.shape[1])
    for _ in range(_STEPS):
        odds = 1.0 / (1.0 + np.exp(-rows @ weights))
        slope = rows.T @ (odds - right) + penalty @ weights
        weights -= np.linalg.solve((rows * (odds * (1 - odds))[:, None]).T @ rows + penalty, slope)
    return weights


def score(one: Labelled, weights: np.ndarray) -> float:
    """Return what a sentence's best attempt weighs; what rules decide alone is sure."""
    if not len(one.attempts):
        return _SURE if one.by_rules else -_SURE
    return float(np.max(one.attempts @ weights[:-1] + weights[-1]))


def left_out(rows: Sequence[Labelled]) -> dict[int, float]:
    """Return the benchmark's sentences, by id, with what they weigh by weights fitted without their documents."""
    asked = [one for one in rows if one.of.set in STAGES]
    scores = {}
    for fold in range(_FOLDS):
        test = [one for one in asked if _fold(min(one.of.documents)) == fold]
        hidden = frozenset().union(*(one.of.documents for one in test))
        weights = fitted([one for one in rows if not hidden & one.of.documents])
        scores.update({id(one): score(one, weights) for one in test})
    return scores


def _fold(document: str) -> int:
    return int(hashlib.md5(document.encode(), usedforsecurity=False).hexdigest(), 16) % _FOLDS


def curve(rows: Sequence[Labelled], scores: dict[int, float], least: float) -> tuple[float, float]:
    """Return (right sentences unverified, false answers with a false sentence marked) at a least weight."""
    rights = [scores[id(one)] < least for one in rows if one.right]
    marked: dict[str, bool] = {}
    for one in rows:
        if not one.right:
            marked[one.of.id] = marked.get(one.of.id, False) or scores[id(one)] < least
    return float(np.mean(rights)), float(np.mean(list(marked.values())))


def _told(shares: tuple[float, float]) -> str:
    return "/".join(f"{one:.2f}" for one in shares)


def main() -> int:
    """Print the curve on documents left out, that of all, and the weights."""
    home = Settings.load().home / "bench" / "answers"
    with opened_answerer(settings_of(home, "http://127.0.0.1:9/v1")) as answerer:
        texts = [*written(answerer), *(one for table in _TABLES for one in tabled(table))]
        rows = [row for one in texts for row in labelled(one, answerer.writer._similar)]
    weights = fitted(rows)
    now = {id(one): 1.0 if one.holds else -1.0 for one in rows}
    for name, scores in (
        ("documents left out", left_out(rows)),
        ("in sample", {id(r): score(r, weights) for r in rows}),
    ):
        for stages in (*((stage,) for stage in STAGES), STAGES):
            own = [one for one in rows if one.of.set in stages]
            shares = [f"{least}: {_told(curve(own, scores, least))}" for least in _LEAST]
            say(f"{name}, {'+'.join(stages)}: now {_told(curve(own, now, 0.0))}; by least weight {', '.join(shares)}")
    say(f"CONSTANT = {weights[-1]:.2f}")
    for name, weight in zip(_NAMES, weights, strict=False):
        say(f'    "{name}": {weight:.2f},')
    return 0


if __name__ == "__main__":
    sys.exit(main())
