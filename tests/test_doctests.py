"""The examples in docstrings are true."""

import doctest
import importlib

import pytest

from resources.settings import CHECKOUT

MODULES = [
    ".".join(path.relative_to(CHECKOUT).with_suffix("").parts)
    for room in ("pipelines", "assets", "resources", "benchmarks")
    for path in sorted((CHECKOUT / room).rglob("*.py"))
    if ">>> " in path.read_text(encoding="utf-8")
]


@pytest.mark.parametrize("module", MODULES)
def test_docstring_examples(module: str):
    failed, tried = doctest.testmod(importlib.import_module(module))
    assert tried and not failed
