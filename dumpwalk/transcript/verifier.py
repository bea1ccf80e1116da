"""What Driver Verifier keeps as ``!verifier`` prints it: flags, statistics, allocations and their stacks."""

from __future__ import annotations

import re

from dumpwalk.memory.address import Address, Hex
from dumpwalk.record import record, replace
from dumpwalk.transcript import Reader, kind
from dumpwalk.transcript.site import Site, site
from dumpwalk.transcript.values import address, hexadecimal

_TITLE = re.compile(
    r"[ ]*(?:## )?(Verify Flags Level 0x[0-9a-f]+|Verify Level [0-9a-f]+ \.\.\. enabled options are:"
    r"|STANDARD FLAGS:|ADDITIONAL FLAGS:|\[X\] Indicates flag is enabled"
    r"|Summary of All Verifier Statistics|Driver Verification List|Pool Allocations:"
    r"|Pool Allocation Statistics: \(.*\)|Log of recent kernel pool Allocate and Free operations:"
    r"|There are up to 0x[0-9a-f]+ entries in the log\.|Parsing 0x[0-9a-f]+ log entries, searching for .*"
    r"|Finished parsing all pool tracking information\.)\Z"
)
_FLAG = re.compile(r"[ ]*\[([X ])\] \((0x[0-9a-f]{8})\) (\S.*)\Z")
_MODULE = re.compile(r"[ ]*MODULE: (0x[0-9a-f]{8,16}) (\S+) \((\w+)\)\Z")
_PAIR = re.compile(r"[ ]*([A-Z][A-Za-z]*(?: [A-Za-z]+)*):[ ]+\( (0x[0-9A-Fa-f]+) / (0x[0-9A-Fa-f]+) \)\Z")
# Below the level of older debuggers the enabled options stand, one a line.
_OPTION = re.compile(r"[ ]{2,8}([A-Z][A-Za-z/]*(?: [A-Za-z/]+){1,6})\Z")
# Entry     State           NonPagedPool   PagedPool   Module
_OLD_COLUMNS = re.compile(
    r"[ ]*(?:Entry[ ]+State[ ]+NonPagedPool[ ]+PagedPool[ ]+Module"
    r"|PoolAddress[ ]+SizeInBytes[ ]+Tag[ ]+CallersAddress)\Z"
)
_OLD_MODULE = re.compile(
    r"[ ]*([0-9a-f]{8,16}) (Loaded|Unloaded|Loading|Unloading)[ ]+([0-9a-f]{8,16})[ ]+([0-9a-f]{8,16})[ ]+(\S+)\Z"
)
_OLD_ALLOCATION = re.compile(
    r"[ ]*([0-9a-f]{8,16})[ ]+(0x[0-9a-f]{8})[ ]{2,5}(?![ ])(.{1,4}?)[ ]{3,}([0-9a-f]{8,16})\Z"
)
_TWO = re.compile(r"[ ]*((?:Current|Peak) Pool (?:Allocations|Bytes))[ ]+([0-9a-f]{8,16})[ ]+([0-9a-f]{8,16})\Z")
_COUNT = re.compile(r"[ ]*([A-Z][A-Za-z]*(?: [A-Za-z]+)*):?[ ]+(0x[0-9A-Fa-f]+)(?: for ([0-9A-Fa-f]{8}) bytes)?\Z")
_COLUMNS = re.compile(r"[ ]*(?:Address[ ]+Length[ ]+Tag[ ]+Caller|----------[ ]+-[ -]+)\Z")
_ALLOCATION = re.compile(
    r"[ ]*(0x[0-9a-f]{8,16})[ ]+(0x[0-9a-f]{8,16})[ ]{2}(.{4})[ ]{2}(0x[0-9a-f]{8,16})[ ]+(\S.*)\Z"
)
_BLOCK = re.compile(r"[ ]*Pool block ([0-9a-f]{8,16}), Size ([0-9a-f]{8,16}), Thread ([0-9a-f]{8,16})\Z")
_FRAME = re.compile(r"[ ]*([0-9a-f]{8}(?:[0-9a-f]{8})?) (\w+[!+]\S.*)\Z")
_RULE = re.compile(r"[ ]*#\Z")


@record
class VerifierFlag:
    """A check, and whether it is enabled."""

    enabled: bool
    flag: Hex
    name: str


