"""An agent whose steps the language model chooses: JSON in its text, or the calls that its server made of it."""

from collections.abc import Callable, Generator, Sequence

from pipelines.answering.modes.agent.desk import Desk
from pipelines.answering.modes.agent.replies import EXPECTED, SCHEMA, Reply, read_replies
from pipelines.answering.search.search import Search
from pipelines.answering.search.trace import Step, model_step
from pipelines.core.protocols import Completion, LanguageModel, Messages
from pipelines.text.languages.languages import language_of

_STEP_TOKENS = 512
_UNREADABLE = 2
"""Replies in a row that hold no action before the model is asked no more."""
_KEPT_WHOLE = 2
"""Results that are never shortened, the newest."""
_SHORTENED = 200
_NOTHING = Completion("", 0, 0)


def model_steps(search: Search, desk: Desk, model: LanguageModel) -> Generator[Step, None, list[str]]:
    """Yield the steps that the model takes; return the chunks that it says the answer needs.

    It ends at the action "answer", at the limit of steps, or where the model writes no action twice in a row. Calls
    that it makes side by side are a step each, of which the first has the reply's tokens.
    """
    limit = search.settings.agent_steps
    system = search.prompts.text("agent", language_of(desk.question), steps=limit)
    messages: Messages = [{"role": "system", "content": system}, {"role": "user", "content": desk.question}]
    done, strange, told, number = dict[tuple[str, str], int](), 0, False, 0
    while number < limit:
        # Only where it is needed: a model that runs here starts its engine anew for every answer held to a schema.
        schema = SCHEMA if strange else None
        completion = model.complete(
            [_fitting(messages, search)], _STEP_TOKENS, schema, usable=lambda _, one: bool(_replies(one))
        )[0]
        if completion.failure:
            yield model_step("none", "", f"the model failed: {completion.failure}", completion)
            return []
        replies = _replies(completion)
        if replies and replies[0].action == "answer" and (desk.searched or told):
            kept = desk.named(replies[0].argument)
            named = f"{len(kept)} passage{'' if len(kept) == 1 else 's'} named"
            yield model_step("answer", replies[0].argument, named, completion)
            return kept
        told = told or bool(replies and replies[0].action == "answer")
        strange = 0 if any(one.known for one in replies) else strange + 1
        results, spent = list[str](), completion
        chosen: list[Reply | None] = list(replies[: limit - number]) or [None]
        for reply in chosen:
            number += 1
            results.append(_result(desk, reply, done, number))
            action, argument = (reply.action, reply.argument) if reply else ("none", completion.text[:200])
            yield model_step(action, argument, results[-1], spent)
            spent = _NOTHING
        if strange == _UNREADABLE:
            return []
        messages += [
            {"role": "assistant", "content": completion.text.strip() or completion.calls or "…"},
            {"role": "user", "content": f"{_told(replies, results)}\n({limit - number} steps left)"},
        ]
    yield Step("stop", "", f"the limit of {limit} steps")
    return []


def _replies(completion: Completion) -> list[Reply]:
    return read_replies(completion.text, completion.calls)


def _told(replies: Sequence[Reply], results: Sequence[str]) -> str:
    """Return the results as the model reads them: of several each under the action that it is of."""
    if len(replies) < 2:
        return results[0]
    parts = [f"{one.action} {one.argument}:\n{result}" for one, result in zip(replies, results, strict=False)]
    parts += [f"{one.action} {one.argument}:\nnot done: no step was left" for one in replies[len(results) :]]
    return "\n\n".join(parts)


def _result(desk: Desk, reply: Reply | None, done: dict[tuple[str, str], int], number: int) -> str:
    """Do what a reply says and return what came of it, or what was expected."""
    if reply is None:
        return f"no action was read; expected {EXPECTED}"
    if not reply.known:
        return f"there is no action '{reply.action}'; expected {EXPECTED}"
    key = reply.action, " ".join(reply.argument.lower().split())
    if reply.action == "answer":
        return "nothing was searched yet: search first"
    if key in done:
        return f"the same as step {done[key]}, with the same result: do something else, or answer"
    done[key] = number
    tools: dict[str, Callable[[str], str]] = {
        "search": desk.search,
        "read": desk.read,
        "relations": desk.relations,
        "calculate": desk.calculate,
    }
    result = tools[reply.action](reply.argument)
    return f"{result}\n(what stood behind it in the reply was not done)" if reply.more else result


def _fitting(messages: Sequence[dict[str, str]], search: Search) -> Messages:
    """Return the conversation, older results shortened until all of it takes at most half of what the model reads."""
    model, settings = search.language_model, search.settings
    most = model.context_tokens if model is not None else None
    budget = max(settings.context_tokens, 512) if most is None else most // 2
    fitted = list(messages)
    results = range(3, len(fitted) - 2 * _KEPT_WHOLE, 2)
    for place in results:
        if sum(search.embedder.count_tokens([one["content"] for one in fitted])) <= budget:
            break
        text = fitted[place]["content"]
        if len(text) > _SHORTENED:
            fitted[place] = fitted[place] | {
                "content": f"{text[:_SHORTENED]}… (shortened: read it again if you need it)"
            }
    return fitted
