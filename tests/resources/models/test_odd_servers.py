"""What servers really send, by a scripted one: thoughts, odd fields, pages for answers, refusals of one prompt."""

import json
import threading
from pathlib import Path
from typing import Any

import pytest

from pipelines.core.errors import ServiceError
from pipelines.core.protocols import CUT, Messages
from pipelines.knowledge.extraction.by_model.extractor import LanguageModelExtractor
from pipelines.knowledge.extraction.extraction import extract
from resources.models.completion_cache import CompletionCache
from resources.models.language_model import CachedLanguageModel
from resources.models.served import ServedModel
from tests.knowledge.graph.graph_tables import chunk_table
from tests.resources.models.odd_server import PROBED, Answer, OddServer, chat, odd_server, refused

GOOD = '{"entities": [{"name": "Ann", "type": "PERSON"}], "relations": []}'
EXAMPLE = '{"entities": [{"name": "…", "type": "PERSON"}], "relations": []}'
TEXTS = [f"Ann met {name}." for name in ("Bob", "Cid", "Dan", "Eve", "Fay", "Gus", "Hal", "Ida")]


def model_of(server: OddServer, folder: Path, **options: Any) -> CachedLanguageModel:
    served = ServedModel(server.address, "tiny", "key-123", retries=0, **options)
    return CachedLanguageModel(served, CompletionCache(folder / "llm.sqlite"))


def prompts(*texts: str) -> list[Messages]:
    return [[{"role": "user", "content": text}] for text in texts]


def text_of(body: dict[str, Any]) -> str:
    return body["messages"][-1]["content"]


def rows_of(server: OddServer, folder: Path, texts: list[str] = TEXTS) -> list[dict[str, Any]]:
    extractor = LanguageModelExtractor(model_of(server, folder))
    return extract(chunk_table({"a.md": texts}), None, extractor)[0].to_pylist()


@pytest.mark.parametrize("answer", [
    chat(f"<think>\nLike {EXAMPLE}?\n</think>\n\n{GOOD}"),
    chat(f"Like {EXAMPLE}?\n</think>\n\n{GOOD}"),
    chat(f"I think of {EXAMPLE} first, then of the text. {GOOD}"),
    chat(None, reasoning_content=GOOD),
    chat("", reasoning=f"Like {EXAMPLE}? {GOOD}"),
    chat(GOOD, reasoning_content=f"Like {EXAMPLE}?"),
    chat('{"entities": [{"entity_name": "Ann"}]}'),
    chat('{"entities": ["Ann"], "relations": []}'),
    chat([{"type": "thinking", "thinking": "Hm."}, {"type": "text", "text": GOOD}]),
])  # fmt: skip
def test_the_entities_are_read_however_a_server_sends_them(answer: Answer, tmp_path: Path) -> None:
    with odd_server(lambda body: answer) as server:
        rows = rows_of(server, tmp_path)
    assert [(row["status"], [one["name"] for one in row["entities"]]) for row in rows] == [("ok", ["Ann"])] * 8


@pytest.mark.parametrize("answer", [
    chat("I can't help with that."), chat(None, refusal="I can't help with that."),
    chat('{"entities": [{"named": "Ann"}]}'), chat(None, "content_filter"), chat(f"<think>Like {EXAMPLE}", "length"),
])  # fmt: skip
def test_an_answer_of_no_use_is_a_failed_row_and_the_next_run_asks_past_the_cache(
    answer: Answer, tmp_path: Path
) -> None:
    with odd_server(lambda body: answer) as server:
        assert {row["status"] for row in rows_of(server, tmp_path)} == {"failed"}
    with odd_server(lambda body: chat(GOOD)) as server:
        assert {row["status"] for row in rows_of(server, tmp_path)} == {"ok"}
        assert len(server.asked) == 8
        assert {row["status"] for row in rows_of(server, tmp_path)} == {"ok"}
        assert len(server.asked) == 8


def test_an_answer_that_an_earlier_release_kept_is_asked_for_again_where_it_is_of_no_use(tmp_path: Path) -> None:
    with odd_server(lambda body: chat("I can't help with that.")) as server:
        model = model_of(server, tmp_path)
        model.complete(prompts("a"), 5)
        assert model.complete(prompts("a"), 5)[0].cached
        assert not model.complete(prompts("a"), 5, usable=lambda number, answer: "can't" not in answer.text)[0].cached
        assert len(server.asked) == 2


