"""The mode `agentic`: plan, search, read, follow relations, calculate, and stop when it is enough."""

from collections.abc import Generator
from dataclasses import replace

from pipelines.answering.modes.agent.by_model import model_steps
from pipelines.answering.modes.agent.by_rules import rule_steps
from pipelines.answering.modes.agent.desk import Desk
from pipelines.answering.search.search import Retrieved, Search
from pipelines.answering.search.trace import Step, drained


class AgenticRetriever:
    """Steps chosen by the language model; by rules where it is the packaged small one, which cannot plan, or none."""

    def __init__(self, search: Search) -> None:
        self.search = search

    def retrieve(self, question: str, k: int) -> Retrieved:
        """Return what the steps kept, then what else they found; the steps are its `trace`."""
        found, trace = drained(self.steps(question, k))
        return replace(found, trace=trace)

    def steps(self, question: str, k: int) -> Generator[Step, None, Retrieved]:
        """Yield each step when it is done; return what `retrieve` does, without the trace."""
        desk, model = Desk(self.search, question), self.search.language_model
        if model is None or model.packaged:
            yield from rule_steps(self.search, desk, "the packaged small model does not plan")
            return desk.retrieved([], k)
        kept = yield from model_steps(self.search, desk, model)
        if not desk.searched:
            # What the model wrote were no steps at all: the question is searched all the same.
            yield from rule_steps(self.search, desk, "the model searched nothing")
        return desk.retrieved(kept, k)
