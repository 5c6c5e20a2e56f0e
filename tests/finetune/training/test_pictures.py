from pathlib import Path

from pipelines.finetune.training.pictures import loss_curve

LOG = [{"step": n, "loss": 3.0 / n, "learning_rate": 1e-3} for n in range(1, 5)]


def test_a_curve_is_a_png_and_the_same_bytes_again(tmp_path: Path):
    one, two = loss_curve(LOG, "lora", tmp_path / "a" / "one.png"), loss_curve(LOG, "lora", tmp_path / "two.png")
    assert one.read_bytes().startswith(b"\x89PNG") and one.read_bytes() == two.read_bytes()
