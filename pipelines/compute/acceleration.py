"""Which parts of a model the fused layers may stand for: decided by structure, and by comparing what both return."""
# ruff: noqa: TID253 - only the training's child process imports this file

import copy
import sys
import types
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from pipelines.compute import fused_layers, segment_attention

_NARROW = torch.bfloat16
_MLP = {"gate_proj", "up_proj", "down_proj", "act_fn"}
_SILU = ("SiLU", "SiLUActivation")
_OTHER_ATTENTION = ("attn_logit_softcapping", "attention_chunk_size", "alibi", "attention_sinks")


def accelerate(model: Any, fuse: bool) -> dict[str, int]:
    """Put the fused layers in place where they are known to say the same; return how many of each kind.

    `fuse` False (under autocast, on a GPU or where weights train) leaves all layers but the attention as they are.
    """
    counts = {"attention": int(_use_segments(model))}
    if fuse:
        counts["norms"] = _replace(model, _is_norm, _fused_norm, _same_norm)
        counts["linears"] = _replace(model, _is_adapted, _fused_linear, _same_output)
        counts["mlps"] = _replace(model, _is_mlp, _fused_mlp, _same_output)
        counts["rotations"] = _replace_rotations(model)
        counts["narrow weights"] = _narrow(model)
    return counts


def keeps_samples_apart(model: Any) -> bool:
    """Say whether `accelerate` gave the model an attention that keeps the samples of a row apart."""
    return model.config.get_text_config()._attn_implementation == segment_attention.NAME


def _use_segments(model: Any) -> bool:
    config = model.config.get_text_config()
    kinds = set(getattr(config, "layer_types", None) or ["full_attention"])
    window = getattr(config, "sliding_window", None) and getattr(config, "use_sliding_window", True)
    special = any(getattr(config, name, None) for name in _OTHER_ATTENTION)
    inner = model.get_base_model() if hasattr(model, "get_base_model") else model
    if kinds != {"full_attention"} or window or special or not getattr(inner, "_supports_attention_backend", False):
        return False
    before = config._attn_implementation
    name = segment_attention.register()
    try:
        alone = _states(inner, [[5, 6, 7, 8], [9, 5, 6]], together=False)
        inner.set_attn_implementation(name)
        together = _states(inner, [[5, 6, 7, 8], [9, 5, 6]], together=True)
        same = _close(together, alone)
    except (
        TypeError,
        ValueError,
        RuntimeError,
        AttributeError,
    ):  # a model that takes no positions or passes nothing on
        same = False
    if not same:
        inner.set_attn_implementation(before)
    return same


@torch.no_grad()
def _states(model: Any, samples: list[list[int]], together: bool) -> torch.Tensor:
    was, size = model.training, model.config.get_text_config().vocab_size
    samples = [[token % size for token in sample] for sample in samples]
    model.eval()
    try:
        decoder, device = model.base_model, next(model.parameters()).device
        if not together:
            outs = [decoder(input_ids=torch.tensor([s], device=device), use_cache=False)[0][0] for s in samples]
            return torch.cat(outs)
        row = torch.tensor([[token for sample in samples for token in sample]], device=device)
        positions = torch.tensor([[n for s in samples for n in range(len(s))]], device=device)
        edges = torch.tensor([0, len(samples[0]), row.shape[1]], dtype=torch.int32)
        return decoder(input_ids=row, position_ids=positions, cu_seq_lens_q=edges, use_cache=False)[0][0]
    finally:
        model.train(was)


def _close(one: torch.Tensor, other: torch.Tensor) -> bool:
    tolerance = 1e-4 if one.dtype == torch.float32 else 4e-2
    one, other = one.float(), other.float()
    return bool((one - other).norm() <= tolerance * other.norm() + 1e-6)


def _replace(model: Any, fits: Callable, fuse: Callable, same: Callable) -> int:
    # One of a class and shape stands for all of its kind.
    verdicts: dict[Any, bool] = {}
    count = 0
    for module in model.modules():
        if not fits(module):
            continue
        kind = (type(module), tuple(tuple(parameter.shape) for parameter in module.parameters()))
        if kind not in verdicts:
            verdicts[kind] = same(module, fuse)
        if verdicts[kind]:
            module.forward = types.MethodType(fuse(module), module)
            count += 1
    return count


def _same_output(module: Any, fuse: Callable) -> bool:
    linears = [part for part in module.modules() if type(part) is nn.Linear]
    weight = linears[0].weight
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(3, weight.shape[1], generator=generator).to(weight)
    with torch.no_grad():
        return _close(types.MethodType(fuse(module), module)(x), module(x))


def _same_norm(module: Any, fuse: Callable) -> bool:
    twin = copy.deepcopy(module)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        twin.weight.copy_(torch.rand(twin.weight.shape, generator=generator) + 0.5)
        x = torch.randn(3, len(twin.weight), generator=generator).to(twin.weight)
        return _close(types.MethodType(fuse(twin), twin)(x), twin(x))


