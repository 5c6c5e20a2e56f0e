"""The tokens of extraction, by a tokenizer whose tokens are words between spaces."""

import pytest

from benchmarks.corpora.extraction_tokens import DESCRIPTION, figures
from pipelines.core.prompts.prompt_files import PromptFiles

TASK = {
    "extraction.en": "one two three $types", "entities_open.en": "four", "relations_open.en": "five", "claims.en": "",
    "example.en": "", "passage.en": "Text: $text",
}  # fmt: skip


def test_requests_and_replies_are_counted_for_each_token_of_the_passages() -> None:
    passage = "Ann met Bob at the fair in old Oslo ."
    document = {"passage": passage, "extracted_entities": ["Ann"], "extracted_triples": [["Ann", "met", "Bob"]]}
    found = figures([document, document], lambda text: len(text.split()), PromptFiles(TASK))
    # A passage of ten words; five of the task and four of its marks, eleven of the message and four of its marks.
    assert found["tokens of a passage"] == 10
    assert (found["shared beginning"], found["requests"]) == (0.9, 2.4)
    assert found["replies without descriptions"] == pytest.approx(0.1)
    assert found["replies with them"] == pytest.approx((1 + len(DESCRIPTION.split()) - 1) / 10)
