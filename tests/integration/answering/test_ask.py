"""Every sample question in every mode against a real store, and the real small model for three of them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipelines.answering.ask import Answerer
from pipelines.answering.modes.names import MODES, Mode
from pipelines.answering.scoreboard.questions import load_questions
from pipelines.answering.settings import AnswerSettings
from pipelines.core.protocols import GraphStore
from resources.embedding.local import SentenceEmbedder
from resources.graph.stores import open_graph_store
from resources.models.language_model import open_language_model
from resources.settings import CHECKOUT, Settings
from tests.fakes import FakeLanguageModel
from tests.integration.knowledge.sample_graph import build_sample_graph

SAMPLES = CHECKOUT / "samples"
UNALTERED = (".md", ".txt")


class World:
    """The sample as a store, with its documents' texts by path."""

    def __init__(self, home: Path) -> None:
        self.settings, self.texts = build_sample_graph(home)
        self.store: GraphStore = open_graph_store(self.settings)
        self.embedder = SentenceEmbedder(home)

    def answerer(self, model: Any, settings: AnswerSettings | None = None) -> Answerer:
        return Answerer(store=self.store, embedder=self.embedder, language_model=model, settings=settings)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    built = World(tmp_path_factory.mktemp("home"))
    yield built
    built.store.close()


@pytest.fixture(scope="module")
def asked(world: World) -> dict[Mode, list[tuple[dict[str, Any], dict[str, Any]]]]:
    """Every question with its answer by mode; the model says nothing, so that the sources speak."""
    questions = load_questions(SAMPLES / "questions")[0].to_pylist()
    answerer = world.answerer(FakeLanguageModel())
    return {mode: [(row, answerer.ask(row["question"], mode).as_dict()) for row in questions] for mode in MODES}


def _text_of(world: World, path: str) -> str:
    if path.endswith(UNALTERED):
        return (SAMPLES / "documents" / path).read_bytes().decode("utf-8")
    return world.texts[path]


@pytest.mark.parametrize("mode", MODES)
def test_every_citation_stands_in_the_cited_file_at_the_cited_span(
    world: World, asked: dict[Mode, list[tuple[dict[str, Any], dict[str, Any]]]], mode: Mode
) -> None:
    cited = 0
    for _, answer in asked[mode]:
        assert answer["supported"] == bool(answer["citations"]) and len(answer["citations"]) <= 3
        for citation in answer["citations"]:
            text = _text_of(world, citation["document"])
            assert text[citation["start"] : citation["end"]] == citation["quote"] != ""
            cited += 1
    assert cited >= 15


@pytest.mark.parametrize(("mode", "least"), [("native", 0.75), ("local", 0.75), ("global", 0.4)])
def test_most_questions_about_one_fact_are_answered_from_a_gold_document(
    asked: dict[Mode, list[tuple[dict[str, Any], dict[str, Any]]]], mode: Mode, least: float
) -> None:
    found = [
        bool({citation["document"] for citation in answer["citations"]} & set(row["documents"]))
        for row, answer in asked[mode]
        if row["type"] == "single-hop"
    ]
    assert sum(found) / len(found) >= least


@pytest.mark.parametrize(("mode", "least"), [("native", 7), ("local", 7), ("global", 6)])
def test_most_of_the_ten_unanswerable_questions_are_refused(
    asked: dict[Mode, list[tuple[dict[str, Any], dict[str, Any]]]], mode: Mode, least: int
) -> None:
    refused = [not answer["supported"] for row, answer in asked[mode] if row["type"] == "unanswerable"]
    assert sum(refused) >= least


def test_the_real_small_model_answers_from_the_sources(world: World, small_model: Path) -> None:
    settings = Settings(GRAFTLINE_HOME=str(world.settings.home), LLM_MODEL=str(small_model))
    answerer = world.answerer(open_language_model(settings), AnswerSettings(writer="extract"))
    for question, fact in (
        ("What does express delivery in Europe cost?", "14.90"),
        ("For how long is a gift card valid?", "four years"),
        ("订单满多少元免运费？", "299"),
    ):
        answer = answerer.ask(question, "native").as_dict()
        assert answer["supported"]
        citation = answer["citations"][0]
        assert world.texts[citation["document"]][citation["start"] : citation["end"]] == citation["quote"]
        assert fact in answer["answer"] or fact in citation["quote"]
