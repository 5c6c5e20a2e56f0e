"""The example package, installed by pip into a folder of its own: each thing that it adds is found and works."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from resources.settings import CHECKOUT

EMAIL = """\
From: Nora Vik <nora@example.org>
Subject: Order 4711
Date: Tue, 24 Nov 2026 09:30:00 +0100

The order left Oslo on Monday.
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds the package as pip installs it; building leaves nothing in the checkout."""
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("installed")
    for path in (CHECKOUT / "examples" / "package").rglob("*"):
        if path.suffix in (".py", ".toml"):
            copy = source / path.relative_to(CHECKOUT / "examples" / "package")
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes())
    command = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*command, "--target", str(target), str(source)], check=True, capture_output=True)
    return target


def test_the_package_adds_one_of_each(installed: Path, small_model: Path, tmp_path: Path):
    (tmp_path / "order.eml").write_text(EMAIL, encoding="utf-8")
    found = json.loads(_run(installed, "-m", "tests.examples.package_child", str(tmp_path), str(small_model)).stdout)
    assert found["formats"] == ["email"]
    assert found["reader"] == "email-5-graftline-example-1.0.0"
    assert found["email"] == [
        "Order 4711", "Nora Vik <nora@example.org>", "2026-11-24",
        "# Order 4711\n\nThe order left Oslo on Monday.\n",
    ]  # fmt: skip
    assert found["entities"] == ["Oslo", "Bergen"] and found["relations"] == [["Oslo", "Bergen"]]
    assert found["engine"] == ["echo", "", [7, 8]]
    assert found["scores"]["length_agreement"] == [4 / 9]
    assert list(found["scores"])[-1] == "length_agreement"
    assert found["newest"] == ["b.md", "a.md"] and found["modes"] == ["newest", "graftline-example 1.0.0"]


def test_what_is_not_installed_is_not_there():
    from pipelines.core.formats import format_of
    from pipelines.measuring.metrics import metrics

    assert format_of("order.eml") is None and "length_agreement" not in metrics()


def _run(installed: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    return subprocess.run(
        [sys.executable, *arguments], cwd=CHECKOUT, env=environment, capture_output=True, text=True, check=True
    )
