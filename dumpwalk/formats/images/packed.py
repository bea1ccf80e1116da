"""Packed dumps: gzip, xz, zip and zstd around any format, unpacked into a temporary file that has no name."""

from __future__ import annotations

import os

from dumpwalk.errors import FormatError, UsageError
from dumpwalk.formats.images.temporary import SparseWriter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import IO, Any

LIMIT_VARIABLE = "DUMPWALK_UNPACK_LIMIT"
_LIMIT = 32 << 30
_PIECE = 1 << 20
_SUFFIXES = (".gz", ".xz", ".zip", ".zst", ".zstd")


def unpacked(path: str, data: memoryview) -> tuple[memoryview, str, tuple[str, ...]]:
    """Return the bytes of the dump that is packed in *data*, its name, and remarks on the unpacking.

    :raises FormatError: when it is damaged, larger than allowed, or needs a library that is missing
    """
    import mmap
    import tempfile
    import zlib
    from lzma import LZMAError
    from zipfile import BadZipFile

    limit = _limit()
    remarks: list[str] = []
    try:
        with tempfile.TemporaryFile(prefix="dumpwalk-") as file:
            out = SparseWriter(file)
            kind, name, stream = _stream(path, data)
            with stream:
                try:
                    while piece := stream.read(min(_PIECE, limit + 1 - out.size)):
                        out.write(piece)
                        if out.size > limit:
                            what = f"unpacked it has more than {limit:#x} bytes; set {LIMIT_VARIABLE} to allow more"
                            raise FormatError(f"{path}: {what}")
                except (EOFError, LZMAError, zlib.error, BadZipFile) as error:
                    remarks.append(f"{kind}: cut or damaged; what comes before that is used ({error})")
            out.finish()
            if not out.size:
                raise FormatError(f"{path}: nothing could be unpacked from it ({kind})")
            remarks.insert(0, f"{kind}: {out.size:#x} bytes were unpacked")
            return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)), name, tuple(remarks)
    except (OSError, BadZipFile, NotImplementedError, RuntimeError, ValueError) as error:
        raise FormatError(f"{path}: it can't be unpacked ({error})") from error


def _limit() -> int:
    text = os.environ.get(LIMIT_VARIABLE, "")
    try:
        limit = int(text, 0) if text else _LIMIT
    except ValueError:
        limit = 0
    if limit <= 0:
        raise UsageError(f"{LIMIT_VARIABLE} is {text!r}, where a number of bytes belongs")
    return limit


def _stream(path: str, data: memoryview) -> tuple[str, str, Any]:
    """Return what *data* is packed with, the name of what is in it, and a stream of that."""
    stem, suffix = os.path.splitext(path)
    name = stem if suffix.lower() in _SUFFIXES else path
    first = data[0]
    if first == 0x1F:
        import gzip

        return "gzip", name, gzip.open(path, "rb")
    if first == 0xFD:
        import lzma

        return "xz", name, lzma.open(path, "rb")
    if first == 0x50:
        return _zip_member(path)
    try:
        import zstandard
    except ImportError:
        what = "it is packed with zstd; `pip install dumpwalk[compression]` brings what reads it"
        raise FormatError(f"{path}: {what}") from None
    return "zstd", name, zstandard.open(path, "rb")


def _zip_member(path: str) -> tuple[str, str, IO[bytes]]:
    """Return the largest file in the archive."""
    import zipfile

    archive = zipfile.ZipFile(path)
    members = [m for m in archive.infolist() if not m.is_dir()]
    if not members:
        raise FormatError(f"{path}: the archive is empty")
    largest = max(members, key=lambda m: m.file_size)
    if largest.flag_bits & 1:
        raise FormatError(f"{path}: {largest.filename} in it is encrypted; unpack it first")
    return f"zip, {largest.filename}", largest.filename, archive.open(largest)
