from pipelines.answering.grounding.evidence import Evidence, source_sentences
from pipelines.answering.grounding.grounding import best_source, ground, readable
from pipelines.answering.grounding.prompt import build_prompt
from pipelines.answering.settings import ExtractSettings

SETTINGS = ExtractSettings()
TEXT = "# Guarantee\n\nThe tent has a guarantee of 5 years. Petra Vogel answers questions. | never mind"
CHUNK = {
    "chunk_id": "c",
    "document_id": "d",
    "path": "a.md",
    "title": "Guarantee",
    "start": 10,
    "text": TEXT,
    "terms": frozenset({"tent"}),
}
POOL = source_sentences([CHUNK])


def test_spans_are_characters_of_the_document_and_headings_are_no_sources() -> None:
    assert (POOL[0].start, POOL[0].text) == (10 + TEXT.index("The"), "The tent has a guarantee of 5 years.")


def test_a_sentence_needs_shared_words_and_every_number_and_name() -> None:
    assert best_source("The guarantee of the tent is 5 years.", POOL, 0.6) is POOL[0]
    assert best_source("The guarantee of the tent is 6 years.", POOL, 0.6) is None
    assert best_source("The tent of Oslo has a guarantee of 5 years.", POOL, 0.6) is None
    assert best_source("Bananas are yellow.", POOL, 0.6) is None


def test_unsupported_sentences_are_dropped_and_the_rest_is_kept() -> None:
    said = "The tent has a guarantee of 5 years. It was made on the moon by robots."
    answer = ground("How long is the guarantee of the tent?", said, [Evidence((POOL[0],), 0.9)], SETTINGS)
    assert answer.text == "The tent has a guarantee of 5 years. [1]" and len(answer.citations) == 1


def test_a_sentence_that_the_token_limit_cut_inside_a_character_is_dropped() -> None:
    said = "The tent has a guarantee of 5 years. The tent has a guaran\ufffd"
    answer = ground("How long is the guarantee of the tent?", said, [Evidence((POOL[0],), 0.9)], SETTINGS)
    assert answer.text == "The tent has a guarantee of 5 years. [1]"


def test_an_answer_without_the_number_asked_for_gives_way_to_the_source() -> None:
    answer = ground(
        "How long is the guarantee of the tent?", "The tent has a guarantee.", [Evidence((POOL[0],), 0.9)], SETTINGS
    )
    assert answer.text == "The tent has a guarantee of 5 years. [1]"


def test_weak_evidence_is_a_refusal_whatever_the_model_says() -> None:
    answer = ground("How long is the guarantee?", "5 years.", [Evidence((POOL[0],), 0.1)], SETTINGS)
    assert not answer.supported and not answer.citations


def test_table_rows_read_as_lists_and_marks_are_left_out() -> None:
    assert readable("| Sava Packs | Kranj |") == "Sava Packs, Kranj"
    assert readable("| Sava Packs | Kranj |", "| Supplier | Place |") == "Supplier: Sava Packs, Place: Kranj"
    assert readable("- **Gas** equipment") == "Gas equipment"


def test_a_row_is_asked_about_and_answered_under_the_names_of_its_columns() -> None:
    table = "| Port | Berths | Draught |\n|---|---|---|\n| Ningbo | 12 | 14.5 |"
    [row] = source_sentences([CHUNK | {"text": table}])
    evidence = [Evidence((row,), 0.9)]
    prompt = build_prompt("What is the draught of Ningbo?", evidence, [], SETTINGS)[0]["content"]
    assert "- Guarantee: Port: Ningbo, Berths: 12, Draught: 14.5\n" in prompt
    answer = ground("What is the draught of Ningbo?", "", evidence, SETTINGS)
    assert answer.text == "Port: Ningbo, Berths: 12, Draught: 14.5 [1]"
    assert answer.citations[0]["quote"] == "| Ningbo | 12 | 14.5 |"
    assert ground("What is the draught of Ningbo?", "The draught is 14.5.", evidence, SETTINGS).text.startswith("The")
