"""Questions in another language than the documents, and questions for which the first search finds nothing."""

from collections.abc import Callable, Generator

import pytest

from pipelines.answering.answers import answer_all
from pipelines.answering.ask import Answerer
from pipelines.answering.prompts.prompt_files import load_prompts
from pipelines.answering.scoreboard.questions import load_questions
from pipelines.answering.search.finding import Finder
from pipelines.answering.search.search import Retrieved
from pipelines.answering.search.trace import Step, drained
from pipelines.core.protocols import Messages
from tests.answering.world import TEXTS, build_answerer, build_store
from tests.fakes import FakeEmbedder, FakeLanguageModel

ENGLISH = {path: text for path, text in TEXTS.items() if text.isascii()}
QUESTION = "Fjell 帐篷重多少克？"
CHINESE = "帐篷有多重？"
TERMS = "tent weighs grams"
CHINESE_TEXTS = {"退货.txt": "未使用的商品可在45天内退回。", "配送.txt": "国内订单由宁波仓发货。"}


class Writing(FakeLanguageModel):
    packaged = False


def translating(terms: str = TERMS, says: str = "It weighs 2,100 grams [1].") -> Writing:
    def answer(messages: Messages) -> str:
        return terms if is_translation(messages) else says

    return Writing(answer)


def is_translation(messages: Messages) -> bool:
    return "search terms" in messages[0]["content"] or "检索词" in messages[0]["content"]


def translations(model: FakeLanguageModel) -> int:
    return sum(is_translation(messages) for call in model.calls for messages in call)


def asked(
    model: FakeLanguageModel,
    texts: dict[str, str] = ENGLISH,
    languages: tuple[str, ...] = ("en",),
    language: str = "en",
) -> Answerer:
    store = build_store(texts)
    for row in store.tables["chunks"]:
        row["language"] = language
    return build_answerer(model, store, FakeEmbedder(languages=languages))


@pytest.mark.parametrize("mode", ["native", "bm25", "vector", "hybrid"])
def test_a_chinese_question_is_searched_in_the_english_of_the_documents(mode: str) -> None:
    model = translating()
    answerer = asked(model)
    first = answerer.prepare(CHINESE, mode)
    assert first.draft.retrieved.chunks[0]["path"] == "products/fjell.md"
    assert first.note == f"searched as well: {TERMS}"
    answerer.prepare(CHINESE, mode)
    assert translations(model) == 1, "a question is translated once"
    assert answerer.ask(CHINESE, mode).answer.note.startswith(first.note)


def test_an_english_question_is_searched_in_the_chinese_of_the_documents() -> None:
    model = translating("宁波仓 发货")
    answerer = asked(model, CHINESE_TEXTS, language="zh")
    prepared = answerer.prepare("From which warehouse are orders sent?", "native")
    assert prepared.draft.retrieved.chunks[0]["path"] == "配送.txt" and translations(model) == 1


@pytest.mark.parametrize(
    ("model", "languages", "question"),
    [
        (FakeLanguageModel(), ("en",), CHINESE),  # the packaged model cannot translate
        (translating(), (), CHINESE),  # the embedder reads both languages
        (translating(), ("en",), "What does the tent weigh?"),  # the documents' own language
    ],
)
def test_nothing_is_translated_where_it_need_not_or_cannot_be(
    model: FakeLanguageModel, languages: tuple[str, ...], question: str
) -> None:
    prepared = asked(model, languages=languages).prepare(question, "native")
    assert not translations(model) and "searched as well" not in prepared.note


@pytest.mark.parametrize("written", ["", "帐篷 重量", "Sure!\nHere are the terms: tent", "x" * 900])
def test_what_is_no_translation_is_not_searched(written: str) -> None:
    model = translating(written)
    prepared = asked(model).prepare(CHINESE, "native")
    assert "searched as well" not in prepared.note and not model.used[0], "nor is it kept by the cache"


def test_what_many_questions_need_is_translated_in_one_call(tmp_path) -> None:
    lines = '{"question": "%s", "answer": "x", "documents": [], "type": "single-hop"}'
    (tmp_path / "q.jsonl").write_text("\n".join(lines % one for one in (CHINESE, QUESTION)), encoding="utf-8")
    model = translating()
    answer_all(load_questions(tmp_path)[0], ["native", "bm25"], asked(model), None, "g")
    assert [sum(map(is_translation, call)) for call in model.calls] == [2, 0]


def test_a_search_by_words_that_finds_nothing_is_followed_by_one_by_meaning() -> None:
    answerer = asked(FakeLanguageModel())
    prepared = answerer.prepare("zzz qqq", "bm25")
    assert prepared.draft.retrieved.chunks
    assert prepared.note == "nothing was found by words: searched by meaning instead"
    assert answerer.ask("zzz qqq", "bm25").answer.note == prepared.note


def test_a_search_by_meaning_in_a_language_that_is_not_read_is_followed_by_words() -> None:
    prepared = asked(FakeLanguageModel()).prepare("Fjell 2 帐篷重多少克？", "vector")
    assert prepared.draft.retrieved.chunks[0]["path"] == "products/fjell.md"
    assert prepared.note == "nothing was found by meaning: searched by words instead"


def finder(finds: Callable[[str, str], bool], model: FakeLanguageModel | None = None) -> tuple[Finder, list[str]]:
    queries: list[str] = []

    def retrieve(query: str, mode: str, k: int) -> Generator[Step, None, Retrieved]:
        yield from ()
        queries.append(f"{mode}: {query}")
        chunks = [{"chunk_id": "c1"}] if finds(query, mode) else []
        return Retrieved(chunks, [], {})

    return Finder(retrieve, lambda: {"en": 1}, FakeEmbedder(), model or FakeLanguageModel(), load_prompts()), queries


def test_single_terms_are_searched_last_and_the_one_that_finds_is_told() -> None:
    searching, queries = finder(lambda query, mode: query == "warehouse")
    found, note = drained(searching.steps("Which warehouse stores tents?", "bm25", 5))[0]
    assert found.chunks and note == "nothing was found for the whole question: searched for 'warehouse' instead"
    assert queries[:3] == [
        "bm25: Which warehouse stores tents?", "vector: Which warehouse stores tents?", "bm25: warehouse",
    ]  # fmt: skip


def test_nothing_stays_nothing_and_what_is_found_at_once_is_not_searched_again() -> None:
    searching, queries = finder(lambda query, mode: False)
    found, note = drained(searching.steps("Which warehouse stores tents?", "native", 5))[0]
    assert not found.chunks and not note and all(query.startswith("native: ") for query in queries)
    searching, queries = finder(lambda query, mode: True)
    assert drained(searching.steps("Which warehouse?", "bm25", 5))[0][1] == "" and queries == ["bm25: Which warehouse?"]
