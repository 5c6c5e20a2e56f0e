"""How much memory another process could still take, in a container too."""

from pathlib import Path

_CONTAINER = Path("/sys/fs/cgroup")


def available_memory_bytes(container: Path = _CONTAINER) -> int:
    """Return what the machine has available, at most what the container (cgroup v2) may still take."""
    import psutil

    available = int(psutil.virtual_memory().available)
    try:
        limit = (container / "memory.max").read_text().strip()
        used = int((container / "memory.current").read_text())
        lines = (container / "memory.stat").read_text().splitlines()
        files = next((int(line.split()[1]) for line in lines if line.startswith("inactive_file ")), 0)
    except (OSError, ValueError):  # no container, or of the first version
        return available
    return available if limit == "max" else max(0, min(available, int(limit) - used + files))
