import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa
import pytest

from pipelines.answering import retrievers
from pipelines.answering.ask import Answerer
from pipelines.answering.modes.names import MODES, Mode
from pipelines.core.errors import NotMaterializedError
from pipelines.text.languages.languages import LANGUAGES
from tests.answering.world import TEXTS, build_answerer, build_store
from tests.fakes import FakeEmbedder, FakeGraphStore, FakeLanguageModel


def _ask(question: str, mode: Mode = "native", says: str = "") -> dict:
    return build_answerer(FakeLanguageModel(lambda messages: says)).ask(question, mode).as_dict()


class CountingStore(FakeGraphStore):
    """The small world that counts how often it is counted and read whole."""

    def __init__(self) -> None:
        super().__init__(**build_store().tables)
        self.calls: Counter[str] = Counter()

    def counts(self) -> dict[str, int]:
        self.calls["counts"] += 1
        return super().counts()

    def table(self, name: str) -> pa.Table:
        self.calls[name] += 1
        return super().table(name)


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[Mode]:
    """The modes whose retrievers are opened, in order."""
    modes: list[Mode] = []
    opened_retriever = retrievers._retriever

    def recorded(mode: Mode, *arguments: object) -> object:
        modes.append(mode)
        time.sleep(0.01)  # time for another thread to open it as well
        return opened_retriever(mode, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(retrievers, "_retriever", recorded)
    return modes


ASKED = (
    "Within how many days can unused goods be sent back?",
    "Where is the Fjell 2 tent stored?",
    "订单满多少元免运费？",
)
INDEXED: tuple[Mode, ...] = ("llamaindex-vector", "llamaindex-keyword")


def test_many_questions_open_each_modes_retriever_and_index_once_and_count_the_store_once(opened: list[Mode]) -> None:
    store = CountingStore()
    answerer, modes = build_answerer(store=store), (*MODES, "hybrid", *INDEXED)
    answers = [answerer.ask(question, mode) for question in ASKED for mode in modes]
    assert [(one.question, one.mode) for one in answers] == [(question, mode) for question in ASKED for mode in modes]
    assert opened == list(modes)
    # An index of LlamaIndex's is made from the whole tables; the graph is read once for all modes that walk it.
    assert store.calls == {
        "counts": 1, "chunks": len(INDEXED) + 1, "documents": len(INDEXED) + 1, "entities": 1, "relations": 1,
        "communities": 2,
    }  # fmt: skip


def test_questions_of_several_threads_open_a_mode_once(opened: list[Mode]) -> None:
    answerer = build_answerer()
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda question: answerer.ask(question, "llamaindex-vector"), ASKED * 4))
    assert [one.question for one in answers] == list(ASKED * 4) and opened == ["llamaindex-vector"]


def test_opening_touches_neither_the_store_nor_a_model() -> None:
    store, model, embedder = CountingStore(), FakeLanguageModel(), FakeEmbedder()
    with Answerer(store=store, embedder=embedder, language_model=model):
        pass
    assert not store.calls and not model.calls and not embedder.calls


def test_after_closing_the_next_question_sees_the_graph_as_it_is_then(opened: list[Mode]) -> None:
    store = build_store()
    answerer = build_answerer(store=store)
    assert answerer.ask(ASKED[0], "llamaindex-vector").answer.supported
    answerer.close()
    for table in ("documents", "chunks"):
        store.tables[table] = [row for row in store.tables[table] if row["path"] != "policies/returns.md"]
    assert "policies/returns.md" not in {
        citation["document"] for citation in answerer.ask(ASKED[0], "llamaindex-vector").answer.citations
    }
    assert opened == ["llamaindex-vector"] * 2


@pytest.mark.parametrize("mode", MODES)
def test_every_quote_is_the_documents_text_at_its_span(mode: Mode) -> None:
    answer = _ask("Who has managed the Halden warehouse since April 2023?", mode)
    assert answer["supported"] and answer["mode"] == mode and 1 <= len(answer["citations"]) <= 3
    for citation in answer["citations"]:
        assert TEXTS[citation["document"]][citation["start"] : citation["end"]] == citation["quote"]


def test_what_the_model_says_is_kept_where_a_source_holds_it() -> None:
    answer = _ask("Within how many days can unused goods be sent back?", says="Unused goods go back within 45 days.")
    assert answer["answer"] == "Unused goods go back within 45 days. [1]"
    assert answer["citations"][0]["document"] == "policies/returns.md"


def test_a_wrong_number_is_dropped_and_the_source_sentence_answers() -> None:
    answer = _ask("Within how many days can unused goods be sent back?", says="Unused goods go back within 90 days.")
    assert answer["answer"] == "Unused goods can be sent back within 45 days. [1]"


def test_a_chinese_question_is_answered_from_chinese_text() -> None:
    answer = _ask("订单满多少元免运费？")
    assert answer["supported"] and "299元" in answer["answer"]


