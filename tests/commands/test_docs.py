"""docs/commands.md holds each command's `--help` word for word; `python -m tests.commands.test_docs` writes it anew."""

import contextlib
import io
from collections.abc import Iterator

import click
import pytest

from pipelines.commands.cli import COMMANDS, graftline
from resources.settings import CHECKOUT

PAGE = CHECKOUT / "docs" / "commands.md"
WIDTH = 100


def section(*words: str) -> str:
    """Return the page's section about one command."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        graftline.main([*words, "--help"], "graftline", standalone_mode=False, terminal_width=WIDTH)
    return f"## {' '.join(('graftline', *words))}\n\n```text\n{printed.getvalue().rstrip()}\n```\n"


def sections(*words: str) -> Iterator[tuple[str, ...]]:
    """Yield the words of each command, and of those that a group holds."""
    yield words
    found = graftline.get_command(click.Context(graftline), words[0])
    if isinstance(found, click.Group):
        yield from ((*words, name) for name in sorted(found.commands))


SECTIONS = [(), *(words for name in COMMANDS for words in sections(name))]


@pytest.mark.parametrize("words", SECTIONS, ids=" ".join)
def test_the_page_holds_the_help_of_each_command(words: tuple[str, ...]):
    assert section(*words) in PAGE.read_text(encoding="utf-8"), "python -m tests.commands.test_docs"


if __name__ == "__main__":
    prose = PAGE.read_text(encoding="utf-8").split("## graftline\n")[0].rstrip()
    PAGE.write_text("\n".join([f"{prose}\n", *(section(*words) for words in SECTIONS)]), encoding="utf-8")
