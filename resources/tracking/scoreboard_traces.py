"""Answers as traces of MLflow: what was retrieved, what was written, what was expected and what it scored."""

import hashlib
import json
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlflow.entities.span import Span
    from mlflow.entities.trace_info import TraceInfo

    from pipelines.answering.scoreboard.cases import Case

_AT_ONCE = 100
_PREVIEW = 1000  # characters of question and answer in MLflow's list of traces


def log_traces(uri: str, experiment: str, run_id: str, cases: Sequence["Case"]) -> int:
    """Log each case as one trace of the run, as an evaluation of MLflow's does; return how many."""
    from mlflow.tracing.client import TracingClient

    client, now = TracingClient(uri), time.time_ns()
    for first in range(0, len(cases), _AT_ONCE):
        made = [_trace(case, experiment, run_id, now) for case in cases[first : first + _AT_ONCE]]
        client.log_spans(experiment, [span for _, spans in made for span in spans])
        for info, _ in made:
            client.start_trace(info)
    return len(cases)


def _trace(case: "Case", experiment: str, run_id: str, start: int) -> tuple["TraceInfo", list["Span"]]:
    from mlflow.entities import Expectation, Feedback
    from mlflow.entities.trace_info import TraceInfo
    from mlflow.entities.trace_location import TraceLocation
    from mlflow.entities.trace_state import TraceState
    from mlflow.tracing.constant import SpansLocation, TraceMetadataKey, TraceTagKey

    digest = hashlib.sha256(f"{run_id} {case.case_id}".encode()).hexdigest()
    trace_id, end = f"tr-{digest[:32]}", start + int((case.answer["seconds"] or 0.0) * 1e9)
    written, asked = case.answer["answer"] or case.answer["note"] or "", case.question["question"]
    passages = [
        {"page_content": one["text"], "metadata": {"doc_uri": one["document"], "chunk_id": one["id"]}, "id": one["id"]}
        for one in case.passages
    ]
    usage = {"input_tokens": case.answer["prompt_tokens"], "output_tokens": case.answer["completion_tokens"]}
    usage["total_tokens"] = sum(usage.values())
    root, inputs = digest[32:48], {"question": asked}
    spans = [
        _span(trace_id, root, "", "answer", "CHAIN", (start, end), inputs, written, {"mode": case.mode}),
        _span(trace_id, digest[48:64], root, "retrieve", "RETRIEVER", (start, end), inputs, passages, {}),
    ]
    made_by: dict[str, Any] = {"trace_id": trace_id, "metadata": {"mlflow.assessment.sourceRunId": run_id}}
    gold = [Expectation(name="expected_response", value=case.question["answer"], **made_by)]
    gold.append(Expectation(name="expected_documents", value=list(case.question["documents"]), **made_by))
    figures = [Feedback(name=name, value=value, **made_by) for name, value in sorted(case.figures.items())]
    kinds = {name: str(case.question[name]) for name in ("id", "type", "language") if case.question[name]}
    info = TraceInfo(
        trace_id,
        TraceLocation.from_experiment_id(experiment),
        start // 1_000_000,
        TraceState.OK,
        request_preview=asked[:_PREVIEW],
        response_preview=written[:_PREVIEW],
        execution_duration=(end - start) // 1_000_000,
        trace_metadata={
            TraceMetadataKey.SOURCE_RUN: run_id,
            TraceMetadataKey.TOKEN_USAGE: json.dumps(usage),
            TraceMetadataKey.INPUTS: json.dumps(inputs, ensure_ascii=False)[:250],
            TraceMetadataKey.OUTPUTS: json.dumps(written, ensure_ascii=False)[:250],
        },
        tags={
            TraceTagKey.TRACE_NAME: case.mode,
            TraceTagKey.SPANS_LOCATION: SpansLocation.TRACKING_STORE.value,
            **{f"question.{name}": value for name, value in kinds.items()},
        },
        assessments=[*gold, *figures],
    )
    return info, spans


def _span(
    trace_id: str,
    span_id: str,
    parent: str,
    name: str,
    kind: str,
    times: tuple[int, int],
    inputs: Any,
    outputs: Any,
    attributes: dict[str, Any],
) -> "Span":
    from mlflow.entities.span import Span

    told = {
        "mlflow.traceRequestId": trace_id,
        "mlflow.spanType": kind,
        "mlflow.spanInputs": inputs,
        "mlflow.spanOutputs": outputs,
        **attributes,
    }
    return Span.from_dict(
        {
            "trace_id": trace_id,
            "span_id": span_id,
            "parent_span_id": parent,
            "name": name,
            "start_time_unix_nano": times[0],
            "end_time_unix_nano": times[1],
            "status": {"code": "OK", "message": ""},
            "attributes": {key: json.dumps(value, ensure_ascii=False) for key, value in told.items()},
            "events": [],
        }
    )
