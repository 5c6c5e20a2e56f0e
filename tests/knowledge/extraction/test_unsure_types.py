"""What a tagger of newspapers calls a body or a person in technical texts has no type; elsewhere it keeps its own."""

import pytest

from pipelines.knowledge.extraction.rules.rule_extraction import extract_passage
from pipelines.knowledge.mentions import Passage
from pipelines.text.sentences import sentences

GUESSED = frozenset(("ORGANIZATION", "PERSON"))


def types(text: str) -> dict[str, str]:
    """Return the types of a text's names."""
    return {one.name: one.type for one in extract_passage(Passage(text, sentences(text))).entities}


@pytest.mark.parametrize("code", ["`pip install`", "`data.csv`", "`max_length`", "max_length"])
def test_in_a_text_with_code_letters_camels_and_lone_words_have_no_type(code: str):
    text = (
        f"Set {code} first. BERT encodes the text. LangChain calls the model. Docker runs the containers. "
        "Parquet is faster. The GPU is full."
    )
    found = types(text)
    assert {"BERT", "LangChain", "Docker", "Parquet", "GPU"} <= found.keys()
    assert not GUESSED & {found[name] for name in ("BERT", "LangChain", "Docker", "Parquet", "GPU")}


def test_in_a_text_with_code_a_person_and_a_company_that_the_text_tells_keep_their_types():
    text = "Set `max_length` first. Nora Berg wrote the text. Berg works at Halden Instruments AS in Oslo."
    found = types(text)
    assert (found["Nora Berg"], found["Berg"]) == ("PERSON", "PERSON")
    assert (found["Halden Instruments AS"], found["Oslo"]) == ("ORGANIZATION", "LOCATION")


def test_in_any_text_a_files_format_and_letters_in_the_plural_are_no_bodies():
    found = types("The report is a PDF file. Store the PDF here. Many LLMs answer. LLM training is slow.")
    assert not GUESSED & {found[name] for name in ("PDF", "LLM") if name in found} and "PDF" in found


def test_in_other_texts_bodies_of_letters_keep_their_type():
    found = types("NASA launched the probe. The BBC met in Geneva. IBM hired Nora Berg. YouTube removed the film.")
    assert {found[name] for name in ("NASA", "BBC", "IBM", "YouTube")} == {"ORGANIZATION"}


def test_chinese_texts_give_latin_words_no_type():
    found = types("我们用`pip`安装PyTorch，Docker运行容器，CSV存数据。")
    assert {found[name] for name in ("PyTorch", "Docker", "CSV")} == {"CONCEPT"}


def test_in_chinese_texts_letters_behind_a_name_make_no_person_and_a_surname_does():
    found = types("简单易用的 Python GUI 框架由 Nora Berg 维护。")
    assert (found["Python GUI"], found["Nora Berg"]) == ("CONCEPT", "PERSON")
