"""Triage dumps (small memory dumps) whose structures a spec states one by one."""

from __future__ import annotations

from dumpwalk.synth import structures
from dumpwalk.synth.contexts import context, trap_frame
from dumpwalk.synth.spec import Block, SpecError
from dumpwalk.synth.triage_file import Sections, write

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from dumpwalk.synth.layouts import Layout
    from dumpwalk.synth.spec import Spec, Structure

_MOST_PROCESSORS = 2048  # MAXIMUM_PROC_PER_SYSTEM of the public headers


def triage(spec: Spec, layout: Layout) -> bytes:
    """Return the triage dump that *spec* describes.

    :raises SpecError: when something in it can't be written
    """
    registers = context(spec.machine, spec.context)
    stack = _stack(spec, layout)
    stated = spec.pointer("KdDebuggerDataBlock") is not None
    held = Sections(
        processor=structures.processor(spec, layout, spec.processors[0], registers) if spec.processors else b"",
        process=structures.process(spec, layout, spec.process) if spec.process else b"",
        thread=structures.thread(spec, layout, spec.thread) if spec.thread else b"",
        stack=Block(spec.stack.start, stack) if spec.stack else None,
        debugger_data=structures.debugger_data(spec, layout) if stated else b"",
        blocks=tuple(_gathered(spec, layout, registers, stack)),
    )
    return write(spec, layout, registers, held)


def _stack(spec: Spec, layout: Layout) -> bytes:
    """Return the call stack: zeros, the trap frames that lie in it, and the words written over them."""
    if spec.stack is None:
        return b""
    start, end = spec.stack.start, spec.stack.end
    if not 0 <= end - start <= 0x100000:
        raise SpecError(f"a stack from {start:x} to {end:x} is not one: the end comes after the start, by 1 MB at most")
    data = bytearray(end - start)
    pieces = [(frame.address, trap_frame(spec.machine, frame.fields)) for frame in _frames(spec, inside=True)]
    for address, words in spec.stack.words:
        pieces.append((address, b"".join(structures.pointer_bytes(layout, word) for word in words)))
    for address, piece in pieces:
        if not start <= address <= address + len(piece) <= end:
            raise SpecError(f"{len(piece):#x} bytes at {address:x} are not on the stack from {start:x} to {end:x}")
        data[address - start : address - start + len(piece)] = piece
    return bytes(data)


def _frames(spec: Spec, *, inside: bool) -> Iterator[Structure]:
    """Yield the trap frames that begin on the stack, or those that do not."""
    for frame in spec.trap_frames:
        if bool(spec.stack and spec.stack.start <= frame.address < spec.stack.end) == inside:
            yield frame


def _gathered(spec: Spec, layout: Layout, registers: bytes, stack: bytes) -> Iterator[Block]:
    """Yield the data blocks in the order in which the kernel gathers such ones, the spec's own last."""
    for which in spec.processors:
        if which.captured:
            yield Block(which.address, structures.processor(spec, layout, which, registers))
    for other in spec.contexts:
        yield Block(other.address, context(spec.machine, other.fields))
    if spec.stack:
        yield Block(spec.stack.start, stack)
    table_at = spec.pointer("KiProcessorBlock")
    if table_at is not None and spec.processors:
        addresses = [p.address for p in spec.processors]
        addresses += [0] * (min(spec.processor_count, _MOST_PROCESSORS) - len(addresses))
        yield Block(table_at, b"".join(structures.pointer_bytes(layout, a) for a in addresses))
    lab_at = spec.pointer("NtBuildLab")
    if lab_at is not None and spec.lab:
        yield Block(lab_at, spec.lab.encode("ascii", "replace").ljust(0x100, b"\0"))
    for frame in _frames(spec, inside=False):
        yield Block(frame.address, trap_frame(spec.machine, frame.fields))
    yield from spec.blocks
