"""WinDbg's knowledge of Windows crash dumps, offline, on any operating system.

>>> import dumpwalk
>>> target = dumpwalk.open("samples/apc_index_mismatch.dmp")
>>> target.machine.name
'x64'
"""

from __future__ import annotations

__version__ = "0.1.0"
__all__ = ["Address", "Error", "FormatError", "ReadError", "Target", "TypeInfoError", "UsageError", "open"]

_HOMES = {
    "Address": "dumpwalk.memory.address",
    "Error": "dumpwalk.errors",
    "FormatError": "dumpwalk.errors",
    "ReadError": "dumpwalk.errors",
    "Target": "dumpwalk.target",
    "TypeInfoError": "dumpwalk.errors",
    "UsageError": "dumpwalk.errors",
    "open": "dumpwalk.opening",
}

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk import kernel as kernel
    from dumpwalk.errors import Error, FormatError, ReadError, TypeInfoError, UsageError
    from dumpwalk.memory.address import Address
    from dumpwalk.opening import open
    from dumpwalk.target import Target


def __getattr__(name: str) -> object:
    """Import a public name when it is first asked for: a command pays only for what it uses."""
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(_HOMES[name]), name)
    from dumpwalk.registry import submodule

    return submodule("dumpwalk", name)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
