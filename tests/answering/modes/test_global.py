"""Mode global: reports chosen level by level by a model that reads them, by the searches without one."""

import json
import re
from typing import Any

import pytest

from pipelines.answering.modes.drift import DriftRetriever
from pipelines.answering.modes.global_search import GlobalRetriever, in_turn
from pipelines.answering.modes.reports.reading import read_points, read_primer, read_ratings
from pipelines.answering.search.search import Retrieved, Search
from pipelines.answering.settings import AnswerSettings
from pipelines.core.filters import Filters
from pipelines.core.protocols import Completion, Messages
from tests.answering.world import build_answerer, build_store
from tests.fakes import FakeEmbedder, FakeGraphStore, FakeLanguageModel

QUESTION = "What are the main themes of these documents?"
TREE = {"all": (-1, ""), "goods": (0, "all"), "people": (0, "all"), "tents": (1, "goods"), "stoves": (1, "goods")}
"""Reports by their level and the one above them: that of all documents is at -1."""
SUMMARIES = {"all": "Everything.", "goods": "Goods are sold.", "people": "Managers lead.", "tents": "Tents are stored.",
             "stoves": "Stoves are tested."}  # fmt: skip


class Reading(FakeLanguageModel):
    """A capable model that finds some reports relevant, and makes a point of each report that it is given."""

    packaged = False

    def __init__(self, relevant: set[str], fails: str = "") -> None:
        self.relevant, self.broken = relevant, fails
        super().__init__(self._said)

    def _said(self, messages: Messages) -> str:
        text = messages[-1]["content"]
        given = [(int(number), name) for number, name in re.findall(r"^\[(\d+)\] (\w+)", text, re.MULTILINE)]
        kind = next((one for one in ("ratings", "points", "follow_ups") if f'"{one}":' in text), "")
        if kind == self.broken:
            return "I am sorry, I cannot help with that."
        if kind == "ratings":
            return json.dumps({kind: [{"report": n, "score": 4 if name in self.relevant else 0} for n, name in given]})
        if kind == "points":
            found = [{"point": f"on {name}", "score": 90 - n, "reports": [n]} for n, name in given]
            return f"Sure!\n```json\n{json.dumps({kind: found})}\n```"
        if kind == "follow_ups":
            asked = ["Where is the Fjell 2 stored?", "Who manages Halden?"]
            return json.dumps({"answer": "Goods, mostly.", kind: asked})
        return "Goods are sold [2]."


def _store(tree: dict[str, tuple[int, str]] = TREE, **more: Any) -> FakeGraphStore:
    tables = build_store().tables
    ids = {row["path"]: row["chunk_id"] for row in tables["chunks"]}
    tables["communities"] = [
        {"community_id": key, "level": level, "parent_id": above, "title": key, "summary": SUMMARIES[key], "model": "m"}
        | {"chunk_ids": [ids["products/fjell.md"]], "entity_ids": [] if level < 0 else ["e1"], "digest": ""}
        | {"vector": FakeEmbedder().embed([SUMMARIES[key]])[0]} | more
        for key, (level, above) in tree.items()
    ]  # fmt: skip
    return FakeGraphStore(**tables)


def _found(model: FakeLanguageModel | None, store: FakeGraphStore | None = None, **settings: Any) -> Retrieved:
    search = Search(store or _store(), FakeEmbedder(), AnswerSettings(**settings), model)
    return GlobalRetriever(search).retrieve(QUESTION, 5)


def _titles(found: Retrieved) -> list[str]:
    return [fact.title for fact in found.context if fact.kind == "report"]


def test_a_model_goes_down_where_reports_are_relevant_and_a_report_gives_way_to_its_relevant_children():
    model = Reading({"goods", "tents", "people"})
    found = _found(model)
    assert sorted(_titles(found)) == ["people", "tents"]
    assert [step.action for step in found.trace] == ["rate", "rate", "map"]
    assert [step.argument for step in found.trace] == ["2 reports of level 0", "2 reports of level 1", "2 reports"]


def test_where_no_child_is_relevant_the_report_itself_stays():
    assert _titles(_found(Reading({"goods"}))) == ["goods"]


def test_an_older_store_without_a_report_of_all_documents_begins_at_its_first_level():
    tree = {key: (level, above if above != "all" else "") for key, (level, above) in TREE.items() if key != "all"}
    assert _titles(_found(Reading({"people"}), _store(tree))) == ["people"]


