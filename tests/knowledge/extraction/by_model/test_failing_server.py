"""A server that fails 30 % of its calls: the ledger names each chunk that is missing, and a rerun asks for those."""

import json
import re
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from pipelines.knowledge.entities.resolution import resolve_entities
from pipelines.knowledge.extraction.by_model.extractor import LanguageModelExtractor
from pipelines.knowledge.extraction.extraction import extract
from pipelines.knowledge.extraction.ledger import FAILED, statuses
from resources.models.completion_cache import CompletionCache
from resources.models.language_model import CachedLanguageModel
from resources.models.served import ServedModel
from tests.knowledge.graph.graph_tables import chunk_table
from tests.resources.models.odd_server import PROBED, Answer, OddServer, chat, odd_server, refused

TEXTS = [f"Person{number} Smith works at Company{number} Ltd." for number in range(60)]
CHUNKS = chunk_table({"a.md": TEXTS})
_TIMEOUT = 6.0
_NUMBER = re.compile(r"Person(\d+)")


def good(number: int) -> str:
    names = [{"name": f"Person{number} Smith", "type": "PERSON"}, {"name": f"Company{number} Ltd", "type": "COMPANY"}]
    relation = {"source": f"Person{number} Smith", "type": "WORKS_AT", "target": f"Company{number} Ltd"}
    return json.dumps({"entities": names, "relations": [relation]})


class Failing:
    """Fails for 18 of 60 texts, each in one of six ways, as long as it is `ill`; counts the calls by text."""

    def __init__(self) -> None:
        self.ill = True
        self.calls: Counter[int] = Counter()

    def answer(self, body: dict[str, Any]) -> Answer:
        asked = body["messages"][-1]["content"]
        if PROBED in asked:
            return chat('{"ok": true}')
        number = int(_NUMBER.search(asked)[1])  # type: ignore[index]
        self.calls[number] += 1
        if not self.ill or number % 10 > 2:
            return chat(good(number))
        return (
            lambda: refused("overloaded", 503),
            lambda: refused("this prompt is refused", 400),
            self._late,
            lambda: chat('{"entities": [{"na'),
            lambda: chat(""),
            lambda: chat("I'm sorry, I can't help with that."),
        )[number // 10]()

    def _late(self) -> Answer:
        time.sleep(2 * _TIMEOUT)
        return chat(good(0))


def extractor(server: OddServer, folder: Path) -> LanguageModelExtractor:
    served = ServedModel(server.address, "tiny", "", retries=0, concurrency=8, timeout=_TIMEOUT)
    return LanguageModelExtractor(CachedLanguageModel(served, CompletionCache(folder / "llm.sqlite")))


def test_the_ledger_names_each_missing_chunk_and_a_rerun_asks_for_those_alone(tmp_path: Path) -> None:
    failing = Failing()
    with odd_server(failing.answer) as server:
        first, work = extract(CHUNKS, None, extractor(server, tmp_path))
        rows = {row["chunk_id"]: row for row in first.to_pylist()}
        missing = {
            int(_NUMBER.search(row["text"])[1])  # type: ignore[index]
            for row in CHUNKS.to_pylist()
            if rows[row["chunk_id"]]["status"] == FAILED
        }
        # A slow machine may add a time-out of its own to those of the server.
        assert missing >= {number for number in range(60) if number % 10 < 3}
        assert statuses(first) == {"ok": 60 - len(missing), "repaired": 0, "empty": 0, "failed": len(missing)}
        assert work.computed == {"extractions": 60, "failures": len(missing)}
        assert all(row["reason"] for row in rows.values() if row["status"] == FAILED)
        assert len(resolve_entities(first, CHUNKS).relations) == 60 - len(missing)

        failing.ill, failing.calls = False, Counter()
        second, work = extract(CHUNKS, first, extractor(server, tmp_path))
        assert failing.calls == dict.fromkeys(missing, 1)
        assert statuses(second) == {"ok": 60, "repaired": 0, "empty": 0, "failed": 0}
        assert len(resolve_entities(second, CHUNKS).relations) == 60

        failing.calls = Counter()
        third, work = extract(CHUNKS, second, extractor(server, tmp_path))
        assert not failing.calls and third.equals(second) and work.computed["extractions"] == 0
    with odd_server(failing.answer) as server:
        whole, _ = extract(CHUNKS, None, extractor(server, tmp_path))
    assert whole.drop_columns(["extractor"]).equals(second.drop_columns(["extractor"]))


@pytest.mark.parametrize(("answer", "reason"), [
    (refused("this prompt is refused"), "this prompt is refused"),
    (chat(None), "nothing (finish_reason 'stop')"),
    (chat(None, "content_filter"), "nothing (finish_reason 'content_filter')"),
    (chat("Sorry."), "no JSON object with entities or relations: 'Sorry.'"),
    (chat('{"entities": [{"name": "Atlantis"}]}'), "entity that is not in the text: 1"),
])  # fmt: skip
def test_the_reason_of_a_failure_says_what_came(answer: Answer, reason: str, tmp_path: Path) -> None:
    def one_of_two(body: dict[str, Any]) -> Answer:
        return answer if "Person1 " in body["messages"][-1]["content"] else chat(good(0))

    with odd_server(one_of_two) as server:
        rows = extract(chunk_table({"a.md": TEXTS[:2]}), None, extractor(server, tmp_path))[0].to_pylist()
    (failed,) = (row for row in rows if row["status"] == FAILED)
    assert reason in failed["reason"]
