"""Which component of the system a function belongs to, told from its prefix and its module."""

from __future__ import annotations

from dumpwalk import resources

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

# Modules whose functions carry a component's prefix; elsewhere a prefix means nothing.
_PREFIXED = frozenset(("nt", "hal", "ntoskrnl", "ntkrnlmp", "ntkrnlpa", "ntkrpamp"))

_tables: list[tuple[dict[str, str], dict[str, str]]] = []


def subsystem(module: str, function: str) -> str:
    """Return the component that a function belongs to, or ``""``.

    >>> subsystem("nt", "MiWaitForInPageComplete"), subsystem("WdFilter", "MpScanFile")
    ('memory manager internals', 'Microsoft Defender filter (Mp)')
    >>> subsystem("nt", "memcpy")
    ''
    """
    prefixes, modules = _loaded()
    module = module.lower()
    if module in _PREFIXED:
        function = function.lstrip("_@")
        for length in range(min(len(function) - 1, 10), 1, -1):
            what = prefixes.get(function[:length])
            # What follows a prefix begins a word: Mi-WaitFor, not Mi-nute.
            if what is not None and not function[length].islower():
                return what
        return ""
    return modules.get(module, "")


def path(frames: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """Return the components that a stack goes through, the innermost first, each step once."""
    steps: list[str] = []
    for module, function in frames:
        what = subsystem(module, function).partition(" (")[0].removesuffix(" internals").removesuffix(" fast entry")
        if what and (not steps or steps[-1] != what):
            steps.append(what)
    return tuple(steps)


def _loaded() -> tuple[dict[str, str], dict[str, str]]:
    if not _tables:
        prefixes: dict[str, str] = {}
        modules: dict[str, str] = {}
        for line in resources.read("dumpwalk.annotations", "subsystems.txt").decode("utf-8").splitlines():
            key, colon, what = line.partition(": ")
            kind, _, name = key.partition(" ")
            if colon and kind == "prefix":
                prefixes[name] = what
            elif colon and kind == "module":
                modules.setdefault(name.lower(), what)
        _tables.append((prefixes, modules))
    return _tables[0]
