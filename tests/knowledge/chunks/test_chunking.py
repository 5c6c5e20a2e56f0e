import tempfile
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from pipelines.answering.grounding.evidence import source_sentences
from pipelines.core.delta import Change, Work
from pipelines.core.filters import Filters
from pipelines.core.identity import content_id, table_digest
from pipelines.core.schemas import DOCUMENTS, SPANS
from pipelines.knowledge.chunks.checks import span_faults
from pipelines.knowledge.chunks.chunking import chunk_documents
from pipelines.knowledge.chunks.strategies import ChunkSettings, chunk_spans
from resources.tables.tables import TableStore
from tests.fakes import FakeEmbedder, FakeStored
from tests.knowledge.documents.loaded import cut

count = FakeEmbedder().count_tokens
SMALL = ChunkSettings(max_tokens=12)


def table(documents: dict[str, str]) -> pa.Table:
    rows = [
        {"document_id": content_id("document", path), "path": path, "language": "en", "text": text, "version": text}
        for path, text in documents.items()
    ]
    return pa.Table.from_pylist(sorted(rows, key=lambda row: row["document_id"]), schema=DOCUMENTS)


def chunk(documents: pa.Table, settings: ChunkSettings = SMALL) -> pa.Table:
    versions = dict(zip(documents["document_id"].to_pylist(), documents["version"].to_pylist(), strict=True))
    return chunk_documents(documents, versions, settings, count)


def update(
    tables: TableStore, documents: dict[str, str], settings: ChunkSettings = SMALL, embedder: FakeEmbedder | None = None
) -> tuple[pa.Table, Work]:
    """Bring the stored chunks up to date with the documents."""
    stored, work = cut(FakeStored(table(documents)), tables, settings, embedder or FakeEmbedder())
    return stored.to_table(), work


def texts(text: str, settings: ChunkSettings = SMALL) -> list[str]:
    return [text[start:end] for start, end in ((span.start, span.end) for span in chunk_spans(text, settings, count))]


def test_whole_sentences_fill_the_budget_and_the_last_one_is_repeated():
    text = "One two three four. Five six seven eight. Nine ten eleven."
    assert texts(text) == ["One two three four. Five six seven eight.", "Five six seven eight. Nine ten eleven."]
    assert texts(text, ChunkSettings(max_tokens=12, overlap_sentences=0))[1] == "Nine ten eleven."


def test_a_section_starts_a_chunk_and_a_heading_is_never_left_behind():
    text = "# A\n\nOne two three four five six.\n\n# B\n\nSeven eight nine ten eleven."
    assert texts(text) == ["# A\n\nOne two three four five six.", "# B\n\nSeven eight nine ten eleven."]


def test_a_sentence_longer_than_the_budget_is_cut_at_a_space_or_comma():
    english = "word " * 30
    assert all(count([part]) <= [12] and not part.endswith("wor") for part in texts(english))
    chinese = "一二三四五六七八九，" * 4
    assert [count([part])[0] for part in texts(chinese)] == [10, 10, 10, 10]


def test_repeated_text_gets_ids_of_its_own_that_do_not_depend_on_places():
    settings = ChunkSettings(max_tokens=12, overlap_sentences=0)
    first = chunk(table({"a.md": "Same line here now.\n" * 9}), settings)
    moved = chunk(table({"a.md": "\n\n" + "Same line here now.\n" * 9}), settings)
    assert len(set(first["chunk_id"].to_pylist())) == len(first) > 1
    assert first["chunk_id"].equals(moved["chunk_id"]) and not first["start"].equals(moved["start"])


def test_a_chunk_knows_its_sentences_in_its_own_text_wherever_it_stands():
    text = "One two three four. Five six seven eight. Nine ten eleven."
    found = chunk(table({"a.md": text}))
    moved = chunk(table({"a.md": f"\n\n{text}"}))
    by_start = sorted(found.to_pylist(), key=lambda row: row["start"])
    assert [row["sentence_spans"] for row in by_start] == [[0, 19, 20, 41], [0, 21, 22, 38]]
    assert [row["text"][22:38] for row in by_start[1:]] == ["Nine ten eleven."]
    assert moved["sentence_spans"].equals(found["sentence_spans"]) and moved["chunk_id"].equals(found["chunk_id"])


@pytest.mark.parametrize("places", [[0, 4, 5, 10], [0, 4, 3, 9], [-1, 9], [0, 4, 5]])
def test_sentences_that_do_not_stand_in_their_chunk_are_a_fault(places: list[int]):
    documents = table({"a.md": "One. Two."})
    chunks = chunk(documents)
    assert chunks["sentence_spans"].to_pylist() == [[0, 4, 5, 9]]
    assert not span_faults(FakeStored(chunks), FakeStored(documents))
    place = chunks.schema.get_field_index("sentence_spans")
    broken = chunks.set_column(place, chunks.schema.field(place), pa.array([places], SPANS))
    (fault,) = span_faults(FakeStored(broken), FakeStored(documents))
    assert "a.md: its sentences do not stand in it one after another" in fault


