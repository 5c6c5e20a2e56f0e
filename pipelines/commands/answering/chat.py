"""`graftline chat`: questions one after another; follow-ups are understood, and a conversation can be gone on with."""

import sys
from contextlib import closing
from datetime import datetime
from typing import TYPE_CHECKING

import click

from pipelines.answering.modes.names import ALL_MODES, DEFAULT_MODE
from pipelines.commands.command import Command, NearestChoice

if TYPE_CHECKING:
    from pipelines.answering.answered import Answered
    from pipelines.answering.chat.chat import Chat
    from pipelines.answering.chat.memory import Conversations

_END = ("/quit", "/exit", "/q")


@click.command(cls=Command)
@click.option("--mode", type=NearestChoice(ALL_MODES), default=DEFAULT_MODE, metavar="MODE", help=", ".join(ALL_MODES))
@click.option("--resume", metavar="ID", help="go on with a stored conversation; last: the one used last")
@click.option("--list", "lists", is_flag=True, help="list the stored conversations")
def command(mode: str, resume: str | None, lists: bool) -> int:
    """Ask one question after another; conversations are kept.

    A line is a question, /quit ends it. Every turn is stored before it is shown as answered.
    """
    from pipelines.answering.chat.chat import Chat
    from pipelines.answering.chat.memory import conversations
    from pipelines.serving.opening import warm_answerer
    from resources.settings import Settings

    settings = Settings.load()
    memory = conversations(settings.home)
    if lists:
        return _list(memory)
    if resume == "last":
        resume = memory.headings(1)[0].conversation if memory.headings(1) else None
    with closing(warm_answerer(settings)) as warm, warm.opened() as opened:
        chat = Chat(opened.answerer, memory, resume)
        for turn in chat.turns[-3:]:
            click.echo(f"> {turn.question}\n{turn.answer}\n")
        while (question := _question()) is not None:
            if question:
                _say(chat, question, mode)
        if chat.turns:
            click.echo(f"graftline chat --resume {chat.conversation} goes on from here", err=True)
    return 0


def _list(memory: "Conversations") -> int:
    for one in memory.headings():
        used = datetime.fromtimestamp(one.at).strftime("%Y-%m-%d %H:%M")
        click.echo(f"{one.conversation}  {used}  {one.turns:3} turns  {' '.join(one.question.split())[:80]}")
    return 0


def _question() -> str | None:
    """Return a typed line, None at the end."""
    if sys.stdin.isatty():
        click.echo("> ", nl=False)
    line = sys.stdin.readline()
    return None if not line or line.strip() in _END else line.strip()


def _say(chat: "Chat", question: str, mode: str) -> None:
    from pipelines.answering.answered import Answered
    from pipelines.answering.search.trace import Step
    from pipelines.commands.answering.printed import step_printer
    from pipelines.core.errors import GraftlineError

    told = step_printer()
    try:
        for piece in chat.ask(question, mode):
            if isinstance(piece, Answered):
                _show_proof(piece)
            elif isinstance(piece, Step):
                told(piece)
            else:
                click.echo(piece, nl=False)
    except GraftlineError as error:  # one question's trouble is not the conversation's end
        click.echo(f"graftline chat: {error}", err=True)


def _show_proof(answered: "Answered") -> None:
    from pipelines.commands.answering.printed import print_proof

    record = answered.as_dict()
    click.echo("" if record["answer"] else record["note"])
    print_proof(record)
