"""Secondary data: what drivers' bug check callbacks added behind the dump proper.

Decoded from real triage dumps of 8.1, 19041 and 22000: ``DumpBlob``, then for
each blob a header of 0x20 bytes (its size, a GUID, the data's size, padding
before and after), the data, and padding to 8 counted from ``DumpBlob``.
"""

from __future__ import annotations

from dumpwalk.synth.spec import SpecError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from dumpwalk.synth.spec import Blob


def secondary_data(build: int, blobs: Sequence[Blob]) -> bytes:
    """Return the *blobs*, in order; nothing at all when there is none.

    :param build: the kernel's build number; 0xF0000000 marks a free build
    """
    if not blobs:
        return b""
    out = bytearray(b"DumpBlob" + (0x10).to_bytes(4, "little") + (0xF0000000 | build).to_bytes(4, "little"))
    for blob in blobs:
        pad = -len(blob.data) % 8
        sizes = (len(blob.data), 0, pad)
        out += (0x20).to_bytes(4, "little") + guid_bytes(blob.guid)
        out += b"".join(size.to_bytes(4, "little") for size in sizes)
        out += blob.data + bytes(pad)
    return bytes(out)


def guid_bytes(text: str) -> bytes:
    """Return the GUID *text*, ``xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx``, as Windows keeps it in memory.

    :raises SpecError: when it is not one
    """
    parts = text.strip("{}").split("-")
    if [len(part) for part in parts] != [8, 4, 4, 4, 12]:
        raise SpecError(f"{text!r} is not a GUID")
    try:
        first, second, third, *rest = (bytes.fromhex(part) for part in parts)
    except ValueError:
        raise SpecError(f"{text!r} is not a GUID") from None
    return first[::-1] + second[::-1] + third[::-1] + b"".join(rest)
