"""What the model that is run here computes with."""

from pathlib import Path

import pytest

from resources.embedding import embedders
from resources.settings import Settings


@pytest.mark.parametrize(
    ("given", "avx2", "bfloat16", "gpu", "expected"),
    [
        ({}, True, False, False, "int8"),
        ({}, True, True, False, "bfloat16"),
        ({}, False, True, False, "float32"),
        ({}, True, True, True, "float32"),
        ({"EMBEDDING_MODEL": "another"}, True, True, False, "float32"),
        ({"EMBEDDING_DTYPE": "float32"}, True, False, False, "float32"),
        ({"EMBEDDING_DTYPE": "int8"}, False, False, True, "int8"),
    ],
)
def test_a_packaged_model_computes_in_what_the_processor_is_fastest_in_unless_told_otherwise(
    given: dict[str, str],
    avx2: bool,
    bfloat16: bool,
    gpu: bool,
    expected: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
):
    monkeypatch.setattr(embedders, "fast_int8", lambda: avx2)
    monkeypatch.setattr(embedders, "fast_bfloat16", lambda: bfloat16)
    monkeypatch.setattr(embedders, "has_gpu", lambda: gpu)
    settings = Settings(GRAFTLINE_HOME=str(tmp_path), **given)
    assert embedders.dtype(settings) == expected
