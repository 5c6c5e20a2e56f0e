"""Every question in every mode, incrementally: what was asked of the same graph before is not asked again."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from pipelines.answering.ask import Answerer
from pipelines.answering.modes.names import Mode
from pipelines.core.delta import Work, compare_versions
from pipelines.core.extensions import MODES, package_of
from pipelines.core.identity import content_id
from pipelines.core.schemas import ANSWERS

log = logging.getLogger("graftline")


def answer_all(
    questions: pa.Table,
    modes: Sequence[Mode],
    answerer: Answerer,
    previous: pa.Table | None,
    graph_digest: str,
) -> tuple[pa.Table, Work]:
    """Return ANSWERS to QUESTIONS in every mode, sorted by id, and what was done.

    An answer's id is made of all that it depends on: question, mode, graph, models, settings and code. Rows with a
    known id are kept, unless the model failed for them (their `model` is ""); with nothing else to do, neither the
    embedder nor the language model is used.
    """
    wanted: dict[str, tuple[dict[str, Any], Mode]] = {
        content_id(
            "answer", row["id"], row["question"], mode, graph_digest, *answerer.made_in(mode), *package_of(MODES, mode)
        ): (
            row,
            mode,
        )
        for row in questions.to_pylist()
        for mode in modes
    }
    earlier = previous.to_pylist() if previous is not None else []
    kept = {row["answer_id"]: row for row in earlier if row["model"]}
    todo = {key: pair for key, pair in wanted.items() if key not in kept}
    fresh = _answer(todo, answerer) if todo else {}
    rows = [kept.get(key) or fresh[key] for key in sorted(wanted)]
    delta = compare_versions(
        {f"{question['id']} {mode}": key for key, (question, mode) in wanted.items()},
        {f"{row['question_id']} {row['mode']}": key for key, row in kept.items()},
    )
    generated = sum(row["completion_tokens"] for row in fresh.values())
    failed = sum(not row["model"] for row in fresh.values())
    work = Work.of(delta, answers=len(fresh), completion_tokens=generated, failures=failed)
    return pa.Table.from_pylist(rows, schema=ANSWERS), work


def _answer(todo: Mapping[str, tuple[dict[str, Any], Mode]], answerer: Answerer) -> dict[str, dict[str, Any]]:
    """Return rows (ANSWERS) by answer id."""
    model = answerer.language_model.name
    log.info("retrieving for %d questions and modes", len(todo))
    answerer.look_ahead([question["question"] for question, _ in todo.values()])
    prepared = [answerer.prepare(question["question"], mode) for question, mode in todo.values()]
    log.info("%d of them go to %s", sum(one.draft.prompt is not None for one in prepared), model)
    return {
        key: {
            "answer_id": key,
            "question_id": question["id"],
            "mode": mode,
            **answered.answer.as_dict(),
            "trace": [step.as_dict() for step in answered.trace],
            "retrieved": list(answered.retrieved),
            "prompt_tokens": answered.prompt_tokens,
            "completion_tokens": answered.completion_tokens,
            "seconds": answered.seconds,
            "model": "" if answered.failure else model,
        }
        for (key, (question, mode)), answered in zip(todo.items(), answerer.answer(prepared), strict=True)
    }
