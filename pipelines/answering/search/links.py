"""The second hop: passages of documents that the best passages name, as a reader follows a link.

A question of two hops shares its words with the first passage only ("who directed the film's director's father"); what
the second is called stands in the first.
"""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from pipelines.answering.search.search import Search
from pipelines.text.languages.language import Language
from pipelines.text.languages.languages import all_languages, spaced_language
from pipelines.text.terms import stands_in
from pipelines.text.words import words

_NAME = re.compile(r"[A-ZÀ-Þ0-9][\w’'.-]*")
_REMARK = re.compile(r"\s*[（(][^()（）]*[)）]$")
_LOOKED_UP, _LINKS_A_PASSAGE = 30, 3
_LONGEST = 64


def linked_chunks(search: Search, question: str, passages: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the chunks of documents whose titles stand in these passages and not in the question.

    The first passage's links come first, then the second's, and so on; at most three a passage.
    """
    hits = [_looked_up(search, question, passage) for passage in passages]
    rows = {row["chunk_id"]: row for row in search.rows(sorted({key for found in hits for key in found}))}
    chains: list[list[str]] = []
    for passage, found in zip(passages, hits, strict=True):
        held = f"{passage['title']}\n{passage['text']}"
        others = [rows[key] for key in found if key in rows and rows[key]["document_id"] != passage["document_id"]]
        named = [row["chunk_id"] for row in others if _names(held, question, row["title"])]
        chains.append(named[:_LINKS_A_PASSAGE])
    turns = range(max(map(len, chains), default=0))
    return list(dict.fromkeys(chain[turn] for turn in turns for chain in chains if turn < len(chain)))


def _looked_up(search: Search, question: str, passage: Mapping[str, Any]) -> list[str]:
    asked = question.lower()
    found = [name.strip(".'’-") for name in _NAME.findall(passage["text"])]
    runs = _unspaced_runs(all_languages()).findall(passage["text"])
    found += [word for run in runs for word in words(run) if len(word) > 1]
    stop_words = spaced_language(passage["text"]).stop_words
    names = [name for name in dict.fromkeys(found) if len(name) > 1 and name.lower() not in stop_words]
    query = " ".join([name for name in names if name.lower() not in asked][:_LONGEST])
    return [key for key, _ in search.worded("chunks", query, _LOOKED_UP)] if query else []


@cache
def _unspaced_runs(languages: tuple[Language, ...]) -> re.Pattern[str]:
    return re.compile("|".join(f"[{language.characters}]{{2,}}" for language in languages if not language.spaced))


def _names(text: str, question: str, title: str) -> bool:
    """Say whether a title, without a remark in brackets, stands in the text as it is written, and is news."""
    plain = _REMARK.sub("", title).strip()
    return bool(plain) and plain in text and plain.lower() not in question.lower() and stands_in(plain, text)
