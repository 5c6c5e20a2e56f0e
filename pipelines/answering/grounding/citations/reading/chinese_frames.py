"""Who does what to whom in Chinese, by word order and 把, 被, 由, 比, 的, 是."""

from collections.abc import Sequence

from pipelines.answering.grounding.citations.reading.chinese_tokens import (
    ENDS,
    PLACE,
    Token,
    is_negator,
    is_verb,
    key_of,
)
from pipelines.answering.grounding.citations.reading.lexicon import DIRECTED, concept
from pipelines.answering.grounding.citations.reading.parts import Frame

_PASSIVE, _OBJECT_FIRST = frozenset("被 由 受".split()), frozenset("把 将".split())

_SHARED = frozenset("和 与 及 以及 、 跟 同".split())

_TAKEN_FROM, _HANDS = frozenset("replace buy receive borrow".split()), frozenset("手中 手里 手上 处 那里".split())
"""Verbs whose other side may stand behind 从: "X 从 Y 手中接任"."""

_ASIDE = frozenset("在 于 从 向 对 给 为 与 以 自 由 通过 根据 因".split())


def frames_of(tokens: Sequence[Token]) -> list[Frame]:
    frames: list[Frame] = []
    clause: list[Token] = []
    subject: frozenset[str] = frozenset()
    for token in [*tokens, Token("。", "x", 0)]:
        if token.text not in ENDS:
            clause.append(token)
            continue
        found, subject = _clause(clause, subject)
        frames += found
        clause = []
    return frames


def _clause(clause: Sequence[Token], inherited: frozenset[str]) -> tuple[list[Frame], frozenset[str]]:
    """Return the frames of a clause and its subject; one without a subject has that of the clause before it."""
    frames = []
    first = _chunk_after(clause, 0, only_next=False)
    starts_with_verb = next((one for one in clause if one.is_noun or is_verb(one)), None)
    person = _named_by_copula(clause)
    subject = (
        person or first[0] if first[0] and starts_with_verb is not None and starts_with_verb.is_noun else inherited
    )
    for place, token in enumerate(clause):
        negated = any(is_negator(one) for one in clause[max(0, place - 3) : place])
        acts = token.tag == "vn" and place and (place == len(clause) - 1) and not any(map(is_verb, clause))
        if is_verb(token) or acts:
            before = clause[:place]
            passive = next((i for i, one in enumerate(before) if one.text in _PASSIVE), None)
            fronted = next((i for i, one in enumerate(before) if one.text in _OBJECT_FIRST), None)
            behind = _chunk_after(clause, place + 1)[0]
            if passive is not None:
                # "由甲接替乙": what it is done to stands behind the verb.
                done = _chunk_before(clause, passive) or behind or inherited
                frames.append(Frame(key_of(token), _chunk_after(clause, passive + 1)[0], done, negated))
            elif fronted is not None:
                frames.append(
                    Frame(
                        key_of(token),
                        _chunk_before(clause, fronted) or inherited,
                        _chunk_after(clause, fronted + 1)[0],
                        negated,
                    )
                )
            else:
                source = next((i for i, one in enumerate(before) if one.text == "从"), None)
                if not behind and source is not None and concept(token.text) in _TAKEN_FROM:
                    behind = _chunk_after(clause, source + 1)[0] - _HANDS
                    frames.append(Frame(key_of(token), _chunk_before(clause, source) or inherited, behind, negated))
                    continue
                frames.append(Frame(key_of(token), _chunk_before(clause, place) or inherited, behind, negated))
        elif token.text in ("是", "为"):
            left, right = _nouns_before(clause, place), _nouns_after(clause, place + 1)
            for side, other in ((left, right), (right, left)):
                owner, noun = _possession(side)
                if noun and owner and other:
                    frames.append(Frame(noun, frozenset(map(key_of, other)) - {""}, owner, negated))
        elif concept(token.text) in DIRECTED:
            frames += _directed(clause, place, negated)
    than = next((i for i, one in enumerate(clause) if one.text == "比"), None)
    if than is not None:
        lesser, until = _chunk_after(clause, than + 1)
        for token in clause[until:]:
            known = concept(token.text)
            if known in DIRECTED or token.text in ("多", "少"):
                predicate = {"多": "more", "少": "less"}.get(token.text, known)
                frames.append(Frame(predicate, _chunk_before(clause, than) or inherited, lesser))
                break
    return [one for one in frames if one.predicate], subject


