"""A file object as ``!fileobj`` lays it out.

The order of the lines and their words are those of listings on the web and in pasted logs; widths are not certain.
"""

from __future__ import annotations

from dumpwalk.remarks import Absent
from dumpwalk.render.remarks import remark_lines
from dumpwalk.render.text import plain, printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.kernel.cache_map import SharedCacheMap
    from dumpwalk.kernel.file_object import FileObject, SectionObjectPointers

_WORDS = {"IO": "IO", "IRP": "IRP"}


def layout(file: FileObject) -> str:
    """Return a file object as text."""
    blocks = [[_text(file.FileName)], _device(file)]
    flags = "????" if isinstance(file.Flags, Absent) else f"0x{file.Flags:x}"
    blocks.append([f"Flags:  {flags}", *(f"\t{flag_words(name)}" for name in file.flag_names)])
    if file.irps:
        lines = [f"\t{plain(irp)}" for irp in file.irps]
        blocks.append(["IRPs queued to File Object:", *lines, f"{len(lines)} queued."])
    contexts = f"FsContext: 0x{plain(file.FsContext)}\tFsContext2: 0x{plain(file.FsContext2)}"
    rest = [contexts.replace("0x????", "????")]
    if file.PrivateCacheMap or isinstance(file.PrivateCacheMap, Absent):
        rest.append(_pointer("Private Cache Map", file.PrivateCacheMap))
    offset = "????" if isinstance(file.CurrentByteOffset, Absent) else f"{file.CurrentByteOffset:x}"
    rest.append(f"CurrentByteOffset: {offset}")
    if file.sections is not None:
        rest += _cache(file.sections, file.cache)
    elif isinstance(file.SectionObjectPointer, Absent):
        rest += ["Cache Data:", "  Section Object Pointers: ????"]
    blocks.append(rest)
    if file.sections is not None:  # !fileobj has no such line
        data, image = file.sections.DataSectionObject, file.sections.ImageSectionObject
        blocks.append([f"Control areas: data {plain(data)}, image {plain(image)}"])
    remarks = remark_lines(file)
    if remarks:
        blocks.append(remarks)
    return "\n\n".join("\n".join(block) for block in blocks)


def flag_words(name: str) -> str:
    """Return the name of a flag as ``!fileobj`` writes it.

    >>> flag_words("FO_SYNCHRONOUS_IO"), flag_words("FO_HANDLE_CREATED"), flag_words("0x80000000")
    ('Synchronous IO', 'Handle Created', '0x80000000')
    """
    if not name.startswith("FO_"):
        return name
    return " ".join(_WORDS.get(word, word.capitalize()) for word in name[3:].split("_"))


def _text(name: str | Absent) -> str:
    return "????" if isinstance(name, Absent) else printable(name)


def _pointer(label: str, address: int | Absent) -> str:
    return f"{label}: ????" if isinstance(address, Absent) else f"{label}: 0x{plain(address)}"


def _device(file: FileObject) -> list[str]:
    lines = []
    if file.RelatedFileObject or isinstance(file.RelatedFileObject, Absent):
        lines.append(_pointer("Related File Object", file.RelatedFileObject))
    driver = f"   {_text(file.driver)}" if file.driver or isinstance(file.driver, Absent) else ""
    lines.append(_pointer("Device Object", file.DeviceObject) + driver)
    if file.Vpb or isinstance(file.Vpb, Absent):
        lines.append(_pointer("Vpb", file.Vpb))
    else:
        lines.append("Vpb is NULL")
    if isinstance(file.event_signalled, Absent):
        lines.append("Event ????")
    elif file.event_signalled:
        lines.append("Event signalled")
    if file.DeletePending and not isinstance(file.DeletePending, Absent):
        lines.append("Delete pending")
    if file.LockOperation and not isinstance(file.LockOperation, Absent):
        lines.append("Lock operation")
    if file.access:
        lines.append(f"Access: {''.join(f'{word} ' for word in file.access)}")
    return lines


def _cache(sections: SectionObjectPointers, cache: SharedCacheMap | None) -> list[str]:
    lines = [
        "Cache Data:",
        f"  Section Object Pointers: {plain(sections.address)}",
    ]
    if cache is None:
        return [*lines, f"  Shared Cache Map: {plain(sections.SharedCacheMap)}"]
    offset = "????" if isinstance(cache.file_offset, Absent) else f"{cache.file_offset:x}"
    line = f"  Shared Cache Map: {plain(cache.address)}         File Offset: {offset}"
    if isinstance(cache.vacb, Absent):
        return [*lines, line, "  Vacb: ????"]
    if cache.vacb is None:
        return [*lines, f"{line} (not mapped into the cache)"]
    return [
        *lines,
        f"{line} in VACB number {cache.vacb.number:x}",
        f"  Vacb: {plain(cache.vacb.address)}",
        f"  Your data is at: {plain(cache.vacb.data)}",
    ]
