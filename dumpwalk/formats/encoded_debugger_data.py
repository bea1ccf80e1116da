"""The debugger data block of a running x64 kernel, which is encoded; crash dumps hold it decoded.

Since Windows 8 (and in late 7601 kernels) each 64-bit word of the block is
scrambled with two random values, ``KiWaitNever`` and ``KiWaitAlways``, and
with the address of the flag that says so, ``KdpDataBlockEncoded``. Source of
the formula: Volatility 2, ``win8_kdbg``, which recovered it from the code of
``KdCopyDataBlock``.
"""

from __future__ import annotations

from dumpwalk.errors import ReadError
from dumpwalk.record import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.memory.segments import Memory
    from dumpwalk.symbols.image import LoadedImage

_ALL = 0xFFFFFFFFFFFFFFFF
_WORD = 8
# DBGKD_DEBUG_DATA_HEADER64 of wdbgexts.h: the tag stands behind a LIST_ENTRY64. In an encoded block it can't be read.
_TAG = slice(16, 20)


@record
class Keys:
    """Where the three variables are that encode the block: addresses in the kernel's image."""

    KdpDataBlockEncoded: int
    KiWaitNever: int
    KiWaitAlways: int


def keys_of(image: LoadedImage) -> Keys | None:
    """Return where the variables of the kernel *image* are; ``None`` when it is not known, or has none.

    :raises TypeInfoError: when the shipped store can't be read
    """
    from dumpwalk.types.store import Store

    store = Store.shipped()
    index = store.index(image.pdb.key) if image.pdb else None
    if index is None:
        return None
    find = store.open_index(index).symbols.find
    offsets = [find(name) for name in ("KdpDataBlockEncoded", "KiWaitNever", "KiWaitAlways")]
    if None in offsets:
        return None
    return Keys(*(image.base + offset for offset in offsets if offset is not None))


def decode(word: int, never: int, always: int, flag: int) -> int:
    """Return the 64-bit *word* decoded.

    :param never: value of ``KiWaitNever``
    :param always: value of ``KiWaitAlways``
    :param flag: address of ``KdpDataBlockEncoded``

    >>> hex(decode(0xC7000A26347F5C16, 0x0123456789ABCD2B, 0xFEDCBA9876543210, 0xFFFFF80002C3D110) & 0xFFFFFFFF)
    '0x4742444b'
    """
    mixed = word ^ never
    count = never & 63
    turned = (mixed << count | mixed >> (64 - count)) & _ALL
    swapped = int.from_bytes((turned ^ flag).to_bytes(_WORD, "little"), "big")
    return swapped ^ always


def decode_block(memory: Memory, raw: bytes, keys: Keys) -> bytes:
    """Return the debugger data block *raw* decoded.

    One that is not encoded comes back as it is: its tag can be read, or the kernel says so.

    :raises ReadError: when one of the variables can't be read
    """
    if raw[_TAG] == b"KDBG" or not memory.read(keys.KdpDataBlockEncoded, 1)[0]:
        return raw
    never, always = (
        int.from_bytes(memory.read(address, _WORD), "little") for address in (keys.KiWaitNever, keys.KiWaitAlways)
    )
    flag = keys.KdpDataBlockEncoded & _ALL
    out = bytearray()
    for at in range(0, len(raw) - _WORD + 1, _WORD):
        word = int.from_bytes(raw[at : at + _WORD], "little")
        out += decode(word, never, always, flag).to_bytes(_WORD, "little")
    return bytes(out)


def decoded_or_raw(memory: Memory, raw: bytes, keys: Keys) -> tuple[bytes, str]:
    """Return the block as :func:`decode_block` does, and why it could not be decoded, if so."""
    try:
        return decode_block(memory, raw, keys), ""
    except ReadError as error:
        return raw, f"it can't be decoded: {error}"
