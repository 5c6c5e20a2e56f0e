"""The rooms of the house: who may import whom in every folder, who knows Dagster, how large rooms and files may be."""

import ast
import resource
import subprocess
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import pytest

from resources.settings import CHECKOUT

ROOMS = ("pipelines", "assets", "resources")
FLOWS = ("finetune", "knowledge", "answering")
GROUND = ("text", "compute", "measuring", "core")
MODULES = {
    ".".join(path.relative_to(CHECKOUT).with_suffix("").parts): path
    for room in ROOMS
    for path in sorted((CHECKOUT / room).rglob("*.py"))
    if path.name != "__init__.py"
}
FOLDERS = sorted(
    {
        path.parent.relative_to(CHECKOUT).as_posix()
        for room in (*ROOMS, "tests", "benchmarks", "examples")
        for path in (CHECKOUT / room).rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
)
CODE = [path for room in (*ROOMS, "tests", "benchmarks") for path in (CHECKOUT / room).rglob("*.py")]

STANDARD = set(sys.stdlib_module_names)
OUTSIDE: dict[str, set[str]] = {
    "pipelines.text": {"numpy", "jieba", "charset_normalizer"},
    "pipelines.compute": {"numpy", "torch", "transformers", "peft", "safetensors"},
    "pipelines.measuring": {"numpy", "sacrebleu", "matplotlib"},
    "pipelines.core": {"numpy", "pyarrow", "pydantic"},
}
"""The packages that the plain ground may import, beside the standard library."""

MAY_IMPORT: dict[str, tuple[str, ...]] = {
    "pipelines.text": (),
    "pipelines.compute": (),
    "pipelines.measuring": (
        "pipelines.text",
        "pipelines.compute",
        "pipelines.core.extensions",
        "pipelines.core.errors",
        "pipelines.core.prompts",
        "pipelines.core.protocols",
    ),
    "pipelines.core": ("pipelines.text", "pipelines.compute.processor", "pipelines.core"),
    **{f"pipelines.{flow}": (*(f"pipelines.{room}" for room in GROUND), f"pipelines.{flow}") for flow in FLOWS},
    "resources": tuple(f"pipelines.{room}" for room in GROUND),
    "pipelines.opening": ("pipelines.answering", "resources", *(f"pipelines.{room}" for room in GROUND)),
    "assets": (*(f"pipelines.{room}" for room in (*GROUND, *FLOWS)), "pipelines.opening", "resources"),
    "pipelines.orchestration": (
        *(f"pipelines.{room}" for room in GROUND),
        "assets.finetune.partitions",
        "resources.settings",
        "pipelines.knowledge.documents.sources",
    ),
    "pipelines.definitions": ("assets", "pipelines.orchestration", "pipelines.core", "pipelines.compute", "resources"),
    "pipelines.serving": (
        "pipelines.answering",
        "pipelines.finetune.promotion",
        "pipelines.opening",
        "resources",
        *(f"pipelines.{room}" for room in GROUND),
    ),
    "pipelines.commands": ROOMS,
}
"""Room by room, the modules (or all below them) that it may import beside itself; `commands` inside functions."""

RECORDS_FOR_RESOURCES: dict[str, tuple[str, ...]] = {
    "resources.settings": (
        "pipelines.answering.modes.names",
        "pipelines.knowledge.chunks.strategies",
        "pipelines.knowledge.documents.formats.limits",
    ),
    "resources.answering_variables": ("pipelines.answering.settings",),
    "resources.extract_variables": ("pipelines.answering.settings",),
    "resources.extraction_variables": ("pipelines.knowledge.extraction.settings",),
    "resources.engines.chat_template": ("pipelines.finetune.templates.rendering",),
    "resources.models.small_model": ("pipelines.finetune.models.base", "pipelines.finetune.recipes.recipe"),
    "resources.models.promoted.promoted": ("pipelines.finetune.promotion.aliases",),
    "resources.tracking.run_logging": ("pipelines.finetune.training.record",),
    "resources.tracking.tracker": ("pipelines.finetune.training.record",),
    "resources.tracking.scoreboard_tracker": ("pipelines.answering.scoreboard.cases",),
    "resources.tracking.scoreboard_traces": ("pipelines.answering.scoreboard.cases",),
}
"""Of a flow, `resources/` may know settings and records only: by file, the modules that hold them."""

KNOWS_DAGSTER = (
    "assets",
    "pipelines.orchestration",
    "pipelines.definitions",
    "pipelines.commands.run",
    "resources.tables.asset_io",
    "resources.dagster_storage",
)

ORDER: dict[str, tuple[str, ...]] = {
    "finetune": (
        "conversation", "records", "dataset", "recipes", "templates", "tasks", "models", "training", "merging",
        "evaluation", "promotion",
    ),
    "knowledge": (
        "mentions", "names", "documents", "chunks", "vectors", "extraction", "entities", "communities", "graph",
    ),
    "answering": (
        "question_patterns", "question", "question_forms", "settings", "prompts", "search", "modes", "grounding",
        "scoreboard", "frameworks", "retrievers", "gathering", "remembering", "timing", "turns", "routing", "answered",
        "ask", "chat", "answers", "checks",
    ),
}  # fmt: skip
"""A flow's rooms in the order of its lineage: each imports those before it, never those after."""


def below(module: str, room: str) -> bool:
    return module == room or module.startswith(f"{room}.")


def room_of(module: str) -> str:
    """Return the row of MAY_IMPORT that a module belongs to."""
    return max((room for room in MAY_IMPORT if below(module, room)), key=len)


@cache
def imports(module: str) -> tuple[tuple[str, bool], ...]:
    """Return (imported module, whether at the top of the file); names imported from a package count as its modules."""
    found = []
    tree = ast.parse(MODULES[module].read_text(encoding="utf-8"))
    inside = {
        id(node)
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
    }
    for node in ast.walk(tree):
        found += [(name, id(node) not in inside) for name in _imported([node])]
    return tuple(dict.fromkeys(found))


def _imported(nodes: Iterable[ast.AST]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (
                name if (name := f"{node.module}.{alias.name}") in MODULES else node.module for alias in node.names
            )


def ours(module: str) -> Iterator[tuple[str, bool]]:
    return ((name, top) for name, top in imports(module) if name.split(".")[0] in ROOMS)


@pytest.mark.parametrize("module", MODULES)
def test_a_room_imports_only_what_the_layout_allows(module: str):
    room = room_of(module)
    allowed = (*MAY_IMPORT[room], room, *RECORDS_FOR_RESOURCES.get(module, ()))
    wrong = [name for name, _ in ours(module) if not any(below(name, other) for other in allowed)]
    assert not wrong, f"{module} imports {', '.join(wrong)}"


@pytest.mark.parametrize("module", [name for name in MODULES if room_of(name) in OUTSIDE])
def test_the_ground_stands_on_little(module: str):
    packages = {name.split(".")[0] for name, _ in imports(module)} - STANDARD - set(ROOMS)
    assert packages <= OUTSIDE[room_of(module)]


@pytest.mark.parametrize("module", [name for name in MODULES if name.split(".")[1] in FLOWS and name[:1] == "p"])
def test_a_flow_runs_one_way(module: str):
    _, flow, room, *_ = module.split(".")
    order = ORDER[flow]
    later = [
        name
        for name, _ in ours(module)
        if below(name, f"pipelines.{flow}") and order.index(name.split(".")[2]) > order.index(room)
    ]
    assert not later, f"{module} imports what stands after it: {', '.join(later)}"


@pytest.mark.parametrize("module", MODULES)
def test_only_the_layouts_rooms_know_dagster(module: str):
    uses = any(name.split(".")[0].startswith("dagster") for name, _ in imports(module))
    assert not uses or any(below(module, room) for room in KNOWS_DAGSTER)


def test_no_circle_of_files():
    circle = _circle({name: [other for other, _ in ours(name) if other in MODULES] for name in MODULES})
    assert not circle, " -> ".join(circle)


def test_no_circle_of_rooms():
    """Folders of one flow, and the rooms of the layout, import each other one way."""

    def folder(module: str) -> str:
        parts = module.split(".")
        return ".".join(parts[: 3 if parts[0] == "pipelines" and parts[1] in FLOWS else 2])

    rooms: dict[str, list[str]] = {}
    for module in MODULES:
        rooms.setdefault(folder(module), []).extend(
            folder(name) for name, _ in ours(module) if name in MODULES and folder(name) != folder(module)
        )
    circle = _circle(rooms)
    assert not circle, " -> ".join(circle)


def _circle(arrows: dict[str, list[str]]) -> list[str]:
    """Return one circle of a graph, its first name again at its end; [] where there is none."""
    done: set[str] = set()

    def walk(name: str, path: list[str]) -> list[str]:
        if name in path:
            return [*path[path.index(name) :], name]
        if name in done:
            return []
        found = next((circle for other in arrows.get(name, []) if (circle := walk(other, [*path, name]))), [])
        done.add(name)
        return found

    return next((circle for name in arrows if (circle := walk(name, []))), [])


def test_circles_are_found():
    assert _circle({"a": ["b"], "b": ["c"], "c": ["b"]}) == ["b", "c", "b"]
    assert _circle({"a": ["b", "c"], "b": ["c"], "c": []}) == []


@pytest.mark.parametrize("module", [name for name in MODULES if below(name, "pipelines.commands")])
def test_a_command_imports_what_it_runs_when_it_runs(module: str):
    light = (
        "pipelines.commands", "pipelines.core", "pipelines.compute.processor", "resources.settings",
        "pipelines.orchestration.night", "pipelines.answering.modes.names",
    )  # fmt: skip
    heavy = [
        name
        for name, top in ours(module)
        if top and not any(below(name, room) for room in light) and not type_checking_only(module, name)
    ]
    assert not heavy, f"{module} imports {', '.join(heavy)} at its top"


def type_checking_only(module: str, name: str) -> bool:
    """Say whether a module is imported at the top of a file for its types alone: below `if TYPE_CHECKING:`."""
    tree = ast.parse(MODULES[module].read_text(encoding="utf-8"))
    typing = [node for node in tree.body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"]
    guarded = {imported for block in typing for imported in _imported(ast.walk(block))}
    return name in guarded and name not in {
        imported for node in tree.body if node not in typing for imported in _imported([node])
    }


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_folder_holds_at_most_fifteen_files(folder: str):
    files = [
        path.name
        for path in (CHECKOUT / folder).iterdir()
        if path.is_file() and path.name != "__init__.py" and path.suffix != ".pyc"
    ]
    assert len(files) <= 15, f"{folder}: {', '.join(sorted(files))}"


@pytest.mark.parametrize("path", CODE, ids=lambda path: path.relative_to(CHECKOUT).as_posix())
def test_no_file_is_two_ideas_long(path: Path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 300


@pytest.mark.parametrize("path", [path for path in CODE if path.name == "__init__.py"], ids=str)
def test_packages_say_nothing(path: Path):
    assert path.read_text(encoding="utf-8") == ""


def test_definitions_load_without_torch_in_under_three_seconds():
    heavy = "{'torch', 'transformers', 'mlflow', 'vllm', 'lance', 'spacy'}"
    code = f"import sys, pipelines.definitions; print(sorted({heavy} & set(sys.modules)))"
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    result = subprocess.run([sys.executable, "-c", code], cwd=CHECKOUT, capture_output=True, text=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert result.stdout.strip() == "[]"
    # Processor time, which a busy machine does not change; loading waits for nothing else.
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 3
