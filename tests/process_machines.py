"""Whole machines for tests of kernel structures, made once for each profile and spec."""

from __future__ import annotations

import atexit
import functools
import hashlib
import tempfile
from pathlib import Path

from dumpwalk.synth import write
from dumpwalk.target import Target
from dumpwalk.target import open as open_target

# A kernel of each generation of layouts that thread and process structures have had.
PROFILES = (
    *("nt/xpsp3-x86", "nt/2003sp2-x64", "nt/vistasp2-x86", "nt/win7sp1-17514-pae-x86", "nt/7601.24540-x64"),
    *("nt/win8-x64", "nt/win81u1-x86", "nt/14393.4583-x64", "nt/19041.3570-x64", "nt/22000.1455-x64"),
)
HEAD = "time 2020-02-01T10:00:00Z\nuptime 1:00:00\nbugcheck e2\n"


@functools.cache
def _directory() -> Path:
    made = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)  # where files stay mapped they can't be removed
    atexit.register(made.cleanup)
    return Path(made.name)


@functools.cache
def file_of(profile: str, text: str) -> str:
    """Return the path of a full dump of the machine that *text* describes."""
    spec = f"dump full {profile.rpartition('-')[2]}\nprofile {profile}\n{HEAD}{text}"
    file = _directory() / f"{hashlib.sha256(spec.encode()).hexdigest()[:16]}.dmp"
    file.write_bytes(write(spec))
    return str(file)


def machine(profile: str, text: str, *, types: str | None = None) -> Target:
    """Return the machine that *text* describes; its types are what *profile* says."""
    return open_target(file_of(profile, text), types=profile if types is None else types)