def test_only_the_edited_document_is_cut_again(tmp_path: Path):
    documents = {f"{name}.md": f"Document {name} has one line. And another line of words." for name in "abc"}
    tables = TableStore(tmp_path)
    before, work = update(tables, documents)
    assert work.computed["documents"] == 3
    again, work = update(tables, documents)
    assert work.computed == {"documents": 0, "chunks": 0} and again.equals(before)
    after, work = update(tables, documents | {"b.md": "Document b has one line. And other words follow here."})
    assert work.computed["documents"] == 1
    assert (work.new, work.gone, work.changed) == (1, 1, 0)
    kept = [row for row in before.to_pylist() if row["path"] != "b.md"]
    assert [row for row in after.to_pylist() if row["path"] != "b.md"] == kept


def test_another_setting_or_tokenizer_cuts_everything_again(tmp_path: Path):
    documents, tables, other = {"a.md": "One two. Three four."}, TableStore(tmp_path), FakeEmbedder()
    update(tables, documents)
    assert update(tables, documents, ChunkSettings(max_tokens=20))[1].computed["documents"] == 1
    assert update(tables, documents)[1].computed["documents"] == 1
    other.tokenizer = "other"
    assert update(tables, documents, embedder=other)[1].computed["documents"] == 1


def test_nothing_is_counted_when_nothing_changed(tmp_path: Path):
    class Refusing(FakeEmbedder):
        def count_tokens(self, texts):
            raise AssertionError("the tokenizer was asked")

    update(TableStore(tmp_path), {"a.md": "One two. Three four."})
    update(TableStore(tmp_path), {"a.md": "One two. Three four."}, embedder=Refusing())
    update(TableStore(tmp_path), {}, embedder=Refusing())


def test_a_chunk_knows_its_section_page_parent_and_header():
    row = {"document_id": "d", "path": "a.pdf", "language": "en", "version": "1", "format": "pdf", "title": "Shop"}
    row |= {"text": "Cover words.\n\n# Returns\n\nSeven days.\n\n# Repairs\n\nTwo years.", "pages": [0, 14, 38]}
    documents = pa.Table.from_pylist([row], schema=DOCUMENTS)
    settings = ChunkSettings(strategy="structure", max_tokens=12)
    found = chunk(documents, settings)
    rows = sorted(found.to_pylist(), key=lambda row: row["start"])
    assert [(row["section"], row["page"], row["header"], row["parent_id"]) for row in rows] == [
        ("", 1, "Shop", ""),
        ("Returns", 2, "Shop > Returns", ""),
        ("Repairs", 3, "Shop > Repairs", ""),
    ]
    without = chunk(documents, settings.model_copy(update={"headers": False}))
    assert set(without["header"].to_pylist()) == {""} and without["chunk_id"].equals(found["chunk_id"])
    children = chunk(documents, ChunkSettings(strategy="parent-child"))
    assert len(set(children["parent_id"].to_pylist()) - {""}) == 3


def ports(rows: int, ruler: str) -> str:
    return "| Port | Berths | Lead |\n" + ruler + "".join(f"| Port{n} | {n} | Lead{n} Vik |\n" for n in range(rows))


@pytest.mark.parametrize(
    ("format", "ruler"), [("markdown", "|---|---|---|\n"), ("docx", ""), ("html", ""), ("pdf", "")]
)
@pytest.mark.parametrize("headers", [True, False])
def test_each_chunk_of_a_long_table_has_its_head_in_itself_or_in_its_header(format: str, ruler: str, headers: bool):
    row = {"document_id": "d", "path": "a.md", "language": "en", "version": "1", "format": format, "title": "Ports"}
    documents = pa.Table.from_pylist([row | {"text": "Before.\n\n" + ports(60, ruler)}], schema=DOCUMENTS)
    found = sorted(
        chunk(documents, ChunkSettings(max_tokens=40, headers=headers)).to_pylist(), key=lambda r: r["start"]
    )
    assert len(found) > 10
    assert "| Port | Berths | Lead |" in found[0]["text"] and "|" not in found[0]["header"]
    assert {row["header"] for row in found[1:]} == {
        "Ports\n| Port | Berths | Lead |" if headers else "| Port | Berths | Lead |"
    }
    late = source_sentences(found[-1:])[-1]
    assert late.columns == "| Port | Berths | Lead |" and {"berth", "lead"} <= late.terms
    assert not span_faults(FakeStored(chunk(documents)), FakeStored(documents))


