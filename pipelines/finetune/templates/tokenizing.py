"""A template's effect on a tokenizer: its text, the token that ends a turn, and all tokens at which engines stop."""

from collections.abc import Iterable, Mapping
from typing import Any

from pipelines.core.errors import InputError
from pipelines.finetune.recipes.recipe import Recipe, names_in
from pipelines.finetune.templates.templates import Form, chat_template, template_form


def prepare_tokenizer(tokenizer: Any, recipe: Recipe) -> None:
    """Add the recipe's tokens and set its template, in place; InputError where a turn's end is not one token."""
    tokenizer.added_by_recipe = [
        *_add(tokenizer, names_in(recipe.add_tokens), recipe.resize_vocab, "add_tokens", special=False),
        *_add(tokenizer, names_in(recipe.new_special_tokens), recipe.resize_vocab, "new_special_tokens"),
    ]
    if recipe.template is None:
        return
    shape = template_form(recipe.template)
    ends = [token for token in shape.stop if token == shape.end_token or token in shape.answer]
    tokenizer.added_by_recipe += _add(tokenizer, ends, recipe.resize_vocab, f"template '{recipe.template}'")
    if shape.end_token:
        tokenizer.eos_token = shape.end_token
    tokenizer.chat_template = chat_template(recipe.template, spaced=_puts_spaces(tokenizer))
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token


def stop_ids(tokenizer: Any, recipe: Recipe, of_the_base: int | Iterable[int] | None) -> list[int]:
    """Return the ids at which an engine has to stop: the base's own, eos, the template's, and what ends an answer.

    The last is asked of the template itself: with <|im_end|> at a turn's end and another eos, an engine that knows eos
    alone would go on and play the user.
    """
    base = [of_the_base] if isinstance(of_the_base, int) else list(of_the_base or [])
    shape = template_form(recipe.template) if recipe.template else Form()
    words = [tokenizer.convert_tokens_to_ids(token) for token in shape.stop if token in tokenizer.get_vocab()]
    found = [tokenizer.eos_token_id, *_end_of_an_answer(tokenizer), *words, *base]
    return list(dict.fromkeys(token for token in found if token is not None))


def _end_of_an_answer(tokenizer: Any) -> list[int]:
    chat = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
    ids = list(tokenizer.apply_chat_template(chat, tokenize=True, return_dict=False))
    special = {number for number, token in tokenizer.added_tokens_decoder.items() if token.special}
    tail: list[int] = []
    for token in reversed(ids):
        if token in special:
            tail = [token]
            break
        if tokenizer.decode([token]).strip():  # text before a special token: this template ends turns in plain text
            break
    return tail


def turns_with_controls(tokenizer: Any, messages: Iterable[Mapping[str, Any]]) -> int:
    """Return in how many turns the text holds a special token of the model's own: it would begin or end a turn."""
    texts = [text for message in messages if "<" in (text := message.get("content") or "") or "[" in text]
    if not texts:
        return 0
    added = getattr(tokenizer, "added_by_recipe", ())
    tokens = [str(token) for token in getattr(tokenizer, "added_tokens_decoder", {}).values() if token.special]
    wanted = [token for token in tokens if token not in added]
    return sum(any(token in text for token in wanted) for text in texts)


def untrained_tokens(model: Any, tokenizer: Any) -> list[str]:
    """Return a line where the recipe's added tokens have rows in embedding or head that the training leaves as drawn.

    Ask when `model` has its adapter: rows of a layer train where any of its weights does.
    """
    added = getattr(tokenizer, "added_by_recipe", [])
    layers = [layer for layer in (model.get_input_embeddings(), model.get_output_embeddings()) if layer is not None]
    frozen = [layer for layer in layers if not any(weight.requires_grad for weight in layer.parameters())]
    if not added or not frozen:
        return []
    names = {name.rsplit(".", 1)[-1] for name, module in model.named_modules() if any(module is one for one in layers)}
    return [
        f"new tokens {', '.join(added)} – their rows in the frozen embeddings stay as they were drawn, untrained: "
        f"add additional_target: {','.join(sorted(names))} to the recipe"
    ]


def _add(tokenizer: Any, tokens: list[str], resize: bool, where: str, special: bool = True) -> list[str]:
    """Add the tokens that the vocabulary lacks, and return these."""
    missing = [token for token in dict.fromkeys(tokens) if token not in tokenizer.get_vocab()]
    if not missing:
        return []
    if not resize:
        raise InputError(
            where,
            f"{', '.join(missing)}, for which this model's tokenizer has no token",
            "tokens of the model's vocabulary",
            "write resize_vocab: true into the recipe to add them, or take the template of the model's own family",
        )
    if special:
        tokenizer.add_special_tokens({"additional_special_tokens": missing}, replace_extra_special_tokens=False)
    else:
        tokenizer.add_tokens(missing)
    return missing


def _puts_spaces(tokenizer: Any) -> bool:
    first = tokenizer.convert_ids_to_tokens(tokenizer.encode("a", add_special_tokens=False))
    return bool(first) and first[0].startswith("▁")
