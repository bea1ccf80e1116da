"""Whole machines for tests of kernel structures."""

from __future__ import annotations

from images import opened, spec_of

from dumpwalk.target import Target

# A kernel of each generation of layouts that thread and process structures have had.
PROFILES = (
    *("nt/xpsp3-x86", "nt/2003sp2-x64", "nt/vistasp2-x86", "nt/win7sp1-17514-pae-x86", "nt/7601.24540-x64"),
    *("nt/win8-x64", "nt/win81u1-x86", "nt/14393.4583-x64", "nt/19041.3570-x64", "nt/22000.1455-x64"),
)
HEAD = "time 2020-02-01T10:00:00Z\nuptime 1:00:00\nbugcheck e2\n"


def machine(profile: str, text: str, *, types: str | None = None) -> Target:
    """Return the machine that *text* describes; its types are what *profile* says."""
    return opened(spec_of(profile, HEAD + text), types=profile if types is None else types)
