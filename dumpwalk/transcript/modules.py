"""Modules as ``lm`` lists them in all its forms."""

from __future__ import annotations

import re

from dumpwalk.memory.address import Address, Address32
from dumpwalk.record import record
from dumpwalk.transcript import Reader, kind
from dumpwalk.transcript.values import remark

_A = r"([0-9a-fA-F]{8}(?:[`']?[0-9a-fA-F]{8})?)"
_HEADER = re.compile(r"[ ]*start[ ]+end[ ]+module name\Z")
_UNLOADED = re.compile(r"[ ]*Unloaded modules:\Z")
_ROW = re.compile(
    rf"[ ]*{_A}[ ]+{_A}[ ]+(\S+)(?:[ ]+([A-Z#~M](?:[ ][A-Z])?))?"
    r"(?:[ ]+\(((?:deferred|pdb symbols|private pdb symbols|export symbols|no symbols|codeview symbols|coff symbols"
    r"|dia symbols|service symbols|symbols|dwarf)[^)]*)\))?(?:[ ]+(\S.*))?\Z"
)
_DETAIL = re.compile(r"[ ]{2,}([A-Z][\w ]{2,31}?):(?:[ ]+|\Z)(.*)\Z")
# Below `Information from resource tables:` more of the same.
_HEADING = re.compile(r"[ ]+(Information from resource tables|Translations):?(.*)\Z")
# What has no colon: how the image was built, and why this program does not know its version.
_BUILT = re.compile(r"[ ]{2,}(Image was built with) (\S.*)\Z")
_NO_VERSION = re.compile(r"[ ]{4}\((version): (.*)\)\Z")
# Columns that stand in place of flags and symbols: the image's name or path, its time stamp.
_COLUMNS = re.compile(r"!?lm[ 1b-ln-z-]{0,16}?[ifnt]")
# With 1, names and nothing else are printed.
_NAMES_ALONE = re.compile(r"!?lm[ ]?[a-zA-Z ]{0,8}1")
_NAME = re.compile(r"[ ]*(?![0-9a-fA-F]{8}(?:[0-9a-fA-F]{8})?\Z)([A-Za-z_][\w.$-]{0,63})\Z")


@record
class ListedModule:
    """A module as ``lm`` prints it.

    :param flags: the letter behind the name: ``C`` checksum missing or wrong, ``T`` time stamp, ``P`` private, ...
    :param symbols: how far symbols were loaded: ``deferred``, ``pdb symbols``, ...
    :param path: what stands behind that: where they came from, or the image
    :param details: what ``v`` adds, name and text
    :param unloaded: it stands below "Unloaded modules"
    """

    start: Address
    end: Address
    name: str
    flags: str
    symbols: str
    path: str
    details: tuple[tuple[str, str], ...]
    unloaded: bool


@record
class ModuleList:
    """A list of modules, and remarks in brackets.

    :param names: of modules of which ``lm 1m`` prints nothing else
    """

    modules: tuple[ListedModule, ...]
    remarks: tuple[str, ...] = ()
    names: tuple[str, ...] = ()


@kind(
    "modules",
    *(
        "lm",
        "lmv",
        "lmvm",
        "lmf",
        "lmn",
        "lmk",
        "lmu",
        "lmt",
        "lmo",
        "lml",
        "lmd",
        "lmsm",
        "lmkv",
        "lmnt",
        "lmtn",
        "lma",
    ),
    opens=r"[ ]*start[ ]+end[ ]+module name",
    rank=20,
)
class ModulesReader(Reader):
    """Takes rows and the details below them."""

    def __init__(self, command: str = "") -> None:
        super().__init__(command)
        self._rows: list[tuple[list[str], list[tuple[str, str]], bool]] = []
        self._unloaded = False
        self._headed = False
        self._remarks: list[str] = []
        self._columns = _COLUMNS.match(command) is not None
        self._names: list[str] | None = [] if _NAMES_ALONE.match(command) else None

    def take(self, line: str, number: int) -> bool:
        if found := _ROW.match(line):
            fields = [g or "" for g in found.groups()]
            if self._columns and fields[3]:
                fields[3:] = ["", "", line[found.start(4) :]]
            self._rows.append((fields, [], self._unloaded))
            return True
        if _HEADER.match(line):
            self._headed = True
            return not self._rows
        if _UNLOADED.match(line):
            self._unloaded = True
            return True
        if not self._rows:
            return self._name(line)
        if found := _NO_VERSION.match(line) or _BUILT.match(line):
            self._rows[-1][1].append((found[1], found[2]))
            return True
        if said := remark(line.strip()):
            self._remarks.append(said)
            return True
        if found := _DETAIL.match(line):
            self._rows[-1][1].append((found[1], found[2]))
            return True
        if found := _HEADING.match(line):
            self._rows[-1][1].append((found[1], found[2].strip()))
            return True
        return False

    def _name(self, line: str) -> bool:
        found = _NAME.match(line) if self._names is not None else None
        if found is None or self._names is None:
            return False
        self._names.append(found[1])
        return True

    def record(self) -> ModuleList | None:
        if not (self._rows or self._names):
            return None
        modules = tuple(_module(fields, details, gone) for fields, details, gone in self._rows)
        return ModuleList(modules, tuple(self._remarks), tuple(self._names or ()))


def _module(fields: list[str], details: list[tuple[str, str]], gone: bool) -> ListedModule:
    start, end, name, flags, symbols, path = fields
    return ListedModule(_address(start), _address(end), name, flags, symbols, path, tuple(details), gone)


def _address(digits: str) -> Address:
    plain = digits.replace("`", "").replace("'", "")
    return (Address if len(plain) > 8 else Address32)(int(plain, 16))
