"""The questions, their answers in every mode, and the scoreboard that compares the modes."""

import time
from typing import Any

import dagster as dg
import pyarrow as pa

from assets.costs import Spending
from assets.results import OWNERS, gate, markdown_table, plot, problems_metadata, table_result
from pipelines.answering.answers import answer_all
from pipelines.answering.checks import (
    broken_citations,
    failed_share,
    status_counts,
    unanswered_share,
    unproven_share,
    unread_verdicts,
)
from pipelines.answering.scoreboard.board import ALL, best_modes, scoreboard_figures, scoreboard_of, verdicts_of
from pipelines.answering.scoreboard.cases import cases_of
from pipelines.answering.scoreboard.nights import changes_since, night_verdict, regressions
from pipelines.answering.scoreboard.pairs import graph_verdict
from pipelines.answering.scoreboard.picture import draw_against_native, draw_scoreboard
from pipelines.answering.scoreboard.questions import GENERATED, load_questions, question_ledger
from pipelines.answering.scoreboard.scoring import METRICS, question_scores
from pipelines.core.errors import Problem
from pipelines.core.identity import table_digest
from pipelines.core.protocols import Embedder, GraphStore, LanguageModel
from pipelines.measuring.gates import faultless
from pipelines.measuring.intervals import percent
from pipelines.opening import Models, answerer_over
from resources.embedding.reranker import open_reranker
from resources.engines.warm import engine_starts
from resources.feedback.files import write_questions
from resources.feedback.store import counts, feedback_store
from resources.settings import Settings
from resources.tables.tables import TableStore
from resources.tracking.scoreboard_tracker import LoggedBoard, log_scoreboard
from resources.tracking.tracker import Tracker

LEDGER_NAME = "questions_ledger"
SCORES_NAME, SCORES_BEFORE_NAME = "question_scores", "question_scores_before"
_MOST_UNANSWERED = 0.7
_MOST_UNPROVEN = 0.25
_HEADLINE = ("all", "single-hop", "multi-hop", "global", "unanswerable")


@dg.asset(deps=["question_folder"], group_name="answering", kinds={"python"}, owners=OWNERS, code_version="1")
def questions(settings: dg.ResourceParam[Settings], tables: dg.ResourceParam[TableStore]) -> dg.MaterializeResult:
    """Every question of the folder with its gold answer and gold documents; rows that cannot be used are listed.

    Questions whose answers people found good or corrected stand beside them, with the type `feedback`.
    """
    table, problems = load_questions(settings.questions, write_questions(settings.home))
    tables.write(LEDGER_NAME, question_ledger(problems))
    given = dg.MetadataValue.json(counts(feedback_store(settings.home).latest()))
    generated = table["origin"].to_pylist().count(GENERATED)
    rejected = problems_metadata(problems, table.num_rows + len(problems))
    return table_result(table, feedback=given, generated=generated, **rejected)


@dg.asset_check(asset=questions)
def questions_rejected_share(
    questions: pa.Table, settings: dg.ResourceParam[Settings], tables: dg.ResourceParam[TableStore]
) -> dg.AssetCheckResult:
    """No more question rows were rejected than GRAFTLINE_BAD_SHARE allows."""
    problems = [Problem(**row) for row in tables.read(LEDGER_NAME).to_pylist()]
    share = len(problems) / max(1, questions.num_rows + len(problems))
    return dg.AssetCheckResult(
        passed=share <= settings.bad_share,
        metadata={"rejected": len(problems), "share": share, "first": [str(problem) for problem in problems[:20]]},
    )


@dg.asset(group_name="answering", kinds={"python", "huggingface"}, owners=OWNERS, code_version="1")
def answers(
    questions: pa.Table,
    knowledge_graph: dict[str, Any],
    settings: dg.ResourceParam[Settings],
    tables: dg.ResourceParam[TableStore],
    graph_store: dg.ResourceParam[GraphStore],
    embedder: dg.ResourceParam[Embedder],
    language_model: dg.ResourceParam[LanguageModel],
) -> dg.MaterializeResult:
    """Every question answered in the modes of GRAFTLINE_MODES, with citations that stand in the documents.

    A question is asked again only when it, the graph, a model or the settings changed.
    """
    started, starts, spending = time.monotonic(), engine_starts(), Spending(language_model, "answers")
    models = Models(embedder, language_model, open_reranker(settings))
    with answerer_over(settings, graph_store, models, str(knowledge_graph.get("embedder", ""))) as answerer:
        previous, digest = tables.find("answers"), knowledge_graph["digest"]
        table, work = answer_all(questions, settings.modes, answerer, previous, digest)
    return table_result(
        table,
        work,
        seconds=time.monotonic() - started,
        model=language_model.name,
        engine_starts=engine_starts() - starts,
        prompt_tokens=sum(table["prompt_tokens"].to_pylist()),
        supported=sum(table["supported"].to_pylist()),
        writer=answerer.writer.name,
        left_out=sum(table["left_out"].to_pylist()),
        sentences=dg.MetadataValue.json(status_counts(table)),
        unread_verdicts=unread_verdicts(table),
        **spending.metadata(tables, "answers", work.computed["answers"]),
    )


@dg.asset_check(asset=answers, blocking=True, additional_ins={"documents": dg.AssetIn("documents")})
def citations_stand_in_the_documents(
    answers: pa.Table, documents: pa.Table, tables: dg.ResourceParam[TableStore]
) -> dg.AssetCheckResult:
    """Every citation's quote is the document's own text at its span."""
    broken, version = broken_citations(answers, documents), tables.digest("answers")
    counts = {"broken": len(broken), "first": broken[:20]}
    return gate(tables, "citations_stand_in_the_documents", "answers", version, faultless(broken), figures=counts)


