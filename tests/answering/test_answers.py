from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pytest

from pipelines.answering.answers import answer_all
from pipelines.answering.ask import CODE_VERSION
from pipelines.answering.checks import broken_citations, unanswered_share
from pipelines.answering.modes.names import MODES
from pipelines.answering.settings import AnswerSettings, ExtractSettings
from pipelines.core.delta import Work
from pipelines.core.protocols import Completion
from pipelines.core.schemas import QUESTIONS
from pipelines.text.languages.english import ENGLISH
from pipelines.text.languages.languages import LANGUAGES
from tests.answering.world import TEXTS, build_answerer
from tests.fakes import FakeEmbedder, FakeLanguageModel


def _questions(*texts: str) -> pa.Table:
    rows = [
        {"id": f"q{number}", "question": text, "answer": "x", "documents": [], "type": "single-hop", "language": "en"}
        for number, text in enumerate(texts)
    ]
    return pa.Table.from_pylist(rows, schema=QUESTIONS)


def _untimed(answers: pa.Table) -> pa.Table:
    traces = [_without_seconds(trace) for trace in answers["trace"].to_pylist()]
    return answers.drop_columns(["seconds", "trace"]).append_column("trace", pa.array(traces))


def _without_seconds(trace: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [{name: value for name, value in step.items() if name != "seconds"} for step in trace]


ASKED = (
    "Within how many days can unused goods be sent back?",
    "Who has managed the Halden warehouse since April 2023?",
)


def _answer(
    questions: pa.Table,
    previous: pa.Table | None = None,
    digest: str = "graph-1",
    settings: AnswerSettings | None = None,
) -> tuple[pa.Table, Work, FakeLanguageModel, FakeEmbedder]:
    model, embedder = FakeLanguageModel(), FakeEmbedder()
    answerer = build_answerer(model, embedder=embedder, settings=settings)
    table, work = answer_all(questions, MODES, answerer, previous, digest)
    return table, work, model, embedder


def test_all_prompts_of_all_modes_go_to_the_model_in_one_call() -> None:
    table, work, model, _ = _answer(_questions(*ASKED))
    assert table.num_rows == 6 and work.new == 6 and len(model.calls) == 1


def test_with_nothing_changed_neither_model_is_used() -> None:
    first, *_ = _answer(_questions(*ASKED))
    second, work, model, embedder = _answer(_questions(*ASKED), first)
    assert second.equals(first) and work.same == 6 and work.computed["answers"] == 0
    assert not model.calls and not embedder.calls


def test_only_the_edited_question_is_asked_again_and_a_deleted_one_is_gone() -> None:
    first, *_ = _answer(_questions(*ASKED))
    second, work, _, _ = _answer(_questions(ASKED[0], "When was the Halden warehouse opened?"), first)
    assert (work.same, work.changed) == (3, 3)
    third, work, _, _ = _answer(_questions(ASKED[0]), second)
    assert work.gone == 3 and set(third["question_id"].to_pylist()) == {"q0"}


@pytest.mark.parametrize(
    "change", [{"digest": "graph-2"}, {"settings": AnswerSettings(extract=ExtractSettings(max_tokens=7))}]
)
def test_another_graph_or_setting_asks_everything_again(change: dict) -> None:
    first, *_ = _answer(_questions(*ASKED))
    assert _answer(_questions(*ASKED), first, **change)[1].computed["answers"] == 6


def test_the_bar_and_the_patterns_are_part_of_the_ids_of_answers_that_know_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    high = AnswerSettings(extract=ExtractSettings(min_evidence=0.9))
    quoting = build_answerer().made_with
    assert build_answerer(settings=high).made_with != quoting
    model = AnswerSettings(writer="model")
    written = build_answerer(settings=model).made_with
    assert build_answerer(settings=model.model_copy(update={"extract": high.extract})).made_with == written
    other = replace(ENGLISH, questions=replace(ENGLISH.questions, number=r"\bhow\b"))
    monkeypatch.setitem(LANGUAGES, "en", other)
    assert build_answerer().made_with != quoting and build_answerer(settings=model).made_with != written


def test_what_the_same_model_is_said_to_read_is_part_of_an_answers_id_unless_it_is_english_alone() -> None:
    made = {codes: build_answerer(embedder=FakeEmbedder(languages=codes)).made_with for codes in (("en",), ("zh",), ())}
    assert len(set(made.values())) == 3
    named = ("fake-model@1", "fake-embedder@1", AnswerSettings().digest, CODE_VERSION)
    assert made["en",][:4] == named and not [one for one in made["en",] if one.startswith("reads")]


def test_a_night_and_a_single_question_give_the_same_answer() -> None:
    table, *_ = _answer(_questions(*ASKED))
    answerer = build_answerer()
    for row in table.to_pylist():
        question = ASKED[int(row["question_id"][1:])]
        asked = answerer.ask(question, row["mode"])
        told = asked.as_dict()
        told["trace"], row["trace"] = _without_seconds(told["trace"]), _without_seconds(row["trace"])
        assert told == {"question": question} | {name: row[name] for name in told if name != "question"}
        assert asked.retrieved == row["retrieved"]


def test_a_delta_run_equals_a_clean_rebuild() -> None:
    first, *_ = _answer(_questions(ASKED[0]))
    assert _untimed(_answer(_questions(*ASKED), first)[0]).equals(_untimed(_answer(_questions(*ASKED))[0]))


def test_a_citation_that_does_not_stand_in_its_document_is_found() -> None:
    table, *_ = _answer(_questions(ASKED[0]))
    documents = pa.table({"path": list(TEXTS), "text": list(TEXTS.values())})
    assert broken_citations(table, documents) == []
    edited = pa.table({"path": list(TEXTS), "text": [f"x{text}" for text in TEXTS.values()]})
    assert len(broken_citations(table, edited)) == sum(map(len, table["citations"].to_pylist()))


def test_the_share_without_an_answer_counts_refusals() -> None:
    table, *_ = _answer(_questions(ASKED[1], "Which insurer paid for the submarine?"))
    assert unanswered_share(table) == 0.5


def test_a_question_that_the_model_failed_for_is_quoted_and_asked_again() -> None:
    first, work = answer_all(
        _questions(*ASKED), MODES, build_answerer(FakeLanguageModel(fails_on="Halden warehouse since")), None, "g"
    )
    failed = {row["question_id"] for row in first.to_pylist() if not row["model"]}
    assert failed == {"q1"} and work.computed["failures"] == 3
    model = FakeLanguageModel()
    second, work = answer_all(_questions(*ASKED), MODES, build_answerer(model), first, "g")
    assert work.computed["answers"] == len(model.calls[0]) == 3 and work.computed["failures"] == 0
    assert _untimed(second).equals(_untimed(answer_all(_questions(*ASKED), MODES, build_answerer(), None, "g")[0]))


def test_only_a_completion_that_becomes_the_answer_is_one_to_keep() -> None:
    for text, used in (("Unused goods can be sent back within 45 days.", True), ("I can't help with that.", False)):
        model = FakeLanguageModel(lambda messages, text=text: text)
        build_answerer(model).ask(ASKED[0], "native")
        assert model.used == [used]


def test_every_answer_says_how_long_it_took_and_one_kept_by_the_models_cache_does_not() -> None:
    seconds = _answer(_questions(*ASKED))[0]["seconds"].to_pylist()
    assert len(seconds) == 6 and all(one > 0 for one in seconds)
    kept = _Cached(lambda messages: "Unused goods can be sent back within 45 days.")
    table, _ = answer_all(_questions(ASKED[0]), ("native",), build_answerer(kept), None, "g")
    assert table["seconds"].to_pylist() == [None]


class _Cached(FakeLanguageModel):
    def complete(self, *args: Any, **kwargs: Any) -> list[Completion]:
        return [replace(one, cached=True) for one in super().complete(*args, **kwargs)]
