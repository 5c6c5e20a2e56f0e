import pytest

from pipelines.answering.modes.global_search import spread
from pipelines.answering.retrievers import open_retriever
from pipelines.answering.search.fusion import fuse
from pipelines.answering.search.search import Search
from pipelines.text.terms import stands_in
from tests.answering.world import SETTINGS, build_store
from tests.fakes import AskingEmbedder, FakeEmbedder


def _paths(mode: str, question: str, k: int = 5) -> list[str]:
    retriever = open_retriever(mode, build_store(), FakeEmbedder(), SETTINGS)  # type: ignore[arg-type]
    return [row["path"] for row in retriever.retrieve(question, k).chunks]


def test_fusion_adds_the_reciprocal_ranks() -> None:
    # a: 1/61, b: 1/62 + 1/61, c: 1/62
    assert fuse([(1.0, ["a", "b"]), (1.0, ["b", "c"])]) == ["b", "a", "c"]


def test_native_finds_the_chunk_that_shares_the_questions_words() -> None:
    assert _paths("native", "Within how many days can goods be sent back?")[0] == "policies/returns.md"


def test_local_walks_from_the_entity_of_the_question_to_its_neighbours_chunks() -> None:
    assert set(_paths("local", "Who manages the site where the Fjell 2 is kept?", 3)) >= {
        "products/fjell.md",
        "warehouses/halden.md",
    }


def test_local_adds_descriptions_and_relations_as_context() -> None:
    retriever = open_retriever("local", build_store(), FakeEmbedder(), SETTINGS)
    facts = retriever.retrieve("Where is the Fjell 2 stored?", 5).context
    assert "Fjell 2 is stored at Halden" in [fact.text for fact in facts]
    told = [fact for fact in facts if fact.kind == "fact"]
    assert all(row["path"] == "products/fjell.md" for fact in told for row in fact.chunks[:1])


def test_global_takes_its_chunks_from_the_best_communities() -> None:
    assert set(_paths("global", "What is stored at the warehouse?")) == {"products/fjell.md", "warehouses/halden.md"}


def test_a_name_stands_in_a_text_only_as_a_whole() -> None:
    assert stands_in("Halden", "the Halden warehouse") and not stands_in("Hal", "the Halden warehouse")
    assert stands_in("宁波仓", "存放在宁波仓。")


def test_broad_answers_take_one_chunk_a_document_first() -> None:
    rows = [{"chunk_id": key, "document_id": key[0]} for key in ("a1", "a2", "b1")]
    assert [row["chunk_id"] for row in spread(rows, 2)] == ["a1", "b1"]


@pytest.mark.parametrize(
    ("languages", "name", "near"),
    [(["en"], "many@1", False), (["en", "zh"], "all-MiniLM-L6-v2@1", True), ([], "all-MiniLM-L6-v2@1", True)],
)
def test_a_question_has_a_vector_where_the_embedder_says_that_it_reads_its_language(
    languages: list[str], name: str, near: bool
) -> None:
    embedder = FakeEmbedder(languages=languages)
    embedder.name = name
    search = Search(build_store(), embedder, SETTINGS)
    assert (search.vector("订单满多少元免运费？") is not None) == near
    assert search.vector("Where is the Fjell 2 stored?") is not None


def test_a_question_is_embedded_as_a_question() -> None:
    embedder = AskingEmbedder()
    Search(build_store(), embedder, SETTINGS).vector("Where is the Fjell 2 stored?")
    assert embedder.calls == [["question Where is the Fjell 2 stored?"]]


def test_global_passes_over_the_root_which_speaks_of_everything() -> None:
    question = "What is stored at the warehouse?"
    store = build_store()
    before = open_retriever("global", store, FakeEmbedder(), SETTINGS).retrieve(question, 5)
    root = store.tables["communities"][0] | {"community_id": "r", "level": -1, "entity_ids": [], "summary": question}
    store.__init__(**store.tables | {"communities": [*store.tables["communities"], root]})  # type: ignore[misc]
    after = open_retriever("global", store, FakeEmbedder(), SETTINGS).retrieve(question, 5)
    assert [fact.text for fact in after.context] == [fact.text for fact in before.context]
