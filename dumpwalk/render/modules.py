"""Modules, as ``lm`` lays them out.

The layouts are those of real listings. What is underlined in WinDbg's window
(`Browse full module list`) is left out. Times are in UTC, where WinDbg uses
the time zone of the machine that it runs on.
"""

from __future__ import annotations

from dumpwalk.remarks import Absent
from dumpwalk.render.text import printable
from dumpwalk.symbols.version_names import STRINGS, flag_names, system_name, type_name
from dumpwalk.times import calendar

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.kernel.module_list import ListedModule, ModuleList
    from dumpwalk.memory.address import Hex
    from dumpwalk.symbols.modules import UnloadedModule
    from dumpwalk.symbols.version_resource import VersionInfo

UNKNOWN = "????"
_MISSING_VERSION = "version: "


def layout(found: ModuleList, columns: str = "", *, verbose: bool = False, wide: bool = True) -> str:
    """Return the modules as text.

    :param columns: which are wanted instead of the symbols: of ``i`` and ``n`` (image name), ``f`` (path), ``t`` (time)
    :param verbose: with what the images say
    :param wide: addresses have 16 digits
    """
    digits = 17 if wide else 8
    lines = [f"{'start':{digits}} {'end':{digits}}   module name"]
    for module in found.modules:
        lines.append(_row(module, columns))
        if verbose:
            lines += _verbose(module)
    if found.unloaded:
        lines += ["", "Unloaded modules:"]
        for gone in found.unloaded:
            lines.append(f"{gone.start} {gone.end}   {printable(gone.name)}")
            if verbose:
                lines += _gone(gone)
    return "\n".join([*lines, *(f"({printable(text)})" for text in found.missing)])


def names(found: ModuleList) -> str:
    """Return nothing but the names, one a line, as ``lm 1m`` does."""
    return "\n".join(printable(module.module.name) for module in found.modules)


def _row(listed: ListedModule, columns: str) -> str:
    module = listed.module
    head = f"{module.base} {module.base.__class__(module.end)}   {printable(module.name):8} "
    if not columns:
        status = f"({listed.symbols})"
        return f"{head}{listed.flags or ' '} {status:23}{printable(listed.symbol_file)}".rstrip()
    parts = []
    if "f" in columns:
        parts.append(printable(module.path))
    elif set("in") & set(columns):
        parts.append(f"{printable(module.image):12}")
    if "t" in columns:
        parts.append(stamp(module.timestamp))
    return (head + " ".join(parts)).rstrip()


def _verbose(listed: ListedModule) -> list[str]:
    module, details = listed.module, listed.details
    lines = [f"    Loaded symbol image file: {printable(module.image)}"]
    lines += [
        f"    {name}: {printable(text)}" for name, text in (("Image path", module.path), ("Image name", module.image))
    ]
    lines += ["    Image was built with /Brepro flag."] * (details is not None and details.reproducible is True)
    lines += [detail(name, text) for name, text in image_rows(listed)]
    if details is None:
        return lines
    if isinstance(details.version, Absent):
        return [*lines, f"    ({_MISSING_VERSION}{printable(details.version.reason)})"]
    return lines + [detail(name, text) for name, text in version_rows(details.version)]


def detail(name: str, text: str) -> str:
    """Return a line below a module whose label stands in a column."""
    return f"    {name + ':':17} {printable(text)}".rstrip()


def image_rows(listed: ListedModule) -> list[tuple[str, str]]:
    """Return what is printed of a module's numbers: labels and texts."""
    module, details = listed.module, listed.details
    built = details is not None and details.reproducible is True
    when = f"{_hex(module.timestamp, 8)} (This is a reproducible build file hash, not a timestamp)"
    return [
        ("Timestamp", when if built else stamp(module.timestamp)),
        ("CheckSum", _hex(module.checksum, 8)),
        ("ImageSize", _hex(module.size, 8)),
    ]


def version_rows(version: VersionInfo) -> list[tuple[str, str]]:
    """Return what is printed of an image's version: labels and texts."""
    system, kind, date = version.file_os, version.file_type, version.file_date
    named = "" if isinstance(kind, Absent) else type_name(kind)
    return [
        ("File version", _dotted(version.file_version)),
        ("Product version", _dotted(version.product_version)),
        ("File flags", _flags(version)),
        ("File OS", UNKNOWN if isinstance(system, Absent) else f"{system:X} {system_name(system)}"),
        (
            "File type",
            f"{_hex(kind)}.{_hex(version.file_subtype)} {named}",
        ),
        ("File date", UNKNOWN if isinstance(date, Absent) else f"{date[0]:08X}.{date[1]:08X}"),
        ("Translations", " ".join(f"{language:04x}.{page:04x}" for language, page in version.translations)),
        *((name, version.strings[name]) for name in STRINGS if version.strings.get(name)),
    ]


def _hex(number: Hex | Absent, digits: int = 1) -> str:
    return UNKNOWN if isinstance(number, Absent) else f"{int(number):0{digits}X}"


def _dotted(numbers: tuple[int, ...] | Absent) -> str:
    return UNKNOWN if isinstance(numbers, Absent) else ".".join(map(str, numbers))


def _flags(version: VersionInfo) -> str:
    flags, mask = version.flags, version.flags_mask
    known = () if isinstance(flags, Absent) or isinstance(mask, Absent) else flag_names(flags, mask)
    return " ".join([f"{_hex(flags)} (Mask {_hex(mask)})", *known])


def _gone(module: UnloadedModule) -> list[str]:
    # Time stamp and checksum are not in the kernel's list.
    return [
        "    Timestamp: unavailable (00000000)",
        "    Checksum:  00000000",
        f"    ImageSize:  {module.size:08X}",
    ]


def stamp(seconds: int | Absent) -> str:
    """Return a time stamp as ``lm`` does: the time in UTC, and the number.

    >>> stamp(0x655244FD), stamp(0)
    ('Mon Nov 13 15:47:09 2023 (655244FD)', 'unavailable (00000000)')
    """
    if isinstance(seconds, Absent):
        return UNKNOWN
    return f"{calendar(seconds)} ({seconds:08X})" if seconds else "unavailable (00000000)"
