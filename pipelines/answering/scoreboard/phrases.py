"""How a typed relation is asked about in both languages: from its source, from its target, as a step to another."""

from dataclasses import dataclass

FORWARD, BACKWARD = "forward", "backward"
"""From source to target, or from target to source."""


@dataclass(frozen=True)
class Phrase:
    """`ask` is a question about a name, `name` a description of what the question's answer is."""

    ask: str
    name: str


def phrase(kind: str, direction: str, language: str) -> Phrase:
    """Return the templates of a relation type; one that has none of its own is asked about by its name."""
    table = _PHRASES[asking_language(language)]
    known = table.get((_SAME.get(kind, kind), direction))
    if known is not None:
        return known
    other, words = table["", direction], kind.replace("_", " ").lower()
    return Phrase(other.ask.replace("{words}", words), other.name.replace("{words}", words))


def has_phrase(kind: str) -> bool:
    """Say whether a relation type can be asked about in words of its own."""
    return (_SAME.get(kind, kind), FORWARD) in _ENGLISH


def asking_language(language: str) -> str:
    """Return the language that a document of a language is asked about in: its own where there are phrases."""
    return language if language in ("en", "zh") else "en"


def _both(kind: str, forward: tuple[str, str], backward: tuple[str, str]) -> dict[tuple[str, str], Phrase]:
    return {(kind, FORWARD): Phrase(*forward), (kind, BACKWARD): Phrase(*backward)}


_SAME = {"位于": "LOCATED_IN", "工作于": "WORKS_AT", "BASED_IN": "LOCATED_IN", "SITUATED_IN": "LOCATED_IN"}
"""Types of the rules that mean what another one does; the types are those that any text may have."""
_ENGLISH = {
    **_both("WORKS_AT", ("Where does {x} work?", "the employer of {x}"), ("Who works at {x}?", "the one at {x}")),
    **_both(
        "LOCATED_IN",
        ("Where is {x} located?", "the place where {x} is located"),
        ("What is located in {x}?", "what is located in {x}"),
    ),
    **_both("SUPPLIES", ("What does {x} supply?", "what {x} supplies"), ("Who supplies {x}?", "the supplier of {x}")),
    **_both("LEADS", ("What does {x} lead?", "what {x} leads"), ("Who leads {x}?", "the one who leads {x}")),
    **_both("FOUND", ("What did {x} find?", "what {x} found"), ("Who found {x}?", "the one who found {x}")),
    **_both("CAUSED", ("What did {x} cause?", "what {x} caused"), ("What caused {x}?", "what caused {x}")),
    **_both(
        "STORED_AT",
        ("Where is {x} stored?", "the place where {x} is stored"),
        ("What is stored at {x}?", "what is stored at {x}"),
    ),
    **_both(
        "CONTACT_OF",
        ("Whose contact is {x}?", "the one whose contact is {x}"),
        ("Who is the contact of {x}?", "the contact of {x}"),
    ),
    **_both("FOUNDED_BY", ("Who founded {x}?", "the founder of {x}"), ("What did {x} found?", "what {x} founded")),
    **_both("MADE_BY", ("Who makes {x}?", "the maker of {x}"), ("What does {x} make?", "what {x} makes")),
    **_both("OWNED_BY", ("Who owns {x}?", "the owner of {x}"), ("What does {x} own?", "what {x} owns")),
    **_both(
        "BORN_IN", ("Where was {x} born?", "the birthplace of {x}"), ("Who was born in {x}?", "the one born in {x}")
    ),
    **_both(
        "CAPITAL_OF",
        ("What is {x} the capital of?", "what {x} is the capital of"),
        ("What is the capital of {x}?", "the capital of {x}"),
    ),
    ("", FORWARD): Phrase("{x}: “{words}” – what or whom?", "what {x} has as “{words}”"),
    ("", BACKWARD): Phrase("What or who has {x} as “{words}”?", "what has {x} as “{words}”"),
}
_CHINESE = {
    **_both("WORKS_AT", ("{x}在哪里工作？", "{x}工作的单位"), ("谁在{x}工作？", "在{x}工作的人")),
    **_both("LOCATED_IN", ("{x}位于哪里？", "{x}所在的地方"), ("什么位于{x}？", "位于{x}的那一处")),
    **_both("SUPPLIES", ("{x}供应什么？", "{x}供应的东西"), ("谁供应{x}？", "{x}的供应商")),
    **_both("LEADS", ("{x}负责什么？", "{x}负责的部门或地点"), ("谁负责{x}？", "{x}的负责人")),
    **_both("FOUND", ("{x}发现了什么？", "{x}发现的事物"), ("谁发现了{x}？", "发现{x}的人")),
    **_both("CAUSED", ("{x}导致了什么？", "{x}导致的结果"), ("什么导致了{x}？", "{x}的原因")),
    **_both("STORED_AT", ("{x}存放在哪里？", "存放{x}的地方"), ("{x}存放着什么？", "存放在{x}的东西")),
    **_both("CONTACT_OF", ("{x}是谁的联系人？", "以{x}为联系人的单位"), ("{x}的联系人是谁？", "{x}的联系人")),
    **_both("FOUNDED_BY", ("{x}是谁创立的？", "{x}的创始人"), ("{x}创立了什么？", "{x}创立的机构")),
    **_both("MADE_BY", ("{x}是谁制造的？", "{x}的制造商"), ("{x}制造什么？", "{x}制造的产品")),
    **_both("OWNED_BY", ("{x}属于谁？", "{x}的所有者"), ("{x}拥有什么？", "{x}拥有的资产")),
    **_both("BORN_IN", ("{x}出生在哪里？", "{x}的出生地"), ("谁出生在{x}？", "出生在{x}的人")),
    **_both("CAPITAL_OF", ("{x}是哪里的首都？", "以{x}为首都的国家"), ("{x}的首都是哪里？", "{x}的首都")),
    ("", FORWARD): Phrase("{x}的“{words}”对象是什么？", "{x}的“{words}”对象"),
    ("", BACKWARD): Phrase("什么以{x}为“{words}”对象？", "以{x}为“{words}”对象的事物"),
}
_PHRASES: dict[str, dict[tuple[str, str], Phrase]] = {"en": _ENGLISH, "zh": _CHINESE}
