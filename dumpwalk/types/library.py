"""Types by what a user calls them: a shipped profile, one that was imported, or a file of any kind we read.

Several, separated by commas, are put together; the first one's word counts most.
"""

from __future__ import annotations

import os

from dumpwalk.errors import FormatError, TypeInfoError
from dumpwalk.types.merge import Merged

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from dumpwalk.types.merge import Types
    from dumpwalk.types.model import TypeDatabase
    from dumpwalk.types.sources.dt_types import ListedTypes
    from dumpwalk.types.sources.isf import IsfDatabase
    from dumpwalk.types.sources.pdb.database import PdbDatabase
    from dumpwalk.types.store import ProfileInfo

    FileTypes = PdbDatabase | IsfDatabase | ListedTypes | Types

_PACKED = (b"\xfd7zXZ\0", b"BZh", b"\x1f\x8b")
_LARGEST_TEXT = 1 << 27


def profiles() -> Iterator[tuple[ProfileInfo | TypeInfoError, str]]:
    """Yield what is known of each profile, the shipped ones first, and the user's file it is in, ``""`` for those.

    :raises TypeInfoError: when the store that ships with dumpwalk can't be read
    """
    from dumpwalk.types.cache import stores
    from dumpwalk.types.store import Store

    yield from ((info, "") for info in Store.shipped().profiles())
    for path, store in stores():
        if isinstance(store, TypeInfoError):
            yield store, path
            continue
        try:
            yield from ((info, path) for info in store.profiles())
        except TypeInfoError as error:
            yield error, path


def open_types(name: str, pointer_size: int = 8) -> TypeDatabase:
    """Return the types that the user calls *name*: profiles or files, the first first if there are several.

    :param name: ``nt/19041.3570-x64``, ``win7-x86-pae``, ``ntkrnlmp.pdb``, ``driver.h,nt/19041.3570-x64``
    :param pointer_size: 4 or 8, for C declarations with nothing to go by
    :raises TypeInfoError: when there is no such profile
    :raises FormatError: when a file can't be read, or used
    """
    databases: list[TypeDatabase] = []
    for word in reversed([w.strip() for w in name.split(",")]):
        known = Merged(databases) if len(databases) > 1 else databases[0] if databases else None
        found = _profile(word)
        if found is None:
            if not os.path.exists(word):
                raise TypeInfoError(f"no types of {word}: `dumpwalk types list` shows which there are")
            found = open_file(word, pointer_size, known)
        databases.insert(0, found)
    return Merged(databases, name) if len(databases) > 1 else databases[0]


def _profile(name: str) -> TypeDatabase | None:
    from dumpwalk.types.cache import path_of, stores
    from dumpwalk.types.store import Store

    store = Store.shipped()
    index = store.index(name)
    if index is not None:
        return store.open_index(index)
    own = path_of(name)
    if os.path.exists(own):
        return Store.from_path(own).open(name)
    for _, other in stores():
        if not isinstance(other, TypeInfoError):
            index = other.index(name)
            if index is not None:
                return other.open_index(index)
    return _of_module(name)


def _of_module(name: str) -> TypeDatabase | None:
    """Return the imported profile of the module called *name*, if there is just one.

    :raises TypeInfoError: when there are several
    """
    from dumpwalk.types.store import Store

    found = [
        (info.name, file)
        for info, file in profiles()
        if file and not isinstance(info, TypeInfoError) and info.name.partition("/")[0].lower() == name.lower()
    ]
    if len(found) > 1:
        raise TypeInfoError(f"which {name}? {', '.join(profile for profile, _ in found)}")
    return Store.from_path(found[0][1]).open(found[0][0]) if found else None


def open_file(path: str, pointer_size: int = 8, known: TypeDatabase | None = None) -> FileTypes:
    """Return the types in the file at *path*: a PDB, an ISF file, ``dt`` listings or C declarations, by its content.

    :param pointer_size: 4 or 8, for C declarations with nothing *known*
    :param known: types that C declarations may use
    :raises FormatError: when it can't be read, or used
    """
    name = os.path.basename(path)
    try:
        with open(path, "rb") as file:
            head = file.read(64)
            if head.startswith((b"Microsoft C/C++", b"MSCF")):
                from dumpwalk.types.sources.pdb.database import open_pdb

                return open_pdb(path)
            data = head + file.read(_LARGEST_TEXT)
    except OSError as error:
        raise FormatError(f"{path}: {error.strerror or error}") from error
    if len(data) > _LARGEST_TEXT:
        raise FormatError(f"{path}: neither a PDB nor anything else that holds types would be so large")
    if data.startswith(_PACKED) or data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        from dumpwalk.types.sources.isf import database

        return database(data, name)
    return _text(_decoded(data, path), name, pointer_size, known)


def _decoded(data: bytes, path: str) -> str:
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    if b"\0" in data and encoding == "utf-8-sig":
        raise FormatError(f"{path}: neither a PDB, an ISF file, dt listings nor C declarations")
    return data.decode(encoding, "replace")


def _text(text: str, name: str, pointer_size: int, known: TypeDatabase | None) -> FileTypes:
    import re

    if re.search(r"^[ \t>*;/#]*[+=](?:0x)?[0-9a-fA-F]{2,8} +[\w<]", text, re.M):
        from dumpwalk.types.sources.dt_text import database

        return database(text, name)
    from dumpwalk.types.sources import c_header

    return c_header.database(text, name, known.pointer_size if known else pointer_size, known)
