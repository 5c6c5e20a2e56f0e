"""`graftline feedback`: thumbs, and the answer that should have been given, for a turn of a stored conversation."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipelines.commands.command import Command

if TYPE_CHECKING:
    from pipelines.answering.chat.memory import Conversations


@click.command(cls=Command)
@click.argument("turn", metavar="CONVERSATION[:TURN]", default="last")
@click.option("--up", "given", flag_value="up", help="the answer was good")
@click.option("--down", "given", flag_value="down", help="the answer was bad")
@click.option("--correct", "correction", metavar="ANSWER", help="the answer that should have been given")
@click.option("--undo", "given", flag_value="withdrawn", help="take back what was said of this turn")
@click.option("--list", "lists", is_flag=True, help="list what was said of which turn")
def command(turn: str, given: str | None, correction: str | None, lists: bool) -> int:
    """Say that an answer was good, bad, or what it should have been.

    CONVERSATION is an id of `graftline chat --list`, or last; TURN counts from 0, the last unless given. Good answers
    and corrections are instruction rows and questions of tomorrow's run, and never held out; the newest word counts.
    """
    from pipelines.answering.chat.memory import conversations
    from pipelines.serving.verdicts import give_verdict
    from resources.feedback.store import feedback_store
    from resources.settings import Settings

    home = Settings.load().home
    if lists:
        return _list(home)
    if (given is None) == (correction is None):
        raise click.UsageError("one of --up, --down, --correct ANSWER and --undo is needed")
    memory = conversations(home)
    kind = "correct" if correction is not None else given
    verdict = give_verdict(memory, feedback_store(home), _place(turn, memory), kind, correction or "")  # type: ignore[arg-type]
    click.echo(f"{verdict.conversation}:{verdict.turn} {verdict.verdict}: {' '.join(verdict.question.split())[:100]}")
    return 0


def _place(turn: str, memory: "Conversations") -> tuple[str, int | None]:
    conversation, _, number = turn.partition(":")
    if number and not number.isdecimal():
        raise click.UsageError(f"'{number}' is no number of a turn: they count from 0")
    if conversation == "last" and (newest := memory.headings(1)):
        conversation = newest[0].conversation
    return conversation, int(number) if number else None


def _list(home: Path) -> int:
    from resources.feedback.store import feedback_store

    for one in feedback_store(home).latest():
        if one.verdict != "withdrawn":
            at = datetime.fromtimestamp(one.at).strftime("%Y-%m-%d %H:%M")
            said = f" -> {' '.join(one.correction.split())[:60]}" if one.correction else ""
            question = " ".join(one.question.split())[:60]
            click.echo(f"{one.conversation}:{one.turn}  {at}  {one.who}  {one.verdict:7}  {question}{said}")
    return 0
