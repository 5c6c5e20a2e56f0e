"""An agent whose steps the language model chooses, one JSON object a step."""

from collections.abc import Callable, Sequence

from pipelines.answering.modes.agent.desk import Desk
from pipelines.answering.modes.agent.replies import EXPECTED, SCHEMA, Reply, read_reply
from pipelines.answering.modes.prompts_of_modes import mode_prompt
from pipelines.answering.search.search import Search
from pipelines.answering.search.trace import Step
from pipelines.core.protocols import Completion, LanguageModel, Messages
from pipelines.text.languages.languages import language_of

_STEP_TOKENS = 512
_UNREADABLE = 2
"""Replies in a row that hold no action before the model is asked no more."""
_KEPT_WHOLE = 2
"""Results that are never shortened, the newest."""
_SHORTENED = 200


def model_steps(search: Search, desk: Desk, model: LanguageModel) -> tuple[list[Step], list[str]]:
    """Return the steps that the model took, and the chunks that it says the answer needs.

    It ends at the action "answer", at the limit of steps, or where the model writes no action twice in a row.
    """
    limit = search.settings.agent_steps
    system = mode_prompt("agent", language_of(desk.question), steps=limit)
    messages: Messages = [{"role": "system", "content": system}, {"role": "user", "content": desk.question}]
    steps, done, strange, told = list[Step](), dict[tuple[str, str], int](), 0, False
    for number in range(1, limit + 1):
        # Only where it is needed: a model that runs here starts its engine anew for every answer held to a schema.
        schema = SCHEMA if strange else None
        completion = model.complete(
            [_fitting(messages, search)], _STEP_TOKENS, schema, usable=lambda _, one: read_reply(one.text) is not None
        )[0]
        reply = None if completion.failure else read_reply(completion.text)
        if completion.failure:
            steps.append(_step("none", "", f"the model failed: {completion.failure}", completion))
            break
        if reply is not None and reply.action == "answer" and (desk.searched or told):
            kept = desk.named(reply.argument)
            steps.append(_step("answer", reply.argument, f"{len(kept)} passages named", completion))
            return steps, kept
        told = told or (reply is not None and reply.action == "answer")
        result = _result(desk, reply, done, number)
        strange = 0 if reply is not None and reply.known else strange + 1
        action, argument = (reply.action, reply.argument) if reply is not None else ("none", completion.text[:200])
        steps.append(_step(action, argument, result, completion))
        if strange == _UNREADABLE:
            break
        left = f"({limit - number} steps left)"
        messages += [
            {"role": "assistant", "content": completion.text.strip() or "…"},
            {"role": "user", "content": f"{result}\n{left}"},
        ]
    else:
        steps.append(Step("stop", "", f"the limit of {limit} steps"))
    return steps, []


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
    return f"{result}\n(one action a reply: only the first was done)" if reply.more else result


def _step(action: str, argument: str, result: str, completion: Completion) -> Step:
    return Step(action, argument, result, completion.prompt_tokens, completion.completion_tokens)


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
