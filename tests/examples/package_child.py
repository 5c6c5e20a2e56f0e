"""Uses what the example package adds, in a process that finds it installed; prints what came of it as JSON."""

import json
import sys
from pathlib import Path

from pipelines.answering.modes.names import ALL_MODES
from pipelines.answering.retrievers import Retrievers
from pipelines.answering.settings import AnswerSettings
from pipelines.core.extensions import MODES, package_of
from pipelines.core.formats import formats
from pipelines.knowledge.documents.formats.limits import Limits
from pipelines.knowledge.documents.formats.process import ReadingProcess
from pipelines.knowledge.documents.formats.readers import reader_of
from pipelines.knowledge.extraction.extractors import extractor_named
from pipelines.knowledge.mentions import Passage
from pipelines.measuring.metrics import score_texts
from resources.engines.engine import InferenceEngine
from tests.answering.world import build_store
from tests.fakes import FakeEmbedder, FakeGraphStore, FakeLanguageModel


def dated_store() -> FakeGraphStore:
    store = build_store({"a.md": "Tents, tents and tents.", "b.md": "Some tents.", "c.md": "Boots."})
    for row, date in zip(store.tables["documents"], ("2024-01-01", "2026-01-01", "2026-02-02"), strict=True):
        row["date"] = date
    return store


def main(folder: Path, model: Path) -> dict[str, object]:
    email = reader_of("order.eml")
    assert email is not None
    with ReadingProcess(Limits()) as reading:
        extracted = reading.read(folder / "order.eml", email.format)
    passage = Passage("[[Oslo]] and [[Bergen|the town]]", [(0, 32)])
    (extraction,) = extractor_named("wiki-links", FakeLanguageModel()).extract([passage])
    batch = InferenceEngine("echo", folder / "work").generate(model, [[5, 6, 7, 8]], 2)
    return {
        "formats": list(formats())[-1:],
        "reader": email.version,
        "email": [extracted.title, extracted.author, extracted.date, extracted.text],
        "entities": [entity.name for entity in extraction.entities],
        "relations": [[relation.source, relation.target] for relation in extraction.relations],
        "engine": [batch.engine, batch.fallback, batch.outputs[0]["token_ids"]],
        "scores": score_texts(["four"], ["four more"]),
        "newest": [
            row["path"]
            for row in Retrievers(dated_store(), FakeEmbedder(), AnswerSettings())
            .of("newest")
            .retrieve("tents", 2)
            .chunks
        ],
        "modes": [ALL_MODES[-1], *package_of(MODES, "newest")],
    }


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), Path(sys.argv[2]))))
