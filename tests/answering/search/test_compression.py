"""What compression keeps of a passage stands for itself."""

from pipelines.answering.grounding.evidence import source_sentences
from pipelines.answering.search.compression import compress_passages

TABLE = "| Port | Berths | Draught |\n|---|---|---|\n| Oslo | 7 | 9.5 |\n| Ningbo | 12 | 14.5 |"


def test_a_row_that_is_kept_of_a_table_keeps_the_tables_head():
    text = f"Ports of the north.\n\n{TABLE}"
    row = {"chunk_id": "c", "path": "a.md", "title": "Ports", "start": 5, "end": 5 + len(text), "text": text}
    [kept] = compress_passages("How deep is Ningbo?", [row | {"header": "Harbours"}], {"ningbo": 1.0}, None)
    assert kept["text"] == "| Ningbo | 12 | 14.5 |" and kept["start"] == 5 + text.index("| Ningbo")
    assert kept["header"] == "Harbours\n| Port | Berths | Draught |"
    [source] = source_sentences([kept])
    assert source.columns == "| Port | Berths | Draught |" and "draught" in source.terms
