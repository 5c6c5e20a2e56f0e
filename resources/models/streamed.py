"""One completion of a server as it is written: pieces of the answer, then the whole with its counts."""

from collections.abc import Iterator
from typing import Any

from pipelines.core.protocols import Completion, Messages
from resources.models.thought_filter import ThoughtFilter

_COUNTED = {"stream_options": {"include_usage": True}}


def stream_completion(
    client: Any, model: str, messages: Messages, arguments: dict[str, Any], thoughts: ThoughtFilter
) -> Iterator[str | Completion]:
    """Yield the pieces of the answer as they come, without thoughts, and last the completion.

    Raises what the client raises. The counts are the server's, 0 where it tells none.
    """
    text, finish, prompt_tokens, completion_tokens, prefix_tokens = "", "", 0, 0, 0
    with _opened(client, model, messages, arguments) as stream:
        for chunk in stream:
            usage = getattr(chunk, "usage", None)
            if usage is not None:
                prompt_tokens = int(getattr(usage, "prompt_tokens", 0) or 0)
                completion_tokens = int(getattr(usage, "completion_tokens", 0) or 0)
                details = getattr(usage, "prompt_tokens_details", None)
                prefix_tokens = min(int(getattr(details, "cached_tokens", 0) or 0), prompt_tokens)
            choice = chunk.choices[0] if getattr(chunk, "choices", None) else None
            if choice is None:
                continue
            finish = str(getattr(choice, "finish_reason", "") or finish)
            piece = getattr(choice.delta, "content", None) if getattr(choice, "delta", None) is not None else None
            if piece and (shown := thoughts.add(str(piece))):
                text += shown
                yield shown
    if rest := thoughts.rest():
        text += rest
        yield rest
    counts = prompt_tokens, completion_tokens
    yield Completion(text.strip(), *counts, finish_reason=finish, prefix_tokens=prefix_tokens)


def _opened(client: Any, model: str, messages: Messages, arguments: dict[str, Any]) -> Any:
    """Return the open stream, without the counts where the server refuses to be asked for them."""
    import openai

    asked = {"model": model, "messages": messages, "stream": True, **arguments}
    try:
        return client.chat.completions.create(**asked, **_COUNTED)
    except openai.BadRequestError as error:
        if "stream_options" not in str(error):
            raise
        return client.chat.completions.create(**asked)
