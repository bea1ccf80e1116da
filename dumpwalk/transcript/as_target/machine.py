"""What a text says of the machine beside its memory: the system, modules, the current thread, registers, the crash.

Of each the first that the text says counts, as with memory.
"""

from __future__ import annotations

import re

from dumpwalk.memory.address import Hex
from dumpwalk.memory.machine import MACHINES
from dumpwalk.record import replace
from dumpwalk.remarks import Absent
from dumpwalk.symbols.modules import HAL_IMAGES, KERNEL_IMAGES, Module, Modules, UnloadedModule, symbol_key

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dumpwalk.bugchecks import BugCheck
    from dumpwalk.memory.machine import Machine
    from dumpwalk.transcript import Block
    from dumpwalk.transcript.modules import ModuleListing
    from dumpwalk.transcript.version import Version

_MOST_MODULES = 10_000
_SYSTEM = re.compile(r"Windows (?!Debugger)[^:]{0,60}?Version ([0-9]{1,6})\b(?:.*?\(([0-9]{1,4}) procs?\))?(.*)")
_LAB = re.compile(r"([0-9]{4,6})(?:\.[0-9]+)?\.(x86|amd64|arm64)[a-z]*\.")
_BASE = re.compile(r"0x([0-9a-f`]{8,17})(?:[ ]+PsLoadedModuleList = 0x([0-9a-f`]{8,17}))?")
_MACHINES = {m.name: m for m in MACHINES.values()}
# Registers that only one kind of machine has.
_OWN_REGISTERS = {"eip": "x86", "rip": "x64", "x28": "ARM64"}