def test_a_head_that_is_too_long_loses_its_last_columns_and_rows_that_name_their_cells_need_none():
    names = [f"column{n}" for n in range(90)]
    wide = "\n".join(f"| {' | '.join(cells)} |" for cells in (names, ["---"] * 90, ["1"] * 90, ["2"] * 90, ["3"] * 90))
    found = sorted(chunk(table({"a.md": wide})).to_pylist(), key=lambda row: row["start"])
    assert found[-1]["header"].startswith("| column0 | column1 |") and count([found[-1]["header"]])[0] <= 64
    named = "\n".join(f"| port: Port{n} | berths: {n} |" for n in range(30))
    assert set(chunk(table({"a.csv": named}))["header"].to_pylist()) == {""}
    code = "\n".join(f"|{n}| a |" for n in range(9))
    assert set(chunk(table({"a.md": f"```\n| x | y |\n{code}\n```"}))["header"].to_pylist()) == {""}


def test_a_chunk_knows_every_section_that_it_touches_and_those_around_them():
    text = "---\ntitle: Shop\n---\n# Returns\n\nSeven days.\n\n## Shoes\n\n### Boots\n\nTen days."
    text += "\n\n# Repairs\n\nTwo years."
    row = {"document_id": "d", "path": "a.md", "language": "en", "version": "1", "format": "markdown", "text": text}
    documents = pa.Table.from_pylist([row], schema=DOCUMENTS)
    (whole,) = chunk(documents, ChunkSettings(max_tokens=200)).to_pylist()
    every = ["Returns", "Returns > Shoes", "Returns > Shoes > Boots", "Repairs"]
    assert (whole["section"], whole["sections"]) == ("", every)
    assert Filters(section="Returns").passes(whole, {}) and Filters(section="Returns > Shoes").passes(whole, {})
    assert not Filters(section="Returns > Shoe").passes(whole, {}) and not Filters(section="Boots").passes(whole, {})
    parts = sorted(chunk(documents, ChunkSettings(strategy="structure")).to_pylist(), key=lambda row: row["start"])
    assert [part["sections"] for part in parts] == [[], every[:1], every[:3], every[3:]]


@pytest.mark.parametrize("column", ["sections", "sentence_spans"])
def test_chunks_stored_without_a_column_are_cut_again_under_the_same_ids(tmp_path: Path, column: str):
    documents, tables = {"a.md": "# A\n\nOne two."}, TableStore(tmp_path)
    before, _ = update(tables, documents)
    old = before.drop_columns([column])
    tables.amend("chunks", old.schema, Change("document_id", [], iter([old]), "old", ("version",), {}))
    after, work = update(tables, documents)
    assert work.computed["documents"] == 1 and after.equals(before)


def test_unknown_settings_are_refused():
    with pytest.raises(ValidationError):
        ChunkSettings(max_token=3)


TEXTS = st.text(alphabet=st.sampled_from(list('abC 1.,。！中文字\n\n#|-*"”\u3000')), max_size=200).filter(
    lambda text: text.strip(" \n\u3000")
)


@given(TEXTS, st.integers(8, 30), st.integers(0, 3))
def test_spans_hold_the_budget_cover_everything_and_none_is_inside_another(text: str, budget: int, overlap: int):
    found = chunk_spans(text, ChunkSettings(max_tokens=budget, overlap_sentences=overlap), count)
    covered: set[int] = set()
    for span, following in zip(found, [*found[1:], None], strict=True):
        assert 0 <= span.start < span.end <= len(text) and span.tokens <= budget
        assert following is None or (span.start < following.start and span.end < following.end)
        covered.update(range(span.start, span.end))
    assert all(position in covered or character.isspace() for position, character in enumerate(text))


EDITS = st.lists(st.tuples(st.sampled_from(["a.md", "b.md", "c.md"]), st.none() | TEXTS), min_size=1, max_size=6)


@settings(max_examples=40, deadline=None)
@given(EDITS)
def test_a_delta_run_equals_a_clean_rebuild(edits: list[tuple[str, str | None]]):
    documents: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as folder:
        tables = TableStore(Path(folder) / "delta")
        for path, text in edits:
            if text is None:
                documents.pop(path, None)
            else:
                documents[path] = text
            stored, _ = update(tables, documents)
        clean, _ = update(TableStore(Path(folder) / "clean"), documents)
        assert table_digest(stored) == table_digest(clean)
        assert tables.digest("chunks") == TableStore(Path(folder) / "clean").digest("chunks")
    assert not span_faults(FakeStored(clean), FakeStored(table(documents)))
