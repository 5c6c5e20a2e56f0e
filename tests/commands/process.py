"""The command in a process of its own, as a shell starts it."""

import os
import subprocess
import sys

from resources.settings import CHECKOUT


def graftline(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run one command and return its status and output."""
    return subprocess.run(
        [sys.executable, "-m", "pipelines.commands.cli", *arguments],
        cwd=CHECKOUT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
    )
