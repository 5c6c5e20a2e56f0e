"""What every command is: its log and its errors, so that a command's own file says only what it does."""

import logging
import sys
import traceback
from collections.abc import Callable
from datetime import datetime
from typing import Any

import click

from pipelines.commands.names import complete_recipe
from pipelines.core.errors import GraftlineError, of_library, shell_command

log = logging.getLogger("graftline")
HELP_SETTINGS: dict[str, Any] = {"help_option_names": ["-h", "--help"], "max_content_width": 120}
_TRACEBACKS = "tracebacks.log"


class Command(click.Command):
    """A command whose function returns the exit status; an error of ours is a line on stderr and 1."""

    def __init__(self, name: str | None, context_settings: dict[str, Any] | None = None, **more: Any) -> None:
        # click keeps a command's help option from its first call: so it is the same by itself and in the group.
        super().__init__(name, context_settings=HELP_SETTINGS | (context_settings or {}), **more)

    def invoke(self, ctx: click.Context) -> int:
        """Run the command and return its exit status: 0 done, 1 something failed, 130 interrupted."""
        from resources.settings import Settings

        if self.name != "doctor":  # which lists them itself
            for problem in Settings.read().unknown:
                log.warning("%s", problem)
        try:
            return int(super().invoke(ctx) or 0)
        except GraftlineError as error:
            print(f"{ctx.command_path}: {error}", file=sys.stderr)
            return 1
        except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
            raise  # a wrong call, help, or a reader that went away
        except Exception as error:  # a library's own: Jinja, safetensors, torch, pyarrow, json
            print(f"{ctx.command_path}: {_of_library(error)}", file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            print(f"{ctx.command_path}: stopped; run it again to go on from here", file=sys.stderr)
            return 130


def _of_library(error: Exception) -> GraftlineError:
    """Return a library's exception as ours, its traceback kept in a file; it goes on where there is no such place."""
    from resources.settings import Settings

    try:
        file = Settings.load().home / "logs" / _TRACEBACKS
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("a", encoding="utf-8") as log_file:
            print(datetime.now().isoformat(timespec="seconds"), shell_command(*sys.argv), file=log_file)
            traceback.print_exception(error, file=log_file)
    except (OSError, GraftlineError):
        raise error from None
    return GraftlineError("a library", *of_library(error, file))


class NearestChoice(click.Choice):
    """One of some words; the refusal of another names the nearest."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the word; a wrong call for any other."""
        from pipelines.text.nearest import nearest_name

        if value in self.choices:
            return value
        near = nearest_name(str(value), self.choices)
        meant = f" Did you mean '{near}'?" if near else ""
        self.fail(f"'{value}' is none of {', '.join(self.choices)}.{meant}", param, ctx)


def takes_recipe(metavar: str) -> Callable[[Callable[..., int]], Command]:
    """Make a command of a function whose `arguments` are a recipe with pairs and flags over it, passed on as typed."""
    argument = click.argument(
        "arguments", metavar=metavar, nargs=-1, type=click.UNPROCESSED, shell_complete=complete_recipe
    )
    command = click.command(cls=Command, options_metavar="", context_settings={"ignore_unknown_options": True})
    return lambda function: command(argument(function))
