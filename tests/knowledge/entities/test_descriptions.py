"""Descriptions of a thing: put together while short, by a model above the limit, cut and counted without one."""

from pipelines.core.protocols import Completion, Messages
from pipelines.knowledge.entities.descriptions import Descriptions, Wanted
from pipelines.knowledge.entities.resolution import resolve_entities
from tests.knowledge.entities.names_in_texts import tables_of

LONG = [f"Fact {number} about the works of Alder." for number in range(30)]


class Writer:
    name = "writer@1"
    packaged = False

    def __init__(self, text: str = "Alder in one sentence.", failure: str = "") -> None:
        self.asked: list[list[Messages]] = []
        self._answer = Completion("" if failure else text, 5, 3, failure=failure)

    def complete(self, prompts, max_tokens, schema=None, usable=None):  # type: ignore[no-untyped-def]
        self.asked.append(list(prompts))
        return [self._answer] * len(prompts)


def test_short_ones_stand_behind_each_other_once_each():
    found = Descriptions().merged(
        {"a": Wanted("Alder", ["A mill.", "A mill.", "It burns."]), "b": Wanted("B", ["一。", "二。"])}
    )
    assert found == {"a": "A mill. It burns.", "b": "一。二。"}


def test_without_a_model_what_is_longer_is_cut_between_descriptions_and_counted():
    merging = Descriptions(limit=30)
    assert merging.merged({"a": Wanted("Alder", LONG)})["a"] == " ".join(LONG[:3])
    assert merging.counts["cut"] == 1


def test_a_model_writes_what_is_longer_in_one_call_and_only_once():
    writer = Writer()
    first = Descriptions(30, writer)
    wanted = {"a": Wanted("Alder", LONG), "b": Wanted("Berg", LONG), "c": Wanted("C", ["Short."])}
    assert first.merged(wanted) == {"a": "Alder in one sentence.", "b": "Alder in one sentence.", "c": "Short."}
    assert [len(prompts) for prompts in writer.asked] == [2] and first.counts["written"] == 2 and first.tokens == 16
    again = Descriptions(30, writer, first.table())
    assert again.merged(wanted)["a"] == "Alder in one sentence." and len(writer.asked) == 1
    changed = again.merged({"a": Wanted("Alder", LONG[1:])})
    assert changed and len(writer.asked) == 2


def test_a_model_that_fails_leaves_the_cut_and_is_asked_again():
    merging = Descriptions(30, Writer(failure="time-out"))
    assert merging.merged({"a": Wanted("Alder", LONG)})["a"] == " ".join(LONG[:3])
    assert merging.counts["failed"] == 1 and merging.table().num_rows == 0


def test_a_models_descriptions_take_the_place_of_sentences():
    extractions, chunks = tables_of(
        {"a.md": "[Ann Lee|P|a] leads [Bo Works|O|b]."}, {"a.md": ["Ann Lee > LEADS > Bo Works"]}
    )
    rows = extractions.to_pylist()
    rows[0]["entities"][0]["description"] = "A  manager."
    rows[0]["relations"][0]["description"] = "She is its head."
    graph = resolve_entities(type(extractions).from_pylist(rows, extractions.schema), chunks)
    found = {row["name"]: row["description"] for row in graph.entities.to_pylist()}
    assert found == {"Ann Lee": "A manager.", "Bo Works": "Ann Lee leads Bo Works."}
    assert graph.relations["description"].to_pylist() == ["She is its head."]
