"""A tiny model and a dataset of forty sources, made once a test file."""

from typing import Any

import pytest

from pipelines.finetune.dataset.preparation import prepare
from pipelines.finetune.models.base import BaseModel
from tests.finetune.dataset.example_rows import many
from tests.integration.training.tiny_model import make_tiny_model


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> BaseModel:
    return BaseModel(make_tiny_model(tmp_path_factory.mktemp("tiny")), "org/tiny", "1")


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("data")
    return prepare(many(folder / "in", sources=40), folder)
