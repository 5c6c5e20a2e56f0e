"""Public questions asked twice: over all passages, and without those that hold the answer, where none is right."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.corpora import multihop

SETS = ("musique", "musique-hops", "cmrc")
"""MuSiQue-100's questions; the questions of one fact that they are made of; CMRC 2018's trial questions."""
CORPORA = {"musique": "musique", "musique-hops": "musique", "cmrc": multihop.CHINESE}
HALVES = ("choosing", "kept")


@dataclass(frozen=True)
class Asked:
    """A question, what answers it right, the chunks that hold the answer, and which half of its set it is in."""

    question: str
    answers: tuple[str, ...]
    gold: frozenset[str]
    half: str


def asked(name: str, corpus: multihop.QuestionSet, step: int = 1) -> list[Asked]:
    """Return every `step`-th question of a set; what shares a passage's question or paragraph shares a half."""
    found = [one for one in (_chinese(corpus) if name == "cmrc" else _english(name, corpus)) if one.gold]
    return found[::step]


def _english(name: str, corpus: multihop.QuestionSet) -> Iterator[Asked]:
    rows = multihop.read_json(multihop.folder() / "musique_train.json")
    known = dict(zip(corpus.texts, corpus.ids, strict=True))
    for place, row in enumerate(rows):
        half = HALVES[place % 2]
        paragraphs = row["paragraphs"]
        if name == "musique":
            gold = frozenset(_key(known, one) for one in paragraphs if one["is_supporting"])
            yield Asked(row["question"], (row["answer"], *row["answer_aliases"]), gold, half)
            continue
        for hop in row["question_decomposition"]:
            # A later hop stands on the answer of the one before: "Who founded #1?". Relations ("Aachen >> country")
            # are no sentences.
            if "#" not in hop["question"] and hop["question"].rstrip().endswith("?"):
                gold = frozenset({_key(known, paragraphs[hop["paragraph_support_idx"]])})
                yield Asked(hop["question"], (hop["answer"],), gold, half)


def _chinese(corpus: multihop.QuestionSet) -> Iterator[Asked]:
    articles = multihop.read_json(multihop.folder("chinese") / "cmrc2018_trial.json")["data"]
    paragraphs = [paragraph for one in articles for paragraph in one["paragraphs"]]
    for place, (key, paragraph) in enumerate(zip(corpus.ids, paragraphs, strict=True)):
        for row in paragraph["qas"]:
            answers = tuple(dict.fromkeys(one["text"] for one in row["answers"]))
            yield Asked(row["question"], answers, frozenset({key}), HALVES[place % 2])


def _key(known: dict[str, str], paragraph: dict[str, Any]) -> str:
    return known[f"{paragraph['title']}\n{paragraph['paragraph_text']}"]


def holds(text: str, answers: Sequence[str]) -> bool:
    """Say whether one of the answers stands in a text, whatever the case."""
    return any(answer.lower() in text.lower() for answer in answers if answer)
