"""A hit becomes its parent: the text that the document has at the parent's place."""

import pytest

from pipelines.answering.search.parents import expand
from pipelines.answering.search.search import row_terms
from pipelines.knowledge.chunks.chunking import chunk_documents
from pipelines.knowledge.chunks.strategies import ChunkSettings
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


@pytest.mark.parametrize("name", TEXTS)
def test_a_widened_hit_has_the_documents_own_text(name: str) -> None:
    documents = table({name: TEXTS[name]})
    documents = documents.set_column(
        documents.schema.get_field_index("format"), "format", [["python" if name.endswith(".py") else "markdown"]]
    )
    settings = ChunkSettings(strategy="parent-child", max_tokens=8, parent_tokens=60, overlap_sentences=0)
    chunks = chunk_documents(
        documents, {documents["document_id"][0].as_py(): "1"}, settings, FakeEmbedder().count_tokens
    )
    rows = [row | {"terms": row_terms(row | {"title": ""}), "title": ""} for row in chunks.to_pylist()]
    store = FakeGraphStore(documents=documents.drop_columns(["text"]).to_pylist(), chunks=rows)
    assert len(rows) > 2
    for row in rows:
        (found,) = expand([row], store)
        assert found["text"] == TEXTS[name][found["start"] : found["end"]] == TEXTS[name].strip()
