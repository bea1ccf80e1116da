"""Modules as ``lm`` lists them in all its forms: the command's own record."""

from __future__ import annotations

import re

from dumpwalk.kernel.module_list import MISSING, ListedModule, ModuleList
from dumpwalk.memory.address import Address, Address32, Hex
from dumpwalk.record import record
from dumpwalk.symbols.modules import Module, UnloadedModule
from dumpwalk.transcript import Reader, kind
from dumpwalk.transcript.module_details import described, in_columns
from dumpwalk.transcript.values import NOT_SHOWN, remark

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TypeAlias

    Texts: TypeAlias = tuple[tuple[str, str], ...]
    Lines: TypeAlias = Sequence[tuple[str, str]]

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
_OPTIONS = re.compile(r"!?lm([ 1b-ln-z-]{0,17})")
_COLUMNS = frozenset("ifnt")
# With 1, names and nothing else are printed.
_NAMES_ALONE = re.compile(r"!?lm[ ]?[a-zA-Z ]{0,8}1")
_SIZE = re.compile(r"[0-9A-Fa-f]{1,16}\Z")
_NAME = re.compile(r"[ ]*(?![0-9a-fA-F]{8}(?:[0-9a-fA-F]{8})?\Z)([A-Za-z_][\w.$-]{0,63})\Z")


@record
class ModuleListing:
    """A list of modules, and what the text shows of them beyond the kernel's record.

    Where a module ends its base and size say; a row has no other size.

    :param texts: of each of ``list.modules``, names and texts: of lines that no member says, or the words in a line
        that the number beside them does not say; without a name what stands at the end of its row, unexplained
    :param unloaded_texts: the same of ``list.unloaded``
    :param names: of modules of which ``lm 1m`` prints nothing else: not even where they are
    """

    list: ModuleList
    texts: tuple[Texts, ...] = ()
    unloaded_texts: tuple[Texts, ...] = ()
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
        self._rows: list[tuple[str, ...]] = []
        self._below: dict[int, list[tuple[str, str]]] = {}  # rows have any with `v` alone
        self._unloaded: int | None = None  # from which row on
        self._headed = False
        self._remarks: list[str] = []
        self._missing: list[str] = []
        options = _OPTIONS.match(command)
        self._letters = "".join(sorted(_COLUMNS & set(options[1]))) if options else ""
        self._names: list[str] | None = [] if _NAMES_ALONE.match(command) else None

    def take(self, line: str, number: int) -> bool:
        if found := _ROW.match(line):
            fields = found.groups("")
            unloaded = self._unloaded is not None
            if fields[3] and (self._letters or unloaded):
                fields = (*fields[:3], "", "", line[found.start(4) :])
            elif fields[4] and unloaded:
                fields = (*fields[:4], "", line[found.start(5) - 1 :])
            self._rows.append(fields)
            return True
        if self._rows and (found := _DETAIL.match(line)) and not _UNLOADED.match(line):
            self._add(found[1], found[2])
            return True
        if _HEADER.match(line):
            self._headed = True
            return not self._rows
        if _UNLOADED.match(line):
            if self._unloaded is None:
                self._unloaded = len(self._rows)
            return True
        if not self._rows:
            return self._name(line) or (self._headed and self._lacking(remark(line.strip())))
        if found := _NO_VERSION.match(line) or _BUILT.match(line):
            self._add(found[1], found[2])
            return True
        if said := remark(line.strip()):
            if not self._lacking(said):
                self._remarks.append(said)
            return True
        if found := _HEADING.match(line):
            self._add(found[1], found[2].strip())
            return True
        return False

    def _add(self, name: str, text: str) -> None:
        self._below.setdefault(len(self._rows) - 1, []).append((name, text))

    def _lacking(self, said: str) -> bool:
        if not said.startswith(MISSING):
            return False
        self._missing.append(said)
        return True

    def _name(self, line: str) -> bool:
        found = _NAME.match(line) if self._names is not None else None
        if found is None or self._names is None:
            return False
        self._names.append(found[1])
        return True

    def record(self) -> ModuleListing | None:
        if not (self._rows or self._names or self._missing):
            return None
        end = len(self._rows) if self._unloaded is None else self._unloaded
        below, letters = self._below, self._letters
        loaded = [_module(row, below.get(n, ()), letters) for n, row in enumerate(self._rows[:end])]
        unloaded = [_unloaded(row, below.get(n, ())) for n, row in enumerate(self._rows[end:], end)]
        return ModuleListing(
            ModuleList(tuple([m for m, _ in loaded]), tuple([m for m, _ in unloaded]), tuple(self._missing)),
            tuple([texts for _, texts in loaded]),
            tuple([texts for _, texts in unloaded]),
            tuple(self._remarks),
            tuple(self._names or ()),
        )


def _module(row: tuple[str, ...], lines: Lines, letters: str) -> tuple[ListedModule, Texts]:
    first, end, name, flags, symbols, last = row
    base = _address(first)
    size = Hex(_address(end) - base)
    if not (lines or letters) and (symbols or not last):
        module = Module(name, "", "", base, size, NOT_SHOWN, NOT_SHOWN, "")
        return ListedModule(module, symbols, last, flags, None), ()
    members, details, texts = described(lines, size)
    source = last if symbols and not letters else ""
    if last and not source:
        # Without the command it can be the file of the symbols, the image's name or path, or a remark.
        found, words = in_columns(letters, last) if letters else ({}, last)
        if any(members.get(label, value) != value for label, value in found.items()):
            found, words = {}, last  # the lines below say something else
        members |= found
        said = ("Timestamp" if found else "", words)
        texts = [said, *texts] if words and said not in texts else texts
    module = Module(
        name=name,
        image=members.get("image", ""),
        path=members.get("path", ""),
        base=base,
        size=size,
        timestamp=members.get("timestamp", NOT_SHOWN),
        checksum=members.get("checksum", NOT_SHOWN),
        symbol_key="",
    )
    return ListedModule(module, symbols, source, flags, details), tuple(texts)


def _unloaded(row: tuple[str, ...], lines: Lines) -> tuple[UnloadedModule, Texts]:
    start, end = _address(row[0]), _address(row[1])
    sizes = [text for name, text in lines if name == "ImageSize" and _SIZE.match(text)][:1]
    size = Hex(int(sizes[0], 16) if sizes else max(0, end - start))
    texts = [(name, text) for name, text in lines if name != "ImageSize" or text not in sizes]
    last = [("", row[5])] if row[5] else []
    return UnloadedModule(row[2], start, end, size, NOT_SHOWN), tuple(last + texts)


def _address(digits: str) -> Address:
    if len(digits) > 8:  # with or without a mark in the middle
        return Address(int(digits[:8] + digits[-8:], 16))
    return Address32(int(digits, 16))
