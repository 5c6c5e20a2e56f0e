"""Credentials in an MLflow address: they reach the server, and nothing that is shown."""

import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from pipelines.core.errors import ConfigurationError, ServiceError
from resources.tracking.tracker import Tracker
from resources.tracking.tracking_server import PASSWORD, TOKEN, USERNAME

LOGIN = "Basic am9lOnAvQHNz"  # joe:p/@ss


class Guarded(BaseHTTPRequestHandler):
    """A server that answers those who give the login, as a reverse proxy before MLflow does."""

    def do_GET(self) -> None:
        known = self.headers.get("Authorization") == LOGIN
        self.send_response(200 if known else 401)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(b"{}")

    do_POST = do_GET

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(autouse=True)
def no_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (USERNAME, PASSWORD, TOKEN):
        monkeypatch.setenv(name, "")  # so that what a tracker sets is undone as well


@pytest.fixture(scope="module")
def place() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Guarded) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()


def test_the_user_of_an_address_reaches_the_server_and_stands_in_no_address(place: str, tmp_path: Path):
    tracker = Tracker(f"http://joe:p%2F%40ss@{place}", tmp_path)
    tracker.check()  # the probe and MLflow's own client
    assert tracker.uri == f"http://{place}"
    assert (os.environ[USERNAME], os.environ[PASSWORD]) == ("joe", "p/@ss")
    Tracker(tracker.uri, tmp_path).check()


def test_mlflows_own_variables_do_as_well(place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(USERNAME, "joe")
    monkeypatch.setenv(PASSWORD, "p/@ss")
    Tracker(f"http://{place}", tmp_path).check()


@pytest.mark.parametrize("user", ["", "joe:wr0ng@"])
def test_refused_credentials_say_where_to_set_them(place: str, tmp_path: Path, user: str):
    with pytest.raises(ConfigurationError, match=f"refused; .*set {USERNAME} and {PASSWORD}") as caught:
        Tracker(f"http://{user}{place}", tmp_path).check()
    assert "wr0ng" not in str(caught.value)


@pytest.mark.parametrize("scheme", ["postgresql", "mysql"])
def test_a_database_without_its_driver_says_what_to_install(tmp_path: Path, scheme: str):
    with pytest.raises(ConfigurationError, match=f"{scheme}:// without its driver .* pip install ") as caught:
        Tracker(f"{scheme}://joe:s3cret@127.0.0.1/mlflow", tmp_path).check()
    assert "s3cret" not in str(caught.value)


def test_an_unknown_database_is_a_service_error_without_the_password(tmp_path: Path):
    with pytest.raises(ServiceError, match="MLflow at") as caught:
        Tracker("nosuchdb://joe:s3cret@127.0.0.1/mlflow", tmp_path).check()
    assert "s3cret" not in str(caught.value)
