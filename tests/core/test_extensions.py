"""Extension points: what a package adds by entry points, and the two ways in which it can be wrong."""

from importlib.metadata import EntryPoint

import pytest

from pipelines.core import extensions as module
from pipelines.core.errors import ConfigurationError
from pipelines.core.extensions import ENGINES, EXTRACTORS, METRICS, extended, extensions
from pipelines.knowledge.extraction.extractors import extractor_named
from resources.engines.engines import engine_named
from tests.fakes import FakeLanguageModel


@pytest.fixture(autouse=True)
def anew():
    standing = dict(module._tables)
    extensions.cache_clear()
    module._tables.clear()
    yield
    extensions.cache_clear()
    module._added.clear()
    module._tables.clear()
    module._tables.update(standing)


def install(monkeypatch: pytest.MonkeyPatch, **values: str) -> None:
    points = [EntryPoint(name, value, METRICS) for name, value in values.items()]
    monkeypatch.setattr(module, "entry_points", lambda group: points if group == METRICS else [])


def test_a_table_gets_what_packages_add_after_its_own(monkeypatch: pytest.MonkeyPatch):
    install(monkeypatch, length="builtins:len")
    assert extended(METRICS, {"own": max}) == {"own": max, "length": len}
    assert list(extended(METRICS, {"own": max})) == ["own", "length"]


def test_what_cannot_be_imported_names_its_package_and_the_way_out(monkeypatch: pytest.MonkeyPatch):
    install(monkeypatch, broken="no_such_module:metric")
    with pytest.raises(ConfigurationError, match=r"extension broken .*No module named 'no_such_module'.*pip uninstall"):
        extended(METRICS, {})


def test_a_name_of_ours_is_not_taken(monkeypatch: pytest.MonkeyPatch):
    install(monkeypatch, own="builtins:len")
    with pytest.raises(ConfigurationError, match="which graftline has too"):
        extended(METRICS, {"own": max})


def test_two_packages_with_one_name_are_refused(monkeypatch: pytest.MonkeyPatch):
    points = [EntryPoint("same", "builtins:len", METRICS), EntryPoint("same", "builtins:max", METRICS)]
    monkeypatch.setattr(module, "entry_points", lambda group: points)
    with pytest.raises(ConfigurationError, match="a name of its own"):
        extensions(METRICS)


def test_a_process_adds_for_itself_and_our_names_stay_ours():
    extended(METRICS, {"own": max})
    module.add(METRICS, "length", len)
    assert extended(METRICS, {"own": max}) == {"own": max, "length": len}
    module.add(METRICS, "own", len)
    with pytest.raises(ConfigurationError, match="own from this process, which graftline has too"):
        extended(METRICS, {"own": max})


def test_a_broken_package_hinders_nobody_who_does_not_name_it(monkeypatch: pytest.MonkeyPatch):
    points = {
        ENGINES: [EntryPoint("gone", "no_such_module:ENGINE", ENGINES)],
        EXTRACTORS: [EntryPoint("gone", "no_such_module:X", EXTRACTORS)],
    }
    monkeypatch.setattr(module, "entry_points", lambda group: points.get(group, []))
    assert engine_named("transformers").package == "transformers"
    assert extractor_named("rules", FakeLanguageModel()).name.startswith("rules-")
    with pytest.raises(ConfigurationError, match="extension gone"):
        engine_named("gone")
    with pytest.raises(ConfigurationError, match=r"one of vllm, transformers, .*gone"):
        engine_named("llama")
