"""Names that look alike and that nothing else decides: a model's word, or vectors; batched, counted, off by default."""

from collections.abc import Sequence

import numpy as np
import pytest

from pipelines.core.protocols import Completion
from pipelines.knowledge.entities.checks import duplicate_share
from pipelines.knowledge.entities.resolution import resolve_entities
from pipelines.knowledge.entities.verdicts import ModelJudge, VectorJudge, related_cosine
from tests.fakes import FakeEmbedder
from tests.knowledge.entities.names_in_texts import tables_of

TEXTS = {"a.md": "[Michael Thornbury|P|m] wrote a book.", "b.md": "[Micheal Thornbury|P|m] wrote a book."}


class Model:
    name, packaged = "judge@1", False

    def __init__(self, *answers: Completion) -> None:
        self._answers, self.prompts = list(answers), []  # type: ignore[var-annotated]

    def complete(self, prompts, max_tokens, schema=None, usable=None):  # type: ignore[no-untyped-def]
        self.prompts += prompts
        return self._answers[: len(prompts)]


def test_nobody_is_asked_by_default_and_the_pair_is_suspected():
    graph = resolve_entities(*tables_of(TEXTS))
    assert graph.entities.num_rows == 2
    (pair,) = graph.suspected_duplicates.to_pylist()
    assert {pair["one"], pair["other"]} == {"Michael Thornbury", "Micheal Thornbury"} and pair["rule"] == "one_letter"
    assert duplicate_share(graph.entities, graph.suspected_duplicates) == 1.0


def test_a_models_word_joins_and_is_in_the_alias_table():
    judge = ModelJudge(Model(Completion('Yes: {"same": [1]}', 50, 6)))
    graph = resolve_entities(*tables_of(TEXTS), judges=[judge])
    assert graph.entities.num_rows == 1 and graph.suspected_duplicates.num_rows == 0
    (row,) = graph.aliases.to_pylist()
    assert (row["rule"], row["by"]) == ("language_model", "judge@1") and "wrote a book" in row["evidence"]
    assert (judge.asked, judge.joined, judge.failed, judge.tokens) == (1, 1, 0, 56)


@pytest.mark.parametrize("answer", [
    Completion("", 1, 0, failure="time-out"), Completion("no idea", 1, 1), Completion('{"same": [7]}', 1, 1),
    Completion('{"same": null}', 1, 1), Completion('{"same": ["x"]}', 1, 1),
])  # fmt: skip
def test_an_answer_that_cannot_be_read_joins_nothing_and_is_counted(answer: Completion):
    judge = ModelJudge(Model(answer))
    assert resolve_entities(*tables_of(TEXTS), judges=[judge]).entities.num_rows == 2
    assert (judge.failed, judge.joined) == (1, 0)


def test_a_model_is_asked_once_for_many_pairs():
    texts = {}
    for number in range(20):
        letters = f"{chr(97 + number)}vanescent {chr(97 + number)}ltenburg"
        texts[f"{number}.md"] = f"[{letters}|P|x] came."
        texts[f"{number}-2.md"] = f"[{letters}h|P|x] came."
    judge = ModelJudge(model := Model(*[Completion('{"same": []}', 1, 1)] * 2))
    resolve_entities(*tables_of(texts), judges=[judge])
    assert judge.asked == 20 and len(model.prompts) == 2


class Books(FakeEmbedder):
    """Texts about books point one way, all others another."""

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        return np.array([[1.0, 0.0] if "book" in text else [0.0, 1.0] for text in texts], np.float32)


def test_vectors_join_contexts_that_are_as_near_as_a_question_and_its_answer():
    assert related_cosine(Books()) == 1.0
    judge = VectorJudge(Books())
    graph = resolve_entities(*tables_of(TEXTS), judges=[judge])
    assert graph.entities.num_rows == 1 and (judge.asked, judge.joined) == (1, 1)
    assert graph.aliases["rule"].to_pylist() == ["vectors_of_contexts"]
    far = TEXTS | {"b.md": "[Micheal Thornbury|P|m] lost his ships."}
    assert resolve_entities(*tables_of(far), judges=[VectorJudge(Books())]).entities.num_rows == 2


def test_an_embedder_that_does_not_read_the_language_is_not_asked():
    embedder = Books()
    embedder.reads = lambda language: False  # type: ignore[method-assign]
    judge = VectorJudge(embedder)
    assert resolve_entities(*tables_of(TEXTS), judges=[judge]).entities.num_rows == 2 and judge.asked == 0
