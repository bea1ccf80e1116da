"""How a type changed between two builds, as text."""

from __future__ import annotations

from dumpwalk.remarks import Absent
from dumpwalk.render.text import printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.types.diff import Change, Difference, Side


def layout(difference: Difference, whole: bool = True) -> str:
    """Return the members of both builds with their places, what changed marked; only that when not *whole*."""
    one, other = difference.sizes
    lines = [f"{difference.name}: {difference.before} ({one} bytes) -> {difference.after} ({other} bytes)"]
    shown = [m for m in difference.members if whole or m.what]
    width = min(40, max((len(m.name) for m in shown), default=0))
    before = [_place(m.before) for m in shown]
    after = [_place(m.after) for m in shown]
    widths = [max(map(len, column), default=0) for column in (before, after)]
    for member, left, right in zip(shown, before, after):
        lines.append(_row(member, left.ljust(widths[0]), right.ljust(widths[1]), width))
    if difference.same:
        lines.append("  the same in both")
    return "\n".join(printable(line.rstrip()) for line in lines)


def _row(member: Change, left: str, right: str, width: int) -> str:
    """Return a line: ``-`` gone, ``+`` new, ``>`` moved, ``~`` of another type or size; both places, and what it is."""
    what = member.what
    mark = "+" if "added" in what else "-" if "removed" in what else "~" if {"retyped", "resized"} & set(what) else ""
    mark = mark or (">" if what else " ")
    sides: list[Side] = [s for s in (member.before, member.after) if not isinstance(s, Absent)]
    types = [s.type for s in sides]
    text = types[-1] if len(set(types)) == 1 else " -> ".join(types)
    if "resized" in what and len(set(types)) == 1 and len({s.size for s in sides}) == 2:
        text += f" ({sides[0].size} -> {sides[1].size} bytes)"
    return f"{mark} {left} {right} {member.name:{width}} : {text}"


def _place(side: Side | Absent) -> str:
    if isinstance(side, Absent) or isinstance(side.offset, Absent):
        return ""
    bits = f"[{side.bits[0]}:{side.bits[1]}]" if side.bits else ""
    return f"+0x{side.offset:03x}{bits}"