def _named_by_copula(clause: Sequence[Token]) -> frozenset[str]:
    """Return who a clause like "现任院长是X" names: what follows goes on about X."""
    place = next((i for i, one in enumerate(clause) if one.text in ("是", "为")), None)
    behind = clause[place + 1 :] if place is not None else ()
    return frozenset(key_of(one) for one in behind if one.tag == "nr") if len(behind) == 1 else frozenset()


def _directed(clause: Sequence[Token], place: int, negated: bool) -> list[Frame]:
    """Return "X 在 Y 以北", "X 位于 Y 的北面", "X 在 Y 之前"."""
    opens = next((i for i in range(place - 1, -1, -1) if clause[i].text in PLACE), None)
    if opens is None:
        return []
    subject, other = _chunk_before(clause, opens), _chunk_after(clause, opens + 1)[0]
    return (
        [Frame(concept(clause[place].text), subject, other - {concept(clause[place].text)}, negated)]
        if subject and other
        else []
    )


def _possession(nouns: Sequence[Token]) -> tuple[frozenset[str], str]:
    """Return (owner, noun) of "A的N"."""
    marks = [i for i, one in enumerate(nouns) if one.text == "的"]
    if not marks or marks[-1] + 1 >= len(nouns):
        return frozenset(), ""
    owner = frozenset(key_of(one) for one in nouns[: marks[-1]]) - {""}
    return owner, key_of(nouns[-1])


def _nouns_before(clause: Sequence[Token], place: int) -> list[Token]:
    begin = place
    while begin and (clause[begin - 1].is_noun or clause[begin - 1].text in ("的", *_SHARED)):
        begin -= 1
    return list(clause[begin:place])


def _nouns_after(clause: Sequence[Token], place: int) -> list[Token]:
    end = place
    while end < len(clause) and (
        clause[end].is_noun or clause[end].text in ("的", *_SHARED) or clause[end].tag[:1] in ("m", "q", "b")
    ):
        end += 1
    return list(clause[place:end])


def _chunk_before(clause: Sequence[Token], place: int) -> frozenset[str]:
    """Return the keys of the nouns that stand nearest before a place, adverbs and times skipped."""
    end = place
    while end:
        while end and not (clause[end - 1].is_noun and clause[end - 1].tag not in ("t#", "m#")):
            end -= 1
        found = _nouns_before(clause, end)
        begin = end - len(found)
        if not found or not begin or clause[begin - 1].text not in _ASIDE:
            return _named(found)
        end = begin - 1  # "在奥斯陆" says where, not who
    return frozenset()


def _chunk_after(clause: Sequence[Token], place: int, only_next: bool = True) -> tuple[frozenset[str], int]:
    """Return the keys of the first nouns behind a place, and where they end; `only_next` stops at the next verb."""
    while place < len(clause) and not clause[place].is_noun:
        if only_next and is_verb(clause[place]):
            return frozenset(), place
        place += 1
    found = _nouns_after(clause, place)
    return _named(found), place + len(found)


def _named(nouns: Sequence[Token]) -> frozenset[str]:
    # "第三中学" is told from "第五中学" by its number.
    return frozenset(
        one.text if one.text.startswith("第") else key_of(one)
        for one in nouns
        if one.tag not in ("t#", "m#") or one.text.startswith("第")
    ) - {""}
