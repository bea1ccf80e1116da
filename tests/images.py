"""Whole machines for tests: dumps of what specs describe, each written once however many tests look at it."""

from __future__ import annotations

import functools
import hashlib
import os
from pathlib import Path
from typing import Any

from dumpwalk.synth import write
from dumpwalk.target import Target
from dumpwalk.target import open as open_target

# Where the files are; conftest.py says it, the same for all processes of a parallel run.
DIRECTORY = Path()


def spec_of(profile: str, text: str, kind: str = "full") -> str:
    """Return the spec of a dump of a *kind* of the machine that *text* describes, with the kernel of *profile*."""
    return f"dump {kind} {'x64' if profile.endswith('-x64') else 'x86'}\nprofile {profile}\n{text}"


@functools.cache
def file_of(spec: str) -> str:
    """Return the path of what *spec* describes. Others have it too: nobody changes it."""
    file = _place(spec)
    return str(file) if file.exists() else kept(spec, write(spec))


def kept(spec: str, data: bytes) -> str:
    """Return the path of *data*, which is what *spec* describes."""
    file = _place(spec)
    part = file.with_suffix(f".{os.getpid()}")
    part.write_bytes(data)
    try:
        part.replace(file)
    except PermissionError:  # Windows, where it is open already
        part.unlink()
    return str(file)


def _place(spec: str) -> Path:
    return DIRECTORY / f"{hashlib.sha256(spec.encode()).hexdigest()[:24]}.dmp"


def opened(spec: str, **options: Any) -> Target:
    """Return the target that *spec* describes."""
    return open_target(file_of(spec), **options)
