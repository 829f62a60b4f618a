"""How much processor time this process may use: the quota of its control group (a container's CPU limit), and what is used.

Linux' cgroups, version 2 (`cpu.max`, `cpu.stat`) and 1 (`cpu.cfs_quota_us`, `cpuacct.usage`). A group inside others is
held by the tightest of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

GROUPS = Path("/sys/fs/cgroup")
OWN = Path("/proc/self/cgroup")


@dataclass(frozen=True)
class Quota:
    """`cores`: seconds of a core that the group may use in a second."""

    cores: float
    group: Path
    usage: Path

    def used(self) -> float | None:
        """Seconds of a core that all processes of the group have used; None where that cannot be read."""
        try:
            text = self.usage.read_text(encoding="ascii")
            if self.usage.name == "cpuacct.usage":
                return int(text) / 1e9
            return int(dict(line.split() for line in text.splitlines())["usage_usec"]) / 1e6
        except (OSError, ValueError, KeyError):
            return None


def quota() -> Quota | None:
    """The tightest quota that holds this process; None where there is none."""
    try:
        return min(_quotas(), key=lambda found: found.cores, default=None)
    except (OSError, ValueError):
        return None


def _quotas() -> Iterator[Quota]:
    for line in OWN.read_text(encoding="utf-8").splitlines():
        _, controllers, path = line.split(":", 2)
        for group in _upwards(GROUPS, path) if not controllers else ():
            limit = _read(group / "cpu.max").split()
            if len(limit) == 2 and limit[0] != "max":
                yield Quota(int(limit[0]) / int(limit[1]), group, group / "cpu.stat")
        if "cpu" in controllers.split(","):
            mounts = [GROUPS / name for name in (controllers, "cpu") if (GROUPS / name).is_dir()]
            for group in _upwards(mounts[0], path) if mounts else ():
                limit = [_read(group / f"cpu.cfs_{what}_us") for what in ("quota", "period")]
                if all(limit) and int(limit[0]) > 0:
                    used = [group / "cpuacct.usage", GROUPS / "cpuacct" / group.relative_to(mounts[0]) / "cpuacct.usage"]
                    yield Quota(int(limit[0]) / int(limit[1]), group, next(filter(Path.is_file, used), used[0]))


def _upwards(mount: Path, path: str) -> list[Path]:
    """The group and those around it. In a container the path may be the host's, and the mount the group itself."""
    group = mount / path.lstrip("/")
    return [group, *(parent for parent in group.parents if parent.is_relative_to(mount))] if group.is_dir() else [mount]


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii").strip()
    except OSError:
        return ""
