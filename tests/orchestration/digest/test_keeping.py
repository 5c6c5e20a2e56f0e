"""Whatever ends a night, it leaves a digest; and of two nights that are started together, one runs."""

import base64
import json
import logging
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import dagster as dg
import pyarrow as pa
import pytest

from pipelines.core.errors import NotMaterializedError, ServiceError
from pipelines.orchestration.digest.record import Cost, Finding, Judged, Made, Night, Rejected
from resources.settings import CHECKOUT
from resources.tables.tables import TableStore
from tests.orchestration.digest.night_world import DECISION, PNG, REJECTED, STEPS, definitions, keeping

PLANNED = {"asset": "documents", "calls": 5, "prompt_tokens": 900, "completion_tokens": 100, "money": 0.5, "told": "…"}


def run(folder: Path, night: str = "n1", **more: object) -> Night:
    kept, tables = keeping(folder, **more), TableStore(folder / "tables")
    with dg.DagsterInstance.local_temp(str(_made(folder / "dagster"))) as instance:
        kept.night(definitions(tables, folder), instance, STEPS, night)
    return kept.nights.named(night)[1]


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def process(folder: Path, sleeping: str = "") -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "tests.orchestration.digest.night_world", str(folder), sleeping]
    return subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def asleep(folder: Path) -> None:
    deadline = time.monotonic() + 60
    while not (folder / "asleep").exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_night_says_what_ran_was_gated_regressed_cost_and_promoted(tmp_path: Path):
    TableStore(tmp_path / "tables").write("documents_ledger", pa.Table.from_pylist([REJECTED]))
    night = run(tmp_path, plan=lambda: [PLANNED, {"asset": "", "told": "in all 5 calls"}])
    assert (night.state, night.night, night.notes) == ("failed", "n1", ())
    assert {step.name: step.state for step in night.steps} == {
        "knowledge": "done", "finetune[bad]": "FAILED", "finetune[good]": "done", "promotion": "done",
    }  # fmt: skip
    assert "loss_fell did not pass" in night.steps[1].reason and night.steps[0].seconds > 0
    found = {(one.asset, one.recipe): one for one in night.assets}
    assert found["documents", ""].counts == {"new": 2, "rejected": 1}
    assert (found["merged", "bad"].state, found["merged", "good"].state) == ("not made", "new")
    assert set(night.findings) == {
        Finding("regressed", "documents", "", "no_figure_fell", "native fell"),
        Finding("warned", "documents", "", "few_are_short", "share 0.5"),
        Finding("gated", "adapter", "bad", "loss_fell", "2.0 before, 2.1 after"),
    }
    assert night.costs == (Cost("documents", 4, 1_500_000, 2.0, 3.0, 2, 1, 5, 1000, 0.5),)
    assert (night.verdict, night.why, night.champion) == ("promote", "good is better", "good (version 3)")
    assert night.recipes == tuple(Judged(**one) for one in DECISION["outcomes"])
    assert night.rejected == (Rejected("documents", "broken.pdf", "", "no page", "write it again"),)


def test_the_second_night_says_what_is_as_it_was_and_how_long_it_took_before(tmp_path: Path):
    kept, tables = keeping(tmp_path), TableStore(tmp_path / "tables")
    # On SQLite, which numbers the events of each run apart.
    with dg.DagsterInstance.local_temp(str(_made(tmp_path / "dagster"))) as instance:
        for name in ("n1", "n2"):
            kept.night(definitions(tables, tmp_path), instance, STEPS[:1], name)
    (_, second), (_, first) = kept.nights.records()
    assert (first.night, second.night) == ("n1", "n2")
    assert [made.state for made in (*first.assets, *second.assets)] == ["new", "as it was"]
    assert second.steps[0].before == first.steps[0].seconds and second.assets[0].before == first.assets[0].seconds
    assert [cost.calls for cost in second.costs] == [4], "what the first night spent is the first night's"


def test_a_gate_that_refused_an_earlier_night_is_still_told_where_nothing_judged_it_anew(tmp_path: Path):
    kept, tables = keeping(tmp_path), TableStore(tmp_path / "tables")
    with dg.DagsterInstance.ephemeral() as instance:
        kept.night(definitions(tables, tmp_path), instance, STEPS, "n1")
        kept.night(definitions(tables, tmp_path), instance, STEPS[:1], "n2")
    found = [one for one in kept.nights.named("n2")[1].findings if one.kind == "still refused"]
    assert [(one.asset, one.recipe) for one in found] == [("adapter", "bad")] and "2.1 after" in found[0].reason


def test_documents_whose_chunks_no_extractor_could_read_are_named(tmp_path: Path):
    tables = TableStore(tmp_path / "tables")
    rows = [{"chunk_id": f"c{n}", "document_id": "d1", "status": s, "reason": r} for n, (s, r) in enumerate(
        [("failed", "time-out"), ("failed", "time-out"), ("ok", "")]
    )]  # fmt: skip
    tables.write("extractions", pa.Table.from_pylist(rows))
    tables.write("documents", pa.Table.from_pylist([{"document_id": "d1", "path": "政策/退货.md"}]))
    assert [(one.file, one.found) for one in run(tmp_path).rejected] == [
        ("政策/退货.md", "the extraction of 2 chunks failed: time-out")
    ]


def test_a_terminated_night_leaves_the_digest_of_a_cancelled_one(tmp_path: Path):
    night = process(tmp_path, "adapter")
    asleep(tmp_path)
    night.send_signal(signal.SIGTERM)
    night.wait(timeout=60)
    folder, record = keeping(tmp_path).nights.named(None)
    assert (record.state, record.reason) == ("cancelled", "cancelled at step finetune[bad]"), night.stderr.read()
    assert [step.state for step in record.steps] == ["done", "cancelled", "not reached", "not reached"]
    assert (folder / "digest.html").exists() and "cancelled" in (folder / "digest.md").read_text(encoding="utf-8")


