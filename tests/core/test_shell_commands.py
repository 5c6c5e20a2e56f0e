"""What is printed to be typed can be typed, whatever paths and names hold."""

import json
import re
import shlex
from pathlib import Path

import pytest

from pipelines.commands.train import recipe_file_of
from pipelines.core.checkpoints.whole import require_whole
from pipelines.core.errors import ConfigurationError, InputError, shell_command, shell_setting
from pipelines.finetune.models.servability import vllm_lora
from pipelines.finetune.recipes.recipe import Recipe
from resources.settings import CHECKOUT

AWKWARD = 'my models/it\'s $5 "模型" & more'


def test_a_command_is_read_by_a_shell_as_it_was_meant():
    assert shlex.split(shell_command("vllm", "serve", AWKWARD, 8)) == ["vllm", "serve", AWKWARD, "8"]
    assert shlex.split(shell_setting("LLM_MODEL", AWKWARD)) == [f"LLM_MODEL={AWKWARD}"]
    assert shell_command("graftline", "run", "--select", "chunks") == "graftline run --select chunks"


def test_the_line_that_serves_an_adapter_quotes_base_and_folder(tmp_path: Path):
    adapter = tmp_path / AWKWARD
    adapter.mkdir(parents=True)
    config = {"r": 24, "base_model_name_or_path": AWKWARD}
    (adapter / "adapter_config.json").write_text(json.dumps(config))
    words = shlex.split(vllm_lora(Recipe(), adapter)["command"])
    assert words[:3] == ["vllm", "serve", AWKWARD]
    assert words[3:] == ["--enable-lora", "--max-lora-rank", "32", "--lora-modules", f"tuned={adapter}"]


def test_the_recipe_that_was_meant_is_quoted(tmp_path: Path):
    (tmp_path / "客服 lora.yaml").write_text("stage: sft\n")
    with pytest.raises(InputError) as told:
        recipe_file_of("客服 lor", tmp_path)
    assert shlex.split(told.value.fix) == ["graftline", "train", "客服 lora"]


def test_a_folder_that_git_is_to_mend_is_quoted(tmp_path: Path):
    folder = tmp_path / AWKWARD
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 2\n")
    with pytest.raises(InputError) as told:
        require_whole(folder)
    assert shlex.split(told.value.fix) == ["git", "-C", str(folder), "lfs", "pull"]


def test_a_launchpad_value_is_quoted():
    from assets.finetune.recipe_config import RecipeConfig

    with pytest.raises(ConfigurationError) as told:
        RecipeConfig(overrides={"model_name_or_path": AWKWARD}).values()
    command = told.value.fix.removesuffix(", or a recipe of its own")
    assert shlex.split(command) == ["graftline", "train", "RECIPE", f"model_name_or_path={AWKWARD}"]


def test_no_command_is_put_together_without_quoting():
    """A command with a value in it comes from `shell_command` or `shell_setting`, wherever it is written."""
    command = re.compile(
        r"(graftline (run|train|export|ask|sweep|check)|vllm serve|hf download|git -C|curl|set [A-Z_]{4,}=)[^\"'`,]*\{"
    )
    plain = ("record.key", "name.split", "{name}")  # a key of hexadecimal digits; names of our own assets
    found = [
        f"{path.relative_to(CHECKOUT)}: {line.strip()}"
        for room in ("pipelines", "assets", "resources")
        for path in (CHECKOUT / room).rglob("*.py")
        for line in path.read_text(encoding="utf-8").splitlines()
        if command.search(line) and not any(word in line for word in plain)
    ]
    assert [line for line in found if "{FALLBACK}" not in line and "{PREFIX}" not in line] == []
