import subprocess
import sys
from pathlib import Path

from pipelines.finetune.training import system_metrics
from pipelines.finetune.training.system_metrics import FILE, SystemSampler, machine_now, parse_gpus, read_samples


def test_samples_keep_their_distance_and_go_on_after_a_restart(tmp_path: Path, monkeypatch):
    clock = iter([0.0, 0.0, 0.5, 2.5, 100.0, 100.0])
    monkeypatch.setattr(system_metrics.time, "monotonic", lambda: next(clock))
    sampler = SystemSampler(tmp_path / FILE)
    for _ in range(3):
        sampler()
    SystemSampler(tmp_path / FILE)()
    samples = read_samples(tmp_path)
    assert [(row["sample"], row["seconds"]) for row in samples] == [(0, 0.0), (1, 2.5), (2, 0.0)]
    assert all(0 < row["system_memory_usage_percentage"] <= 100 for row in samples)


def test_the_memory_of_a_child_is_seen():
    child = subprocess.Popen([sys.executable, "-c", "x = b'1' * 50_000_000; print(1, flush=True); input()"],
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # fmt: skip
    try:
        assert child.stdout is not None and child.stdout.readline()
        assert machine_now()["training_memory_megabytes"] > 50
    finally:
        child.communicate(b"\n")


def test_gpus_are_read_from_what_nvidia_smi_prints():
    assert parse_gpus("97, 40123, 81559\n[N/A], 10, 81559\n") == {
        "gpu_0_utilization_percentage": 97, "gpu_0_memory_usage_mebibytes": 40123, "gpu_1_memory_usage_mebibytes": 10,
    }  # fmt: skip
