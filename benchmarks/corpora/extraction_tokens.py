"""What extraction by a model costs: its requests, and a strong model's findings written as its replies, in tokens.

`python -m benchmarks.corpora.extraction_tokens --passages 800` prints tokens for each token of MuSiQue's passages; no
model runs. The replies are GPT-3.5's triples of GRAFTLINE_BENCH_DATA, without descriptions and with one an entity.
"""

import argparse
import json
import random
from collections.abc import Callable, Sequence
from typing import Any

from benchmarks.ground.common import DATA
from pipelines.core.prompts.prompt_files import PromptFiles
from pipelines.knowledge.extraction.by_model.gleaning import missed_names
from pipelines.knowledge.extraction.by_model.request import Requests
from pipelines.knowledge.extraction.prompts.extraction_prompts import load_extraction_prompts
from pipelines.knowledge.extraction.rules.rule_extraction import extract_passage
from pipelines.knowledge.extraction.said.placing import place
from pipelines.knowledge.extraction.said.records import Said, SaidEntity, SaidRelation
from pipelines.knowledge.extraction.said.typing import Typing
from pipelines.knowledge.extraction.settings import ExtractionSettings
from pipelines.knowledge.mentions import Passage
from pipelines.text.sentences import sentences

DESCRIPTION = "the town where the company began in 1901"
_A_MESSAGE = 4
"""Tokens of a chat template around a message."""


def figures(documents: Sequence[dict[str, Any]], count: Callable[[str], int], prompts: PromptFiles) -> dict[str, float]:
    """Return tokens of requests and replies for each token of the passages."""
    requests = Requests(prompts, Typing(), ExtractionSettings())
    corpus = sum(count(one["passage"]) for one in documents)
    asked = [requests.passage(one["passage"]) for one in documents]
    shared = sum(count(messages[0]["content"]) + _A_MESSAGE for messages in asked)
    texts = sum(count(messages[1]["content"]) + _A_MESSAGE for messages in asked)
    plain, described = (sum(count(_reply(one, text)) for one in documents) for text in ("", DESCRIPTION))
    return {
        "tokens of a passage": corpus / len(documents),
        "shared beginning": shared / corpus,
        "requests": (shared + texts) / corpus,
        "replies without descriptions": plain / corpus,
        "replies with them": described / corpus,
    }


def gleaned_share(documents: Sequence[dict[str, Any]]) -> float:
    """Return the share of passages in which the rules find a name that the model missed."""
    again = 0
    for one in documents:
        passage = Passage(one["passage"], sentences(one["passage"]))
        triples = [SaidRelation(*triple) for triple in one["extracted_triples"] if len(triple) == 3]
        said = Said(tuple(map(SaidEntity, one["extracted_entities"])), tuple(triples))
        again += bool(missed_names(passage, place(passage, said, Typing()), extract_passage(passage)))
    return again / len(documents)


def _reply(document: dict[str, Any], description: str) -> str:
    entities = [[name, "ORGANIZATION", *filter(None, [description])] for name in document["extracted_entities"]]
    triples = [triple for triple in document["extracted_triples"] if len(triple) == 3]
    relations = [[source, kind.upper().replace(" ", "_"), target] for source, kind, target in triples]
    return json.dumps({"entities": entities, "relations": relations}, ensure_ascii=False, separators=(",", ":"))


def main() -> None:
    """Print the figures of a sample of MuSiQue's passages."""
    from tokenizers import Tokenizer

    from resources.models.small_model import SmallModel
    from resources.settings import Settings

    parser = argparse.ArgumentParser(prog="python -m benchmarks.corpora.extraction_tokens")
    parser.add_argument("--passages", type=int, default=800)
    parser.add_argument("--gleaned", type=int, default=120, help="passages that the rules read")
    options = parser.parse_args()
    tokenizer = Tokenizer.from_file(str(SmallModel(Settings.load().home).path() / "tokenizer.json"))
    path = DATA / "multihop" / "musique_train_openie_gpt35.json"
    documents = json.loads(path.read_text(encoding="utf-8"))["docs"]
    chosen = random.Random(1).sample(documents, min(options.passages, len(documents)))
    found = figures(chosen, lambda text: len(tokenizer.encode(text).ids), load_extraction_prompts())
    found["passages asked about again"] = gleaned_share(chosen[: options.gleaned])
    for name, value in found.items():
        print(f"{name:32} {value:8.2f}")


if __name__ == "__main__":
    main()
