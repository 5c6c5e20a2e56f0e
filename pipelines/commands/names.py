"""Names that a shell completes: recipes, and assets as their files have them, without loading Dagster."""

import ast
from collections.abc import Iterator
from pathlib import Path

import click


def complete_partition(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Return the recipes that a night trains and that begin so."""
    return _beginning(incomplete, (path.stem for path in _recipes().glob("*.yaml")))


def complete_recipe(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Return the recipes, in folders of the recipes folder too, that begin so; none after the first argument."""
    if ctx.params.get(param.name or ""):
        return []
    recipes = _recipes()
    return _beginning(incomplete, (path.stem for path in (*recipes.glob("*.yaml"), *recipes.glob("*/*.yaml"))))


def complete_assets(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Return a list's assets so far, its last one completed: chunks,comm -> chunks,communities."""
    former, comma, last = incomplete.rpartition(",")
    return [f"{former}{comma}{name}" for name in _beginning(last, asset_names())]


def asset_names() -> Iterator[str]:
    """Yield the names of all assets that can be materialised, as the functions' names say them."""
    from resources.settings import CHECKOUT

    for path in sorted((CHECKOUT / "assets").rglob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and any(_is_asset(one) for one in node.decorator_list):
                yield node.name


def _is_asset(decorator: ast.expr) -> bool:
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    return isinstance(called, ast.Attribute) and called.attr == "asset"


def _recipes() -> Path:
    from resources.settings import Settings

    return Settings.load().recipes


def _beginning(incomplete: str, names: Iterator[str]) -> list[str]:
    return sorted({name for name in names if name.startswith(incomplete)})
