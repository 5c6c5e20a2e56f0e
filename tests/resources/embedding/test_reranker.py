"""The cross-encoder over a tiny real model, and what is refused."""

import shutil
from pathlib import Path

import pytest

from pipelines.core.errors import ConfigurationError, InputError
from resources.embedding.reranker import CrossEncoderReranker, open_reranker
from resources.settings import Settings


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random BERT of one layer with one label, saved as a cross-encoder is."""
    import torch
    from transformers import BertConfig, BertForSequenceClassification, BertTokenizerFast

    folder = tmp_path_factory.mktemp("tiny-reranker")
    (folder / "vocab.txt").write_text("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "pole", "tent", "rope"]))
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=8,
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=32,
        num_labels=1,
    )
    BertForSequenceClassification(config).save_pretrained(folder)
    BertTokenizerFast(str(folder / "vocab.txt")).save_pretrained(folder)
    return folder


def test_each_text_gets_a_score_that_does_not_depend_on_its_company(tiny: Path, tmp_path: Path) -> None:
    reranker = CrossEncoderReranker(tmp_path, str(tiny))
    together = reranker.score("pole", ["tent", "rope rope", "pole"])
    alone = [reranker.score("pole", [text])[0] for text in ("tent", "rope rope", "pole")]
    assert together == pytest.approx(alone, abs=1e-5) and len(set(together)) == 3
    assert reranker.score("pole", []) == []


def test_another_model_of_the_same_folders_name_has_another_name(tiny: Path, tmp_path: Path) -> None:
    copy = tmp_path / tiny.name
    shutil.copytree(tiny, copy)
    names = {CrossEncoderReranker(tmp_path, str(folder)).name for folder in (tiny, copy)}
    weights = copy / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"?")
    assert len(names) == 1 and CrossEncoderReranker(tmp_path, str(copy)).name not in names


def test_half_a_file_of_weights_is_refused(tiny: Path, tmp_path: Path) -> None:
    shutil.copytree(tiny, tmp_path / "half")
    weights = tmp_path / "half" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1])
    with pytest.raises(InputError, match="its header announces"):
        CrossEncoderReranker(tmp_path, str(tmp_path / "half")).score("a", ["b"])


def test_pickled_weights_and_own_code_are_refused(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "pytorch_model.bin").write_bytes(b"")
    with pytest.raises(ConfigurationError, match="safetensors"):
        CrossEncoderReranker(tmp_path, str(tmp_path)).score("a", ["b"])
    (tmp_path / "model.safetensors").write_bytes(b"")
    (tmp_path / "config.json").write_text('{"auto_map": {"AutoModel": "own.py"}}')
    with pytest.raises(ConfigurationError, match="code of its own"):
        CrossEncoderReranker(tmp_path, str(tmp_path)).score("a", ["b"])


def test_without_the_setting_there_is_no_reranker() -> None:
    assert open_reranker(Settings.load({}, Path("/nowhere"))) is None
    named = open_reranker(Settings.load({"GRAFTLINE_RERANKER": "a/b"}, Path("/nowhere")))
    assert named is not None


def test_the_modes_of_a_night_are_named_in_one_setting() -> None:
    assert Settings.load({}, Path("/nowhere")).modes == ("native", "local", "global")
    assert Settings.load({"GRAFTLINE_MODES": "hybrid, native"}, Path("/nowhere")).modes == ("native", "hybrid")
    with pytest.raises(ConfigurationError, match="nativ"):
        _ = Settings.load({"GRAFTLINE_MODES": "nativ"}, Path("/nowhere")).modes
