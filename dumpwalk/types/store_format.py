"""The numbers of the type store's file format, which docs/typeinfo.md describes byte by byte."""

from __future__ import annotations

from struct import Struct as Packing

MAGIC = b"DWTYPES\0"
VERSION = 1
# What is checked, and against which checksum, is a page: the smallest unit that is ever read.
PAGE = 1024
NONE = 0xFFFFFFFF

# Magic, version, sections, size of the file, where the pages begin, their number, checksum of the checksums; then
# a row of SECTION for each section, then the checksum of all of that. Everything is little-endian.
HEADER = Packing("<8sIIQIII")
SECTION = Packing("<II")
CHECK = Packing("<I")

# The sections in their order, and how a row of each is packed. HEAP is bytes.
SECTIONS = (
    "STRINGS",  # where each string begins and ends in HEAP; strings are sorted, and number 0 is ""
    "HEAP",
    "HASH",  # number of a string that names something, or NONE
    "TYPES",  # kind, kind of reference, -, what it is of, size or count
    "DEFS",  # name, size, first field or member, number of these, kind, -
    "FIELDS",  # name, offset, type, bit position, bit length (0: none), what is guessed, -
    "MEMBERS",  # name, value
    "TABLE",  # name, definition: what a profile knows, sorted by name
    "PROFILES",  # see PROFILE
    "ALIASES",  # a profile's name or alias in lower case, profile; sorted by name
    "LISTS",  # a string: the aliases of a profile
    "KEYS",  # name, offset from the image base; sorted by name
    "NOTES",  # name of a type, where it comes from; sorted by name
    "TYPEDEFS",  # profile, name, type that it stands for; sorted
)
# A file may lack the last sections: nothing is in them then.
FEWEST_SECTIONS = SECTIONS.index("TYPEDEFS")
# What a profile's row holds, each four bytes.
PROFILE = (
    *("name", "architecture", "guid", "source"),  # strings
    *("build", "revision", "timestamp", "size", "pointer_size"),
    *("aliases", "aliases_count", "types", "types_count", "keys", "keys_count", "notes", "notes_count"),
    *("symbols", "symbols_count"),  # which table of nt.symbols (NONE: it has none), and how many names are in it
)
ROWS = {
    "STRINGS": Packing("<II"),
    "HEAP": Packing("<c"),
    "HASH": Packing("<I"),
    "TYPES": Packing("<BBHII"),
    "DEFS": Packing("<IIIIB3x"),
    "FIELDS": Packing("<IIIBBBx"),
    "MEMBERS": Packing("<Iq"),
    "TABLE": Packing("<II"),
    "PROFILES": Packing(f"<{len(PROFILE)}I"),
    "ALIASES": Packing("<II"),
    "LISTS": Packing("<I"),
    "KEYS": Packing("<II"),
    "NOTES": Packing("<II"),
    "TYPEDEFS": Packing("<III"),
}

# Kinds of a row of TYPES.
BASE, POINTER, ARRAY, FUNCTION, REFERENCE, UNNAMED = range(6)
# Kinds of a row of DEFS, and of a reference.
KINDS = ("struct", "union", "class", "enum")
# What of a field may be guessed.
GUESSES = ("", "order", "sign", "type")

# How far a name may lie from its place in HASH.
PROBES = 64
# Pointers to arrays of unnamed structures ...: no kernel goes deeper than ten.
DEPTH = 64
# A structure with more fields than that, those of unnamed structures in it included, is not believed.
FIELDS = 100_000


def place(name: bytes, slots: int) -> int:
    """Return where in a hash index of *slots* the search for *name* begins.

    The number whose little-endian bytes the name is, modulo the number of
    slots, a prime. It needs no library, and start-up time counts.
    """
    return int.from_bytes(name, "little") % slots
