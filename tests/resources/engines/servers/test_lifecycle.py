"""A server of ours: healthy or an error that names its log, and gone with all that it started, however we end."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import psutil
import pytest

from pipelines.core.errors import ServiceError
from resources.engines.servers import lifecycle
from resources.engines.servers.lifecycle import LocalServer
from resources.settings import CHECKOUT
from tests.resources.engines.processes import gone

SCRIPT = Path(__file__).with_name("scripted_server.py")


def server(tmp_path: Path, script: str = "", patience: float = 20, **more: object) -> LocalServer:
    def command(port: int) -> list[str]:
        return [sys.executable, str(SCRIPT), "--port", str(port)]

    return LocalServer("scripted", command, tmp_path / "server.log", "/health", {"SCRIPT": script}, patience, **more)  # type: ignore[arg-type]


def number(log: Path, name: str) -> int:
    found = re.search(rf"^{name} (\d+)$", log.read_text(), re.MULTILINE)
    assert found
    return int(found[1])


def test_it_is_waited_for_until_it_is_healthy_and_ended_after_the_block(tmp_path: Path) -> None:
    with server(tmp_path, "slow") as one:
        assert one.start_seconds >= 1 and one.url.startswith("http://127.0.0.1:")
        assert httpx.get(f"{one.url}/health").status_code == 200
        pid = number(one.log, "pid")
        assert pid in one.pids and one.peak_memory_bytes() > 1 << 20
    assert gone(pid, 15) and not one.alive


def test_one_that_ends_at_its_start_is_an_error_with_its_last_lines_and_its_log(tmp_path: Path) -> None:
    with pytest.raises(ServiceError, match="the weights are torn") as caught:
        server(tmp_path, "crash").start()
    assert str(tmp_path / "server.log") in caught.value.fix and "exit status 1" in caught.value.found
    assert not lifecycle._RUNNING


def test_a_program_that_is_not_there_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(ServiceError, match="no-such-program: No such file"):
        LocalServer("odd", lambda port: ["no-such-program"], tmp_path / "log").start()


def test_one_that_is_never_healthy_is_ended_when_the_patience_is_over(tmp_path: Path) -> None:
    one = server(tmp_path, patience=0.5)
    one._health = "/nowhere"
    lines: list[str] = []
    one._tell = lines.append
    code = "import time; print('loading layer 3', flush=True); time.sleep(60)"
    one._command = lambda port: [sys.executable, "-c", code]
    with pytest.raises(ServiceError, match="not healthy after"):
        one.start()
    assert not one.alive


def test_how_a_long_start_goes_is_told_with_its_last_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lifecycle, "_TELL_SECONDS", 0.3)
    lines: list[str] = []
    with server(tmp_path, "slow", tell=lines.append):
        pass
    assert lines and "scripted starts" in lines[-1] and "pid" in lines[-1]


def test_a_port_that_another_took_meanwhile_is_left_for_a_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with server(tmp_path / "first") as first:
        taken, free = int(first.url.rsplit(":", 1)[1]), lifecycle.free_port
        ports = iter([taken])
        monkeypatch.setattr(lifecycle, "free_port", lambda: next(ports, 0) or free())
        # The other one answers at that port: it is not mistaken for ours, which has ended.
        with server(tmp_path / "second") as second:
            assert second.alive and second.url != first.url


def test_what_it_started_goes_with_it_also_what_left_its_group_and_does_not_listen(tmp_path: Path) -> None:
    with server(tmp_path, "child deaf") as one:
        pid, child = number(one.log, "pid"), number(one.log, "child")
        started = time.monotonic()
    assert not psutil.pid_exists(pid) and not psutil.pid_exists(child), "not even as what nobody waited for"
    assert time.monotonic() - started < 15


PARENT = """
import sys, time
from pathlib import Path
sys.path.insert(0, "")
from tests.resources.engines.servers.test_lifecycle import server
one = server(Path(sys.argv[1]), "child").start()
print("ready", flush=True)
if sys.argv[2] != "ends":
    time.sleep(60)
"""


@pytest.mark.parametrize(
    ("state", "sent"), [("waits", signal.SIGKILL), ("waits", signal.SIGTERM), ("waits", signal.SIGINT), ("ends", 0)]
)
def test_it_goes_with_its_parent_however_that_ends(state: str, sent: int, tmp_path: Path) -> None:
    command = [sys.executable, "-c", PARENT, str(tmp_path), state]
    with subprocess.Popen(
        command, cwd=CHECKOUT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as parent:
        assert parent.stdout is not None and parent.stdout.readline() == "ready\n"
        pids = [number(tmp_path / "server.log", name) for name in ("pid", "child")]
        if sent:
            parent.send_signal(sent)
    assert all(gone(pid, 15) for pid in pids)


def test_the_server_itself_goes_with_a_guard_that_is_killed(tmp_path: Path) -> None:
    with server(tmp_path) as one:
        pid = number(one.log, "pid")
        assert one._guard is not None
        one._guard.kill()
        assert gone(pid, 15)


def test_a_forked_process_leaves_its_parents_server_alone(tmp_path: Path) -> None:
    with server(tmp_path) as one:
        forked = os.fork()
        if not forked:
            lifecycle.stop_all()
            os._exit(0)
        os.waitpid(forked, 0)
        assert one.alive
