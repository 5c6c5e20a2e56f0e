"""A question of a conversation made to stand alone: what "it" means is said in the question itself."""

import re
import time
from collections.abc import Iterator, Sequence
from itertools import groupby

from pipelines.answering.prompts.prompt_files import Prompts
from pipelines.answering.question import LONGEST_QUESTION, question_terms
from pipelines.answering.question_patterns import asks_for_overview
from pipelines.answering.search.trace import Step, model_step
from pipelines.core.protocols import LanguageModel, Messages
from pipelines.text.languages.languages import language_of, unspaced_in
from pipelines.text.terms import terms
from pipelines.text.words import name_letters

_WORD = re.compile(r"[^\W\d_]+")
_RUN = re.compile(r"[^\W_]+(?:[-'’.,&/_][^\W_]+)*")
_TURNS = 6
_LONGEST = 1_000
_TOKENS = 128
_STANDING_TERMS = 3
"""With fewer, as in "And in Norway?", a question leans on what was said before."""


def standalone_question(
    conversation: Sequence[dict[str, str]], language_model: LanguageModel, prompts: Prompts
) -> tuple[str, tuple[Step, ...]]:
    """Return the last question of a conversation, to be understood without what was said before it; the model's step.

    A model that can write rewrites it, as long as what it writes asks for the same in the same language: a question
    that stands alone must not drift. For the packaged one, what the question before was about is put beside it where
    it refers back. Where there is nothing before it, it stays as it is and no model is asked.
    """
    question, before = conversation[-1]["content"], conversation[:-1]
    if not before:
        return question, ()
    if language_model.packaged:
        return _beside_its_subject(question, before), ()
    said = "\n".join(f"{one['role']}: {one['content'][:_LONGEST]}" for one in before[-_TURNS:])
    task = prompts.text("standalone", language_of(question), conversation=said, question=question)
    prompt: Messages = [{"role": "user", "content": task}]
    started = time.perf_counter()
    written = language_model.complete([prompt], _TOKENS, usable=lambda _, one: _is_question(one.text, question))[0]
    is_one = _is_question(written.text, question)
    asked = written.text.strip() if is_one else _beside_its_subject(question, before)
    result = asked if is_one else f"{asked} (by rules: {written.failure or 'what the model wrote is no question'})"
    return asked, (model_step("rewrite", question, result, written, time.perf_counter() - started),)


def _is_question(text: str, question: str) -> bool:
    """Say whether what the model wrote can be the question.

    It is one paragraph in the question's language, not much longer. Where the question does not refer back, it holds
    at least half of its terms, if it has enough to stand alone: a name may take the place of a word, but what was
    asked stays.
    """
    text = text.strip()
    if not text or "\n\n" in text or len(text) > min(4 * len(question) + 400, LONGEST_QUESTION):
        return False
    if language_of(text).code != language_of(question).code:
        return False
    asked = {term for term in question_terms(question) if " " not in term}
    if _refers_back(question) or len(asked) < _STANDING_TERMS:
        return True
    return 2 * len(asked & set(question_terms(text))) >= len(asked)


def _beside_its_subject(question: str, before: Sequence[dict[str, str]]) -> str:
    """Return a question that refers back with what the last one before it that does not is about, as it is written."""
    # "These documents" are all that there are, whatever was spoken of before.
    if not _refers_back(question) or asks_for_overview(question):
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
