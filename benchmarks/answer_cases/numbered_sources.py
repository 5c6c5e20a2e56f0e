"""A written answer's citation places, filled with the numbers that the sources have in the prompt that was received."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import PurePosixPath

from benchmarks.answer_cases.cases import MARK, Case, Gold, cited, title_of

_STYLES = (
    re.compile(r"(?m)^[ \t>*#-]*\[(\d+)\]"),
    re.compile(r"(?m)^[ \t>*#-]*【(\d+)】"),
    re.compile(
        r"<(?:source|passage|document|doc|chunk|item)\b[^>]*?\b(?:id|number|index|n)=[\"']?(\d+)", re.IGNORECASE
    ),
    re.compile(r"(?im)^[ \t>*#-]*(?:source|passage|document|context|来源|资料|文档|段落)\s*[\[(#]?(\d+)"),
    re.compile(r"(?m)^[ \t]*\(?(\d+)[.)、]\s"),
)
"""How prompts number their sources, the surest first."""
_NOISE = re.compile(r"[\s|*_`#>]+")


@dataclass(frozen=True)
class Source:
    """A numbered source as the prompt has it."""

    number: int
    text: str


@dataclass(frozen=True)
class Resolved:
    """An answer with numbers, and what the prompt did not hold: gold sentences, and documents of marks left out."""

    text: str
    missing: tuple[Gold, ...]
    uncited: tuple[str, ...]


def sources_of(prompt: str) -> list[Source]:
    """Return the numbered sources of a prompt, by the surest style that it has; none where nothing is numbered.

    A style's numbers count from 1 upwards without a gap; of several such runs (an example in the instructions, say)
    the longest is taken, of equal ones the last. The last source runs to the prompt's end.

    >>> [one.number for one in sources_of("Cite as [1].\\n\\n[1] Tides\\nHigh at 6.\\n1. a list\\n[2] Ice\\nThin.")]
    [1, 2]
    """
    for style in _STYLES:
        best: list[re.Match[str]] = []
        run: list[re.Match[str]] = []
        for match in style.finditer(prompt):
            number = int(match[1])
            if number == 1:
                run = []
            if number == len(run) + 1:
                run = [*run, match]
            best = run if len(run) >= len(best) else best
        if best:
            edges = [*(match.start() for match in best), len(prompt)]
            return [Source(place, prompt[start:end]) for place, (start, end) in enumerate(pairwise(edges), start=1)]
    return []


def resolve(case: Case, prompt: str, mark: str = "[{}]", joined: bool = False) -> Resolved:
    """Return the case's answer with each citation as `mark` writes it; `joined` writes [1, 3] for [1][3].

    A mark without a source in the prompt is left out, as a model can't cite what it did not see.
    """
    sources = sources_of(prompt)
    uncited = []

    def written(place: re.Match[str]) -> str:
        numbers: list[int] = []
        for part in MARK.finditer(place[0]):
            found = _numbers(cited(case, part), part[1], sources)
            numbers += [number for number in found if number not in numbers]
            uncited.extend([] if found else [part[1]])
        if not numbers:
            return ""
        shown = [", ".join(map(str, numbers))] if joined else numbers
        return place[0][: len(place[0]) - len(place[0].lstrip())] + "".join(mark.format(one) for one in shown)

    text = re.sub(rf"[ \t]*(?:{MARK.pattern})+", written, case.answer)
    missing = [gold for gold in case.gold if not any(holds(source.text, gold.sentence) for source in sources)]
    return Resolved(text, tuple(missing), tuple(dict.fromkeys(uncited)))


def _numbers(gold: Sequence[Gold], document: str, sources: Sequence[Source]) -> list[int]:
    """Return the numbers of the sources that hold the sentences, else of the first that shows the document's title."""
    found = [next((source.number for source in sources if holds(source.text, one.sentence)), 0) for one in gold]
    if any(found):
        return sorted({number for number in found if number})
    names = [_bare(title_of(document)), _bare(PurePosixPath(document).name), _bare(document)]
    titled = (source.number for source in sources if any(name in _bare(source.text) for name in names))
    return list(titled)[:1]


def holds(text: str, sentence: str) -> bool:
    """Say whether a text holds a sentence, marks and line breaks aside, or all cells of a table's row.

    >>> holds("Drains: 48,000 euros", "| Drains | 48,000 |"), holds("It is **46\\nmetres** long.", "46 metres long")
    (True, True)
    """
    bare = _bare(text)
    if _bare(sentence) in bare:
        return True
    if not sentence.startswith("|"):
        return False
    return all(_bare(cell.rpartition(": ")[2]) in bare for cell in sentence.strip("| ").split("|"))


def _bare(text: str) -> str:
    return _NOISE.sub("", text).casefold()
