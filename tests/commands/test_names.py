"""What a shell completes, by the scripts that click writes for it."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.commands.names import asset_names
from tests.commands.process import graftline


def completed(line: str, **environment: str) -> list[str]:
    """Return what bash would offer for the last word of a line."""
    words = line.split(" ")
    asked = {"_GRAFTLINE_COMPLETE": "bash_complete", "COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)}
    return [offer.split(",", 1)[1] for offer in graftline(**asked, **environment).stdout.split()]


@pytest.mark.parametrize(
    ("line", "offers"),
    [
        ("graftline r", ["run", "rollback"]),
        ("graftline ask --un", ["--until"]),
        ("graftline ask Boots? --mode lo", ["local"]),
        ("graftline export lora --format g", ["gguf"]),
        ("graftline run --recipe q", ["qlora"]),
        ("graftline train dp", ["dpo", "dpo_ipo"]),
        ("graftline train lora dp", []),
        ("graftline sweep packe", ["packed"]),
        ("graftline run --select chunk", ["chunk_embeddings", "chunks"]),
        ("graftline run --select chunks,comm", ["chunks,communities", "chunks,community_summaries"]),
    ],
)
def test_commands_options_modes_recipes_and_assets_are_completed(line: str, offers: list[str]):
    assert completed(line) == offers


def test_a_wrong_setting_breaks_no_completion():
    assert completed("graftline train dp", GRAFTLINE_CHUNKER="magic") == []


def test_assets_are_those_of_the_definitions():
    from pipelines.definitions import defs

    keys = defs.resolve_asset_graph().materializable_asset_keys
    assert sorted(asset_names()) == sorted(key.to_user_string() for key in keys)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_of_each_shell_names_the_command(shell: str):
    script = graftline(_GRAFTLINE_COMPLETE=f"{shell}_source")
    assert script.returncode == 0 and f"_GRAFTLINE_COMPLETE={shell}_complete" in script.stdout


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_bash_takes_the_script(tmp_path: Path):
    command = tmp_path / "graftline"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m pipelines.commands.cli "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    lines = (
        f'export PATH="{tmp_path}:$PATH"\neval "$(_GRAFTLINE_COMPLETE=bash_source graftline)"\n'
        "COMP_WORDS=(graftline ro); COMP_CWORD=1; _graftline_completion graftline; echo ${COMPREPLY[@]}\n"
    )
    done = subprocess.run(["bash", "-c", lines], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "rollback"
