import json
from pathlib import Path
from typing import Any

import pytest

from pipelines.core.errors import InputError
from resources.embedding.local import SentenceEmbedder
from resources.embedding.model_folder import longest_input, prompt_before, prompts, revision
from resources.file_digests import FileDigests

UNLIMITED = 1000000000000000019884624838656


@pytest.mark.parametrize(
    ("own", "tokenizer", "positions", "longest"),
    [
        ({"max_seq_length": 256}, 512, 512, 256),
        ({"transformer_task": "feature-extraction"}, 128, 512, 128),
        ({}, UNLIMITED, 512, 512),
        ({}, UNLIMITED, -1, None),
        (None, None, None, None),
    ],
)
def test_the_longest_input_is_the_models_setting_else_the_tokenizers_within_its_positions(
    tmp_path: Path, own: dict[str, Any] | None, tokenizer: int | None, positions: int | None, longest: int | None
) -> None:
    module = tmp_path / "0_Transformer"
    module.mkdir()
    (tmp_path / "modules.json").write_text(json.dumps([{"path": "0_Transformer", "type": "Transformer"}]))
    (module / "tokenizer_config.json").write_text(json.dumps({"model_max_length": tokenizer} if tokenizer else {}))
    (module / "config.json").write_text(json.dumps({"max_position_embeddings": positions} if positions else {}))
    if own is not None:
        (module / "sentence_roberta_config.json").write_text(json.dumps(own))
    assert longest_input(tmp_path) == longest


def test_a_document_has_the_prompt_of_that_name_or_of_passages(tmp_path: Path) -> None:
    assert prompts(tmp_path) == {}
    config = {"prompts": {"query": "query: ", "passage": "passage: ", "document": ""}}
    (tmp_path / "config_sentence_transformers.json").write_text(json.dumps(config))
    found = prompts(tmp_path)
    assert (prompt_before("query", found), prompt_before("document", found)) == ("query: ", "passage: ")
    assert prompt_before("query", {"query": ""}) is None


@pytest.mark.parametrize(
    ("content", "found"),
    [(b"version https://git-lfs.github.com/spec/v1\n", "Git LFS pointer"), (b"half", "don't begin as a safetensors")],
)
def test_an_embedders_weights_that_are_not_whole_are_refused(content: bytes, found: str, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "model.safetensors").write_bytes(content)
    with pytest.raises(InputError, match=found):
        _ = SentenceEmbedder(tmp_path, str(tmp_path)).folder


@pytest.mark.parametrize("name", ["model.safetensors", "onnx/model.onnx", "config.json"])
def test_the_revision_is_of_every_byte_of_every_weight(name: str, tmp_path: Path) -> None:
    file, digests = tmp_path / "model" / name, FileDigests(tmp_path / "digests.json")
    file.parent.mkdir(parents=True)
    file.write_bytes(bytes(4 << 20))
    before = revision(tmp_path / "model", digests)
    assert revision(tmp_path / "model", digests) == before
    data = bytearray(file.read_bytes())
    data[(1 << 18) - 5] = 1  # between what samples all over the file would read
    file.write_bytes(data)
    assert revision(tmp_path / "model", digests) != before
