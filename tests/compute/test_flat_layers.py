"""The layers of the flat BERT against torch's own."""

import pytest
import torch

from pipelines.compute import flat_layers
from pipelines.compute.flat_layers import Attention, Linear

HEADS, SIZE = 3, 8
ATOL = {torch.float32: 1e-5, torch.bfloat16: 0.05}


def random(*shape: int, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(5)).to(dtype)


@pytest.mark.parametrize("gelu", [False, True])
@pytest.mark.parametrize("packed", [True, False], ids=["packed", "plain"])
@pytest.mark.parametrize("dtype", ATOL, ids=str)
def test_a_product_is_torchs(monkeypatch: pytest.MonkeyPatch, dtype: torch.dtype, packed: bool, gelu: bool):
    if not packed:
        monkeypatch.setattr(flat_layers, "_takes", lambda dtype: False)
    x, weight, bias = random(64, 16, dtype=dtype), random(24, 16, dtype=dtype), random(24, dtype=dtype)
    expected = torch.nn.functional.linear(x.float(), weight.float(), bias.float())
    if gelu:
        expected = torch.nn.functional.gelu(expected)
    with torch.inference_mode():
        found = Linear(weight, bias, gelu)(x)
    assert found.dtype == dtype
    torch.testing.assert_close(found.float(), expected, atol=ATOL[dtype], rtol=0.02)


def attended(dtype: torch.dtype, runs: list[tuple[int, int]]) -> tuple[torch.Tensor, torch.Tensor]:
    """Return what Attention writes for random texts, and torch's attention of each text by itself."""
    tokens = sum(length * count for length, count in runs)
    rows = random(tokens, 3 * HEADS * SIZE, dtype=dtype)
    mixed = torch.zeros(tokens, HEADS * SIZE, dtype=dtype)
    attention, expected, start = Attention(HEADS), [], 0
    with torch.inference_mode():
        for _ in range(2):  # the second time in the buffers of the first
            attention(rows, runs, mixed)
    for length in (length for length, count in runs for _ in range(count)):
        parts = rows[start : start + length].float().view(1, length, 3, HEADS, SIZE).permute(2, 0, 3, 1, 4)
        found = torch.nn.functional.scaled_dot_product_attention(*parts, scale=1.0)
        expected.append(found.transpose(1, 2).reshape(length, -1))
        start += length
    return mixed, torch.cat(expected)


@pytest.mark.parametrize("dtype", ATOL, ids=str)
@pytest.mark.parametrize("scores", [1 << 21, 600, 10], ids=["at once", "text by text", "by torch"])
def test_attention_stays_within_a_text(monkeypatch: pytest.MonkeyPatch, scores: int, dtype: torch.dtype):
    monkeypatch.setattr(flat_layers, "_SCORES", scores)
    mixed, expected = attended(dtype, [(17, 2), (9, 1), (3, 4), (1, 1)])
    torch.testing.assert_close(mixed.float(), expected, atol=ATOL[dtype], rtol=0.02)
