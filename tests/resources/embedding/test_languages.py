from pathlib import Path

import pytest

from pipelines.core.errors import ConfigurationError
from resources.embedding.languages import Languages, card_languages, languages_setting


@pytest.mark.parametrize(
    ("card", "read", "unread"),
    [
        ("---\nlanguage: en\nlicense: mit\n---\n# Model\n", ["en"], ["zh"]),
        ("---\nlanguage:\n- zh-CN\n- eng\n---\n", ["zh", "en"], ["fr"]),
        ("---\r\nlanguage: [multilingual, en]\r\n---\r\n", ["en", "zh", "sw"], []),
        ("---\nlanguage: no\n---\n", ["no"], ["en"]),
        ("---\nlanguage: null\n---\n", ["en", "zh"], []),
        ("---\nlicense: mit\n---\nlanguage: en\n", ["en", "zh"], []),
        ("---\nlanguage: [en\n---\n", ["zh"], []),
        ("# A card without front matter\n", ["zh"], []),
        (None, ["en", "zh"], []),
    ],
)
def test_a_model_reads_the_languages_of_its_card_and_all_where_it_names_none(
    tmp_path: Path, card: str | None, read: list[str], unread: list[str]
) -> None:
    if card is not None:
        (tmp_path / "README.md").write_bytes(card.encode())
    languages = card_languages(tmp_path)
    assert [code in languages for code in read] == [True] * len(read)
    assert not any(code in languages for code in unread)


def test_the_setting_names_codes_or_any_and_anything_else_is_refused() -> None:
    assert languages_setting("") is None
    assert languages_setting("en, ZH-hans") == Languages(frozenset({"en", "zh"}))
    assert languages_setting("any") == Languages()
    with pytest.raises(ConfigurationError, match=r"'english'.*set EMBEDDING_LANGUAGES=any"):
        languages_setting("en,english")
