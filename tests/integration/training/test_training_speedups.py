"""What makes training fast changes no number: fused layers, rows without padding, packing and the chunked loss."""

import importlib
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch
from datasets import Dataset
from transformers import AutoModelForCausalLM, MistralConfig, Qwen2Config, Qwen3Config

from pipelines.compute.acceleration import accelerate, keeps_samples_apart
from pipelines.compute.answer_loss import install_answer_loss, summed_loss
from pipelines.finetune.models.loading import load_base, load_tokenizer
from pipelines.finetune.models.methods import apply_method
from pipelines.finetune.recipes.recipe import Recipe
from pipelines.finetune.tasks.answer_trainer import make_trainer
from pipelines.finetune.tasks.batching import PaddedCollator, RowCollator, split_into_passes
from pipelines.finetune.training.arguments import trainer_arguments
from pipelines.finetune.training.packing import pack
from tests.integration.training.tiny_model import make_tiny_model
from tests.integration.training.trained import QUICK

SHAPE: dict[str, Any] = {
    "vocab_size": 259,
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 1024,
    "head_dim": 16,
}
KNOWN = {
    "qwen2": (Qwen2Config(**SHAPE), 2),
    "qwen3": (Qwen3Config(**SHAPE), 2),
    "mistral": (MistralConfig(**SHAPE, sliding_window=None), 2),
}
LENGTHS = (5, 300, 17, 129, 40, 260, 9, 64)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_model(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(autouse=True)
def rotations_as_they_were(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fused rotation stands in a module of transformers: each test begins, and ends, with the library's own."""
    for name in ("llama", "qwen2", "qwen3", "mistral"):
        module = importlib.import_module(f"transformers.models.{name}.modeling_{name}")
        monkeypatch.setattr(module, "apply_rotary_pos_emb", module.apply_rotary_pos_emb)


@pytest.fixture(scope="module")
def rows() -> Dataset:
    """Samples of every length that matters, the second half of each with loss."""
    generator = torch.Generator().manual_seed(3)
    made = []
    for length in LENGTHS:
        ids = torch.randint(3, 259, (length,), generator=generator).tolist()
        made.append({"input_ids": ids, "labels": [-100] * (length // 2) + ids[length // 2 :]})
    return Dataset.from_list(made)


def moved(model: Any) -> Any:
    """Give A and B values, as after some training: with zeros half of the formulas would not be tested."""
    generator = torch.Generator().manual_seed(5)
    for name, parameter in model.named_parameters():
        if "lora_A" in name or "lora_B" in name:
            parameter.data = torch.randn(parameter.shape, generator=generator) * 0.1
    return model


def loss_and_gradients(trainer: Any, batch: dict[str, Any]) -> tuple[float, list[torch.Tensor]]:
    count = (batch["labels"][..., 1:] != -100).sum()
    trainer.model.zero_grad()
    loss = trainer.training_step(trainer.model, dict(batch), count)
    return float(loss), [p.grad.clone() for p in trainer.model.parameters() if p.requires_grad]


def same(one: tuple[float, list[torch.Tensor]], other: tuple[float, list[torch.Tensor]]) -> None:
    assert one[0] == pytest.approx(other[0], rel=1e-5)
    for left, right in zip(one[1], other[1], strict=True):
        torch.testing.assert_close(left, right, rtol=2e-3, atol=1e-6)


@pytest.mark.parametrize("name", ["lora", "full", "checkpointed", "dropout_off_dora"])
def test_loss_and_gradients_are_those_of_trls_own_trainer(name: str, tiny: Path, rows: Dataset, tmp_path: Path):
    from trl import SFTTrainer

    changes = {
        "lora": {},
        "full": {"finetuning_type": "full"},
        "checkpointed": {"disable_gradient_checkpointing": False},
        "dropout_off_dora": {"use_dora": True},
    }[name]
    recipe = Recipe(**{**QUICK, **changes})
    tokenizer = load_tokenizer(tiny, recipe)
    settings = trainer_arguments(recipe, tmp_path, 1, autocast=False)
    plain = moved(apply_method(load_base(tiny, recipe), recipe))
    reference = SFTTrainer(
        plain, settings, train_dataset=rows, processing_class=tokenizer, data_collator=PaddedCollator(2)
    )
    examples = list(rows)
    expected = loss_and_gradients(reference, reference.data_collator(examples))
    model = moved(apply_method(load_base(tiny, recipe), recipe))
    replaced = accelerate(model, fuse=name in ("lora", "checkpointed"))
    assert replaced["attention"] == 1
    if name == "lora":
        assert replaced == {"attention": 1, "norms": 5, "linears": 14, "mlps": 2, "rotations": 1, "narrow weights": 0}
    trainer = make_trainer(model, settings, tokenizer, tokens=400, train_dataset=rows)
    assert isinstance(trainer.data_collator, RowCollator)
    same(loss_and_gradients(trainer, trainer.data_collator(examples)), expected)


def compare(plain: Any, fast: Any, rows: Dataset) -> None:
    """The losses and gradients of both, whole rows without padding on the one side and padded ones on the other."""
    results = []
    for model, collator in ((plain, PaddedCollator(2)), (fast, RowCollator())):
        install_answer_loss(model.get_base_model())
        total = 0.0
        for part in split_into_passes(collator(list(rows)), 500):
            loss = model(**part, answer_loss=True, use_cache=False)[0]
            loss.backward()
            total += float(loss.detach())
        results.append((total, [p.grad for p in model.parameters() if p.requires_grad]))
    assert results[0][0] == pytest.approx(results[1][0], rel=1e-5)
    for left, right in zip(results[0][1], results[1][1], strict=True):
        torch.testing.assert_close(left, right, rtol=2e-3, atol=2e-4)


def twins(config: Any, narrow: bool = False) -> tuple[Any, Any]:
    """Two models with the same weights and adapters; `narrow`: weights as a checkpoint in bfloat16 has them."""
    torch.manual_seed(1)
    plain, fast = AutoModelForCausalLM.from_config(config), AutoModelForCausalLM.from_config(config)
    for parameter in plain.parameters() if narrow else ():
        parameter.data = parameter.data.bfloat16().float()
    fast.load_state_dict(plain.state_dict())
    return moved(apply_method(plain, Recipe(**QUICK))), moved(apply_method(fast, Recipe(**QUICK)))


def test_weights_that_bfloat16_holds_exactly_are_kept_in_it_and_no_number_changes(rows: Dataset):
    plain, fast = twins(Qwen2Config(**SHAPE), narrow=True)
    assert accelerate(fast, fuse=True)["narrow weights"] == 14
    layer = fast.get_base_model().model.layers[0].self_attn.q_proj
    assert layer.base_layer.weight.dtype == torch.bfloat16
    compare(plain, fast, rows)
    x = torch.ones(1, 3, 64)
    with torch.autocast("cpu", torch.bfloat16):  # not for the fused layer: PEFT's runs, on widened weights
        torch.testing.assert_close(layer(x), plain.get_base_model().model.layers[0].self_attn.q_proj(x))
    assert layer.base_layer.weight.dtype == torch.float32


@pytest.mark.parametrize("name", KNOWN)
def test_other_architectures_keep_their_numbers_too(name: str, rows: Dataset):
    plain, fast = twins(KNOWN[name][0])
    replaced = accelerate(fast, fuse=True)
    assert replaced["attention"] and replaced["mlps"] == KNOWN[name][1] and replaced["norms"] >= 5
    compare(plain, fast, rows)


def test_a_window_of_attention_is_left_to_the_model_itself():
    model = AutoModelForCausalLM.from_config(MistralConfig(**SHAPE, sliding_window=8))
    assert accelerate(model, fuse=False) == {"attention": 0}
    assert not keeps_samples_apart(model)


def test_an_mlp_of_another_activation_is_not_taken_for_one_of_silu():
    model = apply_method(AutoModelForCausalLM.from_config(Qwen2Config(**SHAPE, hidden_act="gelu")), Recipe(**QUICK))
    assert accelerate(model, fuse=True)["mlps"] == 0


def test_packing_changes_no_samples_loss(tiny: Path, rows: Dataset):
    """Per-sample losses, packed against alone under the library's own attention, in float32."""
    recipe = Recipe(**QUICK)
    alone = moved(apply_method(load_base(tiny, recipe), recipe))
    model = moved(apply_method(load_base(tiny, recipe), recipe))
    accelerate(model, fuse=True)
    expected = {}
    for row in rows:
        with torch.no_grad():
            logits = alone(input_ids=torch.tensor([row["input_ids"]])).logits[0, :-1]
        labels = torch.tensor(row["labels"][1:])
        expected[tuple(row["input_ids"])] = float(torch.nn.functional.cross_entropy(logits, labels))
    packed = pack(rows, 320)
    assert len(packed) < len(rows) and max(map(len, packed["input_ids"])) <= 320
    seen = 0
    for bin_ in packed:
        batch = RowCollator()([bin_])
        (part,) = split_into_passes(batch, 320)
        with torch.no_grad():
            states = model.get_base_model().base_model(**{k: v for k, v in part.items() if k != "labels"})[0]
        edges = part["cu_seq_lens_q"].tolist()
        for start, end in pairwise(edges):
            labels = part["labels"][0, start + 1 : end]
            head = model.get_output_embeddings()
            kept = labels != -100
            loss = float(summed_loss(states[0, start : end - 1][kept], labels[kept], head) / kept.sum())
            assert loss == pytest.approx(expected[tuple(part["input_ids"][0, start:end].tolist())], abs=1e-3)
            seen += 1
    assert seen == len(rows)


def test_the_chunked_loss_is_cross_entropy_with_its_gradients(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("pipelines.compute.answer_loss._CPU_CHUNK", 7)
    head = torch.nn.Linear(8, 31)
    targets = torch.arange(20) % 31
    results = []
    for loss_of in (summed_loss, lambda s, t, h: torch.nn.functional.cross_entropy(h(s), t, reduction="sum")):
        states = torch.linspace(-1, 1, 160).view(20, 8).requires_grad_()
        head.zero_grad()
        (loss_of(states, targets, head) * 0.5).backward()
        results.append([states.grad, head.weight.grad.clone(), head.bias.grad.clone()])
    for left, right in zip(*results, strict=True):
        torch.testing.assert_close(left, right)


def test_under_autocast_the_chunked_loss_trains_float32_weights():
    head = torch.nn.Linear(8, 31, bias=False)
    states = torch.linspace(-1, 1, 160).view(20, 8).requires_grad_()
    targets = torch.arange(20)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        loss = summed_loss(states, targets, head)
    loss.backward()
    plain = torch.nn.functional.cross_entropy(states @ head.weight.t(), targets, reduction="sum")
    wanted = torch.autograd.grad(plain, [states, head.weight])
    assert states.grad is not None and head.weight.grad is not None
    assert (states.grad.dtype, head.weight.grad.dtype) == (torch.float32, torch.float32)
    for mine, given in zip(wanted, (states.grad, head.weight.grad), strict=True):
        torch.testing.assert_close(given, mine, rtol=0.1, atol=0.05)


def test_passes_hold_every_sample_once_and_keep_to_their_tokens(rows: Dataset):
    batch = RowCollator()(list(rows))
    parts = split_into_passes(batch, 310)
    assert [part["input_ids"].shape[1] <= 310 for part in parts] == [True] * len(parts)
    assert sum(part["input_ids"].shape[1] for part in parts) == sum(LENGTHS)
    firsts = [part["labels"][0, edge].item() for part in parts for edge in part["cu_seq_lens_q"][:-1]]
    assert firsts == [-100] * len(LENGTHS)


def test_a_sample_longer_than_a_pass_stands_alone():
    batch = RowCollator()([{"input_ids": [1] * n, "labels": [1] * n} for n in (3, 50, 4)])
    assert sorted(part["input_ids"].shape[1] for part in split_into_passes(batch, 8)) == [7, 50]
