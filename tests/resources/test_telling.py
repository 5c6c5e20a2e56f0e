"""Who gets a night's digest: a real MLflow store, a webhook that answers, refuses, leads elsewhere or says nothing."""

import base64
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from pipelines.core.errors import ConfigurationError, ServiceError
from resources.night_variables import NightVariables
from resources.settings import Settings
from resources.telling import figures, message, tellers
from resources.tracking.night_tracker import EXPERIMENT
from resources.webhook import Webhook
from tests.orchestration.digest.test_rendering import NIGHT

RECORD = NIGHT.as_json()


@contextmanager
def server(status: int = 200, wait: float = 0.0) -> Iterator[tuple[str, list[tuple[str, Any, Any]]]]:
    """Yield an address and what was posted to it: path, headers, JSON."""
    got: list[tuple[str, Any, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append((self.path, self.headers, json.loads(self.rfile.read(int(self.headers["Content-Length"])))))
            time.sleep(wait)
            self.send_response(status)
            if status == 302:
                self.send_header("Location", "/elsewhere")
            self.end_headers()

        do_GET = do_POST

        def log_message(self, *_: object) -> None: ...

    httpd = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=httpd.serve_forever, daemon=True).start()
    try:
        yield f"127.0.0.1:{httpd.server_port}", got
    finally:
        httpd.shutdown()
        httpd.server_close()


def test_a_webhook_is_sent_a_short_text_and_figures_with_the_addresss_user():
    with server() as (host, got):
        Webhook(f"http://joe:p%40ss@{host}/hook?token=t", 5).post(message(RECORD, "Graftline night 夜: done"))
    ((path, headers, sent),) = got
    assert (path, headers["Content-Type"]) == ("/hook?token=t", "application/json; charset=utf-8")
    assert headers["Authorization"] == f"Basic {base64.b64encode(b'joe:p@ss').decode()}"
    assert sent["text"] == "Graftline night 夜: done" and sent["state"] == "failed"
    assert sent["steps"]["finetune[lora]"] == "FAILED"


@pytest.mark.parametrize(("status", "found"), [(500, "status 500"), (302, "status 302")])
def test_a_webhook_that_refuses_or_leads_elsewhere_is_told_without_its_address(status: int, found: str):
    with server(status) as (host, got), pytest.raises(ServiceError) as error:
        Webhook(f"http://joe:p4ss@{host}/services/T0KEN", 5).post({"text": "x"})
    assert found in str(error.value) and len(got) == 1
    assert "T0KEN" not in str(error.value) and "p4ss" not in str(error.value)


def test_a_webhook_that_does_not_answer_is_given_up():
    started = time.monotonic()
    with server(wait=3) as (host, _), pytest.raises(ServiceError, match=r"no answer within 0\.3 s|TimeoutError"):
        try:
            Webhook(f"http://{host}/", 0.3).post({"text": "x"})
        finally:
            assert time.monotonic() - started < 2


def test_nobody_at_the_address_is_told_by_its_host_alone():
    with pytest.raises(ServiceError, match=r"the webhook at 127\.0\.0\.1: found ConnectionRefusedError"):
        Webhook("http://127.0.0.1:9/T0KEN", 5).post({"text": "x"})


def test_an_address_that_is_none_is_refused_without_showing_it():
    for wrong in ("hooks.example.com/T0KEN", "file:///etc/T0KEN", "https:///T0KEN"):
        with pytest.raises(ConfigurationError, match="set GRAFTLINE_WEBHOOK=https://host/path") as error:
            Settings(GRAFTLINE_WEBHOOK=wrong)
        assert "T0KEN" not in str(error.value)


def test_no_digest_shows_a_secret_of_the_settings():
    settings = Settings(
        GRAFTLINE_WEBHOOK="https://hooks/services/T0KEN",
        LLM_API_KEY="sk-12345",
        LLM_OPTIONS='{"api_key": "opt-secret", "temperature": "0.25"}',
        MLFLOW_TRACKING_URI="http://joe:p%40ssword@host",
    )
    text = settings.hide("https://hooks/services/T0KEN sk-12345 opt-secret 0.25 p@ssword http://ann:x@h/")
    assert text == "••• ••• ••• 0.25 ••• http://•••@h/"
    assert settings.hide("p%40ssword and 'sk-12345'") == "••• and '•••'"


def test_a_secret_of_few_letters_does_not_eat_the_words_it_stands_in():
    assert Settings(NEO4J_PASSWORD="neo").hide("the neo4j store") == "the neo4j store"


def test_a_night_is_one_mlflow_run_with_its_digest_and_figures(tmp_path: Path):
    from mlflow import MlflowClient

    folder = tmp_path / "nights" / "n1"
    folder.mkdir(parents=True)
    for name in ("digest.html", "digest.md", "night.json"):
        (folder / name).write_text("夜", encoding="utf-8")
    settings = Settings(GRAFTLINE_HOME=str(tmp_path))
    (tell,) = tellers(settings).values()
    for _ in range(2):
        tell(RECORD, "text", folder)
    client = MlflowClient(settings.tracking_uri, settings.tracking_uri)
    (run,) = client.search_runs([client.get_experiment_by_name(EXPERIMENT).experiment_id])
    assert (run.info.status, run.data.params["state"]) == ("FAILED", "failed")
    assert run.data.metrics["llm_calls"] == 31 and run.data.metrics["steps_failed"] == 1
    assert "llm_money" not in run.data.metrics, "one asset's money is not known"
    paths = {one.path for one in client.list_artifacts(run.info.run_id, "digest")}
    assert paths == {"digest/digest.html", "digest/digest.md", "digest/night.json"}


def test_mlflow_comes_last_so_that_what_it_keeps_says_who_has_not_got_the_digest():
    assert list(tellers(Settings(GRAFTLINE_WEBHOOK="https://hooks/x"))) == ["the webhook at hooks", "MLflow"]


def test_figures_of_a_night_with_known_money_have_it():
    known = {**RECORD, "costs": RECORD["costs"][:1]}
    assert figures(known)["llm_money"] == 0.25 and figures(known)["llm_planned_tokens"] == 20000
    assert NightVariables().webhook_seconds == 10