def test_points_stand_on_the_chunks_of_their_reports_and_come_before_the_reports():
    found = _found(Reading({"people", "goods"}))
    points = [fact for fact in found.context if fact.kind == "point"]
    assert {point.text for point in points} == {"on people", "on goods"}
    assert found.context[: len(points)] == points
    assert all(row["path"] == "products/fjell.md" for point in points for row in point.chunks)


def test_every_call_is_a_step_with_its_tokens():
    model = Reading({"goods", "tents"})
    found = _found(model)
    assert len(found.trace) == sum(map(len, model.calls))
    assert all(step.prompt_tokens and step.completion_tokens for step in found.trace)


@pytest.mark.parametrize(
    ("broken", "kept"), [("ratings", {"goods", "people", "tents", "stoves"}), ("points", {"goods"})]
)
def test_a_reply_that_cannot_be_read_is_told_and_loses_no_report(broken: str, kept: set[str]):
    found = _found(Reading({"goods"}, broken))
    assert set(_titles(found)) <= kept and _titles(found)
    assert any("it wrote none that can be read" in step.result for step in found.trace)


def test_a_failing_model_is_told_and_the_answer_still_has_sources():
    model = Reading({"goods"})
    model.fails_on = "Reports:"
    found = _found(model)
    assert found.chunks and any("the model failed: this prompt is refused" in step.result for step in found.trace)


def test_no_more_reports_are_rated_than_the_setting_allows():
    found = _found(Reading({"goods", "people", "tents", "stoves"}), reports_rated=3)
    assert [step.argument for step in found.trace[:2]] == ["2 reports of level 0", "1 reports of level 1"]


@pytest.mark.parametrize("model", [None, FakeLanguageModel()])
@pytest.mark.parametrize(
    ("question", "how"), [(QUESTION, "by rating"), ("What are the main themes of the goods?", "by vectors and words")]
)
def test_without_a_model_that_reads_none_is_called_and_the_trace_says_so(
    model: FakeLanguageModel | None, question: str, how: str
):
    found = GlobalRetriever(Search(_store(), FakeEmbedder(), AnswerSettings(), model)).retrieve(question, 5)
    assert found.chunks and [step.action for step in found.trace] == ["reports"]
    assert f"{how} (no model rated them)" in found.trace[0].result
    assert model is None or not model.calls


def test_each_report_leads_to_a_passage_in_turn_and_to_documents_that_were_not_heard_first():
    rows = {key: {"chunk_id": key, "document_id": key[0]} for key in ("a1", "a2", "a3", "b1", "c1")}
    reports = [["a1", "a2", "b1"], ["a2", "a3", "c1"], ["a1", "gone"]]
    assert [row["chunk_id"] for row in in_turn(reports, rows, 9)] == ["a1", "c1", "b1", "a2", "a3"]
    assert [row["chunk_id"] for row in in_turn(reports, rows, 2)] == ["a1", "c1"]
    assert in_turn([], rows, 3) == []


def test_the_parts_of_all_are_of_the_largest_community_s_parts_where_there_are_too_few_and_go_by_rating():
    store = _store()
    for row, rating, size in zip(store.tables["communities"], (9.0, 6.0, 5.0, 4.0, 8.0), (0, 9, 2, 4, 5), strict=True):
        row |= {"rating": rating, "entity_ids": ["e1"] * size}
    tree = GlobalRetriever(Search(store, FakeEmbedder(), AnswerSettings())).tree
    assert tree.parts(1) == tree.parts(2) == ["goods", "people"]
    assert tree.parts(3) == tree.parts(9) == ["tents", "people", "stoves"]
    assert GlobalRetriever(Search(_store({}), FakeEmbedder(), AnswerSettings())).tree.parts(3) == []


def test_a_report_is_shown_with_its_findings_where_it_has_any():
    with_findings = _store(findings=["Tents weigh 2,100 grams."], finding_chunk_ids=["c1"], rating=7.0)
    assert all("2,100 grams" in fact.text for fact in _found(None, with_findings).context if fact.kind == "report")
    assert all("\n" not in fact.text for fact in _found(None).context)


