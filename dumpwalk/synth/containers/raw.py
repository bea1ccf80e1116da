"""Raw images: the pages in their places, zeros between them."""

from __future__ import annotations

from dumpwalk.errors import FormatError
from dumpwalk.synth.containers import WRITERS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.synth.containers import Pages
    from dumpwalk.synth.spec import Spec

# The bytes are made in memory.
_LARGEST = 1 << 30


@WRITERS.add("raw")
def raw(spec: Spec, pages: Pages) -> bytes:
    """Return the raw image of *pages*, from address 0 to the last of them.

    :raises FormatError: when it would be larger than 1 GB
    """
    size = (max(pages, default=-1) + 1) << 12
    if size > _LARGEST:
        raise FormatError(f"a raw image of {size:#x} bytes is too large; another kind leaves out what is not there")
    out = bytearray(size)
    for number, page in pages.items():
        out[number << 12 : (number + 1) << 12] = page
    return bytes(out)


def stretches(pages: Pages) -> list[tuple[int, bytes]]:
    """Return address and bytes of each stretch of pages without a gap, ascending."""
    out: list[tuple[int, bytearray]] = []
    for number in sorted(pages):
        if out and out[-1][0] + len(out[-1][1]) == number << 12:
            out[-1][1].extend(pages[number])
        else:
            out.append((number << 12, bytearray(pages[number])))
    return [(address, bytes(data)) for address, data in out]
