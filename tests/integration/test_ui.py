"""The Dagster UI in a real headless browser: `graftline ui` is started as a user would, on a home of its own."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from resources.settings import CHECKOUT

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
]

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium on PATH (Debian: apt-get install chromium)")


@pytest.fixture(scope="module")
def addresses(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    home = tmp_path_factory.mktemp("ui-home")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("NEO4J_", "MLFLOW_"))}
    environment |= {"GRAFTLINE_HOME": str(home), "DAGSTER_HOME": str(CHECKOUT)}
    errors = (home / "stderr").open("w")
    process = subprocess.Popen(
        [sys.executable, "-m", "pipelines.commands.cli", "ui"],
        cwd=CHECKOUT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=errors,
        text=True,
    )
    assert process.stdout is not None
    found = {}
    for line in process.stdout:
        match = re.match(r"(Dagster|MLflow):\s+(\S+)", line)
        if match:
            found[match[1]] = match[2]
        if len(found) == 2:
            break
    assert len(found) == 2, (home / "stderr").read_text()
    started = [" ".join(child.cmdline()) for child in psutil.Process(process.pid).children(recursive=True)]
    yield found | {"commands": "\n".join(started), "home": str(home)}
    process.send_signal(signal.SIGINT)
    process.wait(40)
    errors.close()


@pytest.fixture(scope="module")
def page(addresses: dict[str, str]) -> Iterator:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser.new_page(viewport={"width": 1800, "height": 1000})
        browser.close()


def test_both_servers_listen_on_localhost_only(addresses: dict[str, str]):
    assert all(addresses[name].startswith("http://127.0.0.1:") for name in ("Dagster", "MLflow"))


def test_the_asset_graph_shows_all_three_flows(page, addresses: dict[str, str]):
    page.goto(addresses["Dagster"] + "/asset-groups")
    for group in ("finetune", "knowledge", "answering"):
        page.get_by_text(group, exact=True).first.wait_for(timeout=90_000)


def test_an_asset_is_materialised_from_the_page(page, addresses: dict[str, str]):
    page.goto(addresses["Dagster"] + "/assets/documents")
    page.get_by_role("button", name="Materialize").first.click(timeout=90_000)
    page.get_by_text("Launched run").first.wait_for(timeout=60_000)
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        page.goto(addresses["Dagster"] + "/assets/documents?view=events")
        page.wait_for_timeout(3_000)
        if page.get_by_text("computed_parsed").count() or page.get_by_text("rejected_share").count():
            return
    raise AssertionError("no materialisation with its metadata appeared on the page within 120 s")


def test_mlflow_answers(page, addresses: dict[str, str]):
    page.goto(addresses["MLflow"])
    page.get_by_text("Experiments").first.wait_for(timeout=60_000)


def test_a_taken_port_is_not_fought_over():
    import socket

    from pipelines.commands.ui import free_port

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert free_port(taken.getsockname()[1]) != taken.getsockname()[1]


def test_the_home_of_the_test_is_not_the_users(addresses: dict[str, str]):
    assert not Path("mlruns").exists()


def test_the_store_is_the_homes_and_its_address_in_nobodys_command(addresses: dict[str, str]):
    assert "mlflow" in addresses["commands"] and "sqlite:" not in addresses["commands"]
    with urllib.request.urlopen(f"{addresses['MLflow']}/health", timeout=10) as answer:
        assert answer.status == 200
    assert (Path(addresses["home"]) / "mlflow" / "mlflow.db").exists()
