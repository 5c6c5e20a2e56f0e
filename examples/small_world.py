"""Three documents and a home of their own: what the examples run on, in a temporary folder."""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # `python examples/NAME.py` from anywhere

DOCUMENTS = {
    "halden.md": "# Halden warehouse\n\nPetra Vogel has managed the Halden warehouse since 2023. It opened in 2014.",
    "fjell.md": "# Fjell 2 tent\n\nThe Fjell 2 tent weighs 2,100 grams. It is stored at the Halden warehouse.",
    "退货.md": "# 退货政策\n\n未使用的商品可在四十五天内退货。运费由宁波仓承担。",
}


@contextmanager
def small_world(**variables: str) -> Iterator[Path]:
    """Write the documents below a new folder and point the environment at it, with `variables` beside; yield it."""
    with tempfile.TemporaryDirectory(prefix="graftline-example-") as folder:
        root = Path(folder)
        (root / "documents").mkdir()
        for name, text in DOCUMENTS.items():
            (root / "documents" / name).write_text(text, encoding="utf-8")
        ours = {
            "GRAFTLINE_HOME": str(root / "home"),
            "GRAFTLINE_DOCUMENTS": str(root / "documents"),
            "DAGSTER_HOME": str(root / "dagster"),
        }
        (root / "dagster").mkdir()
        os.environ.update(ours | variables)
        yield root


def run(assets: str) -> None:
    """Materialise some assets in this process, as `graftline run --select` does."""
    from pipelines.commands.cli import main

    if main(["run", "--select", assets]):
        raise SystemExit("the run failed; its reason is above")