def _is_norm(module: Any) -> bool:
    names = [name for name, _ in module.named_parameters()]
    plain = type(module).__name__.endswith("RMSNorm") and names == ["weight"] and not module.weight.requires_grad
    return plain and (hasattr(module, "variance_epsilon") or hasattr(module, "eps"))


def _fused_norm(module: Any) -> Callable:
    plain = module.forward
    epsilon = getattr(module, "variance_epsilon", None) or module.eps

    def forward(self, x):
        if _autocast(x) or x.dtype != self.weight.dtype:
            return plain(x)
        y = fused_layers.RmsNorm.apply(x, self.weight, epsilon)
        y.normed = fused_layers.Normed(x, self.weight, epsilon)
        return y

    return forward


def _normed(x: torch.Tensor) -> tuple[Any, Any, float]:
    # The norm's own input is kept for its gradient anyway: the layers behind it need not keep its output as well.
    return getattr(x, "normed", None) or (None, None, 0.0)


def _is_adapted(module: Any) -> bool:
    from peft.tuners.lora.layer import Linear

    return type(module) is Linear and type(module.base_layer) is nn.Linear and len(module.lora_A) == 1


def _adapted(layer: Any, x: torch.Tensor) -> fused_layers.Adapted | None:
    """Return what a linear layer computes now, or None where it is more than the fused function knows."""
    if type(layer) is nn.Linear:
        known = not layer.weight.requires_grad and layer.weight.dtype == x.dtype
        return fused_layers.Adapted(layer.weight, layer.bias, None, None, 1.0) if known else None
    if not _is_adapted(layer) or layer.merged or layer.lora_variant:
        return None
    if layer.base_layer.weight.dtype not in (x.dtype, _NARROW):
        return None
    base, name = layer.base_layer, next(iter(layer.lora_A))
    if base.weight.requires_grad or layer.lora_B[name].bias is not None:
        return None
    if layer.disable_adapters:
        return fused_layers.Adapted(base.weight, base.bias, None, None, 1.0)
    if name not in layer.active_adapters or not isinstance(layer.lora_dropout[name], nn.Identity):
        return None
    a, b = layer.lora_A[name].weight, layer.lora_B[name].weight
    return fused_layers.Adapted(base.weight, base.bias, a, b, float(layer.scaling[name]))


def _fused_linear(module: Any) -> Callable:
    plain = module.forward

    def forward(self, x, *arguments, **options):
        layer = None if arguments or options or _autocast(x) else _adapted(self, x)
        if layer:
            return fused_layers.AdaptedLinear.apply(x, *_normed(x), *layer)
        _widen(self, x.dtype)
        return plain(x, *arguments, **options)

    return forward


def _narrow(model: Any) -> int:
    # Checkpoints are published in bfloat16: in float32 their weights take twice the memory and say nothing more.
    count = 0
    for module in model.modules():
        if not _is_adapted(module) or "forward" not in vars(module):
            continue
        weight = module.base_layer.weight
        narrow = weight.detach().to(_NARROW)
        if weight.dtype == torch.float32 and not weight.requires_grad and torch.equal(narrow.float(), weight):
            weight.data = narrow
            count += 1
    return count


def _widen(module: Any, dtype: torch.dtype) -> None:
    weight = module.base_layer.weight
    if weight.dtype == _NARROW and dtype == torch.float32:
        weight.data = weight.float()


def _is_mlp(module: Any) -> bool:
    children = dict(module.named_children())
    return set(children) == _MLP and type(children["act_fn"]).__name__ in _SILU


def _fused_mlp(module: Any) -> Callable:
    plain = module.forward

    def forward(self, x):
        parts = [] if _autocast(x) else [self.gate_proj, self.up_proj, self.down_proj]
        layers = [layer for layer in (_adapted(part, x) for part in parts) if layer]
        if len(layers) < 3:
            return plain(x)
        tensors = [tensor for layer in layers for tensor in layer[:4]]
        scales = tuple(layer.scale for layer in layers)
        return fused_layers.AdaptedMlp.apply(x, *_normed(x), scales, *tensors)

    return forward


def _replace_rotations(model: Any) -> int:
    count = 0
    generator = torch.Generator().manual_seed(0)
    query, key = torch.randn(2, 1, 2, 5, 8, generator=generator)
    angles = torch.randn(1, 5, 4, generator=generator).repeat(1, 1, 2)
    for name in sorted({type(module).__module__ for module in model.modules()}):
        space = sys.modules[name]
        plain = getattr(space, "apply_rotary_pos_emb", None)
        if plain is None or not name.startswith("transformers.models."):
            continue
        try:
            pairs = zip(plain(query, key, angles.cos(), angles.sin()),
                        fused_layers.rotate_both(query, key, angles.cos(), angles.sin()), strict=True)  # fmt: skip
            same = all(_close(one, other) for one, other in pairs)
        except (TypeError, ValueError, RuntimeError):  # other arguments: rotations of another form
            same = False
        if same:
            space.apply_rotary_pos_emb = fused_layers.rotate_both  # type: ignore[attr-defined]
            count += 1
    return count


def _autocast(x: torch.Tensor) -> bool:
    return torch.is_autocast_enabled(x.device.type)
