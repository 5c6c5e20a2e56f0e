"""The peer's first load: LlamaIndex's reader, IngestionPipeline, embedding and stores, with our cuts as the splitter.

Arguments: the folder of texts, a folder for what it makes, the model as JSON (what plain_model printed), its dtype, the
batch size of the embedding. Prints
{"seconds" (since this process began), "peak_bytes", "documents", "chunks"} as its last line and writes vectors.npz to
compare with. Without a batch size it prints the seconds of each that is tried on some documents.
"""

import json
import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

import numpy as np
import psutil
from llama_index.core import SimpleDirectoryReader
from llama_index.core.ingestion import IngestionPipeline
from llama_index.core.schema import TextNode, TransformComponent
from llama_index.core.storage.docstore import SimpleDocumentStore
from llama_index.embeddings.huggingface import HuggingFaceEmbedding

from pipelines.core.child_process import high_water_bytes
from pipelines.knowledge.chunks.strategies import ChunkSettings, chunk_spans
from resources.embedding.local import SentenceEmbedder

_BATCHES = (10, 32, 64)
"""10 is its default; the fastest of the three on the first documents is used."""
_TRIED = 200


class SameCuts(TransformComponent):
    """Our chunker in the place of a node parser, so that both embed the same texts."""

    home: str

    def __call__(self, nodes, **kwargs):
        counter, settings = SentenceEmbedder(Path(self.home)), ChunkSettings()
        return [
            TextNode(text=node.text[span.start : span.end], metadata={})
            for node in nodes
            for span in chunk_spans(node.text, settings, counter.count_tokens)
        ]


def pipeline(model, dtype, batch):
    """Return the pipeline as its documentation has it: splitter, embedding, document store, its own cache."""
    embedding = HuggingFaceEmbedding(
        model_name=model["model"],
        text_instruction=model["before"],
        embed_batch_size=batch,
        model_kwargs={"dtype": dtype},
    )
    return IngestionPipeline(transformations=[SameCuts(home=model["home"]), embedding], docstore=SimpleDocumentStore())


def tried(documents, model, dtype):
    """Return the seconds of each batch size on some documents."""
    seconds = {}
    for batch in _BATCHES:
        made = pipeline(model, dtype, batch)
        started = time.monotonic()
        made.run(documents=documents[:_TRIED])
        seconds[batch] = time.monotonic() - started
    return seconds


def read(folder):
    """Return the documents without metadata, which would be embedded with each chunk."""
    documents = SimpleDirectoryReader(folder, recursive=True, exclude_hidden=False).load_data()
    for document in documents:
        document.metadata = {}
    return documents


if __name__ == "__main__":
    folder, place = Path(sys.argv[1]), Path(sys.argv[2])
    documents = read(folder)
    model, dtype = json.loads(sys.argv[3]), sys.argv[4]
    if len(sys.argv) == 5:
        print(json.dumps(tried(documents, model, dtype)))
        sys.exit()
    made = pipeline(model, dtype, int(sys.argv[5]))
    nodes = made.run(documents=documents)
    made.persist(str(place / "storage"))
    seconds, peak = time.time() - psutil.Process().create_time(), high_water_bytes(os.getpid())
    np.savez(
        place / "vectors.npz",
        texts=np.array([node.text for node in nodes]),
        vectors=np.array([node.embedding for node in nodes], dtype=np.float32),
    )
    print(json.dumps({"seconds": seconds, "peak_bytes": peak, "documents": len(documents), "chunks": len(nodes)}))