def test_thoughts_are_no_part_of_an_answer_nor_what_a_limit_cut_in_them(tmp_path: Path) -> None:
    texts = {
        "a": chat("<think>hm</think>Yes."),
        "b": chat(None, "length", reasoning_content="Let me see"),
        "c": chat("No."),
    }
    with odd_server(lambda body: texts[text_of(body)]) as server:
        found = model_of(server, tmp_path).complete(prompts(*texts), 5)
    assert [one.text for one in found] == ["Yes.", "", "No."] and found[1].finish_reason == CUT


def test_a_model_that_thinks_gets_tokens_to_think_and_the_next_prompts_at_once(tmp_path: Path) -> None:
    def answer(body: dict[str, Any]) -> Answer:
        return chat("Yes.") if body["max_tokens"] > 100 else chat("", "length", reasoning_content="Let me see")

    with odd_server(answer) as server:
        model = model_of(server, tmp_path)
        assert [one.text for one in model.complete(prompts("a"), 80)] == ["Yes."]
        assert [one.text for one in model.complete(prompts("b"), 80)] == ["Yes."]
        assert server.asked == ["a", "a", "b"]


@pytest.mark.parametrize(("answer", "found"), [
    ((200, {"id": "1", "choices": []}), "status 200 and nothing that was asked for"),
    ((200, {"error": {"message": "no provider is free"}}), "no provider is free"),
    ((200, "<!DOCTYPE html><html><title>Sign in</title></html>"), r"an HTML page \(Sign in\)"),
    ((200, [1]), "status 200 and nothing that was asked for"),
    ((502, "<html><title>502 Bad Gateway</title></html>"), r"status 502\): an HTML page \(502 Bad Gateway\)"),
    (refused("the model is not loaded"), r"status 400\): the model is not loaded"),
    ((422, {"detail": [{"loc": ["body"], "msg": "field required"}]}), "field required"),
])  # fmt: skip
def test_a_server_that_only_sends_this_is_one_line_with_its_own_sentence(
    answer: Answer, found: str, tmp_path: Path
) -> None:
    with odd_server(lambda body: answer) as server, pytest.raises(ServiceError, match=found) as caught:
        model_of(server, tmp_path).complete(prompts("a", "b"), 5)
    assert "\n" not in str(caught.value) and "start the server" not in caught.value.fix


def test_a_servers_sentence_does_not_show_the_key(tmp_path: Path) -> None:
    with odd_server(lambda body: refused("no quota for key-123", 429)) as server, pytest.raises(ServiceError) as caught:
        model_of(server, tmp_path).complete(prompts("a"), 5)
    assert "no quota for •••" in str(caught.value)


def test_check_names_a_page_in_place_of_the_list_of_models_and_asks_where_there_is_no_list() -> None:
    page = (200, "<html>Welcome</html>")
    with odd_server(lambda body: chat("ok"), page) as server, pytest.raises(ServiceError, match="an HTML page"):
        ServedModel(server.address, "tiny", "").check()
    with odd_server(lambda body: chat("ok"), refused("no such path", 404)) as server:
        ServedModel(server.address, "tiny", "").check()
        assert len(server.requests) == 1


def test_one_refused_chunk_is_a_failed_row_and_the_others_are_read(tmp_path: Path) -> None:
    def answer(body: dict[str, Any]) -> Answer:
        return refused("the content is not allowed") if "Dan" in text_of(body) else chat(GOOD)

    with odd_server(answer) as server:
        rows = rows_of(server, tmp_path)
    assert sorted(row["status"] for row in rows) == ["failed"] + ["ok"] * 7
    (failed,) = (row for row in rows if row["status"] == "failed")
    assert "the content is not allowed" in failed["reason"]


@pytest.mark.parametrize("status", [400, 403, 500])
def test_a_file_whose_every_chunk_is_refused_stops_nothing_though_nothing_else_is_asked(
    status: int, tmp_path: Path
) -> None:
    with odd_server(lambda body: chat("{}") if PROBED in text_of(body) else refused("not allowed", status)) as server:
        rows = rows_of(server, tmp_path)
    assert {row["status"] for row in rows} == {"failed"}
    assert len(server.asked) == 8 and len(server.requests) <= 8 + 2


