from pathlib import Path

import pytest

from pipelines.core.checkpoints.revision import checkpoint_digest, weight_files
from tests.checkpoints import SHARDS, write_checkpoint, write_safetensors


@pytest.mark.parametrize(
    "name",
    [
        "chat_template.jinja", "config.json", "tokenizer.json", "tokenizer_config.json", "generation_config.json",
        "special_tokens_map.json", "merges.txt", "tokenizer.model", "modeling_own.py",
        "additional_chat_templates/rag.jinja",
    ],
)  # fmt: skip
def test_each_file_that_a_model_reads_is_part_of_its_revision(name: str, tmp_path: Path):
    before = checkpoint_digest(write_checkpoint(tmp_path))
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text('{"edited": true}')
    assert checkpoint_digest(tmp_path) != before


def test_the_weights_are_part_of_it(tmp_path: Path):
    before = checkpoint_digest(write_checkpoint(tmp_path))
    write_safetensors(tmp_path / "model.safetensors", ["first", "second"], fill=1)
    assert checkpoint_digest(tmp_path) != before


def test_what_the_model_does_not_read_is_not(tmp_path: Path):
    before = checkpoint_digest(write_checkpoint(tmp_path))
    for name in ("README.md", "graftline.json", "result.json", "consolidated.safetensors", "recipe.yaml"):
        (tmp_path / name).write_text("{}")
    assert checkpoint_digest(tmp_path) == before


def test_the_weights_that_are_loaded_are_the_one_file_else_those_of_the_index(tmp_path: Path):
    sharded = write_checkpoint(tmp_path / "sharded", sharded=True)
    write_safetensors(sharded / "consolidated.safetensors", ["again"])
    assert [path.name for path in weight_files(sharded)] == list(SHARDS)
    write_safetensors(sharded / "model.safetensors", ["first"])
    assert [path.name for path in weight_files(sharded)] == ["model.safetensors"]