@record
class VerifierCount:
    """A statistic: the numbers that are printed, one or two of them."""

    name: str
    values: tuple[Hex, ...]


@record
class VerifiedAllocation:
    """An allocation of pool, with its caller or with the stack that made or freed it."""

    address: Address
    length: Hex
    tag: str
    caller: Address | None
    place: Site | None
    thread: Address | None
    frames: tuple[tuple[Address, Site], ...]


@record
class VerifierListing:
    """What Driver Verifier keeps.

    :param options: what is enabled, where older debuggers print that below the level
    :param modules: address, name and state of each driver
    """

    titles: tuple[str, ...]
    flags: tuple[VerifierFlag, ...]
    modules: tuple[tuple[Address, str, str], ...]
    counts: tuple[VerifierCount, ...]
    allocations: tuple[VerifiedAllocation, ...]
    options: tuple[str, ...] = ()


@kind("verifier", "verifier", opens=r"[ ]*Verify (?:Flags )?Level (?:0x)?[0-9a-f]", rank=30)
class VerifierReader(Reader):
    """Takes one listing."""

    patience = 2

    def __init__(self, command: str = "") -> None:
        super().__init__(command)
        self._titles: list[str] = []
        self._flags: list[VerifierFlag] = []
        self._options: list[str] = []
        self._modules: list[tuple[Address, str, str]] = []
        self._counts: list[VerifierCount] = []
        self._allocations: list[tuple[VerifiedAllocation, list[tuple[Address, Site]]]] = []

    def take(self, line: str, number: int) -> bool:
        if found := _TITLE.match(line):
            self._titles.append(found[1])
        elif not self._titles:
            return False
        elif self._titles[-1].startswith("Verify Level") and (found := _OPTION.match(line)):
            self._options.append(found[1])
        elif self._older(line):
            pass
        elif found := _FLAG.match(line):
            self._flags.append(VerifierFlag(found[1] == "X", hexadecimal(found[2]), found[3]))
        elif found := _ALLOCATION.match(line):
            one = VerifiedAllocation(
                address(found[1]), hexadecimal(found[2]), found[3], address(found[4]), site(found[5]), None, ()
            )
            self._allocations.append((one, []))
        elif found := _BLOCK.match(line):
            at, size, thread = address(found[1]), hexadecimal(found[2]), address(found[3])
            self._allocations.append((VerifiedAllocation(at, size, "", None, None, thread, ()), []))
        elif self._allocations and (found := _FRAME.match(line)):
            self._allocations[-1][1].append((address(found[1]), site(found[2])))
        elif found := _PAIR.match(line):
            self._counts.append(VerifierCount(found[1], (hexadecimal(found[2]), hexadecimal(found[3]))))
        elif found := _COUNT.match(line):
            self._counts.append(VerifierCount(found[1], tuple(hexadecimal(n) for n in (found[2], found[3]) if n)))
        elif found := _MODULE.match(line):
            self._modules.append((address(found[1]), found[2], found[3]))
        else:
            return _COLUMNS.match(line) is not None or _RULE.match(line) is not None
        return True

    def _older(self, line: str) -> bool:
        """Take a row of the drivers and their allocations, as older debuggers list them."""
        if found := _OLD_MODULE.match(line):
            self._modules.append((address(found[1]), found[5], found[2]))
            self._counts += [
                VerifierCount(n, (hexadecimal(found[g]),)) for n, g in (("NonPagedPool", 3), ("PagedPool", 4))
            ]
        elif found := _OLD_ALLOCATION.match(line):
            at, length, caller = address(found[1]), hexadecimal(found[2]), address(found[4])
            self._allocations.append((VerifiedAllocation(at, length, found[3].strip(), caller, None, None, ()), []))
        elif found := _TWO.match(line):
            self._counts.append(VerifierCount(found[1], (hexadecimal(found[2]), hexadecimal(found[3]))))
        else:
            return _OLD_COLUMNS.match(line) is not None
        return True

    def record(self) -> VerifierListing | None:
        if not self._titles:
            return None
        allocations = tuple(replace(a, frames=tuple(frames)) for a, frames in self._allocations)
        return VerifierListing(
            tuple(self._titles), tuple(self._flags), tuple(self._modules), tuple(self._counts), allocations,
            tuple(self._options),
        )  # fmt: skip