def test_with_filters_a_model_reads_only_reports_whose_members_pass_whole():
    model = Reading({"goods", "people"})
    settings = AnswerSettings()
    only = settings.retrieval.model_copy(update={"filters": Filters(paths=("policies/",))})
    found = _found(model, retrieval=only)
    assert not model.calls and not found.context


@pytest.mark.parametrize(
    "reply",
    [
        '{"ratings": [{"report": 1, "score": 4}, {"report": 2, "score": 0}]}',
        '<think>{"ratings": []}</think>{"Ratings": {"1": "4", "2": 0}} ", ": "}',
        "```json\n{'x': 1}```{\"scores\": [4, 0]}",
        '{"ratings": [{"id": "[1]", "rating": "4/5",}, {"id": 2, "rating": 0},]}',
        '{"ratings": [{"report": 1, "score": 4, "why": "line\nbreak"}, {"report": 2, "score": 0}, {"report": 9, "sc',
    ],
)
def test_ratings_are_read_in_the_forms_that_models_write(reply: str):
    assert read_ratings(Completion(reply, 0, 0), 2) == {1: 4.0, 2: 0.0}


def test_points_that_name_no_report_or_help_nothing_are_left_out():
    said = [{"description": "a", "score": 20, "reports": "1, 2"}, {"point": "b", "score": 0, "reports": [1]},
            {"point": "c", "score": 99, "reports": [7]}, {"point": "d", "score": "80", "report": 2}]  # fmt: skip
    found = read_points(Completion(json.dumps({"points": said}), 0, 0), 2)
    assert [(one.text, one.score, one.reports) for one in found] == [("d", 80.0, (2,)), ("a", 20.0, (1, 2))]


def test_follow_up_questions_are_read_once_each_and_no_more_than_wanted():
    reply = {"intermediate_answer": "So.", "follow_up_queries": ["A?", {"query": "B?"}, "A?", "C?", 5, None]}
    # A control character inside quotes, and scraps behind the object: graphrag's issue 2163.
    text = json.dumps(reply).replace("So.", "So\n.") + '", ":", "}'
    assert read_primer(Completion(text, 0, 0), 2) == ("So\n.", ["A?", "B?"])


def _drift(model: FakeLanguageModel | None, **settings: Any) -> Retrieved:
    return DriftRetriever(Search(_store(), FakeEmbedder(), AnswerSettings(**settings), model)).retrieve(QUESTION, 5)


def test_drift_looks_up_the_questions_that_a_first_answer_raises():
    model = Reading(set())
    found = _drift(model)
    asked = [step.argument for step in found.trace if step.action == "local"]
    assert asked == [QUESTION, "Where is the Fjell 2 stored?", "Who manages Halden?"] and len(model.calls) == 1
    assert {"products/fjell.md", "warehouses/halden.md"} <= {row["path"] for row in found.chunks}
    assert [fact.text for fact in found.context if fact.kind == "point"] == ["Goods, mostly."]


def test_drift_looks_up_no_more_questions_than_the_setting_allows():
    assert len([step for step in _drift(Reading(set()), follow_ups=1).trace if step.action == "local"]) == 2


@pytest.mark.parametrize("model", [None, FakeLanguageModel(), Reading(set(), "follow_ups")])
def test_drift_without_follow_ups_walks_from_the_reports_entities_and_says_so(model: FakeLanguageModel | None):
    found = _drift(model)
    assert "no follow-up was asked by a model: 1 entities of the reports lead" in [s.result for s in found.trace]
    assert found.chunks and _titles(found)


def test_another_question_has_another_drift():
    search = Search(_store(), FakeEmbedder(), AnswerSettings())
    asked = "Who has managed the Halden warehouse since April 2023?", "订单满多少元免运费？"
    first, second = (DriftRetriever(search).retrieve(one, 1).chunks[0]["path"] for one in asked)
    assert (first, second) == ("warehouses/halden.md", "policies/配送.txt")


def test_an_answer_of_a_model_cites_the_chunks_of_the_reports():
    model = Reading({"goods"})
    answered = build_answerer(model, _store()).ask("What is the main theme of the goods that are sold?", "global")
    assert answered.prompt_tokens > sum(step.prompt_tokens for step in answered.trace) > 0
    assert {row["document"] for row in answered.answer.citations} <= {"products/fjell.md"}
