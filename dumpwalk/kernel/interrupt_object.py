"""``_KINTERRUPT``: which driver's routine serves an interrupt.

Where the object of a vector is found changed twice. First the gate led into
code that lies in the object itself (``DispatchCode``). x64 kernels since
Windows 10 and x86 ones since Windows 10 have that code elsewhere and an array
of objects by vector in the ``_KPRCB`` (``InterruptObject``, on x86
``VectorToInterruptObject``). Which of them a kernel has, its types say.
"""

from __future__ import annotations

from dumpwalk.errors import TypeInfoError
from dumpwalk.memory.address import Address, Hex
from dumpwalk.memory.chain import linked_list
from dumpwalk.objects.members import hexadecimal, integer, optional, pointer
from dumpwalk.objects.sizes import offset_of
from dumpwalk.record import record
from dumpwalk.remarks import Absent
from dumpwalk.types.anchors import GUESSED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dumpwalk.memory.machine import Machine
    from dumpwalk.target import Target
    from dumpwalk.types.view import View

# KOBJECTS of the public symbols: InterruptObject.
_TYPE = 22
# Drivers that can share a vector; a longer chain is damaged.
_MOST_SHARED = 256
# PRIMARY_VECTOR_BASE: VectorToInterruptObject begins with this vector.
_X86_FIRST = 0x30


@record
class Interrupt:
    """A connected interrupt. Names are NT's.

    :param MessageServiceRoutine: the routine of a message-signalled interrupt; 0 where there is none, ``None``
        before Windows Vista
    :param routine: what serves it, as ``nt!HalpTimerClockInterrupt`` or ``ACPI+0x1230``; ``""`` in no module
    """

    address: Address
    ServiceRoutine: Address | Absent
    MessageServiceRoutine: Address | Absent | None
    ServiceContext: Address | Absent
    DispatchAddress: Address | Absent
    Vector: Hex | Absent
    Irql: Hex | Absent
    routine: str


class InterruptObjects:
    """The interrupt objects of one processor.

    :param block: its ``_KPRCB``; ``None`` where that is not known
    """

    def __init__(self, target: Target, block: View | None) -> None:
        self.target = target
        self.problems: list[str] = []
        self._size = self._code = 0
        self._array: tuple[int, int, bytes] | None = None
        self._chained = target.address_of("KiChainedDispatch")
        self._message = target.address_of("KiInterruptMessageDispatch")
        try:
            self._size = target.object("_KINTERRUPT", 0).size_ or 0
        except TypeInfoError as error:
            self.problems.append(f"drivers' routines are not known: {error}")
            return
        try:
            self._code = offset_of(target.types, "_KINTERRUPT", "DispatchCode")
        except TypeInfoError:
            self._array = self._objects(block)
            if self._array is None:
                what = "the array of interrupt objects is not known"
                self.problems.append(f"drivers' routines are not known: {what}")

    @property
    def hold_code(self) -> bool:
        """Whether gates lead into the objects themselves."""
        return bool(self._code)

    def _objects(self, block: View | None) -> tuple[int, int, bytes] | None:
        """Return the first vector, where the array of objects is, and its bytes."""
        for name, first in (("InterruptObject", 0), ("VectorToInterruptObject", _X86_FIRST)):
            places = block.layout.places(name) if block else ()
            if block and len(places) == 1 and places[0].trust != GUESSED:
                address = block.address + places[0].offset
                return first, address, self.target.memory.read_some(self.target.address(address), places[0].size)
        return None

    def serving(self, vector: int, handler: int) -> tuple[Interrupt, ...]:
        """Return the interrupt objects that serve *vector*, in the order in which they are called.

        :param handler: where its gate leads
        """
        first = self._first(vector, handler)
        if first is None:
            return ()
        found = [first]
        chained = first.DispatchAddress == self._chained if self._chained else None
        if chained is not False:
            found += self._rest(first, sure=bool(chained))
        return tuple(found)

    def _first(self, vector: int, handler: int) -> Interrupt | None:
        machine: Machine = self.target.machine
        width = machine.pointer_size
        if self._code:
            return self.interrupt(handler - self._code, quiet=True)
        if self._array is None:
            return None
        at = (vector - self._array[0]) * width
        if at < 0 or at + width > len(self._array[2]):
            return None
        address = int.from_bytes(self._array[2][at : at + width], "little")
        return self.interrupt(address) if address else None

    def interrupt(self, address: int, *, quiet: bool = False) -> Interrupt | None:
        """Return the interrupt object at *address*; ``None`` when there is none.

        :param quiet: it is no remark that there is none
        """
        target = self.target
        address = target.address(address)
        object: Any = target.object("_KINTERRUPT", address)
        type, size = integer(object, "Type"), integer(object, "Size")
        if type != _TYPE or size != self._size:
            if not quiet:
                what = type if isinstance(type, Absent) else f"its Type is {type} and its Size {size:#x}"
                self.problems.append(f"what is at {address} is no _KINTERRUPT: {what}")
            return None
        routine = pointer(object, "ServiceRoutine")
        message = optional(pointer, object, "MessageServiceRoutine")
        return Interrupt(
            address=target.address(address),
            ServiceRoutine=routine,
            MessageServiceRoutine=message,
            ServiceContext=pointer(object, "ServiceContext"),
            DispatchAddress=pointer(object, "DispatchAddress"),
            Vector=hexadecimal(object, "Vector"),
            Irql=hexadecimal(object, "Irql"),
            routine=self._name(routine, message),
        )

    def _name(self, routine: Address | Absent, message: Address | Absent | None) -> str:
        """Return the name of what serves an interrupt: a message's own routine, where the kernel hands it on."""
        if isinstance(routine, Absent):
            return ""
        if message and not isinstance(message, Absent) and routine == self._message:
            return self.target.name(message) or ""
        return self.target.name(routine) or ""

    def _rest(self, first: Interrupt, *, sure: bool) -> list[Interrupt]:
        """Return the objects that share the vector with *first*.

        :param sure: the kernel calls them one after the other; else only a ring that closes is believed
        """
        target = self.target
        at = offset_of(target.types, "_KINTERRUPT", "InterruptListEntry")
        chain = linked_list(target.memory, target.machine, first.address + at, _MOST_SHARED)
        if chain.problems and not sure:
            return []
        self.problems += [f"chain of interrupt {first.address}: {problem}" for problem in chain.problems]
        found = (self.interrupt(link - at) for link in chain.addresses)
        return [interrupt for interrupt in found if interrupt is not None]
