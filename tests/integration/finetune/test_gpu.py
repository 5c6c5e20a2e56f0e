"""What only a GPU can show; skipped where there is none."""

import json
import os
import signal
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn.functional import scaled_dot_product_attention

from pipelines.compute.answer_loss import summed_loss
from pipelines.compute.segment_attention import segment_attention
from pipelines.finetune.models.base import BaseModel
from pipelines.finetune.recipes.recipe import Recipe
from pipelines.finetune.training.training import RESULT
from tests.integration.training.trained import QUICK, specification

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
EDGES = [0, 7, 300, 301, 817]


def _attended(attend: Callable[..., torch.Tensor], dtype: torch.dtype) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    shapes = ((1, 9, EDGES[-1], 64), (1, 3, EDGES[-1], 64), (1, 3, EDGES[-1], 64))
    inputs = [torch.randn(shape, generator=generator).to("cuda", dtype).requires_grad_() for shape in shapes]
    out = attend(*inputs)
    towards = torch.randn(out.shape, generator=generator).to(out)
    out.backward(towards)
    return [out.detach().float(), *(tensor.grad.float() for tensor in inputs if tensor.grad is not None)]


def _by_sample(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
    outs = [
        scaled_dot_product_attention(*(t[:, :, a:b] for t in (query, key, value)), is_causal=True, enable_gqa=True)
        for a, b in pairwise(EDGES)
    ]
    return torch.cat(outs, dim=2).transpose(1, 2)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_samples_of_a_row_attend_to_themselves_alone(dtype: torch.dtype):
    edges = torch.tensor(EDGES, dtype=torch.int32, device="cuda")

    def ours(*inputs: torch.Tensor) -> torch.Tensor:
        return segment_attention(None, *inputs, None, cu_seq_lens_q=edges, max_length_q=516)[0]

    exact = _attended(_by_sample, torch.float32)
    tolerance = 1e-4 if dtype == torch.float32 else 2e-2
    for mine, wanted in zip(_attended(ours, dtype), exact, strict=True):
        assert float((mine - wanted).norm() / wanted.norm()) < tolerance


def test_the_chunked_loss_is_cross_entropy_with_its_gradients():
    head = torch.nn.Linear(64, 1000).cuda()
    targets = torch.arange(3000, device="cuda") % 1000
    results = []
    for loss_of in (summed_loss, lambda s, t, h: torch.nn.functional.cross_entropy(h(s), t, reduction="sum")):
        states = torch.linspace(-1, 1, 3000 * 64, device="cuda").view(3000, 64).requires_grad_()
        head.zero_grad()
        (loss_of(states, targets, head) * 0.5).backward()
        results.append([states.grad, head.weight.grad.clone(), head.bias.grad.clone()])
    for left, right in zip(*results, strict=True):
        torch.testing.assert_close(left, right, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("changes", [{}, {"packing": True, "cutoff_len": 256}, {"quantization_bit": 4}], ids=str)
def test_a_training_says_what_it_ran_on_and_what_it_held(
    changes: dict[str, Any], tiny: BaseModel, dataset: dict[str, Any], tmp_path: Path
):
    from pipelines.finetune.training.train_child import train

    recipe = Recipe(**{**QUICK, "bf16": True, "optim": "paged_adamw_8bit", **changes})
    train(specification(recipe, dataset["path"], tiny, tmp_path))
    result = json.loads((tmp_path / "output" / RESULT).read_text())
    assert result["held_out_loss_after"] < result["held_out_loss_before"]
    assert result["device"] == torch.cuda.get_device_name()
    assert (result["precision"], result["optimiser"]) == ("bfloat16", "paged_adamw_8bit")
    assert result["gradient_checkpointing"]
    assert 0 < result["peak_gpu_memory_bytes"] < 2**30


@pytest.mark.parametrize("changes", [{"quantization_bit": 4}, {"quantization_bit": 8}, {}], ids=str)
def test_what_a_gpu_trained_is_merged_and_compared_on_it(
    changes: dict[str, Any], tiny: BaseModel, dataset: dict[str, Any], tmp_path: Path
):
    from pipelines.finetune.merging.checks import merge_checks
    from pipelines.finetune.merging.merging import merge
    from pipelines.finetune.training.training import train

    recipe = Recipe(**{**QUICK, "bf16": True, **changes})
    adapter = train(recipe, dataset, tiny, tmp_path)
    merged = merge(recipe, adapter, Path(dataset["path"]), tiny, tmp_path)
    assert all(check.passed for check in merge_checks(merged).values()), merged
    assert json.loads((Path(merged.path) / RESULT).read_text())["device"] == "cuda"


def test_a_training_killed_on_a_gpu_goes_on_where_it_was(tiny: BaseModel, dataset: dict[str, Any], tmp_path: Path):
    from pipelines.finetune.training.training import read_log
    from tests.integration.training.test_training_resumes import finish, start

    data = dataset["path"]
    recipe = Recipe(**{**QUICK, "bf16": True, "max_steps": 60, "save_steps": 7, "logging_steps": 1})
    there = {"ACCELERATE_USE_CPU": "false", "CUDA_VISIBLE_DEVICES": "0"}
    whole = finish(start(recipe, data, tiny, tmp_path / "whole", environment=there), tmp_path / "whole")
    killed = tmp_path / "killed"
    child = start(recipe, data, tiny, killed, environment=there)
    deadline = time.monotonic() + 120
    while (read_log(killed) or [{"step": 0}])[-1]["step"] < 20 and time.monotonic() < deadline:
        time.sleep(0.01)
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    assert 20 <= read_log(killed)[-1]["step"] < 60
    resumed = finish(start(recipe, data, tiny, killed, environment=there), killed)
    assert resumed["held_out_loss_after"] == pytest.approx(whole["held_out_loss_after"], rel=1e-3)
    losses = [[row["loss"] for row in read_log(tmp_path / name / "output")] for name in ("whole", "killed")]
    assert losses[0] == pytest.approx(losses[1], rel=1e-2)


def _bert(folder: Path) -> Any:
    from transformers import BertConfig, BertModel

    torch.manual_seed(3)
    shape = {"hidden_size": 384, "intermediate_size": 1536, "num_attention_heads": 12, "num_hidden_layers": 6}
    model = BertModel(BertConfig(vocab_size=1000, **shape), add_pooling_layer=False).eval()
    model.save_pretrained(folder)
    return model


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_the_embedders_bert_says_what_transformers_says_in_any_company(dtype: str, tmp_path: Path):
    from pipelines.compute.flat_bert import FlatBert

    plain, flat = _bert(tmp_path), FlatBert.from_folder(tmp_path, dtype)
    generator = np.random.default_rng(5)
    texts = [generator.integers(0, 1000, length) for length in (3, 3, 17, 40, 40, 40, 211, 512)]
    together = torch.cat([run.reshape(-1, 384) for run in flat.hidden(texts)])
    start = 0
    for text in texts:
        mine = together[start : start + len(text)]
        start += len(text)
        assert torch.equal(flat.hidden([text])[0][0], mine)
        wanted = plain(torch.from_numpy(text)[None]).last_hidden_state[0]
        near = float((mine.float().cpu() - wanted.detach()).norm() / wanted.detach().norm())
        assert near < (1e-3 if dtype == "float32" else 3e-2)
