"""Server-sent events, as streams of OpenAI's protocol are made of them."""

import json
from collections.abc import Mapping
from typing import Any


def event(value: Mapping[str, Any]) -> str:
    """Return one event that carries a JSON object."""
    return f"data: {json.dumps(value, ensure_ascii=False)}\n\n"
