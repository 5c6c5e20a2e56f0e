from pathlib import Path

import pytest

from pipelines.commands import cli
from pipelines.commands.export import keep_training, training_of
from pipelines.core.errors import InputError
from resources.tables.tables import TableStore
from tests.finetune.training.records import training_record

KEYS = ("1a2b3c4d5e", "1a2b99", "77aa")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    for key in KEYS:
        keep_training(training_record(key=key), tmp_path)
    return tmp_path


def test_a_key_is_known_by_its_beginning(home: Path):
    tables = TableStore(home / "tables")
    assert training_of("1a2b3", tables) == "1a2b3c4d5e" and training_of("77aa", tables) == "77aa"
    assert training_of("lora", tables) is None and training_of("77", tables) is None


def test_a_beginning_of_several_keys_is_refused_with_the_keys(home: Path):
    with pytest.raises(InputError, match="1a2b3c4d5e, 1a2b99"):
        training_of("1a2b", TableStore(home / "tables"))


def test_what_is_neither_recipe_nor_key_is_told_what_there_is(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("GRAFTLINE_HOME", str(home))
    assert cli.main(["export", "nope"]) == 1
    said = capsys.readouterr().err
    assert "'nope': found neither a recipe" in said and "of the keys 1a2b3c4d, 1a2b99, 77aa" in said
