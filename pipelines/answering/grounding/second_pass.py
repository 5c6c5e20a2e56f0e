"""The second pass of an answer's proof: the model is asked, sentence by sentence, whether the cited text says so.

It may bear out what the rules could not follow and doubt what they took for said. What their check of numbers did not
let pass stays as it is, and so does what they found contradicted or calculated.
"""

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from pipelines.answering.grounding.citations.checks import figures_hold
from pipelines.answering.grounding.citations.claims import Claim, split_claims
from pipelines.answering.grounding.citations.evidence import SourceSentence, source_sentences
from pipelines.answering.grounding.citations.records import CheckedSentence, Source, Status, VerifiedAnswer
from pipelines.answering.grounding.citations.verify import distinct
from pipelines.answering.prompts.prompt_files import Prompts
from pipelines.answering.search.trace import Step, model_step
from pipelines.core.protocols import Completion, LanguageModel, Messages
from pipelines.text.languages.languages import language_of
from pipelines.text.notation.json_objects import last_object

_TOKENS = 256
_MOST_CITED = 4
Verdict = Literal["yes", "no", "contradicts"]
Checked = tuple[VerifiedAnswer, tuple[Step, ...], str]
"""An answer after the second pass, the step of each call, and what is to be told of it."""

_THOUGHT = re.compile(r"^.*</think(?:ing)?>", re.DOTALL | re.IGNORECASE)
_KEYS = ("verdict", "answer", "result", "label", "judgement", "judgment", "status", "supported")
_NUMBERS = ("sentences", "sentence", "numbers", "citations")
_WORDS: dict[Verdict, str] = {
    "contradicts": r"contradict(?:s|ed|ion|ory)?|refute[sd]?|相反|矛盾|不符",
    "no": r"no|not[ _-](?:supported|stated|said|entailed)|unsupported|unverified|false|neutral|"
    r"partial(?:ly)?|partly|否|不是|没有|未写明|未提及|部分",
    "yes": r"yes|supported|supports|true|entailed|entailment|entails|stated|是的?|写明|支持",
}
_SAYS = {name: re.compile(rf"(?:{words})(?![A-Za-z])", re.IGNORECASE) for name, words in _WORDS.items()}
_LEAD = re.compile(r"^[\W_]*(?:(?:final\s+)?(?:verdict|answer|result|label|结论|判断|答案)\W+)?", re.IGNORECASE)
_RESULT = {"yes": "the sources say so", "no": "the sources do not say so", "contradicts": "the sources say otherwise"}


_ACTION, _UNREAD = "verify", "unread: "


@dataclass(frozen=True)
class Opinion:
    """What the model says of a sentence, and the numbers of the source sentences that it names."""

    verdict: Verdict
    numbers: tuple[int, ...] = ()


@dataclass(frozen=True)
class _Question:
    """A sentence that is asked about: its answer's place, its own, and the source sentences that are shown."""

    answer: int
    place: int
    claim: Claim
    sentence: CheckedSentence
    shown: Sequence[SourceSentence]
    before: str


def read_opinion(reply: str) -> Opinion | None:
    """Return what a reply says, as JSON or as a word at its beginning; None where it says neither yes nor no.

    >>> read_opinion('```json\\n{"verdict": "yes", "sentences": [2]}\\n```'), read_opinion("**No**, it does not.")
    (Opinion(verdict='yes', numbers=(2,)), Opinion(verdict='no', numbers=()))
    """
    text = _THOUGHT.sub("", reply).strip()
    held = last_object(text, _KEYS)
    if held is not None:
        value = next(held[key] for key in _KEYS if key in held)
        said = {True: "yes", False: "no"}.get(value, value) if isinstance(value, bool) else value
        listed = next((held[key] for key in _NUMBERS if key in held), "")
        numbers = tuple(dict.fromkeys(int(one) for one in re.findall(r"\d{1,4}", str(listed))))
        verdict = _verdict(said) if isinstance(said, str) else None
        return Opinion(verdict, numbers) if verdict else None
    verdict = _verdict(_LEAD.sub("", text))
    return Opinion(verdict) if verdict else None


def is_unread(action: str, result: str) -> bool:
    """Say whether a step of a trace is a verdict of the model's that could not be read."""
    return action == _ACTION and result.startswith(_UNREAD)


def _verdict(text: str) -> Verdict | None:
    text = _LEAD.sub("", text)
    return next((name for name, pattern in _SAYS.items() if pattern.match(text)), None)