@dg.asset_check(asset=answers)
def most_questions_have_an_answer(answers: pa.Table) -> dg.AssetCheckResult:
    """The share of answers that the sources do not support stays below a bar."""
    share = unanswered_share(answers)
    return dg.AssetCheckResult(passed=share <= _MOST_UNANSWERED, metadata={"share": share, "limit": _MOST_UNANSWERED})


@dg.asset_check(asset=answers)
def the_model_wrote_the_answers(answers: pa.Table, settings: dg.ResourceParam[Settings]) -> dg.AssetCheckResult:
    """The model failed for no more answers than GRAFTLINE_BAD_SHARE allows; they are asked again on the next run."""
    share = failed_share(answers)
    failed = answers["model"].to_pylist().count("")
    metadata = {"failed": failed, "share": share, "limit": settings.bad_share}
    return dg.AssetCheckResult(passed=share <= settings.bad_share, metadata=metadata)


@dg.asset_check(asset=answers)
def most_sentences_are_proven(answers: pa.Table) -> dg.AssetCheckResult:
    """The share of a model's sentences that the sources do not bear out stays below a bar; all are counted."""
    share, counts = unproven_share(answers), status_counts(answers)
    return dg.AssetCheckResult(
        passed=share <= _MOST_UNPROVEN, metadata={"share": share, "limit": _MOST_UNPROVEN, **counts}
    )


@dg.asset(group_name="answering", kinds={"python", "mlflow"}, owners=OWNERS, code_version="1")
def scoreboard(
    questions: pa.Table,
    answers: pa.Table,
    chunks: pa.Table,
    settings: dg.ResourceParam[Settings],
    tables: dg.ResourceParam[TableStore],
    tracker: dg.ResourceParam[Tracker],
) -> dg.MaterializeResult:
    """Recall, answer quality, refusals, citations and cost of every mode by question type and language, with intervals.

    Each mode is compared with `native` over the same questions, and the whole with the last scoreboard. One MLflow run
    for each scoreboard that differs from the last.
    """
    scores = question_scores(answers, questions, chunks)
    board = scoreboard_of(scores, settings.level)
    best, values = best_modes(board), scoreboard_figures(board)
    picture = draw_scoreboard(board, settings.home / "work" / "scoreboard.png")
    against = draw_against_native(board, settings.home / "work" / "against-native.png")
    verdicts = verdicts_of(board)
    graph = graph_verdict(verdicts) or "no mode of the graph was asked beside native"
    words = [graph, *(f"{kind}: {line}" for kind, lines in verdicts.items() for line in lines)]
    cases = cases_of(answers, questions, chunks, scores)
    run = log_scoreboard(tracker, tables, LoggedBoard(board, values, best, [picture, against], cases, words))
    rows = [
        {"mode": mode, "type": kind} | {name: _figure(values, mode, kind, name) for name in METRICS}
        for mode in settings.modes
        for kind in _HEADLINE
    ]
    shown: dict[str, Any] = {
        "best_modes": dg.MetadataValue.json(best),
        "intervals": percent(settings.level),
        "feedback": dg.MetadataValue.json(counts(feedback_store(settings.home).latest())),
        "by_mode": dg.MetadataValue.md(markdown_table(rows)),
        "against_native": dg.MetadataValue.md(
            markdown_table([{"type": kind, "verdict": line} for kind, lines in verdicts.items() for line in lines])
        ),
        "graph": graph,
    }
    _keep_scores(tables, scores)
    return table_result(board, mlflow_run=run, **shown, picture=plot(picture), differences=plot(against))


def _keep_scores(tables: TableStore, scores: pa.Table) -> None:
    """Store the scores, and those that they take the place of beside them: what a night is compared with."""
    last = tables.find(SCORES_NAME)
    if last is not None and tables.digest(SCORES_NAME) != table_digest(scores):
        tables.write(SCORES_BEFORE_NAME, last)
    tables.write(SCORES_NAME, scores)


def _figure(values: dict[str, float], mode: str, kind: str, name: str) -> str:
    value = values.get(f"{mode}.{kind}.{name}")
    return "–" if value is None else f"{value:.2f}"


@dg.asset_check(asset=scoreboard)
def every_mode_is_scored(scoreboard: pa.Table, settings: dg.ResourceParam[Settings]) -> dg.AssetCheckResult:
    """Every mode has figures over all questions."""
    scored = {row["mode"] for row in scoreboard.to_pylist() if row["type"] == ALL}
    return dg.AssetCheckResult(passed=scored == set(settings.modes), metadata={"modes": sorted(scored)})


@dg.asset_check(asset=scoreboard)
def no_figure_fell(settings: dg.ResourceParam[Settings], tables: dg.ResourceParam[TableStore]) -> dg.AssetCheckResult:
    """No mode does worse than on the last scoreboard at the same questions, beyond chance (GRAFTLINE_LEVEL)."""
    before, scores = tables.find(SCORES_BEFORE_NAME), tables.read(SCORES_NAME)
    changes = changes_since(scores, scores.slice(0, 0) if before is None else before, settings.level)
    lost = regressions(changes)
    table = dg.MetadataValue.md(markdown_table(changes.to_pylist()))
    return dg.AssetCheckResult(
        passed=not lost, description=night_verdict(changes, lost), metadata={"fell": lost, "changes": table}
    )
