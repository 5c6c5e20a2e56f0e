"""The rows of nights: read from what the processes print; what fails has no value and says why."""

from pathlib import Path

from benchmarks.evaluating import nights
from benchmarks.evaluating.nights import night_rows, rows_of_noop, starts_row
from benchmarks.ground.process import ProcessFailed

NOOP = {"seconds": 9.5, "processor_seconds": 8.0, "models_loaded": 0, "weight_files": []}


def test_a_first_run_has_as_many_engine_starts_as_it_prints(tmp_path: Path):
    log = tmp_path / "log"
    log.write_text("no memory")
    row = starts_row("done\n412 s\nengine starts: 2\nLook at it\n", 0, log)
    assert (row.value, row.met) == (2.0, True)
    assert starts_row("engine starts: 3", 0, log).met is False
    failed = starts_row("engine starts: 1\n", 1, log)
    assert failed.value is None and "status 1: no memory" in failed.note
    assert starts_row("", 0, log).note == "it printed no count"


def test_a_night_in_which_nothing_changed_has_its_seconds_and_the_models_that_it_loaded():
    seconds, models = rows_of_noop(NOOP)
    assert (seconds.value, seconds.met, models.value, models.met) == (9.5, True, 0.0, True)
    loaded = NOOP | {"models_loaded": 1, "weight_files": ["/home/models/model.safetensors"]}
    assert rows_of_noop(loaded)[1].met is False and "model.safetensors" in rows_of_noop(loaded)[1].note


def test_the_idle_night_follows_the_first_run_in_its_home(tmp_path: Path, monkeypatch):
    asked = []
    monkeypatch.setattr(nights, "first_run", lambda home, place: starts_row("engine starts: 2", 0, place))
    monkeypatch.setattr(nights, "noop_rows", lambda home, first: asked.append((home, first)) or rows_of_noop(NOOP))
    every = night_rows(list(nights.NIGHT_TARGETS), tmp_path)
    alone = night_rows(["night_noop_seconds"], tmp_path)
    assert [row.id for row in every] == ["engine_starts_first_run", "night_noop_seconds", "night_noop_models_loaded"]
    assert [row.id for row in alone] == ["night_noop_seconds"] and night_rows(["eval_overhead"], tmp_path) == []
    assert asked == [(tmp_path / "work" / "benchmark-first-run", False), (tmp_path, True)]


def test_a_night_that_fails_has_no_seconds(tmp_path: Path, monkeypatch):
    def fails(*_: object) -> None:
        raise ProcessFailed("exit status 1")

    monkeypatch.setattr(nights, "run", fails)
    rows = nights.noop_rows(tmp_path, first=True)
    assert [(row.value, row.note) for row in rows] == [(None, "exit status 1")] * 2
