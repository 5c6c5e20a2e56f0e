"""Sentences are cut when a chunk is, and never again: counted over every stage that looks at a chunk's sentences."""

import pyarrow as pa
import pytest

from pipelines.answering.grounding.evidence import rank_evidence, source_sentences
from pipelines.answering.search.compression import compress_passages
from pipelines.answering.search.search import Retrieved, row_terms
from pipelines.core.schemas import DOCUMENTS
from pipelines.knowledge.chunks.chunking import chunk_documents
from pipelines.knowledge.chunks.strategies import ChunkSettings
from pipelines.knowledge.entities.resolution import resolve_entities
from pipelines.knowledge.extraction.by_model.extractor import LanguageModelExtractor
from pipelines.knowledge.extraction.extraction import extract
from pipelines.knowledge.extraction.rules.rule_extraction import RuleExtractor
from pipelines.text import sentences
from tests.fakes import FakeEmbedder, FakeLanguageModel

TEXT = (
    "# Staff\n\nNora Berg works at Alder Systems. Alder Systems is located in Oslo.\n\n小明在北京工作于腾讯。他很好。\n"
)
QUESTION = "Who works at Alder Systems?"
ANSWER = (
    '{"entities": [{"name": "Nora Berg", "type": "PERSON"}, {"name": "Alder Systems", "type": "ORGANIZATION"}], '
    '"relations": [{"source": "Nora Berg", "type": "WORKS_AT", "target": "Alder Systems"}]}'
)


@pytest.fixture
def cut_texts(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts that `sentences` was called with, whoever called it and however it was imported."""
    called: list[str] = []
    paragraphs = sentences._paragraphs

    def counted(text: str):
        called.append(text)
        return paragraphs(text)

    monkeypatch.setattr(sentences, "_paragraphs", counted)
    return called


def test_no_stage_cuts_the_text_of_a_stored_chunk_again(cut_texts: list[str]):
    row = {"document_id": "d", "path": "a.md", "version": "1", "format": "markdown", "language": "en", "text": TEXT}
    documents = pa.Table.from_pylist([row], DOCUMENTS)
    chunks = chunk_documents(documents, {"d": "1"}, ChunkSettings(), FakeEmbedder().count_tokens)
    assert cut_texts == [TEXT, TEXT.strip()]  # the document into chunks, and its one chunk into sentences
    cut_texts.clear()

    extractions, _ = extract(chunks, None, RuleExtractor())
    by_model, _ = extract(chunks, None, LanguageModelExtractor(FakeLanguageModel(lambda messages: ANSWER)))
    graphs = [resolve_entities(extractions, chunks), resolve_entities(by_model, chunks)]
    for graph in graphs:
        texts = dict(zip(graph.entities["name"].to_pylist(), graph.entities["description"].to_pylist(), strict=True))
        assert texts["Nora Berg"] == "Nora Berg works at Alder Systems."
        assert graph.relations["description"].to_pylist()[0] in TEXT

    rows = [chunk | {"title": "Staff"} for chunk in chunks.to_pylist()]
    rows = [chunk | {"terms": row_terms(chunk)} for chunk in rows]
    assert len(source_sentences(rows)) == 3
    weights = {"nora": 1.0, "alder": 1.0, "work": 1.0}
    best = rank_evidence(QUESTION, Retrieved(rows, [], weights), None)[0]
    assert [one.text for one in best.sentences] == ["Nora Berg works at Alder Systems."]
    narrow = compress_passages(QUESTION, rows, weights, None)
    assert "Nora Berg works at Alder Systems." in [one.text for one in source_sentences(narrow)]
    assert cut_texts == []
