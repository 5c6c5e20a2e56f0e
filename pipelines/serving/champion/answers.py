"""The champion's answers in OpenAI's protocol: chat and text, whole and as a stream, each with who answered."""

import time
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from pipelines.core.errors import GraftlineError
from pipelines.serving.champion.generation import Ended
from pipelines.serving.errors import error_body
from pipelines.serving.http.events import event

Piece = str | Ended


class Form:
    """How one request is answered: `is_chat` or text, and what every body of it carries."""

    def __init__(self, model: str, is_chat: bool, prompt_tokens: int, label: str, told: Mapping[str, Any]) -> None:
        self._is_chat, self._prompt_tokens, self._told = is_chat, prompt_tokens, dict(told)
        prefix = "chatcmpl" if is_chat else "cmpl"
        self._head = {"id": f"{prefix}-{uuid.uuid4().hex}", "created": int(time.time()), "model": model}
        self._head["system_fingerprint"] = label

    def whole(self, pieces: Iterator[Piece]) -> dict[str, Any]:
        """Return the whole answer."""
        texts, ended = [], None
        for piece in pieces:
            if isinstance(piece, Ended):
                ended = piece
            else:
                texts.append(piece)
        assert ended is not None
        text = "".join(texts)
        said = {"message": {"role": "assistant", "content": text}} if self._is_chat else {"text": text}
        choice = {"index": 0, **said, "logprobs": None, "finish_reason": ended.finish_reason}
        kind = "chat.completion" if self._is_chat else "text_completion"
        return {**self._head, "object": kind, "choices": [choice], **self._usage(ended), "graftline": self._told}

    def events(self, pieces: Iterator[Piece], wants_usage: bool) -> Iterator[str]:
        """Yield server-sent events; an error on the way is one of its own: the status was sent already."""
        head = {**self._head, "object": "chat.completion.chunk" if self._is_chat else "text_completion"}
        if self._is_chat:
            yield event(head | {"choices": [self._choice("", None, {"role": "assistant"})]})
        try:
            for piece in pieces:
                if not isinstance(piece, Ended):
                    yield event(head | {"choices": [self._choice(piece, None)]})
                    continue
                usage = self._usage(piece)
                last = head | {"choices": [self._choice(None, piece.finish_reason)], "graftline": self._told}
                yield event(last if wants_usage else last | usage)
                if wants_usage:
                    yield event(head | {"choices": []} | usage)
        except GraftlineError as error:
            yield event(error_body(str(error), "server_error"))
        yield "data: [DONE]\n\n"

    def _choice(self, text: str | None, finish: str | None, more: Mapping[str, str] | None = None) -> dict[str, Any]:
        content = {} if text is None else {"content": text}
        said: dict[str, Any] = {"delta": {**(more or {}), **content}} if self._is_chat else {"text": text or ""}
        return {"index": 0, **said, "logprobs": None, "finish_reason": finish}

    def _usage(self, ended: Ended) -> dict[str, Any]:
        counts = {"prompt_tokens": self._prompt_tokens, "completion_tokens": ended.tokens}
        return {"usage": {**counts, "total_tokens": self._prompt_tokens + ended.tokens}}
