"""`graftline entities` over stored tables: what it prints, what it keeps, what it refuses."""

from pathlib import Path

import pyarrow as pa
import pytest

from pipelines.commands import cli
from pipelines.core.schemas import COMMUNITIES, COMMUNITY_SUMMARIES
from pipelines.knowledge.entities.edits import Edits
from pipelines.knowledge.entities.resolution import resolve_entities
from resources.tables.tables import TableStore
from tests.knowledge.entities.names_in_texts import tables_of

TEXTS = {
    "a.md": "The [World Health Organization|O|w] ([WHO|O|w]) met in [Geneva|L|g]. "
    "[Hanne Solberg|P|h] leads [Fjord Verk|O|f].",
    "b.md": "[WHO|O|w] staff met [Hanne Solberg|P|h]. [Hanne|P|h] spoke.",
    "c.md": "[Michael Thornbury|P|m] came.", "d.md": "[Micheal Thornbury|P|m] went.",
}  # fmt: skip


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GRAFTLINE_HOME", str(tmp_path))
    store(tmp_path)
    return tmp_path


def store(home: Path) -> None:
    """Resolve with the edits that are kept, as a run does."""
    tables = TableStore(home / "tables")
    extractions, chunks = tables_of(TEXTS, {"a.md": ["Hanne Solberg > LEADS > Fjord Verk"]})
    graph = resolve_entities(extractions, chunks, edits=Edits.read(home / "entities.yaml"))
    for name in ("entities", "relations", "aliases", "suspected_duplicates"):
        tables.write(name, getattr(graph, name))
    tables.write("chunks", chunks)
    ids = graph.entities["entity_id"].to_pylist()
    group = {"community_id": "c1", "level": 0, "parent_id": "", "entity_ids": ids, "digest": ""}
    tables.write("communities", pa.Table.from_pylist([group], COMMUNITIES))
    told = {"community_id": "c1", "digest": "", "title": "Health", "summary": "s", "chunk_ids": [], "model": "m"}
    tables.write("community_summaries", pa.Table.from_pylist([told], COMMUNITY_SUMMARIES))


def said(capsys: pytest.CaptureFixture[str], *words: str, status: int = 0) -> str:
    assert cli.main(["entities", *words]) == status
    out, err = capsys.readouterr()
    return out if status == 0 else err


def test_show_tells_type_names_with_reasons_relations_places_and_community(
    home: Path, capsys: pytest.CaptureFixture[str]
):
    text = said(capsys, "show", "who")
    assert "World Health Organization  ORGANIZATION  3 mentions" in text
    assert "also WHO (2), in_brackets 0.95 by rules: World Health Organization (WHO)" in text
    assert "b.md: … [WHO] staff met" in text and "community: Health (level 0" in text
    assert "Hanne Solberg LEADS Fjord Verk" in said(capsys, "show", "Hanne Solberg")


def test_an_unknown_name_is_refused_with_the_nearest(home: Path, capsys: pytest.CaptureFixture[str]):
    assert "a name such as Hanne Solberg" in said(capsys, "show", "Hanna Solberg", status=1)
    assert "none of that name" in said(capsys, "merge", "Genf", "Geneva", status=1)


def test_lists_name_the_most_mentioned_and_the_suspected(home: Path, capsys: pytest.CaptureFixture[str]):
    listed = said(capsys, "list").splitlines()
    assert "World Health Organization" in listed[0] or "Hanne Solberg" in listed[0]
    assert listed[-1] == "6 entities"
    pairs = said(capsys, "list", "--duplicates")
    assert "graftline entities merge 'Mich" in pairs and "1 suspected pairs" in pairs


def test_a_merge_takes_effect_at_the_next_run_and_is_taken_back(home: Path, capsys: pytest.CaptureFixture[str]):
    text = said(capsys, "merge", "Michael Thornbury", "Micheal Thornbury", "--note", "same signature")
    assert "edit 1 in" in text and "next graftline run" in text and "undo" in text
    assert said(capsys, "list", "--duplicates").endswith("1 suspected pairs\n")
    store(home)
    assert "by_hand 2.00 by hand: same signature" in said(capsys, "show", "Micheal Thornbury")
    assert "both are" in said(capsys, "merge", "Michael Thornbury", "Micheal Thornbury", status=1)
    assert "1  merge 'Michael Thornbury' 'Micheal Thornbury'" in said(capsys, "list", "--edits")
    assert "taken back: merge" in said(capsys, "undo")
    store(home)
    assert said(capsys, "list", "--duplicates").endswith("1 suspected pairs\n")
    assert "0 edits" in said(capsys, "undo", status=1)


def test_a_split_takes_an_alias_out_and_refuses_what_is_none(home: Path, capsys: pytest.CaptureFixture[str]):
    assert "one of its aliases: Hanne" in said(capsys, "split", "Hanne Solberg", "--alias", "Geneva", status=1)
    assert "no document of that path" in said(capsys, "split", "Hanne", "--document", "x.md", status=1)
    assert "no name that it was joined with" in said(capsys, "split", "Geneva", status=1)
    said(capsys, "split", "Hanne Solberg", "--alias", "Hanne")
    store(home)
    assert "7 entities" in said(capsys, "list")


def test_a_home_without_a_graph_says_what_to_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("GRAFTLINE_HOME", str(tmp_path / "new"))
    assert "Next: graftline run --select entity_graph" in said(capsys, "list", status=1)
