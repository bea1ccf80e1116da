"""Objects as ``!object`` prints them.

The lines of an object, of a directory's contents and of a link's target are those of Microsoft's documentation and of
real listings. How the type was found, the path, and a symbolic link's drive are worded here.
"""

from __future__ import annotations

from dumpwalk.remarks import Absent
from dumpwalk.render.remarks import remark_lines
from dumpwalk.render.text import plain, printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.kernel.object_record import ObjectInfo, TypeSteps


def layout(info: ObjectInfo) -> str:
    """Return an object as text, with what is missing or wrong below it."""
    lines = object_lines(info)
    remarks = remark_lines(info)
    return "\n".join([*lines, *([""] if remarks and len(lines) > 1 else []), *remarks])


def object_lines(info: ObjectInfo, indent: str = "    ") -> list[str]:
    """Return the lines of an object.

    :param indent: of counts and name; ``!handle`` has more of it than ``!object``
    """
    address = plain(info.address)
    if isinstance(info.type_name, Absent):
        return [f"{address}: Not a valid object (ObjectType invalid)", *_steps(info.steps)]
    version = " (new version)" if info.new_version else ""
    lines = [
        f"Object: {address}  Type: ({plain(info.type)}) {printable(info.type_name)}",
        f"    ObjectHeader: {plain(info.header)}{version}",
    ]
    if info.HandleCount is not None:
        lines.append(f"{indent}HandleCount: {_count(info.HandleCount)}  PointerCount: {_count(info.PointerCount)}")
    if info.name is not None:
        device = f" {{{_text(info.device)}}}" if info.device is not None else ""
        lines.append(f"{indent}Directory Object: {_pointer(info.Directory)}  Name: {_text(info.name)}{device}")
    if info.path is not None:
        lines.append(f"{indent}Full Path: {_text(info.path)}")
    if info.LinkTarget is not None:
        lines.append(f"{indent}Target String is '{_text(info.LinkTarget)}'")
    if info.DosDeviceDriveIndex and not isinstance(info.DosDeviceDriveIndex, Absent):
        letter = f" ({chr(64 + info.DosDeviceDriveIndex)}:)" if info.DosDeviceDriveIndex <= 26 else ""
        lines.append(f"{indent}Drive Letter Index is {info.DosDeviceDriveIndex}{letter}")
    lines += _optional(info) + _steps(info.steps) + _contents(info)
    return lines


def _optional(info: ObjectInfo) -> list[str]:
    found = info.optional_headers
    if isinstance(found, Absent):
        return ["Optional Headers: ????"]
    if not found:
        return []
    return ["Optional Headers: ", *(f"    {one.kind}({plain(one.address)})" for one in found)]


def _contents(info: ObjectInfo) -> list[str]:
    """Return a directory's table; the number of a chain stands beside the first object in it."""
    if not info.contents:
        return []
    width = len(plain(info.address))
    lines = [
        "",
        f"    Hash {'Address':<{width}} Type          Name",
        f"    ---- {'-------':<{width}} ----          ----",
    ]
    previous = -1
    for entry in info.contents:
        number = f"{entry.hash:02d}" if entry.hash != previous else "  "
        previous = entry.hash
        kind = "????" if isinstance(entry.type, Absent) else printable(entry.type)
        lines.append(f"     {number}  {plain(entry.object)} {kind:<13} {_text(entry.name)}")
    return lines


def _steps(steps: TypeSteps | None) -> list[str]:
    """Return how the type was found, a step a line."""
    if steps is None:
        return []
    if steps.TypeIndex is None and steps.entry is not None:
        return ["    Type, found by:", f"        pointer at {plain(steps.entry)} = {plain(steps.type)}"]
    lines = [
        "    Type, found by:",
        f"        TypeIndex in the header at {plain(steps.header)}: {_hex(steps.TypeIndex)}",
    ]
    if steps.address_byte is not None:
        lines.append(f"        ^ bits 8 to 15 of the header's address: {_hex(steps.address_byte)}")
        lines.append(f"        ^ ObHeaderCookie: {_hex(steps.ObHeaderCookie)}")
    index = "????" if isinstance(steps.index, Absent) or steps.index is None else f"{steps.index:#x}"
    lines.append(f"        = {index}, index into ObTypeIndexTable")
    lines.append(f"        {'type' if steps.entry is None else f'entry at {plain(steps.entry)}'} = {plain(steps.type)}")
    lines.append(f"        ({printable(steps.source)})")
    return lines


def _hex(value: int | Absent | None) -> str:
    return "????" if isinstance(value, Absent) or value is None else f"{int(value):#04x}"


def _count(value: int | Absent | None) -> str:
    return "????" if isinstance(value, Absent) else f"{value}"


def _text(text: str | Absent | None) -> str:
    return "????" if isinstance(text, Absent) or text is None else printable(text)


def _pointer(address: int | Absent | None) -> str:
    """Return an address; null has eight digits on all machines."""
    return "00000000" if address is None or address == 0 else plain(address)
