"""Triples of a file in place of an extraction, and what is told of those that came to nothing."""

from pathlib import Path

import pytest

from pipelines.core.errors import ConfigurationError
from pipelines.knowledge.extraction.extraction import extract
from pipelines.knowledge.extraction.extractors import extractor_named, is_by, unmatched_rows
from pipelines.knowledge.extraction.replay import NO_PLACE, NO_SOURCE, NOT_THERE, OTHER_PLACE, UNREADABLE
from pipelines.knowledge.extraction.settings import ExtractionSettings
from pipelines.knowledge.mentions import Extractor
from tests.fakes import FakeLanguageModel
from tests.knowledge.graph.graph_tables import chunk_table

CHUNKS = chunk_table({"a.md": ["Ann works at Alder.", "Bob left Alder."], "中.md": ["小明在北京工作于腾讯。"]})
ANN = next(row["chunk_id"] for row in CHUNKS.to_pylist() if row["text"].startswith("Ann"))


def replay(folder: Path, text: str, name: str = "triples.jsonl") -> Extractor:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return extractor_named("replay", FakeLanguageModel(), ExtractionSettings(triples=path))


def found(extractor: Extractor) -> dict[str, list[tuple[str, str, str]]]:
    table, _ = extract(CHUNKS, None, extractor)
    texts = {row["chunk_id"]: row["text"] for row in CHUNKS.to_pylist()}
    return {
        texts[row["chunk_id"]]: [(one["source"], one["type"], one["target"]) for one in row["relations"]]
        for row in table.to_pylist()
        if row["relations"]
    }


def test_rows_go_to_their_chunk_or_to_the_chunk_of_their_document_that_holds_both_names(tmp_path: Path) -> None:
    lines = (
        f'{{"chunk_id": "{ANN}", "source": "Ann", "relation": "works at", "target": "Alder"}}\n'
        '{"path": "a.md", "source": "Bob", "relation": "LEFT", "target": "Alder", "description": "for good"}\n'
        '\n{"document": "中.md", "source": "小明", "type": "工作于", "target": "腾讯"}\n'
    )
    extractor = replay(tmp_path, lines)
    assert found(extractor) == {
        "Ann works at Alder.": [("Ann", "WORKS_AT", "Alder")],
        "Bob left Alder.": [("Bob", "LEFT", "Alder")],
        "小明在北京工作于腾讯。": [("小明", "工作于", "腾讯")],
    }
    assert unmatched_rows(extractor, CHUNKS) == {} and is_by("replay", extractor.name)


@pytest.mark.parametrize(("name", "separator"), [("triples.csv", ","), ("triples.tsv", "\t")])
def test_a_csv_with_a_head_is_read(tmp_path: Path, name: str, separator: str) -> None:
    rows = [["path", "source", "relation", "target", "target_type"], ["a.md", "Ann", "WORKS_AT", "Alder", "公司"]]
    extractor = replay(tmp_path, "\n".join(separator.join(row) for row in rows), name)
    assert found(extractor) == {"Ann works at Alder.": [("Ann", "WORKS_AT", "Alder")]}


def test_what_comes_to_nothing_is_counted_by_reason(tmp_path: Path) -> None:
    lines = (
        'no json\n["Ann"]\n{"source": "Ann", "target": "Bob"}\n{"path": "a.md", "target": "Bob"}\n'
        '{"path": "b.md", "source": "Ann"}\n{"chunk_id": "0", "source": "Ann"}\n'
        '{"path": "a.md", "source": "Ann", "relation": "KNOWS", "target": "Bob"}\n'
    )
    assert unmatched_rows(replay(tmp_path, lines), CHUNKS) == {
        UNREADABLE: 2, NO_PLACE: 1, NO_SOURCE: 1, OTHER_PLACE: 2, NOT_THERE: 1,
    }  # fmt: skip


def test_another_file_is_another_version(tmp_path: Path) -> None:
    first = replay(tmp_path, '{"path": "a.md", "source": "Ann"}')
    table, _ = extract(CHUNKS, None, first)
    assert extract(CHUNKS, table, replay(tmp_path, '{"path": "a.md", "source": "Ann"}'))[1].computed["extractions"] == 0
    assert extract(CHUNKS, table, replay(tmp_path, '{"path": "a.md", "source": "Bob"}'))[1].computed["extractions"] == 3


@pytest.mark.parametrize(("name", "text", "wrong"), [
    ("a.csv", "path,source,relation\n", "no column target"),
    ("a.csv", "source,relation,target\n", "no column chunk_id or path"),
    ("a.csv", "path,source,relations,target\n", "rename relations to relation"),
])  # fmt: skip
def test_a_csv_without_its_columns_is_refused(tmp_path: Path, name: str, text: str, wrong: str) -> None:
    with pytest.raises(ConfigurationError, match="GRAFTLINE_EXTRACTION_TRIPLES") as caught:
        found(replay(tmp_path, text, name))
    assert wrong in str(caught.value)


def test_no_file_and_a_file_that_is_not_there_are_refused(tmp_path: Path) -> None:
    for settings in (ExtractionSettings(), ExtractionSettings(triples=tmp_path / "nowhere.jsonl")):
        with pytest.raises(ConfigurationError, match="GRAFTLINE_EXTRACTION_TRIPLES"):
            assert extractor_named("replay", FakeLanguageModel(), settings).name
