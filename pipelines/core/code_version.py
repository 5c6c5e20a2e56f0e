"""A version made of source code: the files of a folder and all of ours that they read, so that no edit goes unseen."""

import ast
from pathlib import Path

from pipelines.core.identity import content_id, file_digest

_ROOT = Path(__file__).resolve().parents[2]


def source_files(folder: Path, root: Path = _ROOT) -> list[Path]:
    """Return every Python file of `folder` and, from file to file, what they import from below `root`; sorted."""
    found: set[Path] = set()
    left = sorted(folder.glob("*.py"))
    while left:
        path = left.pop()
        if path not in found:
            found.add(path)
            left += _imported(path, root)
    return sorted(path for path in found if path.name != "__init__.py")


def code_version(folder: Path, *others: str, root: Path = _ROOT) -> str:
    """Return 12 hex digits of the folder's `source_files` and of `others`, such as versions of packages."""
    files = source_files(folder, root)
    return content_id(*(f"{path.relative_to(root)} {file_digest(path)}" for path in files), *others)[:12]


def _imported(path: Path, root: Path) -> list[Path]:
    names = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    paths = (root.joinpath(*name.split(".")).with_suffix(".py") for name in names)
    return [found for found in paths if found.is_file()]
