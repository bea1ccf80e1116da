"""Temporary files for what is decompressed: without a name, so that nothing is left of them, and mapped."""

from __future__ import annotations

from dumpwalk.errors import FormatError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mmap import mmap
    from typing import IO

_ZEROS = bytes(1 << 16)


def temporary_map(path: str, size: int) -> mmap:
    """Return *size* zero bytes that take no room on the disk until they are written, at least one page.

    :param path: of the file that they are for
    :raises FormatError: when there is no room
    """
    import mmap
    import tempfile

    try:
        with tempfile.TemporaryFile(prefix="dumpwalk-") as file:
            file.truncate(max(size, mmap.PAGESIZE))
            return mmap.mmap(file.fileno(), max(size, mmap.PAGESIZE))
    except (OSError, ValueError, OverflowError) as error:
        raise FormatError(f"{path}: no temporary file of {size:#x} bytes for its memory ({error})") from error


class SparseWriter:
    """Writes into a file and leaves out stretches of zeros, which file systems keep for nothing."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.size = 0

    def write(self, data: bytes) -> None:
        """Append *data*."""
        for start in range(0, len(data), len(_ZEROS)):
            piece = data[start : start + len(_ZEROS)]
            if piece == _ZEROS[: len(piece)]:
                self._file.seek(len(piece), 1)
            else:
                self._file.write(piece)
        self.size += len(data)

    def finish(self) -> None:
        """Give the file its length, which zeros at its end have not."""
        self._file.truncate(self.size)
        self._file.flush()
