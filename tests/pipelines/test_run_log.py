"""What the flows log: in a run's log in Dagster, and once on the terminal."""

import logging
from pathlib import Path

import dagster as dg
import yaml

from pipelines.commands.cli import _untold
from resources.settings import CHECKOUT


def test_a_run_keeps_what_is_logged_and_the_terminal_shows_it_once(tmp_path: Path):
    import pipelines.definitions  # noqa: F401 - sets the level, as it does in a run that the UI starts

    @dg.asset
    def long_step() -> None:
        logging.getLogger("graftline").info("answers of 模型: 20 of 100 prompts, 2.0 a second, 40 s left")

    shown: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: shown.append(record.getMessage())  # type: ignore[method-assign]
    handler.addFilter(_untold)
    root, logs = logging.getLogger(), yaml.safe_load((CHECKOUT / "dagster.yaml").read_text())["python_logs"]
    assert "python_log_level" not in logs  # it would leave out events below it
    root.addHandler(handler)
    try:
        with dg.instance_for_test(overrides={"python_logs": logs}, temp_dir=str(tmp_path)) as instance:
            result = dg.materialize([long_step], instance=instance)
            kept = [entry.user_message for entry in instance.all_logs(result.run_id) if "模型" in entry.user_message]
    finally:
        root.removeHandler(handler)
    assert kept == ["answers of 模型: 20 of 100 prompts, 2.0 a second, 40 s left"]
    assert not [line for line in shown if "模型" in line]  # Dagster's console has it
