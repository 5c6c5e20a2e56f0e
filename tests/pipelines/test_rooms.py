"""The rooms of the design: who may import whom, how long a file may be, and that definitions load lightly."""

import ast
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from resources.settings import CHECKOUT

FLOWS = [
    path for flow in ("finetune", "knowledge", "answering") for path in (CHECKOUT / "pipelines" / flow).rglob("*.py")
]
CODE = [path for room in ("pipelines", "assets", "resources", "tests") for path in (CHECKOUT / room).rglob("*.py")]


def imported(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.split(".")[0])
    return names


@pytest.mark.parametrize("path", FLOWS, ids=lambda path: path.relative_to(CHECKOUT).as_posix())
def test_the_logic_knows_neither_dagster_nor_the_other_rooms(path: Path):
    assert not imported(path) & {"dagster", "assets", "resources"}


def test_only_definitions_and_automation_know_dagster():
    users = {path.name for path in (CHECKOUT / "pipelines").glob("*.py") if "dagster" in imported(path)}
    assert users <= {"definitions.py", "automation.py", "outcomes.py", "foreground.py"}


@pytest.mark.parametrize("path", CODE, ids=lambda path: path.relative_to(CHECKOUT).as_posix())
def test_no_file_is_two_ideas_long(path: Path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 300


def test_definitions_load_without_torch_in_under_three_seconds():
    heavy = "{'torch', 'transformers', 'mlflow', 'vllm', 'lance', 'spacy'}"
    code = f"import sys, pipelines.definitions; print(sorted({heavy} & set(sys.modules)))"
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    result = subprocess.run([sys.executable, "-c", code], cwd=CHECKOUT, capture_output=True, text=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert result.stdout.strip() == "[]"
    # Processor time, which a busy machine does not change; loading waits for nothing else.
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 3
