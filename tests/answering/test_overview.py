"""What all documents are about, end to end over a small home without a model: quoted from them, in both languages."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from pipelines.answering.answered import Answered
from pipelines.answering.ask import Answerer
from pipelines.answering.modes.names import AUTO, Mode
from pipelines.answering.settings import AnswerSettings, ExtractSettings
from pipelines.core.errors import NotMaterializedError
from pipelines.core.filters import Filters
from pipelines.knowledge.chunks.strategies import ChunkSettings
from pipelines.text.languages.languages import LANGUAGES
from tests.answering.world import build_answerer, build_store
from tests.fakes import FakeEmbedder, FakeGraphStore, FakeLanguageModel
from tests.flow import Flow

TEXTS = {
    "harbour/port.md": (
        "# The port of Lindholm\n\nThe Port of Lindholm handles containers for the Baltic Line and for Nordic Timber. "
        "Marta Olsen has directed the Port of Lindholm since 2019. It has four cranes. Nobody works there on Sundays."
    ),
    "harbour/ferries.md": (
        "# Ferries\n\nThey leave at nine. The Baltic Line runs ferries from the Port of Lindholm to Gdansk. "
        "Erik Dahl is the captain of the ferry Solveig of the Baltic Line."
    ),
    "harbour/timber.md": (
        "# Timber\n\nNordic Timber ships planks from Lindholm to Gdansk with the Baltic Line. "
        "Marta Olsen signed the contract with Nordic Timber in 2021."
    ),
    "orchard/apples.md": (
        "# Apples\n\nVerdant Orchards grows apples and pears in Hardanger for Fjord Cider. "
        "Ingrid Moe leads Verdant Orchards. The trees bloom in May."
    ),
    "orchard/cider.md": (
        "# Cider\n\nFjord Cider presses the apples of Verdant Orchards in Hardanger. "
        "Ingrid Moe and Lars Vik founded Fjord Cider in 2012. Lars Vik runs the press."
    ),
    "医院/概况.md": (
        "# 青禾医院\n\n青禾医院位于苏州，由陈立新担任院长。青禾医院与江南大学合作培养护士。食堂每天七点开门。"
    ),
    "医院/合作.md": (
        "# 合作\n\n江南大学与青禾医院在苏州共同建立了康复中心。王敏是康复中心的主任，她毕业于江南大学。"
    ),
}  # fmt: skip
"""Three groups of names that do not meet: a harbour, an orchard and a hospital."""
GROUPS = ("harbour", "orchard", "医院")
ASKED = (
    "What are the main topics?", "What is this corpus about?", "What are these documents about?",
    "文档主要讲了什么？", "这些资料讲的是什么？", "主要有哪些话题？",
)  # fmt: skip


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> FakeGraphStore:
    return _built(tmp_path_factory.mktemp("home"), TEXTS)


def _built(home: Path, texts: dict[str, str]) -> FakeGraphStore:
    for path, text in texts.items():
        file = home / "documents" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    held = FakeGraphStore()
    flow = Flow(home / "documents", home / "home", FakeEmbedder(), held)
    flow.settings = ChunkSettings(max_tokens=120)
    flow.run()
    return held


def _asked(store: FakeGraphStore, question: str, mode: Mode = AUTO, **settings: Any) -> tuple[Answered, list[Any]]:
    """Return the answer, and what the model and the embedder were asked."""
    model, embedder = FakeLanguageModel(lambda messages: "Ingrid Moe leads Verdant Orchards."), FakeEmbedder()
    answerer = Answerer(store=store, embedder=embedder, language_model=model, settings=AnswerSettings(**settings))
    return answerer.ask(question, mode), [*model.calls, *(embedder.calls if mode in (AUTO, "global") else [])]


def _groups(answered: Answered) -> list[str]:
    return sorted(citation["document"].split("/")[0] for citation in answered.answer.citations)


@pytest.mark.parametrize("question", ASKED)
@pytest.mark.parametrize("mode", [AUTO, "global"])
def test_one_sentence_each_of_three_groups_tells_what_the_documents_are_about(
    store: FakeGraphStore, question: str, mode: Mode
):
    answered, calls = _asked(store, question, mode)
    assert answered.answer.supported and not calls
    assert _groups(answered) == sorted(GROUPS)
    for number, citation in enumerate(answered.answer.citations, start=1):
        assert TEXTS[citation["document"]][citation["start"] : citation["end"]] == citation["quote"]
        assert f"{citation['quote']} [{number}]" in answered.answer.text
    assert "quoted, not summed up: 3 sentences" in answered.answer.note
    assert ("auto: global" in answered.answer.note) == (mode == AUTO)


def test_what_is_quoted_stands_by_itself_and_tells_what_its_reports_do(store: FakeGraphStore):
    quotes = {one["quote"] for one in _asked(store, ASKED[0])[0].answer.citations}
    passing = ("It has four cranes.", "Nobody works", "They leave at nine.", "The trees bloom", "食堂每天七点开门")
    assert not any(one.startswith(passing) for one in quotes)


def test_as_many_voices_are_heard_as_the_settings_have(store: FakeGraphStore):
    extract = ExtractSettings(voices=5, citations=5)
    answered, _ = _asked(store, ASKED[0], extract=extract)
    documents = [citation["document"] for citation in answered.answer.citations]
    assert len(set(documents)) == len(documents) == 5 and set(_groups(answered)) == set(GROUPS)


def test_a_question_with_terms_of_its_own_still_has_to_be_covered(store: FakeGraphStore):
    answered, _ = _asked(store, "What are the main topics in the submarine manuals?")
    assert not answered.answer.supported and not answered.answer.citations


def test_filters_leave_only_what_passes_them_and_a_refusal_where_nothing_does(store: FakeGraphStore):
    for paths, groups in ((("医院",), {"医院"}), (("nowhere",), set())):
        retrieval = AnswerSettings().retrieval.model_copy(update={"filters": Filters(paths=paths)})
        answered, _ = _asked(store, ASKED[0], retrieval=retrieval)
        assert set(_groups(answered)) == groups and answered.answer.supported == bool(groups)


def test_a_corpus_of_one_document_is_told_from_its_passages(tmp_path: Path):
    text = "\n\n".join(text.partition("\n\n")[2] for path, text in TEXTS.items() if not path.startswith("医院"))
    answered, _ = _asked(_built(tmp_path, {"book.md": text}), ASKED[2])
    assert answered.answer.supported and {one["document"] for one in answered.answer.citations} == {"book.md"}
    assert len({one["quote"] for one in answered.answer.citations}) > 1


@pytest.mark.parametrize(("question", "language"), [(ASKED[0], "en"), (ASKED[3], "zh")])
def test_without_reports_it_is_refused_and_the_note_says_what_to_do(question: str, language: str):
    bare = build_store({"a.md": "The tent is stored at Halden.", "b.md": "帐篷存放在宁波仓。"})
    answer = build_answerer(store=bare).ask(question, AUTO).answer
    assert (answer.text, answer.supported) == (LANGUAGES[language].refusal, False)
    assert "mode global or auto, after graftline run" in answer.note
    with pytest.raises(NotMaterializedError, match="graftline run"):
        build_answerer(store=bare).ask(question, "global")


def test_another_refusal_has_no_such_note(store: FakeGraphStore):
    assert "graftline run" not in _asked(store, "Who insures the submarine?")[0].answer.note


def test_a_capable_model_still_writes_its_answer(store: FakeGraphStore):
    class Capable(FakeLanguageModel):
        packaged = False

    model = Capable(lambda messages: "Ingrid Moe leads Verdant Orchards [1].")
    answered = Answerer(store=store, embedder=FakeEmbedder(), language_model=model).ask(ASKED[0], AUTO)
    assert answered.answer.writer == "model" and model.calls and "quoted" not in answered.answer.note
    quoting = AnswerSettings(writer="extract")
    quoted = Answerer(store=store, embedder=FakeEmbedder(), language_model=model, settings=quoting).ask(ASKED[0], AUTO)
    assert quoted.answer.supported and quoted.answer.writer == "extract"
    assert "quoted, not summed up" in quoted.answer.note


def test_drift_quotes_as_well(store: FakeGraphStore):
    answered, calls = _asked(store, ASKED[4], "drift")
    assert answered.answer.supported and not calls and len(answered.answer.citations) == 3


def _texts(answers: Sequence[Answered]) -> list[str]:
    return [one.answer.text for one in answers]


def test_the_same_graph_gives_the_same_answer(store: FakeGraphStore, tmp_path: Path):
    again = _built(tmp_path, TEXTS)
    assert _texts([_asked(store, one)[0] for one in ASKED]) == _texts([_asked(again, one)[0] for one in ASKED])
