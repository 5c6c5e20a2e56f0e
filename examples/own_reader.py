"""Swap: a format of our own, here vCards. In a package it is an entry point of the group `graftline.readers`."""

from pathlib import Path

from small_world import run, small_world

from pipelines.core.extensions import READERS, add
from pipelines.core.formats import Format
from pipelines.knowledge.documents.formats.extracted import Extracted
from pipelines.knowledge.documents.formats.limits import Limits

CARD = "BEGIN:VCARD\nFN:Nora Vik\nORG:Halden Instruments\nEND:VCARD\n"


def read_card(path: Path, limits: Limits) -> Extracted:
    """Return a card as a sentence."""
    fields = dict(line.split(":", 1) for line in path.read_text(encoding="utf-8").splitlines() if ":" in line)
    return Extracted(f"{fields['FN']} works at {fields['ORG']}.", title=fields["FN"])


# What is added for this process alone has to be read in it: `parsed=False`.
add(
    READERS, "card", Format((".vcf",), f"{__name__}:read_card".replace("__main__", "examples.own_reader"), parsed=False)
)

if __name__ == "__main__":
    with small_world() as root:
        (root / "documents" / "nora.vcf").write_text(CARD, encoding="utf-8")
        run("documents")
        from resources.tables.tables import TableStore

        for row in TableStore(root / "home" / "tables").read("documents").to_pylist():
            print(f"{row['path']}: {row['format']}, {row['title']}, {len(row['text'])} characters")
