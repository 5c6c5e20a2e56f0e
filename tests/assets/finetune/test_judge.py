"""The judge of the evaluation: asked where the setting says so, by a model that can."""

import json
from pathlib import Path

import pytest

from resources.settings import Settings
from tests.assets.finetune.test_evaluation_assets import Line
from tests.fakes import FakeLanguageModel


def test_the_judge_is_asked_where_the_setting_says_so(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    line = Line(home, rows=120)
    line.evaluate()
    assert line.resources["language_model"].calls == []
    monkeypatch.setenv("GRAFTLINE_JUDGE", "on")
    line.settings = line.resources["settings"] = Settings.load()
    (event,) = line.evaluate().asset_materializations_for_node("evaluation")
    assert "skipped" in event.metadata["judge"].value and line.resources["language_model"].calls == []

    class Judge(FakeLanguageModel):
        packaged = False

    line.resources["language_model"] = Judge(
        lambda messages: json.dumps({"better": "B" if messages[0]["content"].rstrip().endswith("well") else "A"})
    )
    (event,) = line.evaluate().asset_materializations_for_node("evaluation")
    assert event.metadata["judge_agreement"].value == 1.0 and event.metadata["judge_base"].value > 80
    row = next(row for row in line.tables.read("evaluation/lora").to_pylist() if row["metric"] == "judge_win_rate")
    assert (row["slice"], row["base"], row["adapter"]) == ("all", 1.0, 0.0)
