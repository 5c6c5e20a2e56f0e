"""The variables of a night: what it may take, who is told of its digest; and what of all settings no digest shows."""

import json
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Annotated, Any
from urllib.parse import unquote, urlsplit

from pydantic import BeforeValidator, Field, SecretStr
from pydantic_settings import BaseSettings

from pipelines.core.masked import HIDDEN, masked, user_of, without_user
from resources.setting_sources import refusal, variable

_SHORTEST = 4
"""A secret of fewer letters stands in too many words to be taken out of them."""


def _address(value: object) -> str:
    text = value.get_secret_value() if isinstance(value, SecretStr) else str(value)
    parts = urlsplit(without_user(text))
    if text and (parts.scheme not in ("http", "https") or not parts.hostname):
        raise refusal("another", "an address that begins with https:// or http://", "https://host/path")
    return text


def positive(value: object) -> float | None:
    """Return a number above 0, None of nothing."""
    text = str(value)
    try:
        amount = float(text) if text else None
    except ValueError:
        amount = 0.0
    if amount is not None and not 0 < amount < float("inf"):
        raise refusal(f"'{text}'", "a number above 0, or nothing", "28800")
    return amount


WebhookAddress = Annotated[SecretStr, BeforeValidator(_address)]
OptionalSeconds = Annotated[float | None, BeforeValidator(positive)]
Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class NightVariables(BaseSettings):
    """What a night may take, and who is told of its digest."""

    night_seconds: OptionalSeconds = variable(
        "GRAFTLINE_NIGHT_SECONDS", "", "time of a whole night, after which the next one goes on; unset: no limit"
    )
    night_tries: Annotated[int, Field(ge=1)] = variable(
        "GRAFTLINE_NIGHT_TRIES", "3", "how often a night begins a step that a connection or a server failed"
    )
    night_wait_seconds: Seconds = variable(
        "GRAFTLINE_NIGHT_WAIT_SECONDS", "30", "time before the second try, twice as long before each next"
    )
    webhook: WebhookAddress = variable("GRAFTLINE_WEBHOOK", "", "address told of each night by POST; unset: none")
    webhook_seconds: Seconds = variable("GRAFTLINE_WEBHOOK_SECONDS", "10", "time after which the webhook is given up")

    @cached_property
    def _hidden(self) -> list[str]:
        """Every secret that these settings hold, the longest first."""
        found = {text for value in dict(self).values() for text in _secrets(value) if len(text) >= _SHORTEST}
        return sorted(found, key=lambda text: (-len(text), text))

    def hide(self, text: str) -> str:
        """Return a text without any key or password of these settings, and of addresses without user and password."""
        for secret in self._hidden:
            text = text.replace(secret, HIDDEN)
        return masked(text)


def _secrets(value: Any) -> Iterator[str]:
    if isinstance(value, SecretStr):
        text = value.get_secret_value()
        yield text
        if text.startswith("{"):
            try:
                yield from _of_json(json.loads(text))
            except ValueError:
                return
    elif isinstance(value, str) and "://" in value:
        _, _, password = user_of(value).partition(":")
        yield from (password, unquote(password))


def _of_json(value: Any, named: bool = False) -> Iterator[str]:
    """Yield the texts of a JSON object whose names say that they are secrets."""
    if isinstance(value, Mapping):
        for name, one in value.items():
            secret = any(word in name.lower() for word in ("key", "token", "secret", "passw"))
            yield from _of_json(one, named or secret)
    elif isinstance(value, list):
        for one in value:
            yield from _of_json(one, named)
    elif isinstance(value, str) and named:
        yield value
