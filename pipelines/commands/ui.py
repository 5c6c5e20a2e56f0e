"""`graftline ui`: Dagster and MLflow side by side on localhost, on free ports where theirs are taken."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from types import FrameType
from typing import TYPE_CHECKING

import click

from pipelines.commands.command import Command
from pipelines.core.masked import masked

if TYPE_CHECKING:
    from resources.settings import Settings

DAGSTER_PORT, MLFLOW_PORT = 3000, 5000
HOST = "127.0.0.1"


@click.command(cls=Command)
def command() -> int:
    """Start Dagster and MLflow on localhost and print their addresses."""
    from resources.settings import Settings

    return serve_ui(Settings.load())


def free_port(wanted: int) -> int:
    """Return the wanted port on localhost, or any free one where it is taken."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            # As a server does: a connection of a stopped server that lingers does not make a port taken.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise OSError(f"no free port on {HOST}")


def answers(port: int) -> bool:
    """Return whether something accepts connections on this port of localhost."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((HOST, port)) == 0


def _wait(port: int, process: subprocess.Popen, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"{' '.join(process.args)} ended with status {process.returncode}")  # type: ignore
        if answers(port):
            return
        time.sleep(0.3)
    raise RuntimeError(f"nothing answers on port {port} after {seconds:.0f} s")


def _start(
    command: Sequence[str], log: str, settings: "Settings", values: Mapping[str, str] | None = None
) -> subprocess.Popen:
    from resources.settings import CHECKOUT

    folder = settings.home / "logs"
    folder.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "DAGSTER_HOME": os.environ.get("DAGSTER_HOME", str(CHECKOUT)), **(values or {})}
    with (folder / log).open("ab") as file:
        return subprocess.Popen(
            command, cwd=CHECKOUT, env=environment, stdout=file, stderr=subprocess.STDOUT, start_new_session=True
        )


def serve_ui(settings: "Settings") -> int:
    """Start both, print their addresses, and stop them when interrupted."""
    dagster_port, mlflow_port = free_port(DAGSTER_PORT), free_port(MLFLOW_PORT)
    (settings.home / "mlflow").mkdir(parents=True, exist_ok=True)
    python = sys.executable
    processes = {
        dagster_port: _start(
            [python, "-m", "dagster", "dev", "-h", HOST, "-p", str(dagster_port)], "dagster.log", settings
        )
    }
    remote = settings.tracking_uri.startswith("http")
    if not remote:
        # By the environment, since an address may carry a password and everybody sees a command.
        processes[mlflow_port] = _start(
            [python, "-m", "mlflow", "server", "--host", HOST, "--port", str(mlflow_port), "--workers", "1"],
            "mlflow.log",
            settings,
            {"MLFLOW_BACKEND_STORE_URI": settings.tracking_uri},
        )

    def stop(*_: int | FrameType | None) -> None:
        raise KeyboardInterrupt

    for interruption in (signal.SIGTERM, signal.SIGINT):  # a shell starts what it puts behind with SIGINT ignored
        signal.signal(interruption, stop)
    try:
        for port, process in processes.items():
            _wait(port, process, 120)
        print(f"Dagster: http://{HOST}:{dagster_port}", flush=True)
        print(f"MLflow:  {masked(settings.tracking_uri) if remote else f'http://{HOST}:{mlflow_port}'}", flush=True)
        print(f"Logs in {settings.home / 'logs'}; Ctrl-C stops both.", flush=True)
        while all(process.poll() is None for process in processes.values()):
            time.sleep(1)
        return 1
    except KeyboardInterrupt:
        return 0
    finally:
        for process in processes.values():
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
        for process in processes.values():
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
