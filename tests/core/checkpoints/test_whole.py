import json
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines.core.checkpoints.whole import require_whole
from pipelines.core.errors import InputError
from tests.checkpoints import SHARDS, write_checkpoint, write_safetensors

POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 269060552\n"


def cut(path: Path, kept: int) -> None:
    path.write_bytes(path.read_bytes()[:kept])


ONE: dict[str, tuple[Callable[[Path], object], str, str]] = {
    "weights that are an LFS pointer": (
        lambda folder: (folder / "model.safetensors").write_text(POINTER), "a Git LFS pointer", "lfs pull",
    ),
    "a tokenizer that is an LFS pointer": (
        lambda folder: (folder / "tokenizer.json").write_text(POINTER), "a Git LFS pointer", "lfs pull",
    ),
    "half a file of weights": (
        lambda folder: cut(folder / "model.safetensors", (folder / "model.safetensors").stat().st_size - 1),
        "that its header announces", "--include model.safetensors",
    ),
    "a file that ends in its header": (
        lambda folder: cut(folder / "model.safetensors", 20), "that its header announces", "model.safetensors",
    ),
    "an empty file of weights": (
        lambda folder: cut(folder / "model.safetensors", 0), "don't begin as a safetensors", "model.safetensors",
    ),
    "weights with more behind them than the header says": (
        lambda folder: (folder / "model.safetensors").open("ab").write(b"more"), "announces", "model.safetensors",
    ),
    "a page of HTML for weights": (
        lambda folder: (folder / "model.safetensors").write_text("<html>not found</html>"), "begin as", "hf download",
    ),
    "a header that is no JSON": (
        lambda folder: (folder / "model.safetensors").write_bytes(struct.pack("<Q", 4) + b"abcd"),
        "a header that cannot be read", "hf download",
    ),
    "half a tokenizer": (lambda folder: cut(folder / "tokenizer.json", 30), "no JSON", "--include tokenizer.json"),
    "no tokenizer": (lambda folder: (folder / "tokenizer.json").unlink(), "no tokenizer", "'tokenizer*'"),
    "no configuration": (lambda folder: (folder / "config.json").unlink(), "no config.json", "config.json"),
    "half a configuration": (lambda folder: cut(folder / "config.json", 5), "no JSON", "--include config.json"),
    "pickled weights alone": (
        lambda folder: (folder / "model.safetensors").rename(folder / "pytorch_model.bin"),
        "no safetensors file (but pytorch_model.bin)", "safe_serialization=True",
    ),
    "an adapter": (
        lambda folder: (folder / "config.json").rename(folder / "adapter_config.json"), "an adapter", "export",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", ONE)
def test_a_folder_that_is_not_whole_is_refused_with_what_to_type(case: str, tmp_path: Path):
    damage, found, fix = ONE[case]
    folder = write_checkpoint(tmp_path / "a model")
    damage(folder)
    with pytest.raises(InputError) as refused:
        require_whole(folder)
    assert found in refused.value.found and fix in refused.value.fix


MANY: dict[str, tuple[Callable[[Path], object], str]] = {
    "a shard that the index names is not there": (lambda folder: (folder / SHARDS[1]).unlink(), f"no {SHARDS[1]}"),
    "a shard without the weight that the index says is in it": (
        lambda folder: write_safetensors(folder / SHARDS[1], ["other"]), "no weight second",
    ),
    "shards without their index": (
        lambda folder: (folder / "model.safetensors.index.json").unlink(), "shards without model.safetensors.index",
    ),
    "neither the index nor all shards": (
        lambda folder: [(folder / name).unlink() for name in ("model.safetensors.index.json", SHARDS[0])],
        f"no {SHARDS[0]}",
    ),
    "an index without its map": (
        lambda folder: (folder / "model.safetensors.index.json").write_text("{}"), "no weight_map",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", MANY)
def test_an_incomplete_set_of_shards_is_refused(case: str, tmp_path: Path):
    damage, found = MANY[case]
    folder = write_checkpoint(tmp_path, sharded=True)
    damage(folder)
    with pytest.raises(InputError) as refused:
        require_whole(folder)
    assert found in refused.value.found


@pytest.mark.parametrize(("words", "rows"), [(1, 49152), (3, 10), (11, 10)])
def test_another_models_tokenizer_is_refused(words: int, rows: int, tmp_path: Path):
    with pytest.raises(InputError, match=r"a tokenizer of [\d,]+ tokens beside a model of"):
        require_whole(write_checkpoint(tmp_path, words=words, rows=rows))


@pytest.mark.parametrize("sharded", [False, True])
def test_a_whole_folder_is_taken(sharded: bool, tmp_path: Path):
    folder = write_checkpoint(tmp_path, sharded)
    write_safetensors(folder / "consolidated.safetensors", ["again"])  # the same weights under names of their own
    require_whole(folder)


def test_tokenizers_of_other_kinds_are_taken(tmp_path: Path):
    folder = write_checkpoint(tmp_path)
    (folder / "tokenizer.json").unlink()
    (folder / "vocab.json").write_text("{}")
    with pytest.raises(InputError, match="no tokenizer"):
        require_whole(folder)
    (folder / "merges.txt").write_text("a b")
    require_whole(folder)
    (folder / "merges.txt").write_text(POINTER)
    with pytest.raises(InputError, match="LFS pointer"):
        require_whole(folder)
    (folder / "merges.txt").unlink()
    (folder / "tokenizer_config.json").write_text(json.dumps({"auto_map": {"AutoTokenizer": ["own.Tokenizer", None]}}))
    require_whole(folder)


def test_a_hub_models_broken_file_is_fetched_by_its_name(tmp_path: Path):
    folder = write_checkpoint(tmp_path)
    cut(folder / "model.safetensors", 20)
    with pytest.raises(InputError, match=r"hf download org/tiny --include model\.safetensors --force-download"):
        require_whole(folder, "org/tiny")
