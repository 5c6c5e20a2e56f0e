"""Map-reduce over reports with a model: rate them level by level, then take points from those that matter.

After graphrag's global search with dynamic community selection (Edge and others, 2024): a report whose rating is at
least 1 of 5 is relevant, its children are rated next, and a report gives way to its relevant children. What is of this
project: several reports are rated by one call, and of each level only those that the searches rank first.
"""

import time
from collections.abc import Callable, Generator, Sequence

import numpy as np

from pipelines.answering.modes.reports.reading import Point, read_points, read_primer, read_ratings
from pipelines.answering.search.report_tree import ReportTree
from pipelines.answering.search.reports import report_text
from pipelines.answering.search.search import Row, Search
from pipelines.answering.search.trace import Step, model_step
from pipelines.core.protocols import Completion, LanguageModel
from pipelines.text.languages.languages import language_of

_RELEVANT = 1.0
_RATE_TOKENS, _MAP_TOKENS = 512, 1024
_BATCH = 12
"""Reports of a call at most: a model that reads more of them at once passes over some."""


def relevant_reports(
    search: Search, model: LanguageModel, tree: ReportTree, question: str, scores: np.ndarray
) -> Generator[Step, None, list[Row]]:
    """Yield a step for each call; return the relevant reports, best first, none where the model rated none so."""
    left, frontier, level = search.settings.reports_rated, tree.tops, 0
    rated: dict[str, float] = {}
    rows: dict[str, Row] = {}
    parents = dict(zip(tree.ids, tree.parents, strict=True))
    while frontier and left > 0:
        chosen = tree.ranked(frontier, scores)[:left]
        found = search.store.rows("communities", chosen)
        rows |= {row["community_id"]: row for row in found}
        batches = _batches(search, found, lambda row: f"{row['title']}: {report_text(row, findings=False)}")
        relevant: list[str] = []
        for batch, completion, seconds in _completed(search, model, "rate", question, batches, _RATE_TOKENS, False):
            ratings = read_ratings(completion, len(batch))
            # What a reply leaves out was not read; where it says nothing at all, the searches' best of them stand in.
            unread = not ratings
            values = {
                row["community_id"]: ratings.get(number, _RELEVANT if unread and number == 1 else 0.0)
                for number, row in enumerate(batch, start=1)
            }
            rated |= values
            held = [key for key, value in values.items() if value >= _RELEVANT]
            relevant += held
            said = (
                f"{len(held)} relevant" if not unread else f"no rating was read ({_why(completion)}); the first stays"
            )
            yield model_step("rate", f"{len(batch)} reports of level {level}", said, completion, seconds)
        left -= len(chosen)
        frontier, level = tree.below(relevant), level + 1
    kept = {key for key, value in rated.items() if value >= _RELEVANT}
    above = {parents[key] for key in kept}
    order = {key: place for place, key in enumerate(tree.ranked(list(kept), scores))}
    return [rows[key] for key in sorted(kept - above, key=lambda key: (-rated[key], order[key]))]


def points_of(
    search: Search, model: LanguageModel, question: str, reports: Sequence[Row]
) -> Generator[Step, None, list[tuple[Point, list[Row]]]]:
    """Yield a step for each call; return the points, best first, each with the reports that it stands in."""
    points: list[tuple[Point, list[Row]]] = []
    batches = _batches(search, reports, lambda row: f"{row['title']}\n{report_text(row)}")
    for batch, completion, seconds in _completed(search, model, "map", question, batches, _MAP_TOKENS, True):
        found = read_points(completion, len(batch))
        points += [(point, [batch[number - 1] for number in point.reports]) for point in found]
        said = f"{len(found)} points" if found else f"no point ({_why(completion)}); the reports stay as they are"
        yield model_step("map", f"{len(batch)} reports", said, completion, seconds)
    return sorted(points, key=lambda pair: -pair[0].score)


def _batches(search: Search, rows: Sequence[Row], text: Callable[[Row], str]) -> list[list[tuple[Row, str]]]:
    """Return reports with their texts in groups, each within what the model may read beside its instructions."""
    model, budget = search.language_model, search.settings.context_tokens
    most = model.context_tokens if model is not None else None
    budget = budget if most is None else min(budget, most // 2)
    texts = [text(row) for row in rows]
    batches, spent = list[list[tuple[Row, str]]](), 0
    for row, one, cost in zip(rows, texts, search.embedder.count_tokens(texts) if texts else [], strict=True):
        if not batches or spent + cost > budget or len(batches[-1]) == _BATCH:
            batches.append([])
            spent = 0
        batches[-1].append((row, one))
        spent += cost
    return batches


def _completed(
    search: Search,
    model: LanguageModel,
    prompt: str,
    question: str,
    batches: Sequence[Sequence[tuple[Row, str]]],
    tokens: int,
    points: bool,
) -> Generator[tuple[list[Row], Completion, float], None, None]:
    """Yield the reports of each batch and what the model said of them; all batches go to it at once."""
    if not batches:
        return
    numbered = ["\n\n".join(f"[{number}] {text}" for number, (_, text) in enumerate(batch, 1)) for batch in batches]
    asked = [
        [
            {
                "role": "user",
                "content": search.prompts.text(prompt, language_of(question), reports=one, question=question),
            }
        ]
        for one in numbered
    ]

    def usable(number: int, completion: Completion) -> bool:
        read = read_points if points else read_ratings
        return bool(read(completion, len(batches[number])))

    started = time.perf_counter()
    written = model.complete(asked, tokens, usable=usable)
    seconds = (time.perf_counter() - started) / len(asked)
    for batch, completion in zip(batches, written, strict=True):
        yield [row for row, _ in batch], completion, 0.0 if completion.cached else seconds


def _why(completion: Completion) -> str:
    return f"the model failed: {completion.failure}" if completion.failure else "it wrote none that can be read"


def completed_primer(
    search: Search, model: LanguageModel, question: str, reports: Sequence[Row]
) -> Generator[Step, None, tuple[str, list[str]]]:
    """Yield the step of the call; return a first answer from the reports, and the questions that it leaves open."""
    most, batch = (
        search.settings.follow_ups,
        _batches(search, reports, lambda row: f"{row['title']}\n{report_text(row)}")[0],
    )
    text = "\n\n".join(f"[{number}] {one}" for number, (_, one) in enumerate(batch, 1))
    language = language_of(question)
    content = search.prompts.text("primer", language, reports=text, question=question, questions=most)
    started = time.perf_counter()
    completion = model.complete(
        [[{"role": "user", "content": content}]], _MAP_TOKENS, usable=lambda _, one: bool(read_primer(one, most)[1])
    )[0]
    answer, asked = read_primer(completion, most)
    said = f"{len(asked)} follow-up questions" if asked else f"no follow-up question ({_why(completion)})"
    seconds = 0.0 if completion.cached else time.perf_counter() - started
    yield model_step("primer", f"{len(batch)} reports", said, completion, seconds)
    return answer, asked
