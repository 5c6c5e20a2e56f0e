"""The `graftline` command: the table of commands; results on stdout, everything else on stderr."""

import importlib
import logging
import sys
from collections.abc import Sequence

import click

from pipelines.compute.processor import share_cores

COMMANDS = {
    "run": "materialise every asset once (what `make run` calls)",
    "plan": "list what the next run would do with documents and recipes, and what it would cost; changes nothing",
    "night": "what the schedule nightly_retraining does, in the foreground",
    "digest": "say what the last night did, what it cost, and what became of the model",
    "train": "train a recipe: by name, by path, or by LLaMA-Factory's flags",
    "check": "say all that is wrong with a recipe, and what is only noted, without training",
    "sweep": "train a recipe once for each setting of a grid",
    "ask": "answer a question from the documents, with citations",
    "chat": "ask one question after another; conversations are kept",
    "serve": "answer questions by OpenAI's protocol, MCP and a page on localhost",
    "feedback": "say that an answer was good, bad, or what it should have been",
    "questions": "make questions with gold answers and documents from the graph's relations",
    "entities": "show, join and part the entities of the graph",
    "export": "write a merged model, or the knowledge graph, in formats that other tools read",
    "diff": "list what is new, gone or changed in the knowledge graph since its previous version",
    "doctor": "print each setting, where it comes from, and what is wrong",
    "rollback": "switch the knowledge graph, or the champion, back to its previous version",
    "promote": "make a version of the model champion, whatever a night decided",
    "history": "list the versions of the model, what each was made from, and the verdict on it",
    "harness": "run tasks of lm-eval on a recipe's model, by the engine that evaluates",
    "ui": "start Dagster and MLflow on localhost and print their addresses",
}
"""Each command with a line about it; its file has its name, and is imported when it runs or shows its help."""
_FOLDERS = {
    "answering": ("ask", "chat", "feedback", "questions", "serve"),
    "graph": ("diff", "entities"),
    "models": ("harness", "history", "promote", "rollback"),
    "nights": ("digest", "night"),
}


def module_of(name: str) -> str:
    """Return the module of a command: those of answers, graph, models and nights have a folder."""
    folder = next((f"{folder}." for folder, names in _FOLDERS.items() if name in names), "")
    return f"pipelines.commands.{folder}{name}"


class Table(click.Group):
    """The commands of COMMANDS, in its order, each imported when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return all names; nothing is imported."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command from its file, None for a name that the table has not."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(module_of(cmd_name)).command
        command.name, command.short_help = cmd_name, COMMANDS[cmd_name]
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the table."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that the first word names; a wrong call, with the nearest, where none has that name."""
        from pipelines.text.nearest import nearest_name

        if args[0] not in COMMANDS and not args[0].startswith("-") and not ctx.resilient_parsing:
            near = nearest_name(args[0], COMMANDS)
            ctx.fail(f"No such command '{args[0]}'." + (f" Did you mean '{near}'?" if near else ""))
        return super().resolve_command(ctx, args)


@click.group(
    cls=Table,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120},
)
@click.pass_context
def graftline(ctx: click.Context) -> int:
    """Your own model and knowledge graph, kept fresh. Without a command: what to do first."""
    if ctx.invoked_subcommand is not None:
        return 0
    from pipelines.commands.start import command

    return command.invoke(ctx)


def _untold(record: logging.LogRecord) -> bool:
    """Leave out what Dagster's own log of a run has told already (`python_logs` in dagster.yaml)."""
    return not hasattr(record, "dagster_meta")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status: 0 done, 1 something failed, 2 a wrong call, 130 interrupted."""
    share_cores()
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(asctime)s %(name)s %(message)s")
    logging.getLogger("graftline").setLevel(logging.INFO)
    for handler in logging.getLogger().handlers:
        handler.addFilter(_untold)
    words = list(sys.argv[1:] if arguments is None else arguments)
    name = " ".join(["graftline", *(word for word in words[:1] if word in COMMANDS)])
    try:
        return int(graftline.main(words, prog_name="graftline", standalone_mode=False) or 0)
    except click.ClickException as error:
        print(f"{name}: {error.format_message()} See: {name} --help", file=sys.stderr)
        return error.exit_code
    except click.Abort:
        print(f"{name}: stopped; run it again to go on from here", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
