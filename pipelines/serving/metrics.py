"""What the server counts, in Prometheus' form: requests, seconds, tokens, and what was borne out."""

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest
from starlette.types import Scope

from pipelines.answering.answered import Answered
from pipelines.answering.grounding.answer import CLAIMS

_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)


class Metrics:
    """The counters of one server."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        self._requests = Counter(
            "graftline_requests", "requests by route and status", ["route", "status"], registry=registry
        )
        self._request_seconds = Histogram(
            "graftline_request_seconds", "until the response began", ["route"], buckets=_SECONDS, registry=registry
        )
        self._first = Histogram(
            "graftline_first_piece_seconds",
            "from the question to the answer's first piece",
            ["mode"],
            buckets=_SECONDS,
            registry=registry,
        )
        self._answers = Counter(
            "graftline_answers", "answers by mode and whether the sources hold them", ["mode", "supported"],
            registry=registry,
        )  # fmt: skip
        self._seconds = Histogram(
            "graftline_answer_seconds", "from the question to the whole answer", ["mode"], buckets=_SECONDS,
            registry=registry,
        )  # fmt: skip
        self._steps = Histogram(
            "graftline_step_seconds",
            "an answer's steps: waiting, retrieval, prompt, model_first, model, proof",
            ["mode", "step"],
            buckets=_SECONDS,
            registry=registry,
        )
        self._sentences = Counter(
            "graftline_sentences", "sentences of answers by status", ["status"], registry=registry
        )
        self._tokens = Counter("graftline_tokens", "tokens of the language model", ["kind"], registry=registry)

    def answered(self, scope: Scope, status: int, seconds: float) -> None:
        """Count a request under its route's pattern, never under a path that a client made up."""
        route = getattr(scope.get("route"), "path", "other")
        self._requests.labels(route, status).inc()
        self._request_seconds.labels(route).observe(seconds)

    def first_piece(self, mode: str, seconds: float) -> None:
        """Count the time to an answer's first piece."""
        self._first.labels(mode).observe(seconds)

    def answer(self, answered: Answered, seconds: float) -> None:
        """Count an answer."""
        self._answers.labels(answered.mode, str(answered.answer.supported).lower()).inc()
        self._seconds.labels(answered.mode).observe(seconds)
        for step, spent in answered.timing.as_dict().items():
            if spent is not None:
                self._steps.labels(answered.mode, step).observe(spent)
        self._tokens.labels("prompt").inc(answered.prompt_tokens)
        self._tokens.labels("completion").inc(answered.completion_tokens)
        for sentence in answered.answer.sentences:
            if sentence["status"] in CLAIMS:
                self._sentences.labels(sentence["status"]).inc()

    def page(self) -> tuple[bytes, int, dict[str, str]]:
        """Return what Prometheus reads: body, status, headers."""
        return generate_latest(self._registry), 200, {"Content-Type": CONTENT_TYPE_LATEST}