@pytest.mark.parametrize(
    ("question", "language"),
    [
        ("Which insurance company paid for the broken submarine?", "en"),
        ("潜水艇的保险公司叫什么名字？", "zh"),
    ],
)
def test_what_the_sources_do_not_hold_is_refused_in_the_questions_language(question: str, language: str) -> None:
    model = FakeLanguageModel(lambda messages: "It was Atlantis Insurance.")
    assert build_answerer(model).ask(question, "native").as_dict() == {
        "question": question,
        "mode": "native",
        "answer": LANGUAGES[language].refusal,
        "supported": False,
        "citations": [],
        "sentences": [],
        "writer": "extract",
        "left_out": 0,
        "note": "",
        "trace": [],
    }
    assert not model.calls, "what has no evidence costs no model call"


@pytest.mark.parametrize("mode", MODES)
def test_an_empty_store_says_what_to_type(mode: Mode) -> None:
    with pytest.raises(NotMaterializedError, match="graftline run"):
        build_answerer(store=FakeGraphStore()).ask("Who?", mode)


TEAMS = (
    "Team A builds the boats in Oslo. Its lead is Nora Vik.",
    "Team B builds the boats in Bergen. Its lead is Omar Said.",
)


@pytest.mark.parametrize("kinds", [("A", "B"), ("1", "2"), ("Ⅰ", "Ⅱ"), ("X", "A")])
@pytest.mark.parametrize("together", [True, False])
def test_the_letter_or_number_of_a_name_tells_two_things_apart(kinds: tuple[str, str], together: bool):
    first, second = (text.replace("A ", f"{kinds[0]} ").replace("B ", f"{kinds[1]} ") for text in TEAMS)
    texts = {"a.md": f"{first} {second}"} if together else {"a.md": first, "b.md": second}
    answerer = build_answerer(store=build_store(texts))
    for kind, lead in zip(kinds, ("Nora Vik", "Omar Said"), strict=True):
        assert lead in answerer.ask(f"Who is the lead of Team {kind}?", "hybrid").answer.text


def test_chinese_groups_that_differ_in_a_letter_are_told_apart():
    texts = {"a.md": "A组负责宁波仓库。其组长是王强。", "b.md": "B组负责宁波仓库。其组长是李明。"}
    answerer = build_answerer(store=build_store(texts))
    assert "王强" in answerer.ask("A组的组长是谁？", "hybrid").answer.text
    assert "李明" in answerer.ask("B组的组长是谁？", "hybrid").answer.text


@pytest.mark.parametrize(
    ("first", "second", "asked"),
    [
        ("A组的组长是王强。", "B组组长是李明。", ("A组的组长是谁？", "谁是B组的组长？")),
        ("A组组长是王强。", "B组的组长是李明。", ("A组的组长是谁？", "B组组长是谁？")),
        ("甲队的队长是王强。", "乙队队长是李明。", ("甲队队长是谁？", "乙队的队长是谁？")),
        ("3号楼的负责人是王强。", "5号楼负责人是李明。", ("3号楼负责人是谁？", "5号楼的负责人是谁？")),
        ("一期工程由王强负责。", "二期工程由李明负责。", ("一期工程由谁负责？", "谁负责二期工程？")),
        ("第一期的负责人是王强。", "第二期负责人是李明。", ("一期负责人是谁？", "第二期的负责人是谁？")),
    ],
)
@pytest.mark.parametrize("together", [True, False])
def test_chinese_names_by_letter_or_number_keep_what_is_said_of_them(
    first: str, second: str, asked: tuple[str, str], together: bool
):
    answerer = build_answerer(
        store=build_store({"a.md": first + second} if together else {"a.md": first, "b.md": second})
    )
    for question, (lead, other) in zip(asked, (("王强", "李明"), ("李明", "王强")), strict=True):
        answer = answerer.ask(question, "hybrid").answer.text
        assert lead in answer and other not in answer


@pytest.mark.parametrize(
    ("kind", "numbers"),
    [("Building", ("2", "3")), ("Plan", ("A", "B")), ("Phase", ("II", "III")), ("Phase", ("I", "V"))],
)
def test_other_names_by_letter_or_number_are_told_apart_however_they_are_typed(kind: str, numbers: tuple[str, str]):
    leads = ("Nora Vik", "Omar Said")
    texts = {
        f"{number}.md": f"{kind} {number} covers the harbour. Its lead is {lead}."
        for number, lead in zip(numbers, leads, strict=True)
    }
    answerer = build_answerer(store=build_store(texts))
    for number, lead in zip(numbers, leads, strict=True):
        for name in (f"{kind} {number}", f"{kind} {number}".lower()):
            assert lead in answerer.ask(f"Who is the lead of {name}?", "hybrid").answer.text


def test_a_completion_that_gives_one_team_the_lead_of_another_is_not_kept():
    said = FakeLanguageModel(lambda messages: "The lead of Team A is Omar Said.")
    answer = (
        build_answerer(said, build_store({"a.md": " ".join(TEAMS)})).ask("Who is the lead of Team A?", "hybrid").answer
    )
    assert "Nora Vik" in answer.text and "Omar" not in answer.text
