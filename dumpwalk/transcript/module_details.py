"""What ``lm`` prints of a module with ``v``, and in columns: members of the kernel's records, and the rest as text."""

from __future__ import annotations

import re

from dumpwalk.kernel.module_list import ImageDetails
from dumpwalk.memory.address import Hex
from dumpwalk.remarks import Absent
from dumpwalk.symbols.version_names import STRINGS, flag_names, system_name, type_name
from dumpwalk.symbols.version_resource import VersionInfo
from dumpwalk.times import calendar
from dumpwalk.transcript.values import NOT_SHOWN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any, TypeAlias

    # Members of a record, and words of the text that these do not say.
    Found: TypeAlias = tuple[dict[str, Any], str]
    Lines: TypeAlias = Iterable[tuple[str, str]]

# What a text says of a version when it shows none of its numbers.
_NO_VERSION: dict[str, Any] = {
    **dict.fromkeys(("file_version", "product_version", "flags", "flags_mask"), NOT_SHOWN),
    **dict.fromkeys(("file_os", "file_type", "file_subtype", "file_date"), NOT_SHOWN),
    "translations": (),
}
_NOTHING: Found = ({}, "")
_STRINGS = frozenset(STRINGS)
BREPRO, HASH = "/Brepro flag.", "(This is a reproducible build file hash, not a timestamp)"
_NUMBER = re.compile(r"([0-9A-Fa-f]{1,8})\Z")
_HASH = re.compile(rf"([0-9A-Fa-f]{{1,8}}) {re.escape(HASH)}\Z")
# The number behind a time in words; and both in a row, behind the image's name or path.
_LAST_NUMBER = re.compile(r"([0-9A-Fa-f]{1,8})\)\Z")
_WHOLE = re.compile(r"(?:unavailable|[A-Z][a-z]{2} [A-Z][a-z]{2} [ 0-9][0-9] [0-9:]{8} [0-9]{4}) \([0-9A-Fa-f]{8}\)\Z")
_WIDTHS = (len("unavailable (00000000)"), len("Mon Nov 13 15:47:09 2023 (655244FD)"))
_FOUR = re.compile(r"(0|[1-9][0-9]{0,4})\.(0|[1-9][0-9]{0,4})\.(0|[1-9][0-9]{0,4})\.(0|[1-9][0-9]{0,4})\Z")
_FLAGS = re.compile(r"([0-9A-F]{1,8}) \(Mask ([0-9A-F]{1,8})\)(?: (\S.*))?\Z")
_SYSTEM = re.compile(r"([0-9A-F]{1,8})(?: (\S.*))?\Z")
_TYPE = re.compile(r"([0-9A-F]{1,8})\.([0-9A-F]{1,8})(?: (\S.*))?\Z")
_DATE = re.compile(r"([0-9A-F]{8})\.([0-9A-F]{8})\Z")
_PAIR = re.compile(r"([0-9a-f]{4})\.([0-9a-f]{4})\Z")


def in_columns(letters: str, text: str) -> tuple[dict[str, Any], str]:
    """Return what stands at the end of a row in place of the symbols, and what of it no member says.

    :param letters: of the command, of ``f`` (path), ``i`` and ``n`` (image), ``t`` (time stamp)

    >>> in_columns("n", "example.sys")
    ({'image': 'example.sys'}, '')
    """
    members: dict[str, Any] = {}
    words, whole = "", text
    if "t" in letters:
        width = next((n for n in _WIDTHS if _WHOLE.match(text[-n:])), 0)
        found = _timestamp(text[-width:]) if width else None
        if found is None:
            return {}, text
        members, words = found
        text = text[:-width].rstrip()
    name = "path" if "f" in letters else "image" if letters != "t" else ""
    if name:
        members[name] = text
    elif text:
        return {}, whole
    return members, words


