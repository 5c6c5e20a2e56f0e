"""The mode `cypher`: what the model writes becomes rows, chunks and a table; what is refused is written once more."""

from collections.abc import Callable

import pytest

from pipelines.answering.ask import Answerer
from pipelines.answering.modes.cypher import CypherRetriever, statement_in
from pipelines.answering.search.search import Retrieved, Search
from pipelines.answering.settings import AnswerSettings, RetrievalSettings
from pipelines.core.errors import ConfigurationError, QueryError
from pipelines.core.filters import Filters
from pipelines.core.protocols import GraphSchema, QueryResult
from tests.answering.modes.scripted import Scripted
from tests.answering.world import build_store
from tests.fakes import FakeEmbedder, FakeGraphStore, FakeLanguageModel

QUESTION = "What is stored at Halden?"
STATEMENT = "MATCH (a)-[r:STORED_AT]->(b {name: 'Halden'}) RETURN a, r, b"


class CypherFake(FakeGraphStore):
    """The small world as a store that answers Cypher by a function."""

    def graph_schema(self) -> GraphSchema:
        return GraphSchema(
            (("PLACE", 1), ("PRODUCT", 1)), (("PRODUCT", "STORED_AT", "PLACE", 1),), {"__Entity__": ("id", "name")}
        )

    def read_cypher(self, statement: str, rows: int, seconds: float) -> QueryResult:
        self.statements = [*getattr(self, "statements", []), statement]
        return self.answer(statement)

    answer: Callable[[str], QueryResult]


def store_of(*results: QueryResult | QueryError) -> CypherFake:
    store, left = CypherFake(**build_store().tables), list(results)

    def answer(statement: str) -> QueryResult:
        result = left.pop(0)
        if isinstance(result, QueryError):
            raise result
        return result

    store.answer = answer
    return store


def rows(*rows: tuple[str, ...], chunks: tuple[str, ...] = (), statement: str = STATEMENT) -> QueryResult:
    columns = ("a", "b")[: len(rows[0])] if rows else ("a",)
    return QueryResult(statement, columns, rows, tuple(chunks for _ in rows))


def found(store: CypherFake, model: FakeLanguageModel, filters: Filters | None = None) -> Retrieved:
    retrieval = RetrievalSettings(filters=filters or Filters())
    search = Search(store, FakeEmbedder(), AnswerSettings(retrieval=retrieval), model)
    return CypherRetriever(search).retrieve(QUESTION, 5)


def test_rows_become_chunks_and_a_table_that_stands_on_them() -> None:
    store, model = store_of(rows(("Fjell 2: a tent", "Halden"), chunks=("c2", "c4"))), Scripted(STATEMENT)
    retrieved = found(store, model)
    assert [row["chunk_id"] for row in retrieved.chunks] == ["c2", "c4"]
    (fact,) = retrieved.context
    assert (fact.kind, fact.title, fact.text) == ("table", STATEMENT, "a | b\nFjell 2: a tent | Halden\n(1 rows)")
    assert [row["chunk_id"] for row in fact.chunks] == ["c2", "c4"]
    assert [(step.action, step.argument) for step in retrieved.trace] == [("cypher", STATEMENT)]
    assert retrieved.trace[0].prompt_tokens > 0 and store.statements == [STATEMENT]


def test_the_model_is_told_what_the_graph_is_made_of_and_which_names_may_be_meant() -> None:
    model = Scripted(STATEMENT)
    found(store_of(rows(("Halden",), chunks=("c4",))), model)
    system = model.calls[0][0][0]["content"]
    assert "(:PRODUCT)-[:STORED_AT]->(:PLACE) 1" in system and "__Entity__ {id, name}" in system
    assert "Names that the question may mean: Halden (PLACE)" in system


def test_a_refused_statement_is_written_once_more_with_the_refusal_at_hand() -> None:
    refusal = QueryError("the Cypher statement", "Neo.ClientError: Variable `x` not defined", "Cypher", "again")
    store = store_of(refusal, rows(("Halden",), chunks=("c4",)))
    model = Scripted("MATCH (n) RETURN x", f"```cypher\n{STATEMENT}\n```")
    retrieved = found(store, model)
    assert "Variable `x` not defined" in model.last()[-1]["content"]
    assert model.last()[-2] == {"role": "assistant", "content": "MATCH (n) RETURN x"}
    assert retrieved.trace[0].result.startswith("refused: found") and len(retrieved.trace) == 2
    assert [row["chunk_id"] for row in retrieved.chunks] == ["c4"]


