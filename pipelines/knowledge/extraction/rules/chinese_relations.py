"""Relations of a Chinese sentence by parts of speech, named by the word that joins their ends: 工作于, 位于."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeGuard

from pipelines.knowledge.extraction.rules.chinese import Word
from pipelines.knowledge.extraction.rules.pairs import Key
from pipelines.knowledge.mentions import Entity
from pipelines.text.names.places import may_lie_in, width_rank

AT = "位于"
_BEHIND = frozenset("于在到为给自向至入")
"""Prepositions that follow their verb and belong to its name: 工作于, 毕业于, 搬到."""
_BEFORE = frozenset(("在", "由", "被", "与", "和", "跟", "对", "从", "向", "给", "把", "将", "同", "为", "于"))
_BY = frozenset(("由", "被"))
_NOT = frozenset(("不", "没", "没有", "未", "并未", "从未", "无"))
_SKIPPED = ("u", "m", "q", "a", "b", "t", "d", "n")
"""Parts of speech between a verb and what it is said of: 收购 了 一家 美国 公司."""
_MOST_SKIPPED = 3
_CLAUSE = frozenset("，,；;：:。！？!?")
_ROLES_OF = ("PERSON", "ORGANIZATION")
"""What a noun between two names says something of: 微软创始人比尔·盖茨."""
_AND_ROLE, _MOST_ROLES = frozenset("兼和、及与"), 6
"""What joins two nouns that say what somebody is, and how many words they and their joints are at most."""
_LEAST_OWNED = 5
"""Words of a clause about a part of something: whose, 的, what, a verb and a name."""
_COUNTRY = 1
"""Rank of countries: of one beside a continent or another country nothing follows."""
_SHORTEST = 2
"""Characters of a relation's name: 受, 让 and 有 say too little of two names."""
_IS = frozenset(("是", "为", "即", "叫"))


class Clauses:
    """The words of a sentence with the names among them, and whom each part of it is about."""

    def __init__(self, cut: Sequence[Word], entities: Sequence[Entity], meant: Entity | None) -> None:
        self.items: list[Word | Entity] = []
        inside = sorted(entities)
        for word in cut:
            holder = next((one for one in inside if one.start < word.end and word.start < one.end), None)
            if holder is None:
                self.items.append(word)
            elif not self.items or self.items[-1] is not holder:
                self.items.append(holder)
        self.subjects: list[Entity] = []
        self.subject = meant

    def typed(self) -> list[Key]:
        """Return the relations that the sentence states."""
        found: dict[Key, None] = {}
        clause: list[Word | Entity] = []
        for item in [*self.items, Word("。", "x", 0, 0)]:
            if isinstance(item, Word) and item.text in _CLAUSE:
                found.update(dict.fromkeys(self._clause(clause)))
                clause = []
            elif not (isinstance(item, Word) and not item.text.strip()):
                clause.append(item)
        kinds = {item.name: item.type for item in self.items if isinstance(item, Entity)}
        return [key for key in found if key[0] != key[1] and _is_said(key, kinds)]

    def _clause(self, clause: Sequence[Word | Entity]) -> Iterator[Key]:
        own, owned = self._own_subject(clause), _owned(clause)
        subject = own or (owned[0] if owned else self.subject)
        for place, item in enumerate(clause):
            if not isinstance(item, Entity):
                continue
            before = clause[place - 1] if place else None
            wider = clause[place - 2] if place > 1 and _is_word(clause[place - 1], "的") else before
            if isinstance(wider, Entity) and wider.type == item.type == "LOCATION":
                yield from _nested(item, wider)
            elif subject is not None and item is not own:
                said = self._said(clause, place, item, subject)
                yield from said if own or not owned else _of_owned(said, subject, owned[1])
            yield from _of_noun(clause, place, item, self.subject)
        if own is not None:
            self.subject = own
            self.subjects.append(own)

    def _own_subject(self, clause: Sequence[Word | Entity]) -> Entity | None:
        """Return the first name before a verb that no preposition governs and that owns nothing."""
        for place, item in enumerate(clause):
            if isinstance(item, Word):
                if (item.flag.startswith("v") or item.text in _BEHIND) and item.text not in _BEFORE - {"于"}:
                    return None
                continue
            before = clause[place - 1] if place else None
            after = clause[place + 1] if place + 1 < len(clause) else None
            governed = isinstance(before, Word) and before.text in _BEFORE
            owns = isinstance(after, Word) and after.text == "的"
            speaks = place == 0 or any(
                isinstance(one, Word) and one.flag.startswith("v") for one in clause[place + 1 :]
            )
            beside = item.type == "LOCATION" and isinstance(after, Word) and after.flag.startswith("n")
            if not governed and not owns and not beside and speaks:
                return item
        return None

    def _said(self, clause: Sequence[Word | Entity], place: int, item: Entity, subject: Entity) -> Iterator[Key]:
        before = clause[place - 1] if place else None
        at = isinstance(before, Word) and before.text == "在" and item.type == "LOCATION"
        if at and not _joined_verb(clause, place - 1):
            yield subject.name, item.name, AT
            return
        if isinstance(before, Word) and before.text in _BY:
            verb = next((one for one in clause[place + 1 :] if isinstance(one, Word) and one.flag == "v"), None)
            if verb is not None:
                yield item.name, subject.name, verb.text
            return
        kind = _joining_verb(clause, place)
        if kind:
            yield subject.name, item.name, kind