class SecondPass:
    """Asks the model about the sentences of answers, all at once; what it wrote before is taken from its cache."""

    def __init__(self, model: LanguageModel, prompts: Prompts) -> None:
        self._model, self._prompts = model, prompts

    def opinions(self, answers: Sequence[tuple[VerifiedAnswer, Sequence[Source]]]) -> list[Checked]:
        """Return the answers in order, each with its sentences as they stand after the model's opinion of them.

        Where a reply cannot be read, or the model fails, the rules' verdict stays, and how often is told.
        """
        questions = [one for number, (said, sources) in enumerate(answers) for one in _questions(number, said, sources)]
        started = time.perf_counter()
        prompts = [self._prompt(one) for one in questions]
        replies = self._model.complete(prompts, _TOKENS, usable=_is_readable) if prompts else []
        fresh = sum(not one.cached for one in replies)
        share = (time.perf_counter() - started) / fresh if fresh else 0.0
        asked: list[list[tuple[_Question, Completion]]] = [[] for _ in answers]
        for question, reply in zip(questions, replies, strict=True):
            asked[question.answer].append((question, reply))
        return [_after(said, pairs, share) for (said, _), pairs in zip(answers, asked, strict=True)]

    def _prompt(self, question: _Question) -> Messages:
        listed = "\n".join(f"{number}. {_told(one)}" for number, one in enumerate(question.shown, 1))
        sentence, before = _closed(question.claim.words), _closed(question.before) or "–"
        values = {"sources": listed, "sentence": sentence, "before": before}
        return [{"role": "user", "content": self._prompts.text("verdict", language_of(question.claim.words), **values)}]


def _is_readable(_: int, completion: Completion) -> bool:
    return read_opinion(completion.text) is not None


def _closed(words: str) -> str:
    """Return what a claim says without the gap that a citation mark left before its stop."""
    return re.sub(r"\s+(?=[.,;:!?。，；：！？])", "", words)


def _told(one: SourceSentence) -> str:
    where = " · ".join(dict.fromkeys(part for part in one.around.splitlines() if part))
    return f"({where}) {one.said}" if where else one.said


def _questions(number: int, said: VerifiedAnswer, sources: Sequence[Source]) -> list[_Question]:
    """Return what is asked of an answer: of what is borne out or not followed, against the sources that it stands on.

    Those are the ones that it names and that the rules cite; all of them where there is neither.
    """
    pools = {source.number: source_sentences(source) for source in sources}
    found, before = list[_Question](), ""
    for place, (claim, one) in enumerate(zip(split_claims(said.text), said.sentences, strict=True)):
        named = [key for key in dict.fromkeys((*claim.numbers, *(cited.number for cited in one.citations)))]
        shown = distinct([source for key in named if key in pools for source in pools[key]])
        shown = shown or distinct([source for pool in pools.values() for source in pool])
        quoted = any(_letters(source.said) == _letters(claim.words) for source in shown)
        open_to_it = one.status is Status.SUPPORTED or (one.status is Status.UNVERIFIED and not one.figures_fail)
        if shown and open_to_it and not quoted:
            found.append(_Question(number, place, claim, one, shown, claim.lead or before))
        before = claim.words
    return found


def _letters(text: str) -> str:
    return "".join(one for one in text.casefold() if one.isalnum())


def _after(said: VerifiedAnswer, asked: Sequence[tuple[_Question, Completion]], share: float) -> Checked:
    sentences, steps, unread = list(said.sentences), list[Step](), 0
    holding = [one.text for one in said.sentences if one.status is not None and one.status.holds]
    for question, reply in asked:
        opinion = None if reply.failure else read_opinion(reply.text)
        unread += opinion is None
        result = _RESULT[opinion.verdict] if opinion else f"{_UNREAD}{reply.failure or reply.text[:80] or 'nothing'}"
        steps.append(model_step(_ACTION, question.sentence.text, result, reply, 0.0 if reply.cached else share))
        if opinion:
            sentences[question.place] = _judged(question, opinion, holding)
    note = f"the model's verdict on {unread} of {len(asked)} sentences could not be read: the rules' stands"
    return replace(said, sentences=tuple(sentences)), tuple(steps), note if unread else ""


def _judged(question: _Question, opinion: Opinion, holding: Sequence[str]) -> CheckedSentence:
    """Return a sentence after the model's opinion of it."""
    one, holds = question.sentence, question.sentence.status is Status.SUPPORTED
    named = [question.shown[number - 1] for number in opinion.numbers if 0 < number <= len(question.shown)]
    cited = tuple(source.citation for source in named[:_MOST_CITED]) or one.citations
    if opinion.verdict == "contradicts":
        why = "the model finds that the cited sentences say otherwise"
        return replace(one, status=Status.CONTRADICTED, reason=why, citations=cited)
    if opinion.verdict == "no":
        why = "the model finds it not said in what is cited"
        return replace(one, status=Status.UNVERIFIED, reason=why) if holds else one
    if holds:
        return one
    places = {(source.document_id, source.start, source.end) for source in cited}
    evidence = [s for s in question.shown if (s.passage.document_id, s.start, s.end) in places]
    if not evidence:
        return replace(one, reason=f"{one.reason}; the model finds it said, and names no sentence")
    if not figures_hold(question.claim, evidence, holding):
        return replace(one, reason=f"{one.reason}; the model finds it said, but its numbers stand elsewhere")
    why = f"the model finds it said in what is cited, where the rules did not: {one.reason}"
    listed = "".join(f"[{number}]" for number in dict.fromkeys(source.number for source in cited))
    added = "" if {source.number for source in cited} <= set(question.claim.numbers) else f"citation added: {listed}"
    return replace(one, status=Status.SUPPORTED, reason=why, citations=cited, note=one.note or added)
