"""What LinearRAG retrieves for questions over passages; run with the peer's Python.

python retrieve_linearrag.py SOURCE FOLDER asked.json prints {"found": [places of passages, best first], …} by question;
asked.json has texts, questions, settings (those of its LinearRAGConfig) and model, an embedder's folder, with what
stands before a question's and a passage's text.
"""

import json
import sys
from pathlib import Path
from typing import Any

DEPTH = 10


class Embedder:
    """The embedder as LinearRAG calls it: a question is one text, all else are lists."""

    def __init__(self, folder: str, before: dict[str, str]) -> None:
        from sentence_transformers import SentenceTransformer

        self._model, self._before = SentenceTransformer(folder, device="cpu"), before

    def encode(self, texts: Any, **options: Any) -> Any:
        kind = "query" if isinstance(texts, str) else "document"
        put = [self._before[kind] + text for text in ([texts] if isinstance(texts, str) else texts)]
        vectors = self._model.encode(put, **options)
        return vectors[0] if isinstance(texts, str) else vectors


def main() -> None:
    source, folder, asked = sys.argv[1], Path(sys.argv[2]), json.loads(Path(sys.argv[3]).read_text(encoding="utf-8"))
    sys.path.insert(0, source)
    from src.config import LinearRAGConfig
    from src.LinearRAG import LinearRAG

    embedder = Embedder(asked["model"], asked["before"])
    kept = {"dataset_name": "asked", "working_dir": str(folder)}
    config = LinearRAGConfig(embedding_model=embedder, retrieval_top_k=DEPTH, **kept, **asked["settings"])
    # Its edges between neighbours of a list, by a number before each text, are for books: these have no order.
    places = {text: place for place, text in enumerate(asked["texts"])}
    system = LinearRAG(global_config=config)
    system.index(asked["texts"])
    found = system.retrieve([{"question": question, "answer": ""} for question in asked["questions"]])
    print(json.dumps({"found": [[places[text] for text in one["sorted_passage"]] for one in found]}))


if __name__ == "__main__":
    main()
