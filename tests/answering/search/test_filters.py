"""What filters let through: in every mode all that stands in a prompt passes them; how their values are read."""

import logging

import pytest

from pipelines.answering.frameworks.retrievers import as_langchain, as_llamaindex
from pipelines.answering.modes.names import ADAPTER_MODES, ALL_MODES, Mode
from pipelines.answering.retrievers import open_retriever
from pipelines.answering.search.search import Retrieved
from pipelines.answering.settings import AnswerSettings, RetrievalSettings
from pipelines.core.errors import InputError
from pipelines.core.filters import Filters
from pipelines.text.languages.english import ENGLISH
from pipelines.text.sentences import sentences
from tests.answering.frameworks.test_frameworks import needs_extra
from tests.answering.world import TEXTS, build_answerer, build_store
from tests.fakes import FakeEmbedder, FakeLanguageModel

QUESTION = "Who has managed the Halden warehouse since April 2023?"
TENT, HALDEN, STORED = "Fjell 2: a tent", "Halden: a warehouse", "Fjell 2 is stored at Halden"
COMMUNITY = "Halden: Tents are stored at the Halden warehouse."
WITHOUT_NEO4J = [mode for mode in ALL_MODES if mode != "cypher"]
"""Those that every store serves; how `cypher` keeps to filters: tests/answering/modes/test_cypher.py."""
NOWHERE = Filters(paths=("nowhere/",))


def told(filters: Filters) -> AnswerSettings:
    return AnswerSettings(retrieval=RetrievalSettings(filters=filters))


def retrieved(mode: Mode, question: str, filters: Filters) -> Retrieved:
    return open_retriever(mode, build_store(), FakeEmbedder(), told(filters)).retrieve(question, 5)


def excluded(folder: str) -> list[str]:
    """Return every sentence of the documents outside a folder, and all that the graph says of them."""
    outside = [text for path, text in TEXTS.items() if not path.startswith(folder)]
    said = [
        text[start:end] for text in outside for start, end in sentences(text) if not text[start:end].startswith("#")
    ]
    return [*said, TENT, HALDEN, STORED, COMMUNITY]


@pytest.mark.parametrize("mode", WITHOUT_NEO4J)
def test_everything_in_a_prompt_passes_the_filters(mode: Mode) -> None:
    if mode in ADAPTER_MODES:
        needs_extra(mode)
    model = FakeLanguageModel()
    answer = build_answerer(model, settings=told(Filters(paths=("warehouses/",)))).ask(QUESTION, mode).answer
    if mode == "llamaindex-property-graph":
        assert not model.calls, "the only relation stands in an excluded document"
        return
    prompt = model.calls[0][0][0]["content"]
    assert mode not in ("local", "global") or retrieved(mode, QUESTION, Filters()).context, "there is what to exclude"
    assert "Petra Vogel has managed the Halden warehouse" in prompt
    assert [text for text in excluded("warehouses/") if text in prompt] == []
    assert {citation["document"] for citation in answer.citations} == {"warehouses/halden.md"}


def test_local_tells_what_chunks_that_pass_know_alone() -> None:
    def facts(*paths: str) -> set[str]:
        question = "Is the Fjell 2 tent stored at the Halden warehouse?"
        found = retrieved("local", question, Filters(paths=paths))
        assert {fact.title for fact in found.context if fact.kind == "report"} == (
            {"Halden"} if len(paths) != 1 else set()
        )
        return {fact.text for fact in found.context if fact.kind == "fact"}

    assert facts() == facts("products/", "warehouses/") == {TENT, HALDEN, STORED}
    assert facts("products/") == {TENT, STORED}, "Halden is named in an excluded document as well"
    assert facts("warehouses/") == set()


def test_global_tells_of_communities_that_pass_whole_and_finds_chunks_by_the_others() -> None:
    for paths, context, found in (
        ((), [COMMUNITY], {"products/fjell.md", "warehouses/halden.md"}),
        (("products/", "warehouses/"), [COMMUNITY], {"products/fjell.md", "warehouses/halden.md"}),
        (("warehouses/",), [], {"warehouses/halden.md"}),
        (("policies/",), [], set()),
    ):
        result = retrieved("global", "What is stored at the warehouse?", Filters(paths=paths))
        assert [f"{fact.title}: {fact.text}" for fact in result.context] == context
        assert {row["path"] for row in result.chunks} == found


def test_communities_without_a_chunk_that_passes_take_no_place_from_those_with_one() -> None:
    store = build_store()
    other = {"community_id": "g0", "entity_ids": ["e0"], "chunk_ids": [], "title": "Returns of a warehouse"}
    other |= {
        "summary": "What is stored at the warehouse is sent back.",
        "vector": store.tables["communities"][0]["vector"],
    }
    entity = store.tables["entities"][0] | {"entity_id": "e0", "chunk_ids": ["c0"]}
    store.tables["communities"].insert(0, other)
    store.tables["entities"].insert(0, entity)
    store.__init__(**store.tables)  # type: ignore[misc]
    settings = told(Filters(paths=("warehouses/",))).model_copy(update={"communities": 1})
    found = open_retriever("global", store, FakeEmbedder(), settings).retrieve("What is stored at the warehouse?", 5)
    assert store.rows("chunks", ["c0"])[0]["path"] == "policies/returns.md"
    assert [row["path"] for row in found.chunks] == ["warehouses/halden.md"]


