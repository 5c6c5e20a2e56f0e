import os
import sys
from pathlib import Path

import pytest

from pipelines.core.errors import ConfigurationError, InputError, ServiceError
from pipelines.finetune.merging.exporting import export
from pipelines.finetune.training.training import MARKER, RESULT

CONVERTER = """import sys
arguments = sys.argv[1:]
assert arguments[1] == "--outfile" and arguments[3] == "--outtype", arguments
open(arguments[2], "w").write(arguments[0] + " " + arguments[4])
"""


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "merged"
    folder.mkdir()
    for name in ("config.json", "model.safetensors", "chat_template.jinja", MARKER, RESULT):
        (folder / name).write_text(name)
    return folder


@pytest.fixture
def no_converter(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("LLAMA_CPP", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "empty" / "python"))


def test_safetensors_are_the_folder_without_our_own_files(model: Path, tmp_path: Path):
    target = export(model, tmp_path / "out" / "lora", "safetensors")
    assert sorted(path.name for path in target.iterdir()) == ["chat_template.jinja", "config.json", "model.safetensors"]
    (model / "config.json").write_text("newer")
    assert (export(model, target, "safetensors") / "config.json").read_text() == "newer"
    assert sorted(path.name for path in target.parent.iterdir()) == [".lora.exported.json", "lora"]


def contents(place: Path) -> dict[str, str]:
    return {str(path.relative_to(place)): path.read_text() for path in place.rglob("*") if path.is_file()}


@pytest.mark.parametrize("form", ["safetensors", "gguf"])
def test_a_folder_of_somebody_elses_is_refused_and_stays_as_it_is(model: Path, tmp_path: Path, form: str):
    mine = tmp_path / "mine"
    (mine / "photos").mkdir(parents=True)
    (mine / "photos" / "a.jpg").write_text("a picture")
    (mine / "config.json").write_text("a model of mine")
    before = contents(tmp_path)
    with pytest.raises(InputError, match=r"--output: found .*/mine, .* move .*/mine away"):
        export(model, mine, form)
    assert contents(tmp_path) == before


def test_a_file_that_is_no_export_is_refused_and_stays_as_it_is(model: Path, tmp_path: Path):
    (tmp_path / "lora").write_text("notes")
    with pytest.raises(InputError, match="--output"):
        export(model, tmp_path / "lora", "safetensors")
    assert (tmp_path / "lora").read_text() == "notes"


@pytest.mark.parametrize("name", ["notes.txt", "config.json"])
def test_an_export_that_somebody_added_to_or_changed_is_refused(model: Path, tmp_path: Path, name: str):
    target = export(model, tmp_path / "lora", "safetensors")
    (target / name).write_text("added by hand")
    with pytest.raises(InputError, match="an earlier export as it was written"):
        export(model, target, "safetensors")
    assert (target / name).read_text() == "added by hand"


def test_an_empty_folder_takes_an_export_and_a_link_is_not_followed(model: Path, tmp_path: Path):
    (tmp_path / "empty").mkdir()
    assert (export(model, tmp_path / "empty", "safetensors") / "config.json").is_file()
    (tmp_path / "link").symlink_to(tmp_path / "empty")
    with pytest.raises(InputError, match="--output"):
        export(model, tmp_path / "link", "safetensors")


def test_the_working_folder_may_be_the_target_when_it_is_empty(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    export(model, Path(), "safetensors")
    assert (tmp_path / "here" / "config.json").is_file()


def test_gguf_is_made_by_the_converter_that_llama_cpp_names(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "llama.cpp").mkdir()
    (tmp_path / "llama.cpp" / "convert_hf_to_gguf.py").write_text(CONVERTER)
    monkeypatch.setenv("LLAMA_CPP", str(tmp_path / "llama.cpp"))
    made = export(model, tmp_path / "lora.gguf", "gguf", "q8_0")
    assert made.read_text() == f"{model} q8_0"


def test_a_converter_on_the_path_is_found(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    tool = tmp_path / "bin" / "convert-hf-to-gguf"
    tool.parent.mkdir()
    tool.write_text(f"#!{sys.executable}\n{CONVERTER}")
    tool.chmod(0o755)
    monkeypatch.delenv("LLAMA_CPP", raising=False)
    monkeypatch.setenv("PATH", f"{tool.parent}{os.pathsep}{os.environ['PATH']}")
    assert export(model, tmp_path / "lora.gguf", "gguf").read_text() == f"{model} auto"


@pytest.mark.usefixtures("no_converter")
def test_without_a_converter_the_error_says_how_to_get_one(model: Path, tmp_path: Path):
    with pytest.raises(ConfigurationError, match="git clone https"):
        export(model, tmp_path / "lora.gguf", "gguf")


def test_a_converter_that_fails_is_quoted_and_leaves_the_old_file(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    script = tmp_path / "convert_hf_to_gguf.py"
    script.write_text(CONVERTER)
    monkeypatch.setenv("LLAMA_CPP", str(script))
    yesterdays = export(model, tmp_path / "lora.gguf", "gguf").read_text()
    script.write_text("raise SystemExit('Model FooForCausalLM is not supported')")
    with pytest.raises(ServiceError, match="FooForCausalLM is not supported"):
        export(model, tmp_path / "lora.gguf", "gguf")
    assert (tmp_path / "lora.gguf").read_text() == yesterdays
    script.write_text(CONVERTER)
    export(model, tmp_path / "lora.gguf", "gguf")


def test_an_unknown_form_names_the_known(model: Path, tmp_path: Path):
    with pytest.raises(InputError, match="safetensors, gguf"):
        export(model, tmp_path / "x", "onnx")
