"""docs/finetuning/first-recipe.md: its rows, recipe and check are made and run here, and its commands are commands."""

import re
import shlex
from pathlib import Path

import click
import pytest

from pipelines.commands import cli
from resources.settings import CHECKOUT
from tests.commands.process import graftline

PAGE = (CHECKOUT / "docs" / "finetuning" / "first-recipe.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^graftline .+$", "\n".join(re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)), re.MULTILINE)


def block(language: str) -> str:
    """Return the page's first block in a language."""
    found = re.search(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    assert found is not None
    return found[1]


@pytest.fixture
def workshop(tmp_path: Path) -> Path:
    (tmp_path / "instructions").mkdir()
    (tmp_path / "recipes").mkdir()
    return tmp_path


def test_rows_and_recipe_of_the_page_pass_the_check_with_the_output_that_it_prints(
    workshop: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(workshop)
    exec(compile(block("python"), "make_rows.py", "exec"), {})
    rows = "".join(path.read_text(encoding="utf-8") for path in sorted((workshop / "instructions").iterdir()))
    assert len(rows.splitlines()) == 560
    shown = [line for line in PAGE.splitlines() if line.startswith('{"instruction"')]
    assert len(shown) == 2 and all(line in rows.splitlines() for line in shown)
    recipe = workshop / "recipes" / "tickets.yaml"
    recipe.write_text(block("yaml"), encoding="utf-8")
    places = {"HOME": "home", "INSTRUCTIONS": "instructions", "RECIPES": "recipes"}
    done = graftline(
        "check", str(recipe), **{f"GRAFTLINE_{name}": str(workshop / place) for name, place in places.items()}
    )
    assert done.returncode == 0, done.stderr
    assert f"```text\n{done.stdout.rstrip()}\n```" in PAGE
    for line in PAGE.partition("## 4.")[0].splitlines():
        if line.startswith(("kept ", "letters_zh.jsonl, row")):
            assert line in done.stderr


@pytest.mark.parametrize("line", COMMANDS)
def test_each_command_of_the_page_is_one(line: str):
    _, name, *arguments = shlex.split(line)
    top = click.Context(cli.graftline)
    command = cli.graftline.get_command(top, name)
    assert command is not None
    if isinstance(command, click.Group):
        command = command.get_command(top, arguments.pop(0))
        assert command is not None
    context = command.make_context(name, list(arguments), parent=top)
    if selected := context.params.get("select"):
        from pipelines.definitions import defs

        known = {key.to_user_string() for key in defs.resolve_asset_graph().materializable_asset_keys}
        assert set(selected.split(",")) <= known


def test_the_page_has_commands():
    assert len(COMMANDS) >= 4
