"""Names of what ``VS_FIXEDFILEINFO`` has as numbers, and of the strings of a version.

Numbers: verrsrc.h (``VOS_*``, ``VFT_*``, ``VS_FF_*``); strings: "StringFileInfo" as Microsoft documents it; what the
debugger calls them, and their order: listings of ``lm v``.
"""

from __future__ import annotations

# In the order of the listings.
STRINGS = (
    *("CompanyName", "ProductName", "InternalName", "OriginalFilename", "ProductVersion", "FileVersion"),
    *("PrivateBuild", "SpecialBuild", "FileDescription", "LegalCopyright", "LegalTrademarks", "Comments"),
)
# VOS_*, high word and low word
_SYSTEMS = {0: "Unknown", 1: "DOS", 2: "OS/2 16-bit", 3: "OS/2 32-bit", 4: "NT"}
_ON = {0: "Base", 1: "Win16", 2: "PM 16-bit", 3: "PM 32-bit", 4: "Win32"}
_KINDS = {1: "App", 2: "Dll", 3: "Driver", 4: "Font", 5: "VXD", 7: "Static Lib"}
_FLAGS = {1: "Debug", 2: "Prerelease", 4: "Patched", 8: "Private", 0x10: "InfoInferred", 0x20: "Special"}


def flag_names(flags: int, mask: int) -> tuple[str, ...]:
    """Return the names of the bits of *flags* that *mask* says count.

    >>> flag_names(0x1B, 0x3F), flag_names(0x1B, 1)
    (('Debug', 'Prerelease', 'Private', 'InfoInferred'), ('Debug',))
    """
    return tuple(name for bit, name in _FLAGS.items() if flags & mask & bit)


def system_name(file_os: int) -> str:
    """Return what system an image is for.

    >>> system_name(0x40004), system_name(4)
    ('NT Win32', 'Unknown Win32')
    """
    return f"{_SYSTEMS.get(file_os >> 16, 'Unknown')} {_ON.get(file_os & 0xFFFF, 'Unknown')}"


def type_name(file_type: int) -> str:
    """Return what kind of file an image is.

    >>> type_name(3), type_name(9)
    ('Driver', 'Unknown')
    """
    return _KINDS.get(file_type, "Unknown")
