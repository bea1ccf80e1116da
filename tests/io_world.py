"""Machines with drivers, devices and requests, made by :mod:`dumpwalk.synth`, for tests of the I/O commands."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from images import kept

import dumpwalk
from dumpwalk.synth import write
from dumpwalk.synth.image import build as builder
from dumpwalk.target import Target

# Architecture, profile, where drivers and structures are: a kernel of each generation of the I/O manager's layouts.
GENERATIONS = (
    ("x86", "nt/xpsp3-x86"),
    ("x64", "nt/2003sp2-x64"),
    ("x86", "nt/vistasp2-x86"),
    ("x86", "nt/win7sp1-17514-pae-x86"),
    ("x86", "nt/win7sp1-x86"),
    ("x64", "nt/7601.24540-x64"),
    ("x86", "nt/win81u1-x86"),
    ("x64", "nt/9600.20625-x64"),
    ("x64", "nt/19041.3570-x64"),
    ("x64", "nt/22000.1455-x64"),
)
# Where the driver and hand-made structures are, which every machine has room for.
PLACES = {
    "x64": {"DRIVER": "fffff804`7b900000", "OTHER": "fffff804`7b910000", "HERE": "ffffb80f`12100000"},
    "x86": {"DRIVER": "8a100000", "OTHER": "8a110000", "HERE": "86100000"},
}
BASE = """\
dump full {machine}
profile {profile}
time 2024-03-05T14:20:00Z
uptime 1:00:00
module example \\SystemRoot\\System32\\drivers\\example.sys {DRIVER} size 8000
module filter \\SystemRoot\\System32\\drivers\\filter.sys {OTHER} size 8000
process 344 "example.exe"
thread 4.8
thread 344.348 as main
"""


class Machine:
    """A machine and where the things are that its spec names.

    :ivar path: where the dump of it is
    :ivar target: that dump, opened
    """

    def __init__(self, text: str, machine: str = "x64", profile: str = "nt/19041.3570-x64") -> None:
        places = PLACES[machine]
        for name, value in {"machine": machine, "profile": profile, **places}.items():
            text = text.replace("{" + name + "}", value)
        self.path, self._labels = _written(text)
        self.target: Target = dumpwalk.open(self.path, types=profile)

    def __getitem__(self, label: str) -> int:
        return self._labels.get(f"_DRIVER_OBJECT {label}", 0) or self._labels[label]

    def driver(self, label: str) -> int:
        return self._labels[f"_DRIVER_OBJECT {label}"]


@cache
def _written(text: str) -> tuple[str, dict[str, int]]:
    """Return the path of what *text* describes, and where in it the things are that it names."""
    labels: dict[str, int] = {}
    with _keeping(labels):
        return kept(text, write(text)), labels


@contextmanager
def _keeping(labels: dict[str, int]) -> Iterator[None]:
    """Keep where the builder places what a spec names; it forgets that when it is done."""
    real = builder.World

    class Keeping(real):  # type: ignore[misc,valid-type]
        def write_later(self) -> None:
            labels.update(self.labels)
            super().write_later()

    builder.World = Keeping  # type: ignore[misc]
    try:
        yield
    finally:
        builder.World = real  # type: ignore[misc]


def machine(text: str, machine: str = "x64", profile: str = "nt/19041.3570-x64") -> Machine:
    """Return a machine with the kernel of *profile*, two modules, and what the spec *text* adds."""
    return Machine(BASE + text, machine, profile)
