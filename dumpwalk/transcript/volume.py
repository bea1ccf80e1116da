"""Volume parameter blocks as ``!vpb`` prints them: the command's own record."""

from __future__ import annotations

import re

from dumpwalk.kernel.constants import flags
from dumpwalk.kernel.vpb import Vpb
from dumpwalk.record import record
from dumpwalk.remarks import Absent
from dumpwalk.transcript import Reader, kind
from dumpwalk.transcript.values import NOT_SHOWN, address, of_text, pointer, remark, text_or_absent, value

_HEAD = re.compile(r"[ ]*Vpb at 0x([0-9a-f]{8,16})\Z")
_FLAGS = re.compile(r"[ ]*Flags: (?:0x([0-9a-f]+)|\?{4})(?: (.*))?\Z")
_POINTER = re.compile(r"[ ]*(DeviceObject|RealDevice):[ ]+0x([0-9a-f]{8,16}|\?{8})\Z")
_COUNT = re.compile(r"[ ]*RefCount: ([0-9]+|\?{4})\Z")
_LABEL = re.compile(r"[ ]*Volume Label:(?:[ ]{1,11}(\S.*)?)?\Z")


@record
class ListedVpb:
    """A volume parameter block, with what of it is printed.

    :param words: what the debugger calls its flags: ``mounted``
    """

    vpb: Vpb
    words: str
    remarks: tuple[str, ...]


@kind("vpb", "vpb", opens=r"[ ]*Vpb at 0x[0-9a-f]{8,16}\Z", rank=12)
class VpbReader(Reader):
    """Takes one block."""

    patience = 1

    def __init__(self, command: str = "") -> None:
        super().__init__(command)
        self._address = ""
        self._words = ""
        self._found: dict[str, object] = {}
        self._remarks: list[str] = []

    def take(self, line: str, number: int) -> bool:
        if not self._address:
            found = _HEAD.match(line)
            self._address = found[1] if found else ""
            return bool(found)
        if found := _FLAGS.match(line):
            return self._once(Flags=value(found[1] or "?"), words=found[2] or "")
        if found := _POINTER.match(line):
            return self._once(**{found[1]: pointer(found[2])})
        if found := _COUNT.match(line):
            return self._once(ReferenceCount=value("?") if "?" in found[1] else int(found[1]))
        if found := _LABEL.match(line):
            return self._once(VolumeLabel=text_or_absent(found[1] or ""))
        if said := remark(line):
            self._remarks.append(said)
            return True
        return False

    def _once(self, **fields: object) -> bool:
        if next(iter(fields)) in self._found:
            return False
        self._found |= fields
        return True

    def record(self) -> ListedVpb | None:
        if not self._address:
            return None
        found = dict(self._found)
        words = str(found.pop("words", ""))
        bits = found.get("Flags", NOT_SHOWN)
        known = flags("vpb_flags", bits) if isinstance(bits, (int, Absent)) else ()
        block = of_text(Vpb, address=address(self._address), flag_names=known, **found)
        return ListedVpb(block, words, tuple(self._remarks))
