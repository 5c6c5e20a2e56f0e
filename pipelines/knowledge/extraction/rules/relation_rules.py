"""Typed relations between the named things of one sentence: what stands between two names says what joins them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pipelines.knowledge.extraction.rules.table_cells import Neighbours
from pipelines.knowledge.mentions import ALIAS_OF, CO_OCCURS, ENTITY_TYPES, Entity, Relation
from pipelines.text.characters import HAN, HAN_CHARACTER
from pipelines.text.languages.language import Language

_TYPED_WEIGHT, _PAIR_WEIGHT = 2.0, 1.0
_REACH = 3
"""A rule joins names with at most this many steps between them."""
_WINDOW = 6
"""A name co-occurs with this many names after it: a list of fifty names stays linear."""
_ANYTHING = frozenset(ENTITY_TYPES)
_PEOPLE, _COMPANIES = frozenset({"PERSON"}), frozenset({"ORGANIZATION", "CONCEPT"})
_PLACES, _GOODS = frozenset({"LOCATION"}), frozenset({"PRODUCT", "CONCEPT", "BATCH"})


@dataclass(frozen=True)
class Rule:
    """A pattern over the text between two names; `reverse` when the second name is the relation's source."""

    type: str
    pattern: re.Pattern[str]
    first: frozenset[str]
    second: frozenset[str]
    reverse: bool = False
    after: re.Pattern[str] | None = None


def _rule(
    kind: str,
    pattern: str,
    first: frozenset[str],
    second: frozenset[str],
    reverse: bool = False,
    after: str = "",
) -> Rule:
    following = re.compile(after, re.IGNORECASE) if after else None
    return Rule(kind, re.compile(pattern, re.IGNORECASE), first, second, reverse, following)


_THE = r"(?:the |our |its |their |a |an )?(?:\w+ ){0,2}$"
_ROLE = r"(?:manager|director|head|lead|leader|chair|chief|officer|country manager|chief executive|founder)"
_LEADABLE = _COMPANIES | _PLACES | _GOODS | {"EVENT"}
_SETTLED = _PEOPLE | _COMPANIES | _PLACES
_WORKS = r"\b(?:works?|worked|working|employed|joined|serves?)\b(?: \w+){0,4}? ?(?:at|for|by|with|in)? "
_SITS = r"(?:located|based|situated|sits?|stands?|lies|headquartered|lives|works|worked)"
_MAKES = r"\b(?:supplies|supplied|makes|sews|produces|manufactures|delivers|weaves|sells)\b(?! by)"
_MADE = r"\b(?:made|sewn|supplied|produced|manufactured|woven|delivered|built|comes?)\b"
_LEADS = r"\b(?:leads?|led|manages?|managed|runs?|ran|heads?|directs?|directed|founded|responsible for|in charge of)\b"
_KEPT = r"\b(?:stored|kept|stocked|lies|held|ships?|shipped)\b"

ENGLISH = (
    _rule("WORKS_AT", _WORKS + _THE, _PEOPLE, _COMPANIES),
    _rule("WORKS_AT", rf"^,? [\w ]{{0,34}}\b{_ROLE}\b[\w ]{{0,20}} (?:at|of|with) {_THE}", _PEOPLE, _COMPANIES),
    _rule(
        "LOCATED_IN",
        rf"^,? (?:(?:is|are|was|which is|that is) )?(?:\w+ )?{_SITS}(?: \w+){{0,2}} (?:in|at|near|on) {_THE}",
        _SETTLED,
        _PLACES,
    ),
    _rule("LOCATED_IN", r"^ (?:is |are )?in " + _THE, _SETTLED, _PLACES),
    _rule("LOCATED_IN", r"^, $", _PLACES | {"ORGANIZATION"}, _PLACES),
    _rule("LOCATED_IN", r"^ \| $", frozenset({"ORGANIZATION"}), _PLACES),
    _rule("SUPPLIES", _MAKES + r"[^.;:]{0,40}$", _COMPANIES, _GOODS),
    _rule("SUPPLIES", _MADE + r"[^.;:]{0,25} (?:by|from) " + _THE, _GOODS, _COMPANIES, reverse=True),
    _rule("SUPPLIES", r"\b(?:supplier|maker|manufacturer)\b[^.;]{0,15}$", _GOODS, _COMPANIES, reverse=True),
    _rule("LEADS", _LEADS + r"(?! by)[^.;]{0,30}$", _PEOPLE, _LEADABLE),
    _rule("LEADS", r"\b(?:led|managed|run|headed|directed|founded) by " + _THE, _LEADABLE, _PEOPLE, reverse=True),
    _rule("LEADS", rf"^ (?:\w+ ){{0,3}}{_ROLE}(?: is|:|,)? $", _LEADABLE, _PEOPLE, reverse=True),
    _rule("LEADS", r"^(?:, | is | \()(?:the )?$", _PEOPLE, _LEADABLE, after=rf"^ (?:\w+ ){{0,2}}{_ROLE}\b"),
    _rule("FOUND", r"\b(?:found|discovered|noticed|reported|detected)\b[^.;]{0,40}$", _PEOPLE, _GOODS | {"EVENT"}),
    _rule("CAUSED", r"\b(?:caused|led to|triggered|brought about)\b[^.;]{0,30}$", _ANYTHING, _GOODS | {"EVENT"}),
    _rule("STORED_AT", _KEPT + r"[^.;]{0,25} (?:at|in|from) " + _THE, _GOODS, _PLACES),
    _rule("CONTACT_OF", r"\b(?:contact|ask for)\b[^.;]{0,20}$", _COMPANIES, _PEOPLE, reverse=True),
)

