"""VADs as ``!vad`` lays them out.

The table with its totals and the detail of one VAD are as Microsoft's documentation of the command and a listing of
Windows 8.1 show them; the file at the end of a row and the committed pages in total are what newer debuggers add.
"""

from __future__ import annotations

from dumpwalk.kernel.vad import TYPE_WORDS
from dumpwalk.remarks import Absent
from dumpwalk.render.remarks import remark_lines
from dumpwalk.render.text import plain, printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.kernel.vad import Vad
    from dumpwalk.kernel.vad_detail import VadDetail
    from dumpwalk.kernel.vad_tree import VadTree

_PAGE_KB = 4
_HEADING = "VAD     level      start      end    commit"


def tree_text(tree: VadTree) -> str:
    """Return a tree as a table."""
    lines = [_HEADING, *map(row, tree.vads)]
    average = f"average level: {_number(tree.average_level):>4}"
    lines += ["", f"Total VADs: {len(tree.vads):5}  {average}  maximum depth: {_number(tree.maximum_depth)}"]
    commit = tree.private_commit
    kilobytes = commit if isinstance(commit, Absent) else commit * _PAGE_KB
    lines.append(f"Total private commit: {_hex(commit, '#x')} pages ({_number(kilobytes)} KB)")
    return "\n".join([*lines, *remark_lines(tree)])


def row(vad: Vad) -> str:
    """Return the row of a VAD."""
    level = 0 if vad.level is None else vad.level
    numbers = f"{_hex(vad.StartingVpn):>11} {_hex(vad.EndingVpn):>8} {_number(vad.CommitCharge):>9}"
    file = _file(vad)
    protection = f"{vad.protection:<17}  {file}" if file else vad.protection
    return f"{plain(vad.address)} ({level:2}){numbers} {_what(vad)}{protection}"


def _what(vad: Vad) -> str:
    if isinstance(vad.private, Absent) or isinstance(vad.VadType, Absent):
        return f"{'????':<13}"
    kind = TYPE_WORDS.get(vad.VadType, "" if vad.VadType == "VadNone" else vad.VadType)
    return f"{'Private' if vad.private else 'Mapped':<8}{kind:<4} "


def _file(vad: Vad) -> str:
    if vad.shared_commit is not None:
        return f"Pagefile section, shared commit {_hex(vad.shared_commit, '#x')}"
    if vad.file is None:
        return ""
    return "????" if isinstance(vad.file, Absent) else printable(vad.file)


def _hex(value: int | Absent, form: str = "x") -> str:
    return "????" if isinstance(value, Absent) else format(int(value), form)


def _number(value: int | Absent) -> str:
    return "????" if isinstance(value, Absent) else str(value)


def detail_text(detail: VadDetail) -> str:
    """Return all of one VAD."""
    vad = detail.vad
    area = "" if vad.ControlArea is None else f"  Control Area:  {plain(vad.ControlArea)}"
    lines = [
        f"VAD @ {plain(vad.address)}",
        f"  Start VPN: {_hex(vad.StartingVpn):>13}  End VPN: {_hex(vad.EndingVpn):>8}{area}",
    ]
    commit = _charge(vad.CommitCharge)
    if vad.private is False:
        first, last = (
            plain(p if p is not None else Absent("")) for p in (vad.FirstPrototypePte, vad.LastContiguousPte)
        )
        lines.append(f"  First ProtoPte: {first}  Last PTE {last}  {commit}")
        flink, blink = (_hex(link) for link in detail.secured)
        extended = _behind("Banked/Extend:", _hex(detail.extended), 9)
        secured = f"  {_behind('Secured.Flink', flink, 11)}  {_behind('Blink', blink, 12)}  {extended}"
        offset = "????" if detail.FileOffset is None else _hex(detail.FileOffset)
        lines += [f"{secured} Offset {offset}"] if detail.old else [secured, f"  File Offset {offset:>3}"]
    else:
        lines.append(f"  {commit}")
    lines.append(f"   {' '.join([*detail.flags, vad.protection])}")
    if detail.flags2:
        lines += ["", f"{' '.join(detail.flags2)} "]
    file = _file(vad)
    if file:
        lines += ["", f"        {'' if vad.shared_commit is not None else 'File: '}{file}"]
    return "\n".join([*lines, *remark_lines(detail)])


def _behind(label: str, value: str, width: int) -> str:
    """Return a value in a column behind its label, of which pointers of 64-bit machines are too long."""
    return f"{label}{value.rjust(max(width, len(value) + 1))}"


def _charge(commit: int | Absent) -> str:
    if isinstance(commit, Absent):
        return f"Commit Charge{'????':>10}"
    return f"Commit Charge{commit:>10x} ({commit}.)"
