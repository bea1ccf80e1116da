"""The user's own profiles: what ``types import`` wrote, in the directory where the platform keeps such files."""

from __future__ import annotations

from dumpwalk.errors import TypeInfoError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from dumpwalk.types.store import Store
    from dumpwalk.types.store_writer import ProfileContent

_SUFFIX = ".types"


def directory() -> str:
    r"""Return dumpwalk's cache directory; it need not be there.

    ``DUMPWALK_CACHE`` if that is set; else ``%LOCALAPPDATA%\dumpwalk`` on
    Windows, ``~/Library/Caches/dumpwalk`` on macOS, and
    ``$XDG_CACHE_HOME/dumpwalk`` (``~/.cache/dumpwalk``) elsewhere.
    """
    import os
    import sys

    if os.environ.get("DUMPWALK_CACHE"):
        return os.environ["DUMPWALK_CACHE"]
    home = os.path.expanduser("~")
    if sys.platform == "win32":
        return os.path.join(os.environ.get("LOCALAPPDATA") or os.path.join(home, "AppData", "Local"), "dumpwalk")
    if sys.platform == "darwin":
        return os.path.join(home, "Library", "Caches", "dumpwalk")
    return os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.join(home, ".cache"), "dumpwalk")


def path_of(name: str) -> str:
    """Return the file that the profile called *name* is kept in."""
    import os

    plain = "".join(c if c.isascii() and (c.isalnum() or c in "._-") else f"%{ord(c):02x}" for c in name.lower())
    return os.path.join(directory(), "types", plain[:200] + _SUFFIX)


def paths() -> list[str]:
    """Return the files of the user's profiles, sorted; none when there is no such directory."""
    import os

    where = os.path.join(directory(), "types")
    try:
        return [os.path.join(where, name) for name in sorted(os.listdir(where)) if name.endswith(_SUFFIX)]
    except OSError:
        return []


def stores() -> Iterator[tuple[str, Store | TypeInfoError]]:
    """Yield each of the user's files with the store in it, or with what is wrong with it."""
    from dumpwalk.types.store import Store

    for path in paths():
        try:
            yield path, Store.from_path(path)
        except TypeInfoError as error:
            yield path, error


def keep(profile: ProfileContent) -> str:
    """Write *profile* to the user's directory, in place of one of the same name, and return the file's path.

    :raises TypeInfoError: when it can't be written
    """
    import os
    import struct

    from dumpwalk.types.store_writer import StoreWriter

    writer = StoreWriter()
    try:
        writer.add(profile)
        content = writer.content()
    except (ValueError, struct.error) as error:  # a name that is no Unicode, a size beyond 32 bits
        raise TypeInfoError(f"{profile.name} does not fit into a type store: {error}") from error
    path = path_of(profile.name)
    unfinished = f"{path}.{os.getpid()}.tmp"
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(unfinished, "wb") as file:
            file.write(content)
        os.replace(unfinished, path)
    except OSError as error:
        raise TypeInfoError(f"{path}: {error.strerror or error}") from error
    return path
