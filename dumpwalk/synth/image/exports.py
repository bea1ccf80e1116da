"""What a kernel image exports: ``ObGetObjectType`` with its code, and variables that drivers may read.

Layout of the directory: PE format specification. The code for x64 is what a kernel developer's published post
disassembles; that of other kernels does the same in the same way (encodings: Intel SDM volume 2).
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.synth.image.world import World

FUNCTION = "ObGetObjectType"
_VARIABLES = ("IoFileObjectType", "PsInitialSystemProcess", "PsProcessType", "PsThreadType")
# Where the headers put the PE header, and data directories in it: those of PE32+ are 16 bytes further.
_PE_AT, _DIRECTORIES = 0x80, {4: 24 + 96, 8: 24 + 112}
_ROOM = 0x200


def exports(world: World) -> None:
    """Write the kernel's export directory, and the function's code."""
    kernel, width = world.kernel, world.layouts.pointer_size
    function = kernel.symbol(FUNCTION, 0x60)
    world.arena.write(function, code(world, function))
    names = sorted([(FUNCTION, function), *((name, kernel.symbol(name)) for name in _VARIABLES)])
    place = kernel.symbol("export directory", _ROOM)
    rva, count = place - kernel.base, len(names)
    functions, pointers = rva + 40, rva + 40 + 4 * count
    ordinals, text = pointers + 4 * count, pointers + 4 * count + 2 * count
    data, strings = b"", b"ntoskrnl.exe\0"
    starts = []
    for name, _ in names:
        starts.append(text + len(strings))
        strings += name.encode("ascii") + b"\0"
    for number in (0, 0, 0, text, 1, count, count, functions, pointers, ordinals):
        data += number.to_bytes(4, "little")
    data += b"".join((at - kernel.base).to_bytes(4, "little") for _, at in names)
    data += b"".join(at.to_bytes(4, "little") for at in starts)
    data += b"".join(number.to_bytes(2, "little") for number in range(count)) + strings
    world.arena.write(place, data)
    entry = kernel.base + _PE_AT + _DIRECTORIES[width]
    world.arena.write(entry, rva.to_bytes(4, "little") + len(data).to_bytes(4, "little"))


def code(world: World, at: int) -> bytes:
    """Return the code of ``ObGetObjectType``, which begins at *at*."""
    kernel = world.kernel
    table, cookie = kernel.symbol("ObTypeIndexTable", 0x200), kernel.known("ObHeaderCookie")
    wide = world.layouts.pointer_size == 8
    if not world.layouts.has("_OBJECT_HEADER", "TypeIndex"):  # mov eax/rax, [object - distance of Type]
        return bytes.fromhex("488b41e0c3" if wide else "8bff558bec8b45088b40f05dc20400")
    if not wide:
        mixed = "8d48e80fb640f4c1e9080fb6c933c1" if cookie else "0fb640f4"
        out = bytes.fromhex("8bff558bec8b4508" + mixed)
        if cookie:
            out += b"\x0f\xb6\x0d" + cookie.to_bytes(4, "little") + b"\x33\xc1"
        return out + b"\x8b\x04\x85" + table.to_bytes(4, "little") + bytes.fromhex("5dc20400")
    if cookie:
        # lea rax,[rcx-30h]; movzx ecx,byte ptr [rcx-18h]; shr rax,8; movzx eax,al; xor rax,rcx
        out = bytes.fromhex("488d41d00fb649e848c1e8080fb6c04833c1")
        out += _relative(b"\x0f\xb6\x0d", at + len(out), cookie) + b"\x48\x33\xc1"
    else:
        out = bytes.fromhex("0fb641e8")  # movzx eax,byte ptr [rcx-18h]
    # lea rcx,[ObTypeIndexTable]; mov rax,[rcx+rax*8]; ret
    return out + _relative(b"\x48\x8d\x0d", at + len(out), table) + bytes.fromhex("488b04c1c3")


def _relative(opcode: bytes, at: int, target: int) -> bytes:
    """Return an instruction that refers to *target* from its own end on."""
    return opcode + (target - at - len(opcode) - 4).to_bytes(4, "little", signed=True)