_HAN = f"[{HAN}]"
_HEADS = "经理|负责人|主管|厂长|店长|总监|主任|主席"
CHINESE = (
    _rule("WORKS_AT", r"(?:工作于|就职于|任职于|供职于|受雇于|加入了?|就职|任职)$", _PEOPLE, _COMPANIES),
    _rule("WORKS_AT", rf"^(?:目前|现在|曾)?在$|^是{_HAN}{{0,4}}$", _PEOPLE, frozenset({"ORGANIZATION"})),
    _rule("LOCATED_IN", r"(?:位于|坐落于|坐落在|地处|设在|建在|总部在|就在)$", _ANYTHING - {"EVENT"}, _PLACES),
    _rule("LOCATED_IN", rf"^(?:目前|现在|住|人)?在$|^{_HAN}{{0,3}}驻$", _PEOPLE | _COMPANIES, _PLACES),
    _rule("SUPPLIES", rf"(?:供应|生产|制造|提供|代工|缝制|供给)[了的]?{_HAN}{{0,6}}$", _COMPANIES, _GOODS),
    _rule("SUPPLIES", rf"^{_HAN}{{0,6}}[由是]$", _GOODS, frozenset({"ORGANIZATION"}), reverse=True),
    _rule("SUPPLIES", r"(?:供应商|厂家|制造商)[是为：:]?$", _GOODS, _COMPANIES, reverse=True),
    _rule("LEADS", rf"(?:负责|管理|领导|主管|带领|创办|创立)[了的]?{_HAN}{{0,4}}$", _PEOPLE, _LEADABLE),
    _rule("LEADS", rf"^的?{_HAN}{{0,4}}(?:{_HEADS})[是为：:]?$", _LEADABLE, _PEOPLE, reverse=True),
    _rule("LEADS", rf"^{_HAN}{{0,6}}由$", _PLACES | {"EVENT"}, _PEOPLE, reverse=True),
    _rule("FOUND", rf"发现了?{_HAN}{{0,8}}$", _PEOPLE, _GOODS | {"EVENT"}),
    _rule("CAUSED", rf"(?:导致|造成|引起|引发)了?{_HAN}{{0,6}}$", _ANYTHING, _GOODS | {"EVENT"}),
    _rule("STORED_AT", rf"(?:存放在|放在|存于|入库|发往){_HAN}{{0,2}}$", _GOODS, _PLACES),
    _rule("CONTACT_OF", rf"联系人[是为：:]?{_HAN}{{0,2}}$", _COMPANIES, _PEOPLE, reverse=True),
)
_RULES = {"en": ENGLISH, "zh": CHINESE}
"""By language; one that has none here is read by the rules of English."""
_BREAK = re.compile(r"[;；。！？!?\n]")
_MORE_ITEMS = re.compile(r"^(?:,| and| or|, and|, or) [A-Z]")
_BRACKET = re.compile(r"\s*[（(]\s*")


def relations(sentence: str, entities: Sequence[Entity], language: Language) -> list[Relation]:
    """Return the relations of one sentence: typed where a rule holds, else co-occurrence; spans are in `sentence`.

    Beside a number or an address of a table's row or of a form, standing together says nothing.
    """
    rules, neighbours = _RULES.get(language.code, ENGLISH), Neighbours(sentence)
    found: dict[tuple[str, str, str], float] = {}
    for place, first in enumerate(entities):
        for steps, second in enumerate(entities[place + 1 : place + 1 + _WINDOW], start=1):
            if first.name.casefold() == second.name.casefold():
                continue
            between = sentence[first.end : second.start]
            key = _alias(sentence, first, second, between) if steps == 1 else None
            if key is None and steps <= _REACH and len(between) <= 80 and not _BREAK.search(between):
                key = _typed(rules, first, second, between, sentence[second.end :])
            if key is None and not neighbours.related(first, second):
                continue
            if key is None:
                source, target = sorted((first.name, second.name))
                key = (source, target, CO_OCCURS)
            found[key] = _PAIR_WEIGHT if key[2] == CO_OCCURS else _TYPED_WEIGHT
    evidence = " ".join(sentence.split())
    return [Relation(source, target, kind, evidence, weight) for (source, target, kind), weight in found.items()]


def _typed(
    rules: Sequence[Rule], first: Entity, second: Entity, between: str, after: str
) -> tuple[str, str, str] | None:
    for rule in rules:
        fits = first.type in rule.first and second.type in rule.second and rule.pattern.search(between)
        if fits and (rule.after is None or rule.after.search(after)) and not _in_list(rule, first, second, after):
            pair = (second.name, first.name) if rule.reverse else (first.name, second.name)
            return (*pair, rule.type)
    return None


def _in_list(rule: Rule, first: Entity, second: Entity, after: str) -> bool:
    """Say whether two places are items of a list (Oslo, Turin and Graz), not a town and its country."""
    return rule.type == "LOCATED_IN" and first.type == second.type == "LOCATION" and bool(_MORE_ITEMS.match(after))


def _alias(sentence: str, first: Entity, second: Entity, between: str) -> tuple[str, str, str] | None:
    """Join "深光照明 (Shenlight)" and "Lin Xiaowen 林晓雯": brackets, or the same type in two scripts side by side."""
    other_script = bool(HAN_CHARACTER.search(first.name)) != bool(HAN_CHARACTER.search(second.name))
    bracketed = bool(_BRACKET.fullmatch(between)) and sentence[second.end :].lstrip()[:1] in ("）", ")")
    same = first.type == second.type or "CONCEPT" in (first.type, second.type)
    abbreviation = bracketed and _initials(first.name) == second.name
    if abbreviation or (other_script and same and (bracketed or (not between.strip() and first.type == second.type))):
        return (first.name, second.name, ALIAS_OF)
    return None


def _initials(name: str) -> str:
    return "".join(word[0] for word in name.split() if word[0].isupper())