def test_equal_errors_are_the_servers_and_what_was_in_flight_is_kept(tmp_path: Path) -> None:
    gone = threading.Event()

    def answer(body: dict[str, Any]) -> Answer:
        if text_of(body) == "slow":
            gone.wait(10)
            return chat("paid for")
        if PROBED in text_of(body):
            gone.set()
        return refused("the quota is used up", 429)

    with odd_server(answer) as server:
        with pytest.raises(ServiceError, match="the quota is used up"):
            model_of(server, tmp_path, concurrency=2).complete(prompts("slow", *(str(n) for n in range(50))), 5)
        assert len(server.asked) < 10
        (kept,) = model_of(server, tmp_path).complete(prompts("slow"), 5)
    assert kept.cached and kept.text == "paid for"


@pytest.mark.parametrize(("refuses", "sentence", "comes"), [
    ("max_tokens", "'max_tokens' is not supported. Use 'max_completion_tokens'.", "max_completion_tokens"),
    ("temperature", "Unsupported value: 'temperature' does not support 0 with this model.", ""),
    ("response_format", "This response_format type is unavailable now", ""),
])  # fmt: skip
@pytest.mark.parametrize("status", [400, 422])
def test_a_refused_parameter_is_left_out_and_remembered(
    refuses: str, sentence: str, comes: str, status: int, tmp_path: Path
) -> None:
    with odd_server(lambda body: refused(sentence, status) if refuses in body else chat("Yes.")) as server:
        model = model_of(server, tmp_path)
        assert model.complete(prompts("a"), 5, {"type": "object"})[0].text == "Yes."
        asked_before = len(server.requests)
        assert model.complete(prompts("b"), 5, {"type": "object"})[0].text == "Yes."
        assert len(server.requests) == asked_before + 1
    last = server.requests[-1]
    assert refuses not in last and (not comes or last[comes] == 5)
    assert {"max_tokens", "max_completion_tokens"} & last.keys() and ("temperature" in last) == (
        refuses != "temperature"
    )


def test_a_server_that_knows_json_objects_but_no_schema_is_asked_for_one(tmp_path: Path) -> None:
    def answer(body: dict[str, Any]) -> Answer:
        wrong = body["response_format"]["type"] != "json_object"
        return (422, {"detail": [{"loc": ["body", "response_format", "type"]}]}) if wrong else chat(GOOD)

    with odd_server(answer) as server:
        assert {row["status"] for row in rows_of(server, tmp_path)} == {"ok"}


def test_all_three_may_be_refused_at_once_or_one_after_another(tmp_path: Path) -> None:
    def answer(body: dict[str, Any]) -> Answer:
        wrong = [name for name in ("response_format", "temperature", "max_tokens") if name in body]
        return refused(f"unknown field {wrong[0]}") if wrong else chat(GOOD)

    with odd_server(answer) as server:
        assert {row["status"] for row in rows_of(server, tmp_path)} == {"ok"}
        assert server.requests[-1].keys() == {"model", "messages", "max_completion_tokens"}


def test_a_prompt_that_is_too_long_teaches_nothing_about_max_tokens(tmp_path: Path) -> None:
    sentence = "'max_tokens' is too large: 5. This model's maximum context length is 8 tokens."
    with odd_server(lambda body: refused(sentence) if text_of(body) == "long" else chat("Yes.")) as server:
        model = model_of(server, tmp_path)
        long, short = model.complete(prompts("long", "short"), 5)
        assert "context length" in long.failure and short.text == "Yes."
        model.complete(prompts("more"), 5)
        assert json.dumps(server.requests).count("max_completion_tokens") == 0 and server.asked.count("long") == 1


def test_a_word_for_a_parameter_in_one_prompts_error_is_not_remembered(tmp_path: Path) -> None:
    refusal = refused("refused content: 'the temperature rose'")
    with odd_server(lambda body: refusal if text_of(body) == "weather" else chat("Yes.")) as server:
        model = model_of(server, tmp_path)
        assert model.complete(prompts("weather", "a"), 5)[0].failure
        model.complete(prompts("b"), 5)
        assert server.requests[-1]["temperature"] == 0
