"""Swap: what finds entities. GRAFTLINE_EXTRACTOR names it; a package's is an entry point of `graftline.extractors`."""

import re
from collections.abc import Sequence

from small_world import run, small_world

from pipelines.core.extensions import EXTRACTORS, add
from pipelines.core.protocols import LanguageModel
from pipelines.knowledge.mentions import Entity, Extraction, Passage


class Years:
    """Finds years and nothing else."""

    name = "years-1"

    def __init__(self, language_model: LanguageModel) -> None:
        pass

    def extract(self, passages: Sequence[Passage]) -> list[Extraction]:
        """Return one extraction a passage."""
        return [
            Extraction(
                tuple(Entity(*year.span(), year.group(), "EVENT") for year in re.finditer(r"\b20\d\d\b", one.text))
            )
            for one in passages
        ]


add(EXTRACTORS, "years", Years)

if __name__ == "__main__":
    with small_world(GRAFTLINE_EXTRACTOR="years") as root:
        run("documents,chunks,extractions")
        from resources.tables.tables import TableStore

        rows = TableStore(root / "home" / "tables").read("extractions").to_pylist()
        print(sorted(entity["name"] for row in rows for entity in row["entities"]))
