"""Modules, as ``lm`` lays them out.

The layouts are those of real listings. What is underlined in WinDbg's window
(`Browse full module list`) is left out. Times are in UTC, where WinDbg uses
the time zone of the machine that it runs on.
"""

from __future__ import annotations

from dumpwalk.remarks import Absent
from dumpwalk.render.text import printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.kernel.module_list import ImageDetails, ListedModule, ModuleList
    from dumpwalk.symbols.modules import UnloadedModule
    from dumpwalk.symbols.version_resource import VersionInfo

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
# In the order of the listings.
_STRINGS = (
    *("CompanyName", "ProductName", "InternalName", "OriginalFilename", "ProductVersion", "FileVersion"),
    *("PrivateBuild", "SpecialBuild", "FileDescription", "LegalCopyright", "LegalTrademarks", "Comments"),
)
# verrsrc.h: VOS_* (high word, low word), VFT_*, VS_FF_*
_SYSTEMS = {0: "Unknown", 1: "DOS", 2: "OS/2 16-bit", 3: "OS/2 32-bit", 4: "NT"}
_ON = {0: "Base", 1: "Win16", 2: "PM 16-bit", 3: "PM 32-bit", 4: "Win32"}
_KINDS = {1: "App", 2: "Dll", 3: "Driver", 4: "Font", 5: "VXD", 7: "Static Lib"}
_FLAGS = {1: "Debug", 2: "Prerelease", 4: "Patched", 8: "Private", 0x10: "InfoInferred", 0x20: "Special"}
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
    built = details is not None and details.reproducible is True
    when = f"{module.timestamp:08X} (This is a reproducible build file hash, not a timestamp)"
    lines = [
        f"    Loaded symbol image file: {printable(module.image)}",
        f"    Image path: {printable(module.path)}",
        f"    Image name: {printable(module.image)}",
        *(["    Image was built with /Brepro flag."] * built),
        f"    Timestamp:        {when if built else stamp(module.timestamp)}",
        f"    CheckSum:         {module.checksum:08X}",
        f"    ImageSize:        {module.size:08X}",
    ]
    return lines + (_details(details) if details else [])


def _details(details: ImageDetails) -> list[str]:
    version = details.version
    if isinstance(version, Absent):
        return [f"    ({_MISSING_VERSION}{printable(version.reason)})"]
    lines = [
        ("File version", ".".join(map(str, version.file_version))),
        ("Product version", ".".join(map(str, version.product_version))),
        ("File flags", _flags(version)),
        ("File OS", f"{version.file_os:X} {_system(int(version.file_os))}"),
        ("File type", _type(version)),
        ("File date", f"{version.file_date[0]:08X}.{version.file_date[1]:08X}"),
        ("Translations", " ".join(f"{language:04x}.{page:04x}" for language, page in version.translations)),
        *((name, version.strings[name]) for name in _STRINGS if version.strings.get(name)),
    ]
    return [f"    {name + ':':17} {printable(text)}".rstrip() for name, text in lines]


def _flags(version: VersionInfo) -> str:
    set_ = int(version.flags) & int(version.flags_mask)
    words = "".join(f" {name}" for bit, name in _FLAGS.items() if set_ & bit)
    return f"{int(version.flags):X} (Mask {int(version.flags_mask):X}){words}"


def _system(value: int) -> str:
    return f"{_SYSTEMS.get(value >> 16, 'Unknown')} {_ON.get(value & 0xFFFF, 'Unknown')}"


def _type(version: VersionInfo) -> str:
    kind = int(version.file_type)
    return f"{kind:X}.{int(version.file_subtype):X} {_KINDS.get(kind, 'Unknown')}"


def _gone(module: UnloadedModule) -> list[str]:
    # Time stamp and checksum are not in the kernel's list.
    return [
        "    Timestamp: unavailable (00000000)",
        "    Checksum:  00000000",
        f"    ImageSize:  {module.size:08X}",
    ]


def stamp(seconds: int) -> str:
    """Return a time stamp as ``lm`` does: the time in UTC, and the number.

    >>> stamp(0x655244FD), stamp(0)
    ('Mon Nov 13 15:47:09 2023 (655244FD)', 'unavailable (00000000)')
    """
    if not seconds:
        return "unavailable (00000000)"
    from time import gmtime

    t = gmtime(seconds)
    clock = f"{t.tm_hour:02}:{t.tm_min:02}:{t.tm_sec:02}"
    return f"{_DAYS[t.tm_wday]} {_MONTHS[t.tm_mon - 1]} {t.tm_mday:2} {clock} {t.tm_year} ({seconds:08X})"
