"""Extension points: what an installed package adds by entry points, without an edit here.

A package names what it adds in its pyproject.toml, `[project.entry-points."graftline.metrics"]` with a line
`name = "module:object"`; what the object has to be stands beside each group's own table. Names are seen when a table is
first asked for, and a package's code is imported only then.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from pipelines.core.errors import ConfigurationError

READERS = "graftline.readers"
"""A `pipelines.core.formats.Format`: the endings of its files and the function that reads one."""
EXTRACTORS = "graftline.extractors"
"""A function from a `LanguageModel` to an `Extractor`; GRAFTLINE_EXTRACTOR names it."""
MODES = "graftline.modes"
"""A function from a `Search` to a `Retriever`; `--mode` and GRAFTLINE_MODES name it."""
ENGINES = "graftline.engines"
"""A function (model folder, end tokens, job) to a function from prompts' token ids to outputs; GRAFTLINE_ENGINE."""
METRICS = "graftline.metrics"
"""A function (prediction, reference) to a number in 0..1, higher is better."""


@dataclass(frozen=True)
class Extension:
    """One thing that a package from outside adds under a name."""

    group: str
    name: str
    package: str
    """Name and version of the distribution: part of whatever depends on what it does."""
    entry_point: EntryPoint

    def load(self) -> Any:
        """Import and return the object; ConfigurationError names the package where that fails."""
        try:
            return self.entry_point.load()
        except Exception as error:  # whatever a stranger's module raises when it is imported
            raise ConfigurationError(
                f"the extension {self.name} ({self.group}) of {self.package}",
                f"{type(error).__name__}: {error}",
                f"an object at {self.entry_point.value}",
                f"mend or uninstall it: pip uninstall {self.package.split(' ')[0]}",
            ) from error


_added: dict[str, dict[str, Any]] = {}
_tables: dict[str, dict[str, Any]] = {}


def add(group: str, name: str, thing: Any) -> None:
    """Add to a group for this process alone, as a script or a test does; what starts a process needs an entry point.

    Before the group's names are first asked for: the modes' are when `answering.modes.names` is imported.
    """
    _added.setdefault(group, {})[name] = thing
    _tables.pop(group, None)


def extended(group: str, own: Mapping[str, Any]) -> dict[str, Any]:
    """Return our own table with the loaded extensions of its group; ConfigurationError where one takes our name."""
    if group not in _tables:
        _tables[group] = {**own, **{name: extension(group, name) for name in names_beside(group, own)}}
    return _tables[group]


def extension(group: str, name: str) -> Any:
    """Return what was added under a name, imported now if it was not yet."""
    added = _added.get(group, {})
    return added[name] if name in added else extensions(group)[name].load()


def names_beside(group: str, own: Iterable[str]) -> tuple[str, ...]:
    """Return the names that are added to ours, nothing imported; ConfigurationError where one takes our name."""
    packages = {name: found.package for name, found in extensions(group).items()}
    packages |= dict.fromkeys(_added.get(group, {}), "this process")
    for name in own:
        if name in packages:
            raise _taken(group, name, packages[name], "graftline")
    return tuple(packages)


def package_of(group: str, name: str) -> tuple[str, ...]:
    """Return the package, with its version, that adds a name: what is made by it depends on that; () for others."""
    return (extensions(group)[name].package,) if name in extensions(group) else ()


@cache
def extensions(group: str) -> Mapping[str, Extension]:
    """Return what installed packages add to a group, by name; ConfigurationError where two add the same."""
    found: dict[str, Extension] = {}
    for entry_point in sorted(entry_points(group=group), key=lambda point: (point.name, point.value)):
        distribution = entry_point.dist
        package = f"{distribution.name} {distribution.version}" if distribution else "a package"
        other = found.get(entry_point.name)
        if other is not None and other.entry_point.value != entry_point.value:
            raise _taken(group, entry_point.name, package, other.package)
        found[entry_point.name] = Extension(group, entry_point.name, package, entry_point)
    return found


def _taken(group: str, name: str, package: str, other: str) -> ConfigurationError:
    return ConfigurationError(
        f"the extensions of {group}",
        f"{name} from {package}, which {other} has too",
        "a name of its own for each",
        f"pip uninstall {package.split(' ')[0]}, or rename it in its pyproject.toml",
    )
