"""A question of a conversation made to stand alone: what "it" means is said in the question itself."""

import re
from collections.abc import Iterator, Sequence
from itertools import groupby

from pipelines.answering.question import LONGEST_QUESTION, question_terms
from pipelines.core.protocols import LanguageModel, Messages
from pipelines.text.languages.languages import language_of, unspaced_in
from pipelines.text.terms import terms
from pipelines.text.words import name_letters

_WORD = re.compile(r"[^\W\d_]+")
_RUN = re.compile(r"[^\W_]+(?:[-'’.,&/_][^\W_]+)*")
_TURNS = 6
_LONGEST = 1_000
_TOKENS = 128
_TASK = {
    "en": (
        "Rewrite the last question so that it can be understood without the conversation: put the names that it refers "
        "to in the place of pronouns. Keep its language. If it can be understood alone, repeat it. Write the question "
        "and nothing else.\n\nConversation:\n{said}\n\nLast question: {question}"
    ),
    "zh": (
        "把最后一个问题改写成脱离对话也能看懂的问题：用所指的名称代替代词，保持原来的语言。如果它本来就能单独看懂，原样重复。"
        "只写出问题本身。\n\n对话：\n{said}\n\n最后的问题：{question}"
    ),
}


def standalone_question(conversation: Sequence[dict[str, str]], language_model: LanguageModel) -> str:
    """Return the last question of a conversation, to be understood without what was said before it.

    A model that can write rewrites it; for the packaged one, what the question before was about is put beside it where
    it refers back. Where there is nothing before it, it stays as it is and no model is asked.
    """
    question, before = conversation[-1]["content"], conversation[:-1]
    if not before:
        return question
    if language_model.packaged:
        return _beside_its_subject(question, before)
    language = language_of(question)
    said = "\n".join(f"{one['role']}: {one['content'][:_LONGEST]}" for one in before[-_TURNS:])
    task = _TASK.get(language.code, _TASK["en"])
    prompt: Messages = [{"role": "user", "content": task.replace("{said}", said).replace("{question}", question)}]
    written = language_model.complete([prompt], _TOKENS, usable=lambda _, one: _is_question(one.text, question))[0]
    return written.text.strip() if _is_question(written.text, question) else _beside_its_subject(question, before)


def _is_question(text: str, question: str) -> bool:
    """Say whether what the model wrote can be the question: one paragraph, not much longer than what it stands for."""
    text = text.strip()
    return bool(text) and "\n\n" not in text and len(text) <= min(4 * len(question) + 400, LONGEST_QUESTION)


def _beside_its_subject(question: str, before: Sequence[dict[str, str]]) -> str:
    """Return a question that refers back with what the last one before it that does not is about, as it is written."""
    if not _refers_back(question):
        return question
    asked = (one["content"] for one in reversed(before) if one["role"] == "user")
    subject = next((text for text in asked if not _refers_back(text)), "")
    written = _subject_words(subject, question)
    alone = f"{question} ({written})" if written else question
    return alone if len(alone) <= LONGEST_QUESTION else question


def _subject_words(subject: str, question: str) -> str:
    """Return the words of one question that it is about and another does not hold, as they are written in it."""
    wanted = {term for term in question_terms(subject) if " " not in term and term not in question.lower()}
    found, end = "", 0
    for start, stop in _spans(subject, wanted):
        # What stands side by side stays so: 深度学习 is no "深度 学习".
        found += f"{' ' if found and start > end else ''}{subject[start:stop]}"
        end = stop
    return found or " ".join(sorted(wanted))


def _spans(text: str, wanted: set[str]) -> Iterator[tuple[int, int]]:
    """Yield where the words stand in a text whose terms are wanted; in a run without spaces each term is a word."""
    named = name_letters(text)
    for run in _RUN.finditer(text):
        place = run.start()
        for unspaced, letters in groupby(run.group(), key=unspaced_in):
            part = "".join(letters)
            if unspaced:
                yield from _terms_in(part, place, wanted)
            elif place in named or wanted & set(terms(part)):
                yield place, place + len(part)
            place += len(part)


def _terms_in(part: str, place: int, wanted: set[str]) -> Iterator[tuple[int, int]]:
    at = 0
    for term in terms(part):
        start = part.find(term, at)
        if start >= 0:
            at = start + len(term)
            if term in wanted:
                yield place + start, place + at


def _refers_back(question: str) -> bool:
    """Say whether a word of the question stands for something that was named before."""
    language = language_of(question)
    if not language.spaced:
        return any(word in question for word in language.back_references)
    words = {word.lower() for word in _WORD.findall(question)}
    return any(word.lower() in words for word in language.back_references)