class Said:
    """What the blocks of a text say of the system.

    :ivar architecture: ``x86``, ``x64``, ``ARM64`` or ``""``, and who says so
    :ivar build: number of the build, 0 when it is not said
    :ivar base: where the kernel's image begins, 0 when it is not said
    :ivar bugcheck: the crash, if there was one
    """

    def __init__(self) -> None:
        self.architecture = ("", "")
        self.build = self.processors = self.base = self.module_list = 0
        self.lab = ""
        self.bugcheck: BugCheck | None = None
        self.thread: int | None = None
        self.process: int | None = None
        self.registers: dict[str, int] = {}
        self._modules: dict[int, Module] = {}
        self._unloaded: list[UnloadedModule] = []

    def take(self, block: Block) -> None:
        """Take what a block says."""
        take = getattr(self, f"_take_{block.kind}", None)
        if take is not None and block.record is not None:
            take(block)

    def _take_version(self, block: Block) -> None:
        record: Version = block.record
        if (found := _SYSTEM.match(record.system)) and not self.build:
            self.build = int(found[1])
            self.processors = int(found[2] or 0)
            tail = found[3].lower()
            names = {"x64": "x64", "amd64": "x64", "x86": "x86", "aarch64": "ARM64", "arm 64": "ARM64"}
            self._of(next((name for word, name in names.items() if word in tail), ""), "the version of Windows")
        for label, text in record.fields:
            if label == "Built by" and (lab := _LAB.match(text)):
                self.build = self.build or int(lab[1])
                self._of({"amd64": "x64", "arm64": "ARM64"}.get(lab[2], lab[2]), "the build's name")
            elif label == "Kernel base" and (base := _BASE.match(text)) and not self.base:
                self.base, self.module_list = _hexadecimal(base[1]), _hexadecimal(base[2] or "0")

    def _take_modules(self, block: Block) -> None:
        record: ModuleListing = block.record
        for listed in record.list.modules:
            module = listed.module
            if len(self._modules) + len(self._unloaded) < _MOST_MODULES and module.size > 0:
                known = self._modules.get(int(module.base))
                if known is None or (_is_described(module) and not _is_described(known)):
                    self._modules[int(module.base)] = module
        for gone in record.list.unloaded:
            if len(self._modules) + len(self._unloaded) < _MOST_MODULES and gone.end > gone.start:
                self._unloaded.append(gone)

    def _of(self, name: str, who: str) -> None:
        if name and not self.architecture[0]:
            self.architecture = name, who

    def _take_bugcheck(self, block: Block) -> None:
        self.bugcheck = self.bugcheck or block.record

    def _take_analyze(self, block: Block) -> None:
        self.bugcheck = self.bugcheck or block.record.bugcheck

    def _take_thread(self, block: Block) -> None:
        # Without an address the command shows the thread that is current.
        if self.thread is None and block.command.strip() in ("!thread", "!thread -1"):
            thread = block.record.details.thread
            self.thread = int(thread.address)
            if self.process is None and not isinstance(thread.Process, Absent):
                self.process = int(thread.Process)

    def _take_process(self, block: Block) -> None:
        words = block.command.split()
        if self.process is None and words[:1] == ["!process"] and words[1:2] in ([], ["-1"]) and block.record.processes:
            at = block.record.processes[0].details.process.address
            self.process = None if isinstance(at, Absent) else int(at)

    def _take_registers(self, block: Block) -> None:
        if block.command.strip() != "r" and not block.record.flags:
            return  # of `.trap` and the like, of another moment; or what no debugger of Windows printed
        known = {name: int(value) for name, value in block.record.registers.items() if isinstance(value, int)}
        for name, machine in _OWN_REGISTERS.items():
            if name in known:
                self._of(machine, f"the register {name}")
        self.registers = self.registers or known

    def machine(self, pointer_size: int) -> tuple[Machine, str]:
        """Return the machine and who says that it is one of these.

        :param pointer_size: 4 or 8 as addresses are printed, 0 where none is
        """
        name, who = self.architecture
        if name and pointer_size and _MACHINES[name].pointer_size != pointer_size:
            name = ""  # a 32-bit listing of a 64-bit machine, or two texts in one: what is to be read counts
        if name:
            return _MACHINES[name], who
        return _MACHINES["x86" if pointer_size == 4 else "x64"], f"addresses of {2 * pointer_size or 16} digits"

    def loaded(self, machine: Machine) -> Modules:
        """Return the modules that ``lm`` listed."""
        found = [_module(module, machine) for module in self._modules.values()]
        return Modules(sorted(found, key=lambda m: m.base))

    def unloaded(self, machine: Machine) -> tuple[UnloadedModule, ...]:
        """Return what ``lm`` listed as unloaded."""
        return tuple(replace(m, start=machine.address(m.start), end=machine.address(m.end)) for m in self._unloaded)

    def header(self, machine: Machine) -> dict[str, Any]:
        """Return the fields of a dump header that the text knows."""
        known: dict[str, Any] = {}
        if self.module_list:
            known["PsLoadedModuleList"] = machine.address(self.module_list)
        if self.bugcheck is not None:
            known["BugCheckCode"] = self.bugcheck.raw_code
            known["BugCheckParameters"] = tuple(Hex(p.given or 0) for p in self.bugcheck.parameters)
        return known


def _is_described(module: Module) -> bool:
    """Say whether a text shows more of a module than where it is."""
    return bool(module.path or module.image) or not isinstance(module.timestamp, Absent)


def _module(said: Module, machine: Machine) -> Module:
    """Return a module as ``lm`` lists it, with what follows from its name and file."""
    path = said.path or said.image
    image = (said.image or path.replace("/", "\\").rpartition("\\")[2] or said.name).strip()
    name = "nt" if image.lower() in KERNEL_IMAGES else "hal" if image.lower() in HAL_IMAGES else said.name
    stamp = 0 if isinstance(said.timestamp, Absent) else int(said.timestamp)
    return replace(
        said,
        name=name,
        image=image,
        path=path or image,
        base=machine.address(said.base),
        symbol_key=symbol_key(image, stamp, said.size) if stamp else "",
    )


def _hexadecimal(digits: str) -> int:
    return int(digits.replace("`", ""), 16)