def test_two_refusals_end_in_a_refusal_with_both_tries_in_the_trace() -> None:
    refusal = QueryError("the Cypher statement", "DELETE", "one that reads", "again")
    model = Scripted("MATCH (n) DELETE n RETURN 1", "I cannot do that.")
    with Answerer(store=store_of(refusal), embedder=FakeEmbedder(), language_model=model) as answerer:
        answered = answerer.ask(QUESTION, "cypher")
    assert not answered.answer.supported and not answered.answer.citations
    assert [step.argument for step in answered.trace] == ["MATCH (n) DELETE n RETURN 1", ""]
    assert "found DELETE" in answered.trace[0].result and "one Cypher statement" in answered.trace[1].result


def test_values_that_lead_to_no_text_are_asked_for_again_and_else_no_source() -> None:
    store, model = (
        store_of(rows(("4",)), rows(("4",))),
        Scripted("MATCH (n) RETURN count(n)", "MATCH (n) RETURN count(n)"),
    )
    retrieved = found(store, model)
    assert "return the nodes and relationships too" in model.last()[-1]["content"]
    assert not retrieved.chunks and not any(fact.chunks for fact in retrieved.context)
    assert retrieved.trace[0].result.startswith("a\n4\n(1 rows)")


def test_no_rows_are_no_reason_to_ask_again() -> None:
    model = Scripted(STATEMENT)
    retrieved = found(store_of(rows()), model)
    assert not retrieved.chunks and not retrieved.context and retrieved.trace[0].result == "no rows"


def test_filters_hold_for_chunks_table_and_trace() -> None:
    result = rows(("Fjell 2: a tent", "Halden"), chunks=("c2", "c4"))
    retrieved = found(store_of(result), Scripted(STATEMENT), Filters(paths=("warehouses/",)))
    assert [row["path"] for row in retrieved.chunks] == ["warehouses/halden.md"]
    assert not retrieved.context and retrieved.trace[0].result == "1 rows before the filters"
    whole = found(store_of(result), Scripted(STATEMENT), Filters(paths=("warehouses/", "products/")))
    assert [fact.kind for fact in whole.context] == ["table"]


def test_a_failing_model_is_told_in_the_trace() -> None:
    model = FakeLanguageModel(fails_on="Halden")
    model.packaged = False
    assert found(store_of(), model).trace[0].result == "the model failed: this prompt is refused"


def test_the_mode_says_in_a_line_what_it_needs() -> None:
    with pytest.raises(ConfigurationError, match="mode cypher: found the fake-store graph store; expected Neo4j"):
        CypherRetriever(Search(build_store(), FakeEmbedder(), AnswerSettings(), Scripted()))
    for model in (None, FakeLanguageModel()):
        with pytest.raises(ConfigurationError, match=r"mode cypher: found the packaged small model.*LLM_BASE_URL"):
            CypherRetriever(Search(store_of(), FakeEmbedder(), AnswerSettings(), model))


@pytest.mark.parametrize(
    "reply",
    [
        STATEMENT,
        f"```cypher\n{STATEMENT}\n```",
        f"```\n{STATEMENT}\n``` This finds it.",
        f"<think>MATCH (n) RETURN n</think>\n{STATEMENT}",
        f"Here is the query:\n{STATEMENT}\n\nIt returns the tents.",
        f'{{"cypher": "{STATEMENT}"}}',
        f'```json\n{{"query": "{STATEMENT}"}}\n```'.replace("```json", "```"),
    ],
)
def test_the_statement_is_found_in_whatever_a_model_writes_around_it(reply: str) -> None:
    assert statement_in(reply) == STATEMENT


@pytest.mark.parametrize("reply", ["", "I do not know.", "The match is on Sunday.", "{}"])
def test_no_statement_is_none(reply: str) -> None:
    assert statement_in(reply) == ""
