"""The prompts are files: packaged in both languages, and a folder may hold others."""

from pathlib import Path

import pytest

from pipelines.answering.grounding.prompt_files import load_prompts
from pipelines.core.errors import ConfigurationError
from pipelines.text.languages.languages import LANGUAGES


def test_question_and_sources_are_put_in_as_they_are() -> None:
    system, user = load_prompts().messages("How $deep is {it}?", "[1] $sources ${question}", LANGUAGES["en"])
    assert system["role"] == "system" and "[2][5]" in system["content"]
    assert user == {"role": "user", "content": "Sources:\n\n[1] $sources ${question}\n\nQuestion: How $deep is {it}?"}


def test_a_chinese_question_is_asked_in_chinese() -> None:
    system, user = load_prompts().messages("多深？", "[1] 深。", LANGUAGES["zh"])
    assert "资料" in system["content"] and user["content"] == "资料：\n\n[1] 深。\n\n问题：多深？"


def test_a_folder_changes_what_it_holds_and_the_digest(tmp_path: Path) -> None:
    (tmp_path / "question.en.md").write_text("Q $question S $sources for $$5\n", encoding="utf-8")
    own = load_prompts(tmp_path)
    system, user = own.messages("A?", "B", LANGUAGES["en"])
    assert user["content"] == "Q A? S B for $5"
    assert system == load_prompts().messages("A?", "B", LANGUAGES["en"])[0]
    assert own.digest != load_prompts().digest == load_prompts().digest


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("question.en.md", "only $question", "no $sources"),
        ("question.en.md", "$question $sources $answer", "$answer"),
        ("question.en.md", "$question $sources 5$", "a $ that begins no placeholder"),
        ("frage.md", "$question", "a name that nothing reads"),
        ("notes.txt", "", "without a prompt in it"),
    ],
)
def test_a_prompt_that_will_not_do_is_refused(tmp_path: Path, name: str, text: str, found: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError, match="GRAFTLINE_PROMPTS") as refused:
        load_prompts(tmp_path)
    assert found in str(refused.value)


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no folder"):
        load_prompts(tmp_path / "nowhere")
