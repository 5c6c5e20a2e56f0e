import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.compute.processor import THREADS, fast_bfloat16, fast_int8, has_gpu, processor_flags, share_cores
from resources.settings import CHECKOUT

X86 = "processor\t: 0\nvmx flags\t: bf16\nflags\t\t: fpu sse2 avx2 avx512f {}\nbugs\t\t: bf16\n"
ARM = "processor\t: 0\nFeatures\t: fp asimd sve {} rng\nCPU implementer\t: 0x41\n"
PROCESSORS = {
    "x86": (X86.format(""), False),
    "x86 with AVX-512": (X86.format("avx512_bf16"), True),
    "x86 with AMX": (X86.format("amx_bf16 amx_tile"), True),
    "ARM": (ARM.format("i8mm"), False),
    "ARM with bf16": (ARM.format("svebf16 i8mm bf16"), True),
    "another": ("machine: RISC-V\n", False),
}
"""What /proc/cpuinfo says of processors, and whether they multiply in bfloat16."""


@pytest.mark.parametrize(("said", "expected"), [("0", False), ("1", True), ("", False)])
def test_another_processor_can_be_measured_on_this_one(
    said: str, expected: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("GRAFTLINE_BENCH_FAST_BFLOAT16", said)
    (tmp_path / "cpuinfo").write_text(X86.format(""))
    assert fast_bfloat16(tmp_path / "cpuinfo") is expected


def test_threads_wait_as_they_should_unless_the_environment_says_otherwise(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("GOMP_SPINCOUNT", "7")
    monkeypatch.setenv("OMP_WAIT_POLICY", "")  # so that it is undone, whether or not it was set
    monkeypatch.delenv("OMP_WAIT_POLICY")
    share_cores()
    assert os.environ["GOMP_SPINCOUNT"] == "7" and os.environ["OMP_WAIT_POLICY"] == THREADS["OMP_WAIT_POLICY"]


@pytest.mark.parametrize("module", ["definitions", "commands.cli"])
def test_every_way_in_sets_them_before_torch_is_there(module: str):
    call = "main(['doctor', '--help'])" if module == "commands.cli" else "defs"
    code = (
        f"import os, sys; from pipelines.{module} import {call.split('(')[0]}\n"
        f"try: {call}\nexcept SystemExit: pass\n"
        "assert 'torch' not in sys.modules\n"
        f"assert all(os.environ[name] == value for name, value in {THREADS!r}.items())"
    )
    clean = {name: value for name, value in os.environ.items() if name not in THREADS}
    subprocess.run([sys.executable, "-c", code], cwd=CHECKOUT, env=clean, check=True, stdout=subprocess.DEVNULL)


@pytest.mark.parametrize("name", PROCESSORS)
def test_bfloat16_is_only_for_processors_that_multiply_in_it(name: str, tmp_path: Path):
    text, fast = PROCESSORS[name]
    (tmp_path / "cpuinfo").write_text(text)
    assert fast_bfloat16(tmp_path / "cpuinfo") == fast


def test_int8_is_for_processors_with_avx2(tmp_path: Path):
    for name, text in {**{name: text for name, (text, _) in PROCESSORS.items()}, "old": "flags\t: fpu sse2\n"}.items():
        (tmp_path / "cpuinfo").write_text(text)
        assert fast_int8(tmp_path / "cpuinfo") == name.startswith("x86")


def test_flags_are_those_of_one_line_and_none_where_nothing_says_so(tmp_path: Path):
    (tmp_path / "cpuinfo").write_text(X86.format("avx512_bf16"))
    assert processor_flags(tmp_path / "cpuinfo") == {"fpu", "sse2", "avx2", "avx512f", "avx512_bf16"}
    assert processor_flags(tmp_path / "missing") == frozenset() and not fast_bfloat16(tmp_path / "missing")


def test_hidden_gpus_count_as_none(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert not has_gpu()
