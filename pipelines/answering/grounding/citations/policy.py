"""What is done with sentences that their sources do not bear out: marked, dropped, or the whole answer refused."""

from dataclasses import dataclass
from enum import StrEnum

from pipelines.answering.grounding.citations.records import CheckedSentence, VerifiedAnswer
from pipelines.text.languages.languages import language_of


class Policy(StrEnum):
    """The setting: `mark` leaves the text as it is, `drop` takes such sentences out, `refuse` answers nothing then."""

    MARK = "mark"
    DROP = "drop"
    REFUSE = "refuse"


@dataclass(frozen=True)
class AppliedAnswer:
    """The text that is shown, the sentences that stand in it (spans are the written answer's), and what was done."""

    text: str
    sentences: tuple[CheckedSentence, ...]
    dropped: int = 0
    refused: bool = False
    note: str = ""


def apply_policy(answer: VerifiedAnswer, policy: Policy = Policy.MARK) -> AppliedAnswer:
    """Return what is shown of a verified answer.

    Dropped are the sentences that are unverified or contradicted, and how many is said; where no claim is left, and
    under
    `refuse` where one is such, the answer is a refusal that says why.
    """
    bad = [one for one in answer.claims if one.status is not None and not one.status.holds]
    if policy is Policy.MARK or not bad:
        return AppliedAnswer(answer.text, answer.sentences)
    if policy is Policy.REFUSE or len(bad) == len(answer.claims):
        return _refusal(answer, bad)
    text, end = "", 0
    for one in answer.sentences:
        gap = answer.text[end : one.start]
        # A sentence goes with the gap before it, list mark included, but keeps a line's end.
        text += "\n" * ("\n" in gap) if one in bad else gap + answer.text[one.start : one.end]
        end = one.end
    text = "\n".join(line.rstrip() for line in (text + answer.text[end:]).strip().splitlines())
    kept = tuple(one for one in answer.sentences if one not in bad)
    return AppliedAnswer(text, kept, len(bad), False, _dropped(answer.text, len(bad), len(answer.claims)))


def _dropped(text: str, count: int, claims: int) -> str:
    if language_of(text).code == "zh":
        return f"已删去{count}句（共{claims}句）：资料不能证实。"
    return f"{count} of {claims} sentences left out: the sources do not bear them out."


def _refusal(answer: VerifiedAnswer, bad: list[CheckedSentence]) -> AppliedAnswer:
    language = language_of(answer.text)
    first = bad[0]
    if language.code == "zh":
        why = f"模型的回答中有{len(bad)}句（共{len(answer.claims)}句）未被资料证实，例如“{first.text}”："
        why += first.reason
    else:
        why = (
            f"{len(bad)} of {len(answer.claims)} sentences of the model's answer are not borne out by them, "
            f"such as “{first.text}”: {first.reason}"
        )
    text = f"{language.refusal}{language.joiner}{why}"
    return AppliedAnswer(text, (), len(bad), True, why)
