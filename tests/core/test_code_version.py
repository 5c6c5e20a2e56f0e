"""Versions made of source code: what a file reads through other files belongs to them."""

from pathlib import Path

from pipelines.core.identity import code_version, source_files
from pipelines.knowledge.extraction.rules import rule_extraction

RULES = Path(rule_extraction.__file__).parent


def write(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    return root / "rules"


def test_an_edit_two_imports_away_is_another_version(tmp_path: Path):
    files = {
        "rules/a.py": "import re\nfrom text.words import words\n",
        "text/words.py": "def f():\n    from text import characters\n",
        "text/characters.py": "HAN = 1\n",
        "text/other.py": "X = 1\n",
    }
    folder = write(tmp_path, files)
    before = code_version(folder, root=tmp_path)
    assert [path.name for path in source_files(folder, tmp_path)] == ["a.py", "characters.py", "words.py"]
    write(tmp_path, {"text/other.py": "X = 2\n"})
    assert code_version(folder, root=tmp_path) == before
    write(tmp_path, {"text/characters.py": "HAN = 2\n"})
    assert code_version(folder, root=tmp_path) != before
    assert code_version(folder, "spacy-3.8", root=tmp_path) != code_version(folder, root=tmp_path)


def test_the_rules_version_holds_all_that_the_rules_read():
    names = {path.name for path in source_files(RULES)}
    assert {
        "english.py",
        "chinese.py",
        "chinese_lists.py",
        "legal_forms.py",
        "territories.py",
        "characters.py",
        "sentences.py",
        "segmenter.py",
    } <= names
    records = {path.name for path in source_files(RULES) if path.parent.name == "languages"}
    assert records == {"language.py", "languages.py", "english.py", "chinese.py"}
