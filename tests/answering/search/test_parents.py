"""A hit becomes its parent: the text that the document has at the parent's place."""

from itertools import pairwise

import pytest

from pipelines.answering.search.parents import expand_to_parents
from pipelines.answering.search.search import Row, row_terms
from pipelines.knowledge.chunks.chunking import chunk_documents
from pipelines.knowledge.chunks.strategies import ChunkSettings
from pipelines.text.sentence_spans import sentence_spans
from pipelines.text.sentences import sentences
from tests.fakes import FakeEmbedder, FakeGraphStore
from tests.knowledge.chunks.test_chunking import table

PROSE = "Poles bend under snow. A pole costs 24 euros today. Ropes are blue and long. Pegs are short and made of steel."
TEXTS = {
    "prose.md": f"# Tents\n\n{PROSE}\n",
    "crlf.md": f"# Tents\r\n\r\n{PROSE}\r\n\r\nMore on poles.\r\nA line of its own here.\r\n",
    "list.md": "# Tents\n\n- Poles bend under snow\n  - A pole costs 24 euros\n    - Ropes are blue and long\n",
    "fence.md": "# Run\n\n```python\nif poles_bend(snow):\n    price = cost_of(pole)\n    pay(price, euros=24)\n```\n",
    "table.md": "# T\n\n| Pole | 24 euros |\n| --- | --- |\n| Rope | blue and long |\n| Peg | short, of steel |\n",
    "code.py": "def cost(pole):\n    price = cost_of(pole)\n    euros = 24 * price\n    return euros\nx = cost(1)\n",
    "zh.md": "# 帐篷\n\n帐篷杆会弯。一根帐篷杆二十四欧元。绳子是蓝色的，很长。地钉是钢做的。\n",
}


def children(name: str, overlap: int, tokens: int = 8) -> tuple[list[Row], FakeGraphStore]:
    """Return the small chunks of a document in a store that holds nothing else."""
    documents = table({name: TEXTS[name]})
    documents = documents.set_column(
        documents.schema.get_field_index("format"), "format", [["python" if name.endswith(".py") else "markdown"]]
    )
    settings = ChunkSettings(strategy="parent-child", max_tokens=tokens, parent_tokens=60, overlap_sentences=overlap)
    chunks = chunk_documents(
        documents, {documents["document_id"][0].as_py(): "1"}, settings, FakeEmbedder().count_tokens
    )
    rows = [row | {"terms": row_terms(row | {"title": ""}), "title": ""} for row in chunks.to_pylist()]
    return rows, FakeGraphStore(documents=documents.drop_columns(["text"]).to_pylist(), chunks=rows)


@pytest.mark.parametrize("name", TEXTS)
def test_a_widened_hit_has_the_documents_own_text(name: str) -> None:
    rows, store = children(name, overlap=0)
    assert len(rows) > 2
    for row in rows:
        (found,) = expand_to_parents([row], store)
        assert found["text"] == TEXTS[name][found["start"] : found["end"]] == TEXTS[name].strip()


@pytest.mark.parametrize(("overlap", "tokens"), [(0, 8), (1, 12), (2, 16)])
@pytest.mark.parametrize("name", [name for name in TEXTS if name not in ("fence.md", "code.py")])
def test_a_widened_hit_has_the_sentences_of_its_whole_text(name: str, overlap: int, tokens: int) -> None:
    rows, store = children(name, overlap, tokens)
    for row in rows:
        (found,) = expand_to_parents([row], store)
        assert sentence_spans(found) == sentences(found["text"])


def test_a_sentence_that_was_cut_between_two_children_is_whole_in_their_parent() -> None:
    parts = ["Ropes are blue, and the poles, all", "of them, are made of steel. Pegs are short."]
    columns = {"document_id": "d", "path": "a.md", "title": "", "tokens": 9, "parent_id": "p"}
    first = columns | {"chunk_id": "c1", "start": 7, "end": 41, "text": parts[0], "sentence_spans": [0, 34]}
    second = columns | {"chunk_id": "c2", "start": 42, "end": 86, "text": parts[1], "sentence_spans": [0, 27, 28, 44]}
    store = FakeGraphStore(documents=[{"document_id": "d", "path": "a.md", "title": ""}], chunks=[first, second])
    (found,) = expand_to_parents([first], store)
    assert found["text"] == " ".join(parts)
    assert sentence_spans(found) == [(0, 62), (63, 79)]


@pytest.mark.parametrize("name", ["fence.md", "code.py"])
def test_lines_of_code_stay_as_the_children_have_them_and_none_is_lost(name: str) -> None:
    rows, store = children(name, overlap=1, tokens=12)
    (found,) = expand_to_parents(rows[:1], store)
    spans = sentence_spans(found)
    assert all(before <= after for (_, before), (after, _) in pairwise(spans))
    assert "".join("".join(found["text"][start:end].split()) for start, end in spans) == "".join(found["text"].split())
