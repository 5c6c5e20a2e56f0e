"""The mode `agentic`: plan, search, read, follow relations, calculate, and stop when it is enough."""

from pipelines.answering.modes.agent.by_model import model_steps
from pipelines.answering.modes.agent.by_rules import rule_steps
from pipelines.answering.modes.agent.desk import Desk
from pipelines.answering.search.search import Retrieved, Search


class AgenticRetriever:
    """Steps chosen by the language model; by rules where it is the packaged small one, which cannot plan, or none."""

    def __init__(self, search: Search) -> None:
        self.search = search

    def retrieve(self, question: str, k: int) -> Retrieved:
        """Return what the steps kept, then what else they found; the steps are its `trace`."""
        desk, model = Desk(self.search, question), self.search.language_model
        if model is None or model.packaged:
            return desk.retrieved([], k, rule_steps(self.search, desk, "the packaged small model does not plan"))
        steps, kept = model_steps(self.search, desk, model)
        if not desk.searched:
            # What the model wrote were no steps at all: the question is searched all the same.
            steps += rule_steps(self.search, desk, "the model searched nothing")
        return desk.retrieved(kept, k, steps)