@pytest.mark.parametrize("mode", WITHOUT_NEO4J)
def test_filters_that_nothing_passes_end_in_a_refusal_without_a_call(mode: Mode) -> None:
    if mode in ADAPTER_MODES:
        needs_extra(mode)
    model = FakeLanguageModel()
    answer = build_answerer(model, settings=told(NOWHERE)).ask(QUESTION, mode).answer
    assert answer.text == ENGLISH.refusal and not answer.citations and not model.calls


def test_filters_hold_behind_llamaindexs_and_langchains_interfaces() -> None:
    for paths, found in ((("./warehouses",), ["warehouses/halden.md"]), (("nowhere/",), [])):
        ours = open_retriever("hybrid", build_store(), FakeEmbedder(), told(Filters(paths=paths)))
        assert [one.node.metadata["path"] for one in as_llamaindex(ours, 3).retrieve(QUESTION)] == found
    needs_extra("langchain")
    assert as_langchain(ours, 3).invoke(QUESTION) == []


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ({"since": " 2024 ", "until": "2024-05"}, {"since": "2024", "until": "2024-05"}),
        ({"since": "2024-02-29"}, {"since": "2024-02-29"}),
        ({"formats": ["PDF", "md", ".Yml", "py", "htm"]}, {"formats": ("pdf", "markdown", "yaml", "python", "html")}),
        ({"languages": ["EN", " zh"]}, {"languages": ("en", "zh")}),
        ({"paths": ["./policies", "policies//", "a/./b.md"]}, {"paths": ("policies", "policies/", "a/b.md")}),
        ({"section": " Returns  > Shoes "}, {"section": "Returns > Shoes"}),
    ],
)
def test_values_are_read_as_a_person_types_them(typed: dict, stored: dict) -> None:
    filters = Filters(**typed)
    assert {name: getattr(filters, name) for name in stored} == stored
    assert Filters.model_validate(filters.model_dump()) == filters


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"since": "12.05.2024"}, r"--since: found '12\.05\.2024'; expected a date as YYYY, YYYY-MM or YYYY-MM-DD"),
        ({"since": "2024/05/01"}, "Next: --since 2024-05-01$"),
        ({"until": "2024-5"}, "Next: --until 2024-05$"),
        ({"until": "2024-02-30"}, "found '2024-02-30'"),
        ({"since": "2024-13"}, "found '2024-13'"),
        ({"since": "20240501"}, "found '20240501'"),
        ({"since": "0000"}, "found '0000'"),
        ({"since": "2024-05-01T08:00"}, "found '2024-05-01T08:00'"),
        ({"since": "２０２４"}, "found '２０２４'"),
        ({"since": "2025", "until": "2024-05"}, "found 2025, later than --until 2024-05"),
        ({"formats": ["markdwn"]}, "expected one of markdown, .*pdf.* Next: --format markdown"),
        ({"formats": ["pdf", "mdx"]}, "found 'mdx'; expected one of markdown, .* Next: --format markdown"),
        ({"languages": ["english"]}, "found 'english'; expected one of en, zh. Next: --language en"),
        ({"languages": ["' OR 1 = 1 --"]}, "--language"),
        ({"paths": ["/policies/a.md"]}, "Next: --path policies/a.md"),
        ({"paths": ["../policies"]}, "below the documents' root"),
    ],
)
def test_what_no_document_can_have_is_refused_with_what_to_type(typed: dict, said: str) -> None:
    with pytest.raises(InputError, match=said):
        Filters(**typed)


def test_the_end_of_a_period_may_be_less_precise_than_its_beginning() -> None:
    assert Filters(since="2024-05-01", until="2024").since == "2024-05-01"
    assert Filters(since="2024", until="2024-05").until == "2024-05"


def test_mode_vector_says_that_its_model_does_not_read_the_question(caplog: pytest.LogCaptureFixture) -> None:
    embedder = FakeEmbedder(languages=["en"])

    def said(question: str, mode: Mode) -> list[str]:
        caplog.clear()
        with caplog.at_level(logging.WARNING, logger="graftline"):
            build_answerer(embedder=embedder).ask(question, mode)
        return [record.getMessage() for record in caplog.records]

    (warning,) = said("订单满多少元免运费？", "vector")
    assert "fake-embedder@1 does not read Chinese" in warning and "--mode hybrid" in warning
    assert said("订单满多少元免运费？", "hybrid") == said(QUESTION, "vector") == []
