"""The sentences of an answer: what each claims, which sources it names, and what claims nothing."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from pipelines.answering.grounding.citations.marks import find_marks, without_marks
from pipelines.answering.grounding.citations.reading.numbers import Number, numbers_in
from pipelines.answering.grounding.citations.wording.latex import plain_math
from pipelines.answering.grounding.citations.wording.silence import says_nothing, speaks_of_sources
from pipelines.text.characters import HAN
from pipelines.text.lines import is_table_row
from pipelines.text.sections import fence_after
from pipelines.text.sentences import sentences
from pipelines.text.tables import cells, head_of_row, labelled_cells, tables

_MARKUP = re.compile(r"\*\*|__|`|(?<!\w)[*_](?=\S)|(?<=\S)[*_](?!\w)")
_ITEM = re.compile(
    r"\A\s*(?:[-*+•·–]\s+|(?:\d{1,3}|[A-Za-z])[.)]\s+|\d{1,3}[、）]\s*|"
    r"[（(][\d一二三四五六七八九十]{1,3}[）)]\s*|>\s*)"
)
_HEADING = re.compile(r"\s*(?:#{1,6}\s|(?:\*\*|__)[^*_]{1,80}(?:\*\*|__)[:：]?\s*$)")
_RULE = re.compile(r"[\s|:=_*~-]*$")
_LETTER = re.compile(r"\w")
_SOURCES_LINE = re.compile(
    r"\s*(?:\W*)(?:sources?|references?|citations?|来源|参考(?:资料|文献)?|引用)\W*[:：\s\W\d]*$", re.IGNORECASE
)
_LEAD_IN = re.compile(
    r"\s*(?:(?:yes|no|sure|correct|right|indeed|certainly|of course|exactly)\b\s*[,.:;!—–-][\s,.:;!—–-]*"
    r"|(?:是的?|对的?|不是的?|没错|正确|不对|否|不|有的?|没有|会的?|不会|可以|不可以|能|不能)(?:[，,。！!：:]\s*)"
    r"|(?:according to|based on|per|as (?:stated|noted|described|reported) in) (?:the |these |those |this |both )?"
    r"(?:given |provided |cited |available )?(?:sources?|documents?|passages?|context|texts?|information|materials?)"
    r"(?: provided| given| above)?[\s,:]+"
    r"|(?:the )?(?:sources?|documents?|passages?|texts?) (?:say|state|report|mention|note|show|indicate|explain)s?"
    r"(?: that)?[\s,:]+"
    r"|(?:根据|依据|按照|据)(?:所给|提供|上述|以上|现有)?的?(?:资料|来源|文档|文件|信息|材料|"
    r"内容)(?:所述|显示|记载)?[，,:：\s]*"
    r"|(?:资料|来源|文档|文件)(?:显示|表明|指出|提到|记载|说)[，,:：\s]*"
    r"|(?:so|thus|therefore|hence|in short|in summary|overall|in total|also|moreover|however|finally|additionally|"
    r"in addition|in other words|that is|specifically|for example|for instance)\b[\s,:]+"
    r"|(?:因此|所以|总之|综上(?:所述)?|此外|另外|也就是说|具体来说|例如|其中|不过|但是?|同时)[，,:：]\s*)",
    re.IGNORECASE,
)
# What stands before a row's or item's value is a word ("Length: 312 m") with the capital of a beginning.
_LABEL = re.compile(r"\A(?:\*\*|__)?[A-Z][a-z]+(?=(?: [a-z]+)*(?:\*\*|__)?:)")
_ROW_LABEL = re.compile(r"\A(?:\*\*|__)?[A-Z][a-z]+(?=(?: [a-z]+)*(?:\*\*|__)?,)")
_BARE = re.compile(r"[\w .,%$€£¥-]{1,40}")
_YES_NO = re.compile(
    r"\W*(?:yes|no|correct|right|true|false|sure|indeed|not (?:quite|exactly|really)"
    r"|是的?|对的?|不是的?|没错|正确|不对|否|不|有的?|没有|会的?|不会|可以|不可以|能|不能|"
    rf"[不没未]?[{HAN}])\W*",
    re.IGNORECASE,
)
_BUT = re.compile(
    r"\s*(?:[,;，；]\s*(?:but|however|though|although|yet|and|while|但是?|不过|然而|而)|——?)\s*", re.IGNORECASE
)


@dataclass(frozen=True)
class Claim:
    """One sentence of an answer. text == answer[start:end]; `words` is what it says, without marks and markup.

    `silent` says why nothing is claimed: "" where something is. `lead` is the line that a list's items go on from,
    `items` how many items follow a line that leads a list in. `numbers` are the sources that it names.
    """

    text: str
    start: int
    end: int
    words: str
    numbers: tuple[int, ...] = ()
    silent: str = ""
    lead: str = ""
    items: tuple[str, ...] = ()
    is_row: bool = False
    is_bare: bool = False


def split_claims(answer: str) -> list[Claim]:
    """Return the sentences of an answer in order; marks behind a sentence's full stop belong to it."""
    marks = find_marks(answer)
    plain = without_marks(answer, marks)
    code, grids = _code_lines(answer), tables(plain)
    spans = [span for span in sentences(plain) if _LETTER.search(plain[slice(*span)])]
    claims = []
    for place, (start, end) in enumerate(spans):
        until = spans[place + 1][0] if place + 1 < len(spans) else len(answer)
        own = [m for m in marks if start <= m.start < end or _behind(answer, end, m.start, until)]
        line = answer.rfind("\n", 0, start) + 1
        own += [m for m in marks if line <= m.start < start and not any(line <= first < start for first, _ in spans)]
        whole = max([end, *(m.end for m in own)])
        numbers = tuple(sorted({number for mark in own for number in mark.numbers}))
        grid = head_of_row(grids, start)
        row = is_table_row(plain[start:end])
        said = labelled_cells(plain[start:end], grid.head) if row and grid and grid.sure else plain[start:end]
        if row and said == plain[start:end]:
            said = ", ".join(filter(None, cells(said)))
        label = _ROW_LABEL if row else _LABEL if _ITEM.match(said) else None
        if label:
            said = label.sub(lambda match: match.group().lower(), _ITEM.sub("", said))
        silent = _silent(
            plain[start:end], row and grid is None and any(t.ruled and t.start <= start < t.rows for t in grids)
        )
        parts = _BUT.split(said)
        if silent == "a refusal" and len(parts) > 1:
            said = ", ".join(part for part in parts if not says_nothing(part) and not speaks_of_sources(part))
            silent = "" if len(said.split()) + len(said) // 8 > 3 and not _LEAD_IN.fullmatch(f"{said}, ") else silent
        silent = "code" if any(first <= start < last for first, last in code) else silent
        claims.append(Claim(answer[start:whole], start, whole, bare(said), numbers, silent, is_row=row))
    return list(_with_lists(_with_bare(_with_refusals(claims))))


