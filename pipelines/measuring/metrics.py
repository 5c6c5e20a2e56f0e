"""The metrics by name: what a recipe, a registry or a setting may ask for, and what is measured unless one does."""

from collections.abc import Mapping, Sequence
from typing import Any

from pipelines.core import extensions
from pipelines.core.errors import ConfigurationError
from pipelines.core.extensions import extended, names_beside, package_of
from pipelines.measuring.scores.answer_match import EXACT_MATCH, TOKEN_F1
from pipelines.measuring.scores.bleu import BLEU, SENTENCE_BLEU
from pipelines.measuring.scores.chrf import CHRF
from pipelines.measuring.scores.json_text import JSON_VALIDITY
from pipelines.measuring.scores.labels import LABEL_ACCURACY
from pipelines.measuring.scores.llama_factory import LLAMA_FACTORY
from pipelines.measuring.scores.metric import Answers, Metric, by_pair
from pipelines.measuring.scores.numbers import NUMBER_MATCH
from pipelines.measuring.scores.perplexity import PERPLEXITY
from pipelines.measuring.scores.refusals import REFUSAL_RATE
from pipelines.measuring.scores.rouge import ROUGE
from pipelines.measuring.scores.tool_calls import TOOL_CALL_MATCH
from pipelines.text.nearest import nearest_name

_OWN: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        EXACT_MATCH, NUMBER_MATCH, TOKEN_F1, *ROUGE, BLEU, SENTENCE_BLEU, CHRF, *LLAMA_FACTORY, LABEL_ACCURACY,
        PERPLEXITY, TOOL_CALL_MATCH, JSON_VALIDITY, REFUSAL_RATE,
    )
}  # fmt: skip
_DEFAULTS = ("exact_match", "token_f1", "rouge_l", "chrf")


def metrics() -> Mapping[str, Metric]:
    """Return all metrics by name, those of installed packages last."""
    every = extended(extensions.METRICS, _OWN)
    return {name: thing if isinstance(thing, Metric) else _of_function(name, thing) for name, thing in every.items()}


def default_metrics() -> tuple[str, ...]:
    """Return the names of what is measured unless something else is named: four, and those of installed packages."""
    return (*_DEFAULTS, *names_beside(extensions.METRICS, _OWN))


def metric_names() -> tuple[str, ...]:
    """Return the names of all metrics; no package is imported for it."""
    return (*_OWN, *names_beside(extensions.METRICS, _OWN))


def meant_metric(name: str) -> str:
    """Return the metric whose name is nearest to an unknown one."""
    return nearest_name(name, list(metric_names()), 0) or _DEFAULTS[0]


def known_metrics(names: Sequence[str], where: str) -> tuple[str, ...]:
    """Return the names, each once; ConfigurationError that says where an unknown one stands, and what is meant."""
    for name in names:
        if name not in metric_names():
            known = ", ".join(metric_names())
            raise ConfigurationError(where, f"the metric '{name}'", f"some of {known}", f"write {meant_metric(name)}")
    return tuple(dict.fromkeys(names))


def score_texts(
    predictions: Sequence[str], references: Sequence[str], names: Sequence[str] | None = None
) -> dict[str, list[float | None]]:
    """Return the named metrics (unless given: the default ones) by row; both sequences have the same length.

    None where a metric says nothing of a row; TypeError for one that is of the corpus alone.
    """
    answers, known = Answers(predictions, references), metrics()
    answers.pairs()
    return {name: row_scores(known[name], answers) for name in (default_metrics() if names is None else names)}


def deciding_scores(
    predictions: Sequence[str], references: Sequence[str], names: Sequence[str], where: str
) -> dict[str, list[float]]:
    """Return the scores by row of metrics that a decision is made by: a larger one is better, and each row has one.

    ConfigurationError that says `where` they were named for an unknown metric, one of the corpus, one of which less is
    better, and one that says nothing of some of these rows.
    """
    answers, found = Answers(predictions, references), {}
    for name in known_metrics(names, where):
        metric = metrics()[name]
        scores = row_scores(metric, answers) if metric.per_row and metric.higher_is_better else []
        known = [score for score in scores if score is not None]
        fault = f"says nothing of {len(scores) - len(known)} of {len(scores)} rows" if len(known) < len(scores) else ""
        fault = fault if metric.higher_is_better else "is better the lower it is"
        fault = fault if metric.per_row else "is of the corpus"
        if fault:
            wanted = "a metric that scores every row, higher is better"
            raise ConfigurationError(where, f"'{name}', which {fault}", wanted, f"name {' or '.join(_DEFAULTS)}")
        found[name] = known
    return found


def row_scores(metric: Metric, answers: Answers) -> list[float | None]:
    """Return a metric's score by row; TypeError for one of the corpus alone."""
    if metric.rows is None:
        raise TypeError(f"{metric.name} is of the corpus, not of a row")
    return list(metric.rows(answers))


def _of_function(name: str, function: Any) -> Metric:
    """Return the metric that a package gives as a function (prediction, reference) to 0..1."""
    package = " ".join(package_of(extensions.METRICS, name)) or "this process"
    return Metric(name=name, source=package, empty="as the package says", rows=by_pair(function))