def _owned(clause: Sequence[Word | Entity]) -> tuple[Entity, str] | None:
    """Return whose and what a clause begins with that speaks of a part of something: 阿里巴巴的总部位于杭州."""
    if len(clause) < _LEAST_OWNED or not isinstance(clause[0], Entity) or not _is_word(clause[1], "的"):
        return None
    noun, verb = clause[2], clause[3]
    if not isinstance(noun, Word) or noun.flag != "n" or not isinstance(verb, Word) or verb.text in _IS:
        return None
    return (clause[0], noun.text) if verb.flag.startswith(("v", "p")) else None


def _of_owned(said: Iterator[Key], owner: Entity, noun: str) -> Iterator[Key]:
    """Yield what is said of a part, of its owner, with the noun before the verb: 总部位于."""
    yield from ((source, target, noun + kind) for source, target, kind in said if source == owner.name != target)


def _joined_verb(clause: Sequence[Word | Entity], place: int) -> bool:
    """Say whether the preposition at a place follows its verb: 坐落 在."""
    before = clause[place - 1] if place else None
    return isinstance(before, Word) and before.flag in ("v", "vn")


def _joining_verb(clause: Sequence[Word | Entity], place: int) -> str:
    """Return the verb, with the preposition behind it, that leads to the name at a place; "" where none does."""
    position, behind, skipped = place - 1, "", 0
    while position >= 0:
        word = clause[position]
        if isinstance(word, Entity):
            return ""
        if word.text in _BEHIND and not behind and word.flag in ("p", "v"):
            behind = word.text
        elif (word.flag in ("v", "vn") and word.text not in _IS) or (behind == "于" and word.flag == "n"):
            earlier = clause[position - 1] if position else None
            if isinstance(earlier, Word) and earlier.text in _NOT:
                return ""
            return word.text + behind
        elif behind or word.text == "的" or not word.flag.startswith(_SKIPPED) or skipped == _MOST_SKIPPED:
            return ""
        else:
            skipped += 1
        position -= 1
    return ""


def _of_noun(clause: Sequence[Word | Entity], place: int, item: Entity, subject: Entity | None) -> Iterator[Key]:
    """Yield what a noun says: 微软创始人比尔·盖茨, 比尔·盖茨是微软的创始人; 联系人是何俊 of the subject."""
    rest = clause[place + 1 : place + 4]
    if len(rest) >= 2 and _is_word(rest[0], "的") and isinstance(rest[1], Word) and rest[1].flag in ("n", "d", "vn"):
        owned = rest[1]
        owner_is = next((one for one in reversed(clause[:place]) if isinstance(one, Entity)), None)
        before = clause[place - 1] if place else None
        if owner_is is not None and isinstance(before, Word) and before.text in _IS:
            yield owner_is.name, item.name, owned.text
        following = [one for one in clause[place + 3 : place + 5] if not (isinstance(one, Word) and one.text in _IS)]
        if following and isinstance(following[0], Entity):
            yield following[0].name, item.name, owned.text
    elif (named := _whose_roles(clause[place + 1 : place + 1 + _MOST_ROLES])) is not None:
        whose, roles = named
        yield from ((whose.name, item.name, role) for role in roles)
    if place == 2 and subject is not None:
        noun, verb = clause[:2]
        if isinstance(noun, Word) and noun.flag == "n" and isinstance(verb, Word) and verb.text in _IS:
            yield item.name, subject.name, noun.text


def _whose_roles(rest: Sequence[Word | Entity]) -> tuple[Entity, list[str]] | None:
    """Return whom the nouns behind a name are said of, and the nouns: 创始人, 董事长 in 微软创始人兼董事长比尔·盖茨."""
    roles: list[str] = []
    for item in rest:
        if roles and _has_role(item):
            return item, roles
        if not isinstance(item, Word) or not (item.flag == "n" or (roles and item.text in _AND_ROLE)):
            return None
        if item.flag == "n":
            roles.append(item.text)
    return None


def _has_role(item: Word | Entity) -> TypeGuard[Entity]:
    return isinstance(item, Entity) and item.type in _ROLES_OF


def _nested(item: Entity, before: Entity) -> Iterator[Key]:
    """Yield the smaller of two places side by side in the larger, where the name of one says how wide it is."""
    ranks = [rank for rank in (width_rank(item.name), width_rank(before.name)) if rank is not None]
    if not ranks or (len(ranks) == 2 and max(ranks) <= _COUNTRY):
        return
    if may_lie_in(item.name, before.name):
        yield item.name, before.name, AT
    elif may_lie_in(before.name, item.name):
        yield before.name, item.name, AT


def _is_said(key: Key, kinds: Mapping[str, str]) -> bool:
    """Say whether a relation says enough, and, of two places, whether the one may lie in the other."""
    source, target, kind = key
    places = kinds.get(source) == kinds.get(target) == "LOCATION"
    return len(kind) >= _SHORTEST and (kind != AT or not places or may_lie_in(source, target))


def _is_word(item: Word | Entity, text: str) -> bool:
    return isinstance(item, Word) and item.text == text
