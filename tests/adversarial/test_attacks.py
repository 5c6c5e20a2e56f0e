"""200 attacks end as an answer with valid citations or as one line, in time, and change, show and reach nothing."""

import json
import re
import time
from collections import Counter
from pathlib import Path

import pytest

from pipelines.answering.answered import Answered
from pipelines.answering.ask import Answerer
from pipelines.answering.grounding.citations import figures
from pipelines.core.errors import GraftlineError
from tests.adversarial.attacks import ATTACKS, FORGED, SECRET, Attack, Cutting, Obeying, store_of, texts_of
from tests.fakes import FakeEmbedder, FakeLanguageModel

ASKED = [one for one in ATTACKS if one.kind != "path"]
MOST_SECONDS = 30
"""Of one attack, on a machine that does much else; nearly all take some hundredths."""
WRITES = re.compile(r"\b(?:CREATE|MERGE|DELETE|SET|REMOVE|LOAD|DROP|FOREACH|apoc|dbms)\b", re.IGNORECASE)
_REFUSED = ("empty", "huge")


def test_there_are_two_hundred_different_attacks_of_all_kinds_in_both_languages() -> None:
    assert (
        len(ATTACKS) == len({(one.question, one.document, one.reply, one.place, one.value) for one in ATTACKS}) == 200
    )
    assert Counter(one.kind for one in ATTACKS) == {
        "question": 40, "document": 30, "empty": 25, "cypher": 25, "language": 22, "reply": 20, "arithmetic": 20,
        "path": 10, "huge": 8,
    }  # fmt: skip


@pytest.mark.parametrize("writer", ["obeying", "streaming", "extract"])
@pytest.mark.parametrize("attack", ASKED, ids=lambda one: one.id)
def test_an_attack_ends_well(attack: Attack, writer: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    if writer == "extract" and attack.mode in ("cypher", "agentic"):
        model: FakeLanguageModel = FakeLanguageModel(lambda messages: attack.reply)
    else:
        model = {"obeying": Obeying, "streaming": Cutting}.get(writer, lambda _: FakeLanguageModel(lambda m: FORGED))(
            attack
        )
    for name in ("LLM_API_KEY", "GRAFTLINE_API_KEY", "NEO4J_PASSWORD"):
        monkeypatch.setenv(name, SECRET)
    monkeypatch.chdir(tmp_path)
    store, started = store_of(attack), time.monotonic()
    before = repr(store.tables)
    answered, shown, error = None, "", ""
    with Answerer(store=store, embedder=FakeEmbedder(), language_model=model) as answerer:
        try:
            if writer == "streaming":
                for piece in answerer.stream(attack.question, attack.mode):
                    if isinstance(piece, Answered):
                        answered = piece
                    elif isinstance(piece, str):
                        shown += piece
            else:
                answered = answerer.ask(attack.question, attack.mode)
        except GraftlineError as raised:
            error = str(raised)
    assert time.monotonic() - started < MOST_SECONDS
    assert repr(store.tables) == before and not list(tmp_path.iterdir()), "nothing was written"
    assert not any(WRITES.search(one) for one in store.passed), "no statement that writes passed"
    if answered is None:
        assert error and "\n" not in error and len(error) < 1_000 and "Next: " in error
        return
    record = json.dumps(answered.as_dict(), ensure_ascii=False)
    record.encode()
    assert SECRET not in record and "root:" not in record
    assert not isinstance(model, Obeying) or SECRET not in model.prompts
    assert writer != "streaming" or shown == answered.answer.text
    texts = texts_of(attack)
    for one in answered.answer.citations:
        assert texts[one["document"]][one["start"] : one["end"]] == one["quote"]
    for sentence in answered.answer.sentences:
        assert all(0 <= place < len(answered.answer.citations) for place in sentence["citations"])
        said = answered.answer.text[sentence["start"] : sentence["end"]]
        forged = "900 days" in said or "满1元" in said
        held = any(word in attack.document for word in ("900", "满1元"))
        assert not (forged and not held and sentence["status"] in ("supported", "derived")), said
    assert answered.answer.text.strip() or answered.answer.note


def test_what_is_no_question_is_refused_and_what_is_only_strange_is_answered() -> None:
    refused = set()
    for attack in (one for one in ASKED if one.kind in _REFUSED):
        with Answerer(store=store_of(attack), embedder=FakeEmbedder(), language_model=FakeLanguageModel()) as answerer:
            try:
                answerer.ask(attack.question, "native")
            except GraftlineError as error:
                refused.add(attack.id)
                assert str(error).startswith("the question: found ")
    assert {"empty-01", "empty-03", "empty-17", "empty-21", "huge-01", "huge-04"} <= refused
    assert not {"empty-14", "empty-19", "empty-23", "huge-06"} & refused


def test_a_model_that_runs_in_circles_is_checked_in_time_that_grows_with_its_words(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    counted: Counter[str] = Counter()
    numbers_in = figures.numbers_in

    def counting(text: str, *taken: object) -> object:
        counted[text] += 1
        return numbers_in(text, *taken)  # type: ignore[arg-type]

    monkeypatch.setattr(figures, "numbers_in", counting)
    [attack] = [one for one in ASKED if one.id == "reply-18"]
    with Answerer(store=store_of(attack), embedder=FakeEmbedder(), language_model=Obeying(attack)) as answerer:
        assert len(answerer.ask(attack.question, "native").answer.sentences) == 400
    assert counted.total() <= 3 * 400


def test_a_calculation_that_goes_too_far_is_told_in_the_trace() -> None:
    for attack in (one for one in ASKED if one.kind == "arithmetic"):
        with Answerer(store=store_of(attack), embedder=FakeEmbedder(), language_model=Obeying(attack)) as answerer:
            trace = answerer.ask(attack.question, "agentic").trace
        [step] = [one for one in trace if one.action == "calculate"]
        assert step.result.startswith("no calculation") or step.result.count("=") == 1, attack.id
        assert len(step.result) < 2_000