def bare(text: str) -> str:
    """Return what a sentence says, without list marks, emphasis and lead-ins ("Yes, …", "According to the sources")."""
    text = _MARKUP.sub("", _ITEM.sub("", plain_math(text), count=1))
    for _ in range(3):
        match = _LEAD_IN.match(text)
        if not match or not _LETTER.search(text[match.end() :]):
            break
        text = text[match.end() :]
    return re.sub(r"\s+", " ", text).strip()


def _silent(text: str, heads_table: bool) -> str:
    if _RULE.match(text):
        return "a rule"
    if heads_table:
        return "the head of a table"
    if _HEADING.match(text):
        return "a heading"
    if _SOURCES_LINE.match(text):
        return "a list of sources"
    found = says_nothing(text)
    if found:
        return found
    return "yes or no" if _YES_NO.fullmatch(text) else ""


def _behind(answer: str, end: int, mark: int, until: int) -> bool:
    """Say whether a mark stands behind a sentence, before the next one and on its line."""
    return end <= mark < until and "\n" not in answer[end:mark]


def _with_refusals(claims: list[Claim]) -> list[Claim]:
    """Return claims; beside a refusal, what only says of what the sources speak belongs to it."""
    refusals = {place for place, one in enumerate(claims) if one.silent == "a refusal"}
    return [
        replace(one, silent="what the sources are about")
        if not one.silent and refusals & {place - 1, place + 1} and speaks_of_sources(one.words)
        else one
        for place, one in enumerate(claims)
    ]


def _with_bare(claims: list[Claim]) -> list[Claim]:
    """Return claims; an answer of a number alone ("Sixty.") is led in by the sentence that explains it."""
    found = []
    for claim, behind in zip(claims, [*claims, None][1:], strict=True):
        numbers = numbers_in(claim.words) if not claim.silent and _BARE.fullmatch(claim.words) else []
        bare_answer = len(numbers) == 1 and not re.search(r"[\w]{2,}.*[\w]{2,}", _without(claim.words, numbers[0]))
        explained = bare_answer and behind is not None and not behind.silent
        lead = behind.words if explained and behind else claim.lead
        found.append(replace(claim, lead=lead, is_bare=bool(explained)))
    return found


def _without(text: str, number: Number) -> str:
    return text[: number.start] + text[number.end :]


def _with_lists(claims: list[Claim]) -> Iterator[Claim]:
    """Yield claims, the items of a list with the line that leads it in; such a line claims the number of its items."""
    lead: Claim | None = None
    for place, claim in enumerate(claims):
        is_item = bool(_ITEM.match(claim.text)) or claim.is_row
        if claim.words.endswith((":", "：")) and not claim.silent:
            items = []
            for other in claims[place + 1 :]:
                if not (_ITEM.match(other.text) or other.is_row):
                    break
                items += [] if other.silent else [other.words]
            lead = claim if items else None
            said = replace(claim, items=tuple(items))
            yield said if re.search(r"\d", claim.words) or items else replace(said, silent="a lead-in")
            continue
        if not is_item:
            lead = None
        yield replace(claim, lead=lead.words) if lead and is_item and not claim.silent else claim


def _code_lines(answer: str) -> list[tuple[int, int]]:
    """Return the spans of fenced code, fences included."""
    found, fence, position, begin = [], "", 0, 0
    for line in [*answer.splitlines(keepends=True), ""]:
        before, fence = fence, fence_after(line.rstrip(), fence) if line else ""
        if fence and not before:
            begin = position
        position += len(line)
        if before and not fence:
            found.append((begin, position))
    return found