def test_a_killed_night_gets_its_digest_from_the_next_one_and_holds_nothing_back(tmp_path: Path):
    night = process(tmp_path, "adapter")
    asleep(tmp_path)
    night.kill()
    night.wait(timeout=60)
    kept = keeping(tmp_path)
    assert len(kept.nights.unfinished()) == 1 and not kept.nights.records()
    second = run(tmp_path, "n2")
    assert second.state == "failed" and not kept.nights.unfinished()
    broken = kept.nights.named("n1")[1]
    assert (broken.state, broken.reason.partition(":")[0]) == ("broke off", "broke off at step finetune[bad]")
    assert [step.state for step in broken.steps] == ["done", "broke off", "not reached", "not reached"]
    assert Made("adapter", "bad", "not made") in broken.assets and broken.costs[0].calls == 4


def test_of_two_nights_that_are_started_together_one_runs(tmp_path: Path):
    # Each has a Dagster of its own: the list of runs, which both may read before either is in it, keeps nobody apart.
    nights = [process(tmp_path, "own"), process(tmp_path, "own")]
    errors = [night.communicate(timeout=120)[1] for night in nights]
    refused = [error for error in errors if "one night at a time" in error]
    ran = keeping(tmp_path).nights.records()
    assert len(refused) + len(ran) == 2 and (len(refused) == 1 or not _overlap(*(one for _, one in ran))), errors


def _overlap(one: Night, other: Night) -> bool:
    return one.started < other.ended and other.started < one.ended


def test_a_night_cannot_begin_between_two_steps_of_another(tmp_path: Path):
    kept = keeping(tmp_path)
    with dg.DagsterInstance.ephemeral() as instance:
        tables = TableStore(tmp_path / "tables")
        with kept.nights.alone(), pytest.raises(ServiceError, match=rf"process {os.getpid()}.*one night at a time"):
            kept.night(definitions(tables, tmp_path), instance, STEPS, "n2")
        assert not instance.get_runs() and not kept.nights.records()
        kept.night(definitions(tables, tmp_path), instance, STEPS[:1], "n3")
    assert kept.nights.named("n3")[1].state == "done"


def test_who_cannot_be_told_fails_no_night_and_stands_in_the_digest(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    got = []

    def broken(*_: object) -> None:
        raise ServiceError("the webhook at h", "s3cret-key refused", "a server", "correct it")

    kept = keeping(tmp_path, tellers={"webhook": broken, "MLflow": lambda *given: got.append(given)})
    object.__setattr__(kept, "hide", lambda text: text.replace("s3cret-key", "•••"))
    with dg.DagsterInstance.ephemeral() as instance, caplog.at_level(logging.WARNING, "graftline"):
        outcomes = kept.night(definitions(TableStore(tmp_path / "tables"), tmp_path), instance, STEPS[:1], "n1")
    folder, record = kept.nights.named(None)
    assert outcomes["knowledge"].done and record.state == "done"
    assert record.notes[0].startswith("webhook has not got this digest: the webhook at h: found ••• refused")
    assert "s3cret-key" not in caplog.text + (folder / "digest.html").read_text(encoding="utf-8")
    ((told, text, where),) = got
    assert tuple(told["notes"]) == record.notes, "who comes later gets the note"
    assert told["night"] == "n1" and text.startswith("Graftline night n1: done in ") and where == folder


def test_training_and_evaluation_stand_beside_what_the_plan_said_of_them(tmp_path: Path):
    rows = [
        {"asset": "adapter", "recipe": name, "step": f"finetune[{name}]", "seconds": 9.0, "tokens": 50, "told": "…"}
        for name in ("good", "away")
    ]
    night = run(tmp_path, plan=lambda: rows)
    good, away = night.work
    assert (good.planned_seconds, good.planned_tokens, good.tokens, good.state) == (9.0, 50, 48, "new")
    assert 0 < good.seconds < 9 and (away.seconds, away.state) == (None, "not reached")
    assert not any(cost.asset == "adapter" for cost in night.costs), "it asks no language model"
    page = (keeping(tmp_path).nights.named(None)[0] / "digest.md").read_text(encoding="utf-8")
    assert "Training and evaluation against the plan" in page and "adapter[good]" in page


def test_a_plan_that_cannot_be_made_holds_no_night_up(tmp_path: Path):
    def plan() -> list[dict[str, object]]:
        raise OSError("no such host")

    assert run(tmp_path, plan=plan).notes == ("what the night would cost was not known before: OSError: no such host",)


def test_a_night_of_another_name_is_kept_in_a_folder_below_and_no_name_leads_elsewhere(tmp_path: Path):
    entry = keeping(tmp_path).nights.begin("../../etc/x y", ["a"])
    again = keeping(tmp_path).nights.begin("../../etc/x y", ["a"])
    assert entry.folder.parent == again.folder.parent == tmp_path / "nights" and entry.folder != again.folder
    with pytest.raises(NotMaterializedError, match="graftline night"):
        keeping(tmp_path / "empty").nights.named(None)


def test_the_page_has_the_plots_and_the_record_is_what_the_command_prints(tmp_path: Path):
    run(tmp_path)
    folder, record = keeping(tmp_path).nights.named(None)
    page = (folder / "digest.html").read_text(encoding="utf-8")
    assert base64.b64encode(PNG).decode() in page and "adapter[good]: loss_curve" in page
    assert Night.from_json(json.loads((folder / "night.json").read_text(encoding="utf-8"))) == record
