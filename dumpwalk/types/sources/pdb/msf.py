"""MSF 7.00, the container of a PDB: a file of blocks that holds numbered streams.

Layout: "The MSF File Format" of LLVM's PDB documentation, and msf.cpp of
Microsoft's microsoft-pdb repository.
"""

from __future__ import annotations

import struct

from dumpwalk.errors import FormatError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

MAGIC = b"Microsoft C/C++ MSF 7.00\r\n\x1aDS\0\0\0"
_OLD_MAGIC = b"Microsoft C/C++ program database 2.00\r\n\x1aJG\0\0"
# What people take for a PDB, by how it begins.
_NOT_MSF = {
    _OLD_MAGIC: "an MSF 2.00 PDB (Visual C++ 6 and older), which is not read; tools of that age convert it",
    b"BSJB": "a portable PDB: it describes .NET code and holds no C types",
    b"MZ": "an image; its types are in the PDB beside it",
    b"SZDD": "compressed with COMPRESS.EXE; expand it first",
    b"KWAJ": "compressed with COMPRESS.EXE; expand it first",
}
_SUPER = struct.Struct("<IIIIII")  # block size, free block map, blocks, directory bytes, unknown, block map
_BLOCK_SIZES = (512, 1024, 2048, 4096, 8192, 16384, 32768, 65536)
_NO_STREAM = 0xFFFFFFFF  # the size of a stream that was deleted


class Container:
    """The streams of a PDB. Opening reads the directory; a stream is read when asked for.

    :ivar name: the file's name, for messages
    :ivar count: how many streams there are
    """

    def __init__(self, data: bytes | memoryview, name: str) -> None:
        """:raises FormatError: when *data* is no MSF 7.00 file, or its directory lies outside of it"""
        self.name = name
        self._data = memoryview(data)
        begin = bytes(self._data[:64])
        if not begin.startswith(MAGIC):
            known = next((what for magic, what in _NOT_MSF.items() if begin.startswith(magic)), "")
            raise FormatError(f"{name}: it is {known}" if known else f"{name}: it is not a PDB")
        if len(self._data) < len(MAGIC) + _SUPER.size:
            raise FormatError(f"{name}: the file ends within its first block")
        self._block_size, _, blocks, size, _, _ = _SUPER.unpack_from(self._data, len(MAGIC))
        if self._block_size not in _BLOCK_SIZES:
            raise FormatError(f"{name}: blocks of {self._block_size} bytes; that is no size of an MSF file")
        if size > len(self._data):
            raise FormatError(f"{name}: a stream directory of {size} bytes in a file of {len(self._data)}")
        self._blocks = blocks
        self._directory = self._read_directory(size)
        self._streams = self._read_sizes()
        self.count = len(self._streams)

    def _read_directory(self, size: int) -> bytes:
        # The directory's blocks are listed in map blocks, and these in the first
        # block, from offset 52 on: one of them in any but the largest files.
        numbers = -(-size // self._block_size)
        maps = -(-numbers * 4 // self._block_size)
        start = len(MAGIC) + _SUPER.size - 4
        if start + 4 * maps > min(self._block_size, len(self._data)):
            raise FormatError(f"{self.name}: the list of the stream directory's blocks does not fit the first block")
        listed = b"".join(self._blocks_of(self._data[start : start + 4 * maps], 4 * numbers, "the block map"))
        return b"".join(self._blocks_of(memoryview(listed), size, "the stream directory"))

    def _read_sizes(self) -> list[tuple[int, int]]:
        """Return the size of each stream, and where in the directory its blocks are listed."""
        directory = self._directory
        count = int.from_bytes(directory[:4], "little")
        at = 4 + 4 * count
        if at > len(directory):
            raise FormatError(f"{self.name}: the stream directory says {count} streams, which do not fit in it")
        streams = []
        for size in struct.unpack_from(f"<{count}I", directory, 4):
            size = 0 if size == _NO_STREAM else size
            streams.append((size, at))
            at += 4 * -(-size // self._block_size)
        return streams

    def _blocks_of(self, numbers: memoryview, size: int, what: str, skip: int = 0) -> Iterator[bytes]:
        """Yield *size* bytes of the blocks listed in *numbers*, from *skip* bytes into the first on; runs at a time."""
        each = self._block_size
        blocks = struct.unpack_from(f"<{len(numbers) // 4}I", numbers)
        at = 0
        while size > 0:
            if at >= len(blocks):
                raise FormatError(f"{self.name}: {what} has {size} bytes more than blocks")
            first = at
            at += 1
            while at < len(blocks) and blocks[at] == blocks[at - 1] + 1 and (at - first) * each - skip < size:
                at += 1
            start = blocks[first] * each + skip
            length = min((at - first) * each - skip, size)
            if blocks[at - 1] >= self._blocks or start + length > len(self._data):
                raise FormatError(f"{self.name}: {what} lies in block {blocks[at - 1]:#x}, beyond the end of the file")
            yield bytes(self._data[start : start + length])
            size -= length
            skip = 0

    def size(self, stream: int) -> int:
        """Return the size of *stream* in bytes; 0 when there is no such stream."""
        return self._streams[stream][0] if 0 <= stream < self.count else 0

    def read(self, stream: int) -> bytes:
        """Return all of *stream*; nothing when there is no such stream.

        :raises FormatError: when it does not lie in the file
        """
        return self.read_some(stream, 0, self.size(stream))

    def read_some(self, stream: int, offset: int, size: int) -> bytes:
        """Return *size* bytes of *stream* from *offset* on, and read no others.

        :raises FormatError: when they do not lie in the stream, or the stream not in the file
        """
        whole = self.size(stream)
        what = f"stream {stream}"
        if whole > len(self._data):
            raise FormatError(f"{self.name}: {what} has {whole} bytes in a file of {len(self._data)}")
        if offset < 0 or size < 0 or offset + size > whole:
            raise FormatError(
                f"{self.name}: {what} has {whole} bytes, bytes {offset:#x} to {offset + size:#x} of it wanted"
            )
        if not size:
            return b""
        skipped, skip = divmod(offset, self._block_size)
        at = self._streams[stream][1] + 4 * skipped
        end = at + 4 * -(-(skip + size) // self._block_size)
        return b"".join(self._blocks_of(memoryview(self._directory)[at:end], size, what, skip))
