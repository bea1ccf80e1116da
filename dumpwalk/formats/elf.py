"""ELF cores of whole machines: QEMU's ``dump-guest-memory``, libvirt's ``virsh dump``, VirtualBox's ``dumpvmcore``.

Each loadable segment holds physical memory at ``p_paddr``; notes hold the
registers of the processors, CR3 among them. Layouts: the System V ABI, "ELF"
(also for the number of segments beyond 0xffff); for the notes QEMU's
``target/i386/arch_dump.c`` and VirtualBox's ``dbgfcorefmt.h``.
"""

from __future__ import annotations

from dumpwalk.errors import FormatError
from dumpwalk.formats import FORMATS, Format, Section
from dumpwalk.memory.address import Address, Hex
from dumpwalk.remarks import Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dumpwalk.formats.images import Image

_MAGIC = b"\x7fELF"
_CORE = 4  # ET_CORE
_LOAD, _NOTE = 1, 4  # PT_*
_EXTENDED = 0xFFFF  # PN_XNUM: section 0 holds the number of segments
_MOST_SEGMENTS = 1 << 16
_MOST_SECTIONS = 1024
_MOST_NOTES = 1 << 24  # bytes


def _open(path: str, data: memoryview) -> Image:
    """Open the ELF core *data*.

    :raises FormatError: when it is no core, or one of a process
    """
    from dumpwalk.formats.images import Image
    from dumpwalk.formats.images.elf_notes import roots_in_notes
    from dumpwalk.memory.physical import RunMemory

    segments, problems, missing = _segments(path, data)
    loads = [s for s in segments if s.p_type == _LOAD and s.p_filesz]
    if len(loads) > 1 and not any(s.p_paddr for s in loads):
        raise FormatError(f"{path}: the ELF core of a process, not of a machine: it holds no physical addresses")
    runs = []
    sections = []
    for segment in loads:
        start, offset, size = segment.p_paddr, segment.p_offset, segment.p_filesz
        held = max(0, min(size, len(data) - offset))
        if held < size:
            missing.append(f"the file is cut: {size - held:#x} bytes of memory from {start + held:#x} on")
        runs.append((start, start + held, offset))
        sections.append(Section(Hex(offset), Hex(size), "physical memory", Address(start)))
    notes = b""
    for segment in segments:
        if segment.p_type == _NOTE and len(notes) < _MOST_NOTES:
            notes += bytes(data[segment.p_offset : segment.p_offset + min(segment.p_filesz, _MOST_NOTES)])
            sections.append(Section(Hex(segment.p_offset), Hex(segment.p_filesz), "notes", Address(0)))
    if len(missing) > 4:
        missing[4:] = [f"{len(missing) - 4} further stretches of memory are cut off"]
    return Image(
        "ELF core",
        len(data),
        RunMemory(data, runs),
        tuple(roots_in_notes(notes)),
        tuple(sorted(sections, key=lambda s: s.offset)[:_MOST_SECTIONS]),
        missing=tuple(missing),
        problems=tuple(problems),
    )


def _segments(path: str, data: memoryview) -> tuple[list[Any], list[Problem], list[str]]:
    """Return the program headers, and what is wrong with and missing of them."""
    wide, order = bytes(data[4:5]), bytes(data[5:6])
    if wide not in (b"\1", b"\2") or order != b"\1":
        raise FormatError(f"{path}: an ELF file of class {wide.hex()} and byte order {order.hex()}, none of a PC")
    file_header, program_header, section_header = _structs(wide == b"\2")
    if len(data) < file_header.sizeof():
        raise FormatError(f"{path}: cut inside its ELF header")
    head = file_header.parse(bytes(data[: file_header.sizeof()]))
    if head.e_type != _CORE:
        raise FormatError(f"{path}: an ELF file of type {head.e_type}, no core (which is {_CORE})")
    problems: list[Problem] = []
    missing: list[str] = []
    count = head.e_phnum
    if count == _EXTENDED and head.e_shoff:
        raw = bytes(data[head.e_shoff : head.e_shoff + section_header.sizeof()])
        if len(raw) == section_header.sizeof():
            count = section_header.parse(raw).sh_info
        else:
            problems.append(Problem("ELF header", "section 0, which holds the number of segments, is not in the file"))
    step = max(head.e_phentsize, program_header.sizeof())
    room = max(0, len(data) - head.e_phoff) // step
    if count > room:
        missing.append(f"{count - room} of {count} program headers lie beyond the end of the file")
        count = room
    if count > _MOST_SEGMENTS:
        problems.append(Problem("ELF header", f"it has {count} segments; {_MOST_SEGMENTS} of them are read"))
        count = _MOST_SEGMENTS
    size = program_header.sizeof()
    places = range(head.e_phoff, head.e_phoff + count * step, step)
    return [program_header.parse(bytes(data[at : at + size])) for at in places], problems, missing


def _structs(wide: bool) -> tuple[Any, Any, Any]:
    """Return construct ``Struct`` of file header, program header and section header, of 64 bits or of 32."""
    from construct import Bytes, Int16ul, Int32ul, Int64ul, Padding, Struct

    word = Int64ul if wide else Int32ul
    file_header = Struct(
        "e_ident" / Bytes(16),
        "e_type" / Int16ul,
        "e_machine" / Int16ul,
        "e_version" / Int32ul,
        "e_entry" / word,
        "e_phoff" / word,
        "e_shoff" / word,
        "e_flags" / Int32ul,
        "e_ehsize" / Int16ul,
        "e_phentsize" / Int16ul,
        "e_phnum" / Int16ul,
        "e_shentsize" / Int16ul,
        "e_shnum" / Int16ul,
        "e_shstrndx" / Int16ul,
    )
    program_header = Struct(
        "p_type" / Int32ul,
        Padding(4 if wide else 0),
        "p_offset" / word,
        "p_vaddr" / word,
        "p_paddr" / word,
        "p_filesz" / word,
        "p_memsz" / word,
        Padding(8),  # p_align, and p_flags on 32 bits
    )
    section_header = Struct(Padding(8), Padding(word.sizeof() * 4), Padding(4), "sh_info" / Int32ul)
    return file_header, program_header, section_header


FORMATS.add("ELF")(Format(lambda data: data[:4] == _MAGIC, _open))
