"""A template's effect on a tokenizer: its text, the token that ends a turn, and all tokens at which engines stop."""

from collections.abc import Iterable
from typing import Any

from pipelines.core.errors import InputError
from pipelines.finetune.recipes.recipe import Recipe
from pipelines.finetune.templates.templates import Form, chat_template, template_form


def prepare_tokenizer(tokenizer: Any, recipe: Recipe) -> None:
    """Add the recipe's tokens and set its template, in place; InputError where a turn's end is not one token."""
    named = [token.strip() for token in (recipe.new_special_tokens or "").split(",") if token.strip()]
    _add(tokenizer, named, recipe.resize_vocab, "new_special_tokens")
    if recipe.template is None:
        return
    shape = template_form(recipe.template)
    ends = [token for token in shape.stop if token == shape.end_token or token in shape.answer]
    _add(tokenizer, ends, recipe.resize_vocab, f"template '{recipe.template}'")
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


def _add(tokenizer: Any, tokens: list[str], resize: bool, where: str) -> None:
    missing = [token for token in tokens if token not in tokenizer.get_vocab()]
    if not missing:
        return
    if not resize:
        raise InputError(
            where,
            f"{', '.join(missing)}, for which this model's tokenizer has no token",
            "tokens of the model's vocabulary",
            "write resize_vocab: true into the recipe to add them, or take the template of the model's own family",
        )
    tokenizer.add_special_tokens({"additional_special_tokens": missing}, replace_extra_special_tokens=False)


def _puts_spaces(tokenizer: Any) -> bool:
    first = tokenizer.convert_ids_to_tokens(tokenizer.encode("a", add_special_tokens=False))
    return bool(first) and first[0].startswith("▁")
