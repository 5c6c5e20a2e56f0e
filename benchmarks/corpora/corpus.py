"""A folder of documents of any size, the same for the same seed: titles and sentences of real passages, mixed anew."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.corpora import multihop
from pipelines.text.sentences import sentences

_SENTENCES = (3, 9)
_A_FOLDER = 500
"""Documents of one folder."""


@dataclass(frozen=True)
class Corpus:
    """Documents to write: `number` is one's place among all that were ever written."""

    pool: Sequence[str]
    titles: Sequence[str]
    seed: int

    def text(self, number: int) -> str:
        """Return a title and a paragraph or two; no two documents share a paragraph."""
        draw = random.Random(f"{self.seed} {number}")
        count = draw.randint(*_SENTENCES)
        chosen = draw.sample(self.pool, count)
        half = count // 2 + 1
        parts = [f"{draw.choice(self.titles)} ({number})", " ".join(chosen[:half]), " ".join(chosen[half:])]
        return "\n\n".join(part for part in parts if part) + "\n"

    def write(self, folder: Path, numbers: range) -> None:
        """Write these documents below the folder."""
        for number in numbers:
            path = place(folder, number)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(self.text(number), encoding="utf-8")

    def edit(self, folder: Path, number: int) -> None:
        """Replace the last sentence of a document's last paragraph by another."""
        path = place(folder, number)
        text = path.read_text(encoding="utf-8").rstrip("\n")
        last = text.rindex("\n\n") + 2
        start, _ = sentences(text[last:])[-1]
        fresh = random.Random(f"{self.seed} edit {number}").choice(self.pool)
        path.write_text(f"{text[: last + start]}{fresh}\n", encoding="utf-8")


def place(folder: Path, number: int) -> Path:
    """Return where a document is."""
    return folder / f"{number // _A_FOLDER:04}" / f"document{number:06}.txt"


def load(seed: int) -> Corpus:
    """Return the documents that the passages of both multi-hop datasets make."""
    passages = [multihop.load(name, 1) for name in multihop.DATASETS]
    bodies = [text.split("\n", 1)[1] for one in passages for text in one.texts]
    pool = sorted({body[start:end] for body in bodies for start, end in sentences(body)})
    return Corpus(pool, sorted({title for one in passages for title in one.titles}), seed)
