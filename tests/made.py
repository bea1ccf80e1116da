"""Whole machines for tests: a spec's text as a target."""

from __future__ import annotations

from pathlib import Path

from dumpwalk.synth import write
from dumpwalk.target import Target
from dumpwalk.target import open as open_target


def made(directory: Path, text: str, kind: str = "full", profile: str = "nt/7601.24540-x64") -> Target:
    """Return the machine that *text* states, in a dump of its own in *directory*."""
    machine = "x64" if profile.endswith("-x64") else "x86"
    path = directory / "made.dmp"
    path.write_bytes(write(f"dump {kind} {machine}\nprofile {profile}\n{text}"))
    return open_target(str(path))
