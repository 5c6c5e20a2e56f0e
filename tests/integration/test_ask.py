"""Every sample question in every mode against the real store: a quote is what stands in the cited file at its span."""

import json
from pathlib import Path

import pytest

from pipelines.answering.ask import ask
from pipelines.answering.memory import RememberingEmbedder
from pipelines.answering.settings import MODES
from resources.embedder import SentenceEmbedder
from resources.graph_stores import open_graph_store
from resources.settings import CHECKOUT
from tests.fakes import FakeLanguageModel
from tests.integration.sample_graph import build_sample_graph

DOCUMENTS = CHECKOUT / "samples" / "documents"
QUESTIONS = [
    json.loads(line)
    for line in (CHECKOUT / "samples" / "questions" / "questions.jsonl").read_text(encoding="utf-8").splitlines()
]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory):
    settings, texts = build_sample_graph(tmp_path_factory.mktemp("ask"))
    store = open_graph_store(settings)
    yield store, RememberingEmbedder(SentenceEmbedder(settings.home)), texts
    store.close()


@pytest.fixture(scope="module")
def answers(world) -> list[dict]:
    store, embedder, _ = world
    model = FakeLanguageModel()
    return [
        ask(question["question"], mode, store=store, embedder=embedder, language_model=model)
        | {"type": question["type"]}
        for mode in MODES for question in QUESTIONS
    ]


def test_every_quote_stands_in_the_cited_file_at_the_cited_span(world, answers: list[dict]):
    texts = world[2]
    for answer in answers:
        assert len(answer["citations"]) <= 3
        for citation in answer["citations"]:
            path: Path = DOCUMENTS / citation["document"]
            text = texts[citation["document"]]
            if path.suffix in (".md", ".txt"):
                with path.open(encoding="utf-8", newline="") as file:
                    assert file.read() == text
            assert text[citation["start"] : citation["end"]] == citation["quote"] != ""


@pytest.mark.parametrize("mode", MODES)
def test_an_answer_is_cited_exactly_when_it_is_supported(answers: list[dict], mode: str):
    mine = [answer for answer in answers if answer["mode"] == mode]
    assert all(bool(answer["citations"]) == answer["supported"] for answer in mine)
    assert any(answer["supported"] for answer in mine)


@pytest.mark.parametrize("mode", ["native", "local"])
def test_most_single_facts_are_answered(answers: list[dict], mode: str):
    facts = [answer for answer in answers if answer["mode"] == mode and answer["type"] == "single-hop"]
    assert sum(answer["supported"] for answer in facts) >= 0.7 * len(facts)


@pytest.mark.parametrize("mode", MODES)
def test_at_least_half_of_what_nobody_wrote_is_refused(answers: list[dict], mode: str):
    asked = [answer for answer in answers if answer["mode"] == mode and answer["type"] == "unanswerable"]
    assert sum(not answer["supported"] for answer in asked) >= 0.5 * len(asked)


def test_most_questions_about_the_whole_are_answered_in_global_mode(answers: list[dict]):
    wide = [answer for answer in answers if answer["mode"] == "global" and answer["type"] == "global"]
    assert sum(answer["supported"] for answer in wide) >= 0.5 * len(wide)
