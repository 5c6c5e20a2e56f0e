"""The audit finds what was planted, in both languages, and nothing in the shipped sample."""

from pathlib import Path

import pyarrow as pa
import pytest

from pipelines.finetune.dataset.leakage import audit, document_leaks, train_leaks
from pipelines.finetune.dataset.preparation import prepare
from resources.settings import CHECKOUT
from resources.tables.tables import TableStore
from tests.knowledge.documents.loaded import load
from tests.text.test_near_duplicates import CHINESE, ENGLISH


def row(row_id: str, question: str) -> dict:
    said = {"user": question, "assistant": "x"}
    return {"row_id": row_id, "messages": [{"role": role, "content": text} for role, text in said.items()]}


@pytest.mark.parametrize("question", [ENGLISH, CHINESE, "Open?"])
def test_the_same_question_in_train_is_found_whatever_its_case_and_marks(question: str):
    (leak,) = train_leaks([row("other", "None at all"), row("a", question.upper() + "!!")], [row("b", question)])
    assert (leak.row_id, leak.found_in, leak.where, leak.kind, leak.similarity) == ("b", "a", "train", "exact", 1.0)


@pytest.mark.parametrize("question", [ENGLISH, CHINESE])
def test_nearly_the_same_question_in_train_is_found(question: str):
    changed = question.replace("short", "brief").replace("三句话", "四句话")
    (leak,) = train_leaks([row("a", changed)], [row("b", question), row("c", "And what of the tent?")])
    assert (leak.row_id, leak.kind) == ("b", "near") and 0.8 <= leak.similarity < 1


@pytest.mark.parametrize("question", [ENGLISH, CHINESE])
def test_a_question_inside_a_document_is_found_and_one_about_it_is_not(question: str):
    document = {"path": "faq.md", "text": f"Intro. 简介。\n\n# {question}\n\nAnswer. 回答。"}
    asked = [row("a", question), row("b", "How often must the cartridge of my filter be changed at home, please?")]
    (leak,) = document_leaks(asked, [{"path": "no.md", "text": "Nothing."}, document])
    assert (leak.row_id, leak.found_in, leak.where) == ("a", "faq.md", "documents")


def test_a_short_phrase_in_a_document_is_no_leak():
    assert not document_leaks([row("a", "How do I return it?")], [{"path": "a.md", "text": "How do I return it? So."}])


def test_the_sample_leaks_nothing_and_is_audited_once(tmp_path: Path):
    record = prepare(CHECKOUT / "samples" / "instructions", tmp_path)
    documents = load(CHECKOUT / "samples" / "documents", TableStore(tmp_path / "tables")).table
    assert audit(Path(record["path"]), record["digest"], documents, "d", tmp_path) == []
    # The second audit finds the first by digest: the table is not looked at.
    assert audit(Path(record["path"]), record["digest"], pa.table({}), "d", tmp_path) == []