def described(lines: Lines, size: int) -> tuple[dict[str, Any], ImageDetails | None, list[tuple[str, str]]]:
    """Return members of a module, what its image says of itself, and what is printed beyond both.

    :param lines: what is printed below a module, labels and texts
    :param size: of the module, which they may repeat
    """
    members: dict[str, Any] = {}
    strings: dict[str, str] = {}
    rest: list[tuple[str, str]] = []
    why = ""
    seen: set[str] = set()
    for name, text in lines:
        found: Found | None = None
        if name in seen:
            pass
        elif name in _STRINGS and name not in strings:
            strings[name] = text
            continue
        elif name in _READ:
            seen.add(name)
            found = _READ[name](text)
        elif name == "version":
            seen.add(name)
            found, why = _NOTHING, text
        elif name == "ImageSize" and _NUMBER.match(text) and int(text, 16) == size:
            seen.add(name)
            found = _NOTHING
        if found is None:
            rest.append((name, text))
            continue
        shown, words = found
        if words:
            rest.append((name, words))
        members.update(shown)
    built = members.pop("reproducible", None)
    known: VersionInfo | Absent = Absent(why) if why else NOT_SHOWN
    version = {name: members.pop(name) for name in _NO_VERSION if name in members}
    if version or strings:
        known = VersionInfo(**_NO_VERSION | version, strings=strings)
        rest += [("version", why)] if why else []
    details = ImageDetails(built, None, known) if built or known is not NOT_SHOWN else None
    return members, details, rest


def _timestamp(text: str) -> Found | None:
    """Return a time stamp; what it is in words is one of the debugger's time zone, and left out where that is UTC."""
    if found := _HASH.match(text):
        return {"timestamp": Hex(int(found[1], 16)), "reproducible": True}, ""
    said, _, last = text.rpartition(" (")
    found = _LAST_NUMBER.match(last)
    if found is None or not said:
        return None
    number = Hex(int(found[1], 16))
    ours = calendar(number) if number else "unavailable"
    return {"timestamp": number}, "" if said == ours else said


def _built(text: str) -> Found | None:
    return ({"reproducible": True}, "") if text == BREPRO else None


def _checksum(text: str) -> Found | None:
    found = _NUMBER.match(text)
    return ({"checksum": Hex(int(found[1], 16))}, "") if found else None


def _four(name: str) -> Callable[[str], Found | None]:
    def read(text: str) -> Found | None:
        found = _FOUR.match(text)
        return ({name: tuple(map(int, found.groups()))}, "") if found else None

    return read


def _flags(text: str) -> Found | None:
    found = _FLAGS.match(text)
    if found is None:
        return None
    flags, mask = Hex(int(found[1], 16)), Hex(int(found[2], 16))
    return {"flags": flags, "flags_mask": mask}, _other(found[3], " ".join(flag_names(flags, mask)))


def _system(text: str) -> Found | None:
    found = _SYSTEM.match(text)
    if found is None:
        return None
    number = Hex(int(found[1], 16))
    return {"file_os": number}, _other(found[2], system_name(number))


def _type(text: str) -> Found | None:
    found = _TYPE.match(text)
    if found is None:
        return None
    kind, subtype = Hex(int(found[1], 16)), Hex(int(found[2], 16))
    return {"file_type": kind, "file_subtype": subtype}, _other(found[3], type_name(kind))


def _date(text: str) -> Found | None:
    found = _DATE.match(text)
    return ({"file_date": (int(found[1], 16), int(found[2], 16))}, "") if found else None


def _translations(text: str) -> Found | None:
    found = [_PAIR.match(word) for word in text.split()]
    pairs = tuple((int(pair[1], 16), int(pair[2], 16)) for pair in found if pair)
    return ({"translations": pairs}, "") if len(pairs) == len(found) else None


def _other(printed: str | None, ours: str) -> str:
    """Return the words that a text has for a number where these are not ours."""
    return "" if printed is None or printed == ours else printed


_READ: dict[str, Callable[[str], Found | None]] = {
    "Image path": lambda text: ({"path": text}, ""),
    "Image name": lambda text: ({"image": text}, ""),
    "Image was built with": _built,
    "Timestamp": _timestamp,
    "CheckSum": _checksum,
    "File version": _four("file_version"),
    "Product version": _four("product_version"),
    "File flags": _flags,
    "File OS": _system,
    "File type": _type,
    "File date": _date,
    "Translations": _translations,
}
