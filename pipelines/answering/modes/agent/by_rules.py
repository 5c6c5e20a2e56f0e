"""An agent without a model that can plan: the question's parts are searched, and two figures set against each other."""

import re
from collections.abc import Iterator, Sequence

from pipelines.answering.modes.agent.desk import Desk
from pipelines.answering.question_forms import calculation_asked, years_in
from pipelines.answering.search.entities import entity_names, near_entities
from pipelines.answering.search.search import Row, Search
from pipelines.answering.search.trace import Step
from pipelines.text.characters import HAN
from pipelines.text.sentences import sentences
from pipelines.text.terms import stands_in, terms

_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
_FIGURE = re.compile(
    r"(?<![\d.,])(\d+(?:,\d{3})*(?:\.\d+)?)(?![.,]?\d|\s*%|\s*percent)\s?"
    rf"((?:(?:thousand|million|billion) )?[A-Za-z°²³]+|[{HAN}]{{1,2}})?"
)
"""A number with what it counts, which two that are calculated with must share; shares are results, not figures."""
_NAMED, _MOST_PARTS = 20, 4
_FORMULAS = {
    "growth": "({after} - {before}) / {before}",
    "difference": "{after} - {before}",
    "ratio": "{after} / {before}",
}


def rule_steps(search: Search, desk: Desk, why: str) -> Iterator[Step]:
    """Yield the steps: a search for each part of the question, relations of what it names, a calculation if clear."""
    years, names = years_in(desk.question), named_things(search, desk.question)
    parts = years if len(years) > 1 else names
    queries = (
        [_without(desk.question, parts, part) for part in parts][:_MOST_PARTS] if len(parts) > 1 else [desk.question]
    )
    asked = calculation_asked(desk.question)
    about = ("1 search" if len(queries) == 1 else f"{len(queries)} searches") + (f", then the {asked}" if asked else "")
    yield Step("plan", desk.question, f"by rules ({why}): {about}")
    yield from (Step("search", query, desk.search(query)) for query in queries)
    yield from (Step("relations", name, desk.relations(name)) for name in names[:2])
    if asked:
        yield _calculated(desk, asked, parts, queries, len(years) > 1)


def _calculated(desk: Desk, asked: str, parts: Sequence[str], queries: Sequence[str], in_time: bool) -> Step:
    """Return the calculation over one figure a part; what stands in the way where there is not exactly one each."""
    if len(parts) != 2 or (asked == "growth" and not in_time):
        return Step("calculate", asked, f"none: the question names {len(parts)} {'years' if in_time else 'things'}")
    found = [_figures(desk, part, parts, query) for part, query in zip(parts, queries, strict=True)]
    for part, figures in zip(parts, found, strict=True):
        if len(figures) != 1:
            told = ", ".join(sorted(" ".join(figure).strip() for figure in figures))
            held = f"{len(figures)} figures ({told})" if figures else "no figure"
            return Step("calculate", asked, f"none: {held} for {part} where one is needed")
    ((first, unit),), ((second, other),) = found
    if unit != other:
        return Step("calculate", asked, f"none: {first} {unit} and {second} {other} are not of one kind")
    # From one year to the next, but of one thing against another: "how much heavier is A than B".
    before, after = (first, second) if in_time else (second, first)
    expression = _FORMULAS[asked].format(before=before, after=after)
    return Step("calculate", expression, desk.calculate(expression))


def _figures(desk: Desk, part: str, parts: Sequence[str], query: str) -> set[tuple[str, str]]:
    """Return the numbers, with what they count, of the sentences that name this part alone and most of the question."""
    wanted = set(terms(query)) - set(terms(part))
    best, found = 0, set[tuple[str, str]]()
    for row in desk.rows.values():
        for sentence in _sentences(row):
            if not stands_in(part, sentence) or any(stands_in(one, sentence) for one in parts if one != part):
                continue
            shared = len(wanted & set(terms(sentence)))
            figures = {one for one in _FIGURE.findall(_without_years(sentence, part)) if not _YEAR.fullmatch(one[0])}
            if shared > best and figures:
                best, found = shared, figures
            elif shared == best and best:
                found = found | figures
    return found


def _sentences(row: Row) -> Iterator[str]:
    for start, end in sentences(row["text"]):
        yield row["text"][start:end]


def _without_years(sentence: str, part: str) -> str:
    return _YEAR.sub(" ", sentence.replace(part, " "))


def named_things(search: Search, question: str) -> list[str]:
    """Return the graph's names that stand in a question, the longest first found, in the question's order."""
    rows = near_entities(search.store, question, _NAMED)
    passing = search.inside({row["entity_id"]: row["chunk_ids"] or [] for row in rows})
    names = {
        name
        for row in rows
        if row["entity_id"] in passing
        for name in entity_names(row)
        if stands_in(name, question) and not _YEAR.fullmatch(name)
    }
    chosen: list[str] = []
    for name in sorted(names, key=lambda one: (-len(one), one)):
        if not any(name.lower() in other.lower() for other in chosen):
            chosen.append(name)
    return sorted(chosen, key=lambda one: question.lower().find(one.lower()))


def _without(question: str, parts: Sequence[str], kept: str) -> str:
    """Return the question without the other parts."""
    for part in sorted(parts, key=len, reverse=True):
        if part != kept and part.lower() not in kept.lower():
            question = re.sub(re.escape(part), " ", question, flags=re.IGNORECASE)
    return " ".join(question.split())
