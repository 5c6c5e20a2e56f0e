"""The cited sources as text below an answer: what a chat front end shows that reads no field but the text."""

import re
from collections import defaultdict

from pipelines.answering.answered import Answered
from pipelines.text.languages.languages import language_of

_HEADINGS = {"en": "Sources", "zh": "来源"}
_LIST = re.compile(rf"\n\n\*\*(?:{'|'.join(_HEADINGS.values())})\*\*\n(?:- \[\d+\] [^\n]*(?:\n|\Z))+\Z")


def source_list(answered: Answered) -> str:
    """Return a heading and a line for each number that the answer cites, with document and quotes; "" without any."""
    quotes: dict[tuple[int, str], list[str]] = defaultdict(list)
    for citation in answered.answer.citations:
        quotes[citation["number"], citation["document"]].append(" ".join(citation["quote"].split()))
    if not quotes:
        return ""
    heading = _HEADINGS.get(language_of(answered.question).code, _HEADINGS["en"])
    lines = [
        f"- [{number}] {document}: " + " … ".join(f"“{quote}”" for quote in dict.fromkeys(said))
        for (number, document), said in sorted(quotes.items())
    ]
    return "\n".join([f"\n\n**{heading}**", *lines])


def without_source_list(text: str) -> str:
    """Return a message without the list below it: what front ends send back of earlier answers."""
    return _LIST.sub("", text)
