"""The leakage audit: held-out questions that the training rows, or the documents, already hold."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from pipelines.core.files import write_atomically
from pipelines.core.identity import content_id
from pipelines.finetune.dataset.rows.table import question_of
from pipelines.finetune.dataset.stored import load_dataset
from pipelines.text.languages.languages import all_languages, language_by_share
from pipelines.text.near_duplicates import band_keys, gram_hashes, grams, text_key, tokens
from pipelines.text.near_pairs import near_pairs

CODE_VERSION = "3"
SIMILARITY = 0.8
"""Share of n-grams that a train and a test question have in common, from which they are one."""
CONTAINED = 0.8
"""Share of a test question's long n-grams that stand in one document, from which the document gives it away."""
_EXACT = 1.5
"""Above every likeness: the same words come before others that mean the same."""
_FEWEST_GRAMS = 4
"""A shorter question ("How do I return it?") is a phrase that any document may hold by chance."""


@dataclass(frozen=True)
class Leak:
    """A held-out question that is found elsewhere: `where` is "train" or "documents"."""

    row_id: str
    question: str
    where: str
    found_in: str
    kind: str
    similarity: float

    def as_row(self) -> dict[str, Any]:
        return asdict(self) | {"similarity": round(self.similarity, 3)}


def train_leaks(train: Sequence[Mapping[str, Any]], test: Sequence[Mapping[str, Any]]) -> list[Leak]:
    """Return the test rows (row_id, messages) whose question a train row asks, exactly or nearly; worst match each."""
    rows = [*test, *train]
    questions = [question_of(row["messages"]) for row in rows]
    places: dict[int, tuple[list[int], list[int]]] = {}
    for place, question in enumerate(questions):
        words = tokens(question)
        if words:
            places.setdefault(text_key(words), ([], []))[place >= len(test)].append(place)
    first = [asked[0] if asked else told[0] for asked, told in places.values()]
    keys = np.array(list(places), dtype=np.uint64)
    bands = np.stack([band_keys(grams(questions[place])) for place in first]) if first else np.zeros((0, 1), np.uint64)
    near = near_pairs(keys, bands, lambda n: questions[first[n]], SIMILARITY)
    best: dict[int, tuple[float, int, str]] = {}

    def keep(asked: list[int], told: list[int], value: float, kind: str) -> None:
        for place in asked if told else ():
            best[place] = max(best.get(place, (0.0, 0, "")), (value, -told[0], kind))

    for (one, other), value in near.pairs.items():
        keep(places[one][0], places[other][1], value, "near")
        keep(places[other][0], places[one][1], value, "near")
    for asked, told in places.values():
        keep(asked, told, _EXACT, "exact")
    return [
        Leak(rows[place]["row_id"], questions[place], "train", rows[-other]["row_id"], kind, min(value, 1.0))
        for place, (value, other, kind) in sorted(best.items())
    ]


def asked_again(asking: Sequence[Any], held_out: Sequence[Any]) -> dict[int, int]:
    """Return {place in `asking`: place in `held_out`} of conversations that ask the same, exactly or nearly."""
    test = [{"row_id": str(place), "messages": messages} for place, messages in enumerate(asking)]
    train = [{"row_id": str(place), "messages": messages} for place, messages in enumerate(held_out)]
    return {int(leak.row_id): int(leak.found_in) for leak in train_leaks(train, test)}


def document_leaks(test: Sequence[Mapping[str, Any]], documents: Iterable[Mapping[str, Any]]) -> list[Leak]:
    """Return the test rows whose question stands, word for word but for a few, in a document (path, text)."""
    asked = []
    for row in test:
        question = question_of(row["messages"])
        words = tokens(question)
        long = language_by_share("".join(words), len(words)).long_gram
        if len(words) - long + 1 >= _FEWEST_GRAMS:
            asked.append((row["row_id"], question, long, gram_hashes(words, long)))
    lengths = sorted({language.long_gram for language in all_languages()})
    best: dict[str, Leak] = {}
    for document in documents:
        words = tokens(document["text"])
        held = {long: gram_hashes(words, long) for long in lengths if len(words) >= long}
        for row_id, question, long, hashes in asked:
            if long not in held:
                continue
            share = float(np.isin(hashes, held[long], assume_unique=True).mean())
            if share >= CONTAINED and (row_id not in best or share > best[row_id].similarity):
                kind = "exact" if share == 1.0 else "near"
                best[row_id] = Leak(row_id, question, "documents", document["path"], kind, share)
    return [best[row_id] for row_id in sorted(best)]


def audit(path: Path, dataset: str, documents: pa.Table | None, corpus: str, home: Path) -> list[Leak]:
    """Return the leaks of the dataset at `path`; the same digests of dataset and corpus are audited once."""
    kept = home / "cache" / "leakage" / f"{content_id(CODE_VERSION, dataset, corpus)}.json"
    if not kept.exists():
        splits = load_dataset(path)
        train, test = (splits[split].select_columns(["row_id", "messages"]).to_list() for split in ("train", "test"))
        texts = documents.select(["path", "text"]).to_pylist() if documents is not None else []
        leaks = [*train_leaks(train, test), *document_leaks(test, texts)]
        write_atomically(kept, json.dumps([asdict(leak) for leak in leaks], ensure_ascii=False))
    return [Leak(**leak) for leak in json.loads(kept.read_text(encoding="utf-8"))]
