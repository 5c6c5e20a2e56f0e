"""A verdict on a stored turn, however it comes in."""

from pipelines.answering.chat.memory import Conversations
from pipelines.core.errors import NotMaterializedError
from resources.feedback.store import FeedbackStore, Giver, Kind, Verdict


def give_verdict(
    memory: Conversations,
    store: FeedbackStore,
    place: tuple[str, int | None],
    kind: Kind,
    correction: str = "",
    who: Giver = "cli",
) -> Verdict:
    """Store what was said of a turn (a conversation's last one for None) and return it.

    NotMaterializedError where there is no such turn; ConfigurationError for a correction without text.
    """
    conversation, number = place
    turns = memory.turns(conversation)
    number = len(turns) - 1 if number is None else number
    if not 0 <= number < len(turns):
        raise NotMaterializedError(
            f"turn {number} of conversation '{conversation}'",
            "none of that number",
            f"0 to {len(turns) - 1}",
            f"graftline feedback {conversation}:{len(turns) - 1}",
        )
    turn = turns[number]
    verdict = Verdict(
        conversation=conversation,
        turn=number,
        question=turn.asked,
        answer=str(turn.record["answer"]),
        supported=bool(turn.record.get("supported")),
        mode=turn.mode,
        verdict=kind,
        correction=correction,
        documents=tuple(sorted({one["document"] for one in turn.record.get("citations", ())})),
        who=who,
    )
    store.add(verdict)
    return verdict
