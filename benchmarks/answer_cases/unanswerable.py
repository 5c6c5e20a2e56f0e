"""Questions without an answer, and with one, under the writer of the packaged model: which are refused."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from benchmarks import retrieval
from benchmarks.answer_cases.cases import DOCUMENTS, load
from benchmarks.answer_cases.home import build
from benchmarks.corpora import multihop
from benchmarks.corpora.asked_store import AskedStore
from benchmarks.corpora.hidden_gold import asked
from benchmarks.ground.common import ROOT, Row, say
from pipelines.answering.ask import Answerer
from pipelines.answering.scoreboard.questions import load_questions
from pipelines.opening import opened_answerer
from resources.graph.embedded import EmbeddedGraphStore
from resources.models.language_model import open_language_model
from resources.settings import Settings

_SAMPLES = ROOT / "samples"
_CASE_MODES = ("native", "hybrid", "local", "global")
_NIGHT_MODES = ("native", "local", "global")
_MUSIQUE_MODES = ("native", "hybrid")
"""Those that need no entity graph: what hides a passage hides it from searches, not from entities."""

Counts = dict[str, Counter[tuple[bool, bool]]]
"""By mode: how many questions by (has an answer, is refused)."""


def small_model(home: Path, step: int) -> Row:
    """Return the mean of two shares: refused of the sample's questions without an answer, and of MuSiQue's.

    MuSiQue's are asked without the passages that hold the answer, every `step`-th of its questions. No model
    runs: where no evidence clears the bar it is not asked, and where some does the answer is a quotation at least.
    """
    build(home / "sample", "", _SAMPLES / "documents")
    found = {
        "the sample": _of_folder(home / "sample", _SAMPLES / "documents", _NIGHT_MODES, _sample_questions()),
        "MuSiQue": _musique(home, step),
        "the cases": _of_folder(home, DOCUMENTS, _CASE_MODES, _case_questions()),
    }
    note = "; ".join(f"{source}: {told(counts)}" for source, counts in found.items())
    value = (refused_share(found["the sample"]) + refused_share(found["MuSiQue"])) / 2
    return Row("unanswerable_refused_small", "share", ">= 0.9", value, note=note)


def refused_share(counts: Counts) -> float:
    """Return the share of questions without an answer that are refused, all modes together."""
    asked_ones = sum(sum(one[False, refused] for refused in (False, True)) for one in counts.values())
    return sum(one[False, True] for one in counts.values()) / asked_ones


def told(counts: Counts) -> str:
    """Return by mode how many without an answer are refused, and how many with one are answered."""
    parts = [
        f"{mode} {one[False, True]} of {one[False, True] + one[False, False]} refused and "
        f"{one[True, False]} of {one[True, False] + one[True, True]} answerable ones answered"
        for mode, one in counts.items()
    ]
    return ", ".join(parts)


def count(modes: Sequence[str], questions: Iterable[tuple[str, bool]], refuses: Callable[[str, str], bool]) -> Counts:
    """Return the counts over (question, whether it has an answer); `refuses` takes a question and a mode."""
    counts: Counts = {mode: Counter() for mode in modes}
    for question, answerable in questions:
        for mode in modes:
            counts[mode][answerable, refuses(question, mode)] += 1
    return counts


def _refuses(answerer: Answerer, question: str, mode: str) -> bool:
    return answerer.prepare(question, mode).draft.is_refused


def _of_folder(home: Path, documents: Path, modes: Sequence[str], questions: Sequence[tuple[str, bool]]) -> Counts:
    say(f"asking {len(questions)} questions about {documents.name} of {documents.parent.name}")
    with opened_answerer(Settings(GRAFTLINE_HOME=str(home), GRAFTLINE_DOCUMENTS=str(documents))) as answerer:
        return count(modes, questions, lambda question, mode: _refuses(answerer, question, mode))


def _sample_questions() -> list[tuple[str, bool]]:
    table, _ = load_questions(_SAMPLES / "questions")
    return [(row["question"], row["type"] != "unanswerable") for row in table.to_pylist()]


def _case_questions() -> list[tuple[str, bool]]:
    return [(case.question, case.kind != "unanswerable") for case in load("small_model")]


def _musique(home: Path, step: int) -> Counts:
    say("asking MuSiQue's questions with and without their passages")
    corpus, embedder = multihop.load("musique"), multihop.CorpusEmbedder(Settings.load().home)
    filled = EmbeddedGraphStore(Settings.load().home / "bench" / "retrieval" / "musique")
    retrieval.fill(filled, corpus, embedder, Settings.load().home, with_graph=False)
    store, settings = AskedStore(filled), Settings(GRAFTLINE_HOME=str(home))
    gold = {one.question: one.gold for one in asked("musique", corpus, step)}
    model, found = open_language_model(settings), list[Counts]()
    with Answerer(
        store=store, embedder=embedder.stored, language_model=model, settings=settings.answering
    ) as answerer:  # fmt: skip
        for answerable in (False, True):

            def refuses(question: str, mode: str, answerable: bool = answerable) -> bool:
                store.hide(() if answerable else gold[question])
                return _refuses(answerer, question, mode)

            found.append(count(_MUSIQUE_MODES, [(question, answerable) for question in gold], refuses))
    return {mode: found[0][mode] + found[1][mode] for mode in _MUSIQUE_MODES}
