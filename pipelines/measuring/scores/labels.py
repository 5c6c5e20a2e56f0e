"""Whether an answer names the label that is right, where the references are the labels of a task."""

from collections.abc import Collection

from pipelines.measuring.scores.metric import Answers, Metric
from pipelines.measuring.scores.tokens import answer_tokens


def label_scores(answers: Answers) -> list[float | None]:
    """Return 1 by row where the answer's label is the reference; the labels are all references."""
    labels = {_line(reference) for reference in answers.references} - {_line("")}
    return [
        float(label_of(prediction, labels) == _line(reference)) if _line(reference) in labels else None
        for prediction, reference in answers.pairs()
    ]


def label_of(prediction: str, labels: Collection[str]) -> str | None:
    """Return the label that an answer is, or the only one that it names; None where it names none or several.

    `labels` are as `_line` writes them. Of a label inside another ("正面" in "非常正面") the longer one is named.
    What is said of a label, a negation too, is not read.
    """
    text = _line(prediction)
    if text in labels:
        return text
    named = []
    for label in sorted(labels, key=lambda label: (-len(label), label)):
        if label in text:
            named.append(label)
            text = text.replace(label, " | ")
    return named[0] if len(named) == 1 else None


def _line(text: str) -> str:
    """Return the normalised tokens of a text in one line, a space at both ends, so that only whole ones are found."""
    return f" {' '.join(answer_tokens(text))} "


LABEL_ACCURACY = Metric(
    name="label_accuracy",
    source="accuracy; the label is read out of the answer as the only one that it names",
    empty="0; rows whose reference is empty are left out",
    rows=label_scores,
)
