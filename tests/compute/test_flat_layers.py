"""The layers of the flat BERT against torch's own."""

import os
import subprocess
import sys

import pytest
import torch

from pipelines.compute import flat_layers
from pipelines.compute.flat_layers import Attention, Int8Linear, Linear
from resources.settings import CHECKOUT

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


@pytest.mark.parametrize("gelu", [False, True])
def test_a_product_in_8_bits_is_near_and_a_row_the_same_to_the_bit_beside_any(gelu: bool):
    x, weight, bias = random(64, 256), random(96, 256), random(96)
    x *= torch.logspace(-3, 3, 64)[:, None]  # one scale for all rows would leave the small ones nought
    x[7] = 0
    expected = torch.nn.functional.linear(x, weight, bias)
    expected = torch.nn.functional.gelu(expected) if gelu else expected
    product = Int8Linear(weight, bias, gelu)
    found = product(x)
    error = (found - expected).norm(dim=1) / (x.norm(dim=1) * weight.norm() / 16).clamp_min(1e-6)
    assert error.max() < 0.03
    for rows in (slice(7, 8), slice(3, 19), slice(63, 64)):
        assert torch.equal(product(x[rows]), found[rows])


@pytest.mark.parametrize("processor", ["AVX2", "all that it has"])
def test_the_largest_8_bit_numbers_do_not_overflow_where_two_products_are_added_in_16_bits(processor: str):
    code = (
        "import torch; from pipelines.compute.flat_layers import Int8Linear;"
        "x = torch.ones(16, 384); x[::2] = -1; x[1] *= 5; weight = torch.ones(48, 384); weight[::3] = -2;"
        "found, expected = Int8Linear(weight, torch.zeros(48))(x), x @ weight.T;"
        "torch.testing.assert_close(found, expected, rtol=1e-5, atol=0)"
    )
    less = {"ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2"} if processor == "AVX2" else {}
    subprocess.run([sys.executable, "-c", code], cwd=CHECKOUT, env=os.environ | less, check=True)


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
