"""The champion as the model that answers questions on the server: each question by one version."""

from pathlib import Path

import pytest

from pipelines.core.protocols import Completion
from pipelines.serving import opening
from pipelines.serving.champion.opening import ServedChampion, answers_questions
from resources.models.language_model import CachedLanguageModel
from resources.settings import Settings
from tests.answering.world import build_store
from tests.fakes import FakeEmbedder
from tests.serving.champion.test_champion import until
from tests.serving.champion.world import Registry

HELLO = [{"role": "user", "content": "hello"}]


def test_it_answers_many_prompts_and_streams_by_one_version(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    model = ServedChampion(registry.following)
    registry.number = "2"
    until(lambda: registry.following.state["serving"] == "2")
    found = dict(model.generate([HELLO, HELLO], 2, None))
    assert found == {number: Completion("model1 model1", 5, 2, finish_reason="length") for number in (0, 1)}
    assert list(model.stream(HELLO, 1)) == ["model1 ", Completion("model1", 5, 1, finish_reason="length")]
    model.close()
    until(lambda: [one.alive for one in registry.loaded] == [False, True])
    registry.following.close()


def test_a_question_under_way_keeps_its_version_and_the_next_one_has_the_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry = Registry(tmp_path)
    monkeypatch.setattr(opening, "open_graph_store", lambda _: build_store())
    monkeypatch.setattr(opening, "open_embedder", lambda _: FakeEmbedder())
    settings = Settings(GRAFTLINE_HOME=str(tmp_path), LLM_MODEL="champion")
    assert answers_questions(settings)
    warm = opening.warm_answerer(settings, registry.following)
    with warm.opened() as old:
        model = old.answerer.language_model
        assert isinstance(model, CachedLanguageModel) and model.name == "graftline-champion-1-1digest"
        registry.number = "2"
        until(lambda: registry.following.state["serving"] == "2")
        with warm.opened() as new:
            assert new.answerer.language_model.name == "graftline-champion-2-2digest"
        assert model.complete([HELLO], 1)[0].text == "model1"
    until(lambda: not registry.loaded[0].alive)
    warm.close()
    registry.following.close()
    assert not registry.loaded[1].alive


def test_a_served_model_of_that_name_is_not_the_registrys() -> None:
    assert not answers_questions(Settings(LLM_MODEL="champion", LLM_BASE_URL="http://127.0.0.1:9/v1"))
