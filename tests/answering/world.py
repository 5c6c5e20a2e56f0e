"""A small world to ask: two warehouses, a tent, a supplier and a Chinese policy, as a graph in memory."""

from typing import Any

from pipelines.answering.ask import Answerer
from pipelines.answering.settings import AnswerSettings
from tests.fakes import FakeEmbedder, FakeGraphStore, FakeLanguageModel

TEXTS = {
    "policies/returns.md": "# Returns\n\nUnused goods can be sent back within 45 days. The label costs 4.50 euros.",
    "products/fjell.md": "# Fjell 2 tent\n\nThe Fjell 2 tent is stored at the Halden warehouse. It weighs 2,100 grams.",
    "suppliers/nordvik.txt": "Nordvik Textiles sits in Bergen. Ingrid Moe is our contact person there.",
    "warehouses/halden.md": "Petra Vogel has managed the Halden warehouse since April 2023. It was opened in 2014.",
    "policies/配送.txt": "所有国内订单由宁波仓发货。订单满299元免运费，不满299元收取运费12元。",
}
SETTINGS = AnswerSettings()


def build_store(texts: dict[str, str] | None = None) -> FakeGraphStore:
    """Return the texts as one chunk each, with two entities, a relation and a community over them."""
    texts = TEXTS if texts is None else texts
    embedder = FakeEmbedder()
    documents: list[dict[str, Any]] = []
    chunks: list[dict[str, Any]] = []
    for number, (path, text) in enumerate(sorted(texts.items())):
        title = text.lstrip("# ").splitlines()[0][:40]
        documents.append({"document_id": f"d{number}", "path": path, "title": title})
        chunks.append(
            {
                "chunk_id": f"c{number}",
                "document_id": f"d{number}",
                "path": path,
                "language": "en",
                "start": 0,
                "end": len(text),
                "tokens": 20,
                "text": text,
                "vector": embedder.embed([text])[0],
            }
        )
    ids = {row["path"]: row["chunk_id"] for row in chunks}
    if set(texts) != set(TEXTS):
        return FakeGraphStore(documents=documents, chunks=chunks)
    fjell, halden = ids["products/fjell.md"], ids["warehouses/halden.md"]
    entities = [
        {
            "entity_id": "e1",
            "name": "Fjell 2",
            "type": "PRODUCT",
            "aliases": [],
            "description": "a tent",
            "mentions": 1,
            "chunk_ids": [fjell],
            "vector": embedder.embed(["Fjell 2: a tent"])[0],
        },
        {
            "entity_id": "e2",
            "name": "Halden",
            "type": "PLACE",
            "aliases": [],
            "description": "a warehouse",
            "mentions": 2,
            "chunk_ids": [fjell, halden],
            "vector": embedder.embed(["Halden: a warehouse"])[0],
        },
    ]
    relations = [
        {
            "relation_id": "r1",
            "source_id": "e1",
            "target_id": "e2",
            "type": "STORED_AT",
            "weight": 1.0,
            "description": "Fjell 2 is stored at Halden",
            "chunk_ids": [fjell],
        }
    ]
    summary = "Tents are stored at the Halden warehouse."
    communities = [
        {
            "community_id": "g1",
            "level": 0,
            "parent_id": "",
            "entity_ids": ["e1", "e2"],
            "digest": "x",
            "title": "Halden",
            "summary": summary,
            "chunk_ids": [halden, fjell],
            "model": "m",
            "vector": embedder.embed([summary])[0],
        }
    ]
    return FakeGraphStore(
        documents=documents, chunks=chunks, entities=entities, relations=relations, communities=communities
    )


def build_answerer(
    model: FakeLanguageModel | None = None,
    store: FakeGraphStore | None = None,
    embedder: FakeEmbedder | None = None,
    settings: AnswerSettings | None = None,
) -> Answerer:
    """Return an answerer over the small world unless another is given; the model says nothing unless one is given."""
    return Answerer(
        store=build_store() if store is None else store,
        embedder=embedder or FakeEmbedder(),
        language_model=model or FakeLanguageModel(),
        settings=settings,
    )
