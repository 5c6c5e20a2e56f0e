"""A capable model for the modes that ask one, and a search over the small world with it."""

from pipelines.answering.modes.agentic import AgenticRetriever
from pipelines.answering.search.search import Retrieved, Search
from pipelines.answering.settings import AnswerSettings
from pipelines.core.protocols import Messages
from tests.answering.world import build_store
from tests.fakes import FakeEmbedder, FakeLanguageModel


class Scripted(FakeLanguageModel):
    """A capable model whose replies are written by hand, one after the other."""

    packaged = False

    def __init__(self, *replies: str) -> None:
        self.left, self.schemas = list(replies), list[object]()
        super().__init__(lambda messages: self.left.pop(0))

    def complete(self, prompts, max_tokens, schema=None, usable=None):  # type: ignore[no-untyped-def]
        self.schemas.append(schema)
        return super().complete(prompts, max_tokens, schema, usable)

    def last(self) -> Messages:
        return self.calls[-1][0]


def found(model: FakeLanguageModel | None, question: str, settings: AnswerSettings | None = None) -> Retrieved:
    """Return what mode agentic finds in the small world."""
    search = Search(build_store(), FakeEmbedder(), settings or AnswerSettings(), model)
    return AgenticRetriever(search).retrieve(question, 5)
