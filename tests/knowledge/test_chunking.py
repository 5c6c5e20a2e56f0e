import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from pipelines.identity import content_id, table_digest
from pipelines.knowledge.checking import span_faults
from pipelines.knowledge.chunking import chunk_documents
from pipelines.knowledge.cutting.strategies import ChunkSettings, spans
from pipelines.schemas import DOCUMENTS
from tests.fakes import FakeEmbedder, FakeStored

count = FakeEmbedder().count_tokens
SMALL = ChunkSettings(max_tokens=12)


def table(documents: dict[str, str]) -> pa.Table:
    rows = [
        {"document_id": content_id("document", path), "path": path, "language": "en", "text": text, "version": text}
        for path, text in documents.items()
    ]
    return pa.Table.from_pylist(sorted(rows, key=lambda row: row["document_id"]), schema=DOCUMENTS)


def chunk(documents: dict[str, str], previous: pa.Table | None = None, **changes):
    return chunk_documents(table(documents), previous, SMALL.model_copy(update=changes), count, "fake")


def texts(text: str, settings: ChunkSettings = SMALL) -> list[str]:
    return [text[start:end] for start, end in ((span.start, span.end) for span in spans(text, settings, count))]


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
    first, _ = chunk({"a.md": "Same line here now.\n" * 9}, overlap_sentences=0)
    moved, _ = chunk({"a.md": "\n\n" + "Same line here now.\n" * 9}, overlap_sentences=0)
    assert len(set(first["chunk_id"].to_pylist())) == len(first) > 1
    assert first["chunk_id"].equals(moved["chunk_id"]) and not first["start"].equals(moved["start"])


def test_only_the_edited_document_is_cut_again():
    documents = {f"{name}.md": f"Document {name} has one line. And another line of words." for name in "abc"}
    before, work = chunk(documents)
    assert work.computed["documents"] == 3
    again, work = chunk(documents, before)
    assert work.computed == {"documents": 0, "chunks": 0} and again.equals(before)
    after, work = chunk(documents | {"b.md": "Document b has one line. And other words follow here."}, before)
    assert work.computed["documents"] == 1
    assert (work.new, work.gone, work.changed) == (1, 1, 0)
    kept = [row for row in before.to_pylist() if row["path"] != "b.md"]
    assert [row for row in after.to_pylist() if row["path"] != "b.md"] == kept


def test_another_setting_or_tokenizer_cuts_everything_again():
    before, _ = chunk({"a.md": "One two. Three four."})
    _, work = chunk({"a.md": "One two. Three four."}, before, max_tokens=20)
    assert work.computed["documents"] == 1
    documents = table({"a.md": "One two. Three four."})
    assert chunk_documents(documents, before, SMALL, count, "other")[1].computed["documents"] == 1


def test_nothing_is_counted_when_nothing_changed():
    before, _ = chunk({"a.md": "One two. Three four."})

    def refuse(texts):
        raise AssertionError("the tokenizer was asked")

    chunk_documents(table({"a.md": "One two. Three four."}), before, SMALL, refuse, "fake")


def test_a_chunk_knows_its_section_page_parent_and_header():
    row = {"document_id": "d", "path": "a.pdf", "language": "en", "version": "1", "format": "pdf", "title": "Shop"}
    row |= {"text": "Cover words.\n\n# Returns\n\nSeven days.\n\n# Repairs\n\nTwo years.", "pages": [0, 14, 38]}
    documents = pa.Table.from_pylist([row], schema=DOCUMENTS)
    settings = ChunkSettings(strategy="structure", max_tokens=12)
    found, _ = chunk_documents(documents, None, settings, count, "fake")
    rows = sorted(found.to_pylist(), key=lambda row: row["start"])
    assert [(row["section"], row["page"], row["header"], row["parent_id"]) for row in rows] == [
        ("", 1, "Shop", ""),
        ("Returns", 2, "Shop > Returns", ""),
        ("Repairs", 3, "Shop > Repairs", ""),
    ]
    without, _ = chunk_documents(documents, found, settings.model_copy(update={"headers": False}), count, "fake")
    assert set(without["header"].to_pylist()) == {""} and without["chunk_id"].equals(found["chunk_id"])
    children, _ = chunk_documents(documents, None, ChunkSettings(strategy="parent-child"), count, "fake")
    assert len(set(children["parent_id"].to_pylist()) - {""}) == 3


def test_unknown_settings_are_refused():
    with pytest.raises(ValidationError):
        ChunkSettings(max_token=3)


TEXTS = st.text(alphabet=st.sampled_from(list('abC 1.,。！中文字\n\n#|-*"”\u3000')), max_size=200).filter(
    lambda text: text.strip(" \n\u3000")
)


@given(TEXTS, st.integers(8, 30), st.integers(0, 3))
def test_spans_hold_the_budget_cover_everything_and_none_is_inside_another(text: str, budget: int, overlap: int):
    found = spans(text, ChunkSettings(max_tokens=budget, overlap_sentences=overlap), count)
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
    stored = None
    for path, text in edits:
        if text is None:
            documents.pop(path, None)
        else:
            documents[path] = text
        stored, _ = chunk(documents, stored)
    clean, _ = chunk(documents)
    assert table_digest(stored) == table_digest(clean)
    assert not span_faults(FakeStored(clean), FakeStored(table(documents)))
