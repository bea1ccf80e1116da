"""The string that a kernel's build calls itself by."""

from __future__ import annotations

from dumpwalk.remarks import Absent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.target import Target

_LONGEST = 128


def build_lab(target: Target) -> str | Absent:
    """Return the kernel's build string, as ``vertarget`` prints it behind "Built by"."""
    data = target.dump.debugger_data
    if isinstance(data, Absent):
        return Absent("the dump holds no debugger data block")
    pointer = target.address(data.get("NtBuildLab") or 0)
    text = target.memory.read_some(pointer, _LONGEST).partition(b"\0")[0].decode("ascii", "replace")
    return text or Absent(f"the build string at {pointer} is not in the dump")
