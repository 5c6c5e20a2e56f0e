"""Mode `guide`: the usual LangChain preset – recursive characters 500/50, a vector store, k = 3, "stuff"."""

from bisect import bisect_right
from collections.abc import Sequence
from typing import Any

from pipelines.answering.frameworks.extra import needs_langchain
from pipelines.answering.frameworks.langchain_indexes import vector_store
from pipelines.answering.search.search import Row
from pipelines.core.protocols import Embedder
from pipelines.text.sentence_spans import flat_spans
from pipelines.text.sentences import sentences

CHARACTERS, OVERLAP, PASSAGES = 500, 50, 3


class GuideIndex:
    """Passages of 500 characters, each under the id of the chunk of ours that it shares most with."""

    def __init__(self, rows: Sequence[Row], embedder: Embedder) -> None:
        needs_langchain("langchain_core", "langchain_text_splitters")
        self._passages = split(rows)
        vectors = embedder.embed([row["text"] for row in self._passages])
        keyed = [
            row | {"chunk_id": str(number), "vector": vectors[number].tolist()}
            for number, row in enumerate(self._passages)
        ]
        self._store = vector_store(keyed, embedder)

    def find(self, question: str, k: int = PASSAGES) -> list[dict[str, Any]]:
        """Return the k nearest passages as rows with their own spans and text."""
        found = self._store.as_retriever(search_kwargs={"k": k}).invoke(question)
        return [self._passages[int(one.metadata["chunk_id"])] for one in found]


def split(rows: Sequence[Row]) -> list[Row]:
    """Return the documents' passages as rows; their texts are put together from the chunks, which cover them."""
    from langchain_text_splitters import RecursiveCharacterTextSplitter

    splitter = RecursiveCharacterTextSplitter(chunk_size=CHARACTERS, chunk_overlap=OVERLAP, add_start_index=True)
    documents: dict[str, list[Row]] = {}
    for row in sorted(rows, key=lambda row: (row["document_id"], row["start"], row["chunk_id"])):
        documents.setdefault(row["document_id"], []).append(row)
    passages = []
    for chunks in documents.values():
        text = ""
        for row in chunks:
            # What lies between two chunks is white space.
            text = text[: row["start"]].ljust(row["start"], "\n") + row["text"] + text[row["end"] :]
        for one in splitter.create_documents([text]):
            start = one.metadata["start_index"]
            if start >= 0:
                passages.append(_passage(chunks, start, one.page_content))
    return passages


def _passage(chunks: Sequence[Row], start: int, text: str) -> Row:
    end = start + len(text)
    last = bisect_right([row["start"] for row in chunks], end)
    best = max(chunks[: max(last, 1)], key=lambda row: min(end, row["end"]) - max(start, row["start"]))
    own = {"start": start, "end": end, "text": text, "header": "", "sentence_spans": flat_spans(sentences(text))}
    return best | own
