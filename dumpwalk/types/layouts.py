"""The fields of NT kernels' structures that a walk through a dump needs, with their dotted paths.

They are derived from the store of types (:mod:`dumpwalk.types.store`), for the
kernels that are asked for. ``typeinfo/kernels.json`` knows the versions of
released kernels by time stamp and image size, and what enumerators were called
in which builds. ``scripts/build_typeinfo.py`` makes both and names their sources.
"""

from __future__ import annotations

from dumpwalk.errors import TypeInfoError
from dumpwalk.record import record
from dumpwalk.types import model

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from dumpwalk.types.model import Type
    from dumpwalk.types.store import Store

# The fields that a walk through a dump needs, by structure: dotted paths; `*` for all of its own.
_WALKED = {
    "_KTHREAD": """
        Header.Type Header.SignalState CycleTime QuantumTarget InitialStack StackLimit StackBase KernelStack Running
        MiscFlags SystemThread Alertable KernelStackResident TrapFrame ApcState ApcState.Process
        ApcState.InProgressFlags ApcState.KernelApcInProgress ApcState.SpecialApcInProgress ApcState.KernelApcPending
        ApcState.UserApcPending Priority WaitStatus WaitBlockList WaitRegister Queue Teb ContextSwitches State WaitIrql
        WaitMode WaitTime Win32Thread CombinedApcDisable KernelApcDisable SpecialApcDisable QueueListEntry
        QueueListEntry.Flink NextProcessor DeferredProcessor IdealProcessor Process PreviousMode BasePriority
        PriorityDecrement ApcStateIndex SavedApcState SavedApcState.Process WaitReason SuspendCount FreezeCount
        SchedulerApc SchedulerApc.Type SchedulerApc.Thread SuspendApc SuspendApc.Type SuspendApc.Thread KernelTime
        UserTime ThreadListEntry ThreadListEntry.Flink ThreadListEntry.Blink MutantListHead MutantListHead.Flink
        ServiceTable CallbackStack CallbackDepth LargeStack ForegroundBoost UnusualBoost WaitBlockCount
        ApcState.ApcListHead ApcState.UserApcPendingAll SavedApcState.ApcListHead SavedApcState.InProgressFlags
        SavedApcState.KernelApcInProgress SavedApcState.SpecialApcInProgress SavedApcState.KernelApcPending
        SavedApcState.UserApcPending SavedApcState.UserApcPendingAll
        """,
    "_ETHREAD": """
        Tcb CreateTime NestedFaultCount ExitTime ExitStatus StartAddress Cid Cid.UniqueProcess Cid.UniqueThread IrpList
        IrpList.Flink IrpList.Blink TopLevelIrp DeviceToVerify Win32StartAddress ThreadsProcess ThreadListEntry
        ThreadListEntry.Flink ThreadListEntry.Blink CrossThreadFlags Terminated DeadThread HideFromDebugger
        SystemThread BreakOnTermination ActiveImpersonationInfo ActiveExWorker ImpersonationInfo Silo ThreadName
        ClientSecurity ClientSecurity.ImpersonationData ThreadIoPriority ThreadPagePriority
        """,
    "_KPROCESS": """
        Header.Type DirectoryTableBase UserDirectoryTableBase ThreadListHead ThreadListHead.Flink ThreadListHead.Blink
        BasePriority StackCount ProcessListEntry ProcessListEntry.Flink CycleTime ContextSwitches KernelTime UserTime
        ActiveProcessors AddressPolicy
        """,
    "_EPROCESS": """
        Pcb CreateTime ExitTime ExitStatus UniqueProcessId ActiveProcessLinks ActiveProcessLinks.Flink
        ActiveProcessLinks.Blink Flags Flags2 Flags3 Token SectionObject SectionBaseAddress Job
        InheritedFromUniqueProcessId Session Peb ObjectTable DebugPort Wow64Process WoW64Process ImageFileName
        ImageFilePointer SeAuditProcessCreationInfo ThreadListHead ThreadListHead.Flink ThreadListHead.Blink
        ActiveThreads VadRoot Protection Protection.Level Protection.Type Protection.Audit Protection.Signer
        ProtectedProcess SignatureLevel MmProcessLinks MmProcessLinks.Flink MmProcessLinks.Blink Machine
        HighestUserAddress MmHotPatchContext Cookie DeviceMap VadCount NumberOfVads VadRoot.Root
        VadRoot.BalancedRoot.RightChild VadRoot.NumberGenericTableElements CloneRoot NumberOfPrivatePages
        ModifiedPageCount NumberOfLockedPages ProcessQuotaUsage QuotaUsage VirtualSize PeakVirtualSize CommitCharge
        Vm.WorkingSetSize Vm.MinimumWorkingSetSize Vm.MaximumWorkingSetSize Vm.PeakWorkingSetSize Vm.PageFaultCount
        Vm.Flags.MemoryPriority Vm.Instance.WorkingSetSize Vm.Instance.MinimumWorkingSetSize
        Vm.Instance.MaximumWorkingSetSize Vm.Instance.PeakWorkingSetSize Vm.Instance.PageFaultCount
        Vm.Instance.Flags.MemoryPriority
        """,
    "_KPRCB": """
        MinorVersion MajorVersion BuildType Number LegacyNumber Group GroupIndex CurrentThread NextThread IdleThread
        NestingLevel RspBase CpuType CpuID CpuStep CpuStepping CpuModel MHz InitialApicId VendorString FeatureBits
        Context ContextFlags ProcessorState ProcessorState.ContextFrame ProcessorState.SpecialRegisters
        ProcessorState.SpecialRegisters.Cr0 ProcessorState.SpecialRegisters.Cr2 ProcessorState.SpecialRegisters.Cr3
        ProcessorState.SpecialRegisters.Cr4 ProcessorState.SpecialRegisters.Cr8
        ProcessorState.SpecialRegisters.Gdtr.Base ProcessorState.SpecialRegisters.Idtr.Base DpcStack IsrStack
        DpcRoutineActive InterruptCount KernelTime UserTime DpcTime InterruptTime UpdateSignature
        PrcbLock SetMember GroupSetMember DebuggerSavedIRQL DpcData DpcListHead InterruptObject VectorToInterruptObject
        ProcessorState.SpecialRegisters.Gdtr.Limit ProcessorState.SpecialRegisters.Idtr.Limit
        ProcessorState.SpecialRegisters.Ldtr
        """,
    "_KPCR": """
        NtTib.ExceptionList NtTib.StackBase NtTib.StackLimit NtTib.SubSystemTib NtTib.Version NtTib.ArbitraryUserPointer
        NtTib.Self GdtBase TssBase Self CurrentPrcb IdtBase Irql MajorVersion MinorVersion Prcb SelfPcr IRR IDR
        InterruptMode IDT GDT TSS PrcbData
        """,
    "_KAPC_STATE": "*",
    "_KTRAP_FRAME": "*",
}

# Symbols that the dump header and KDDEBUGGER_DATA64 point to: a kernel is recognised by where these lie.
_SYMBOLS = """
    KdDebuggerDataBlock PsLoadedModuleList PsActiveProcessHead MmPfnDatabase KiProcessorBlock NtBuildLab NtBuildLabEx
    MmUnloadedDrivers MmLastUnloadedDriver MmVerifierData KiBugCheckData IopTriageDumpDataBlocks
    ObpRootDirectoryObject ObpTypeObjectType PspCidTable EtwpDebuggerData KeTimeIncrement KdpDebuggerDataListHead
    """


@record
class Field:
    """A field of a structure.

    :param name: its dotted path: ``Tcb.ApcState.Process``
    :param size: bytes; of the integer that holds it, when it is a bit field
    :param bits: position and length in that integer, ``(0, 0)`` for all of it
    """

    name: str
    offset: int
    size: int
    bits: tuple[int, int] = (0, 0)


@record
class Struct:
    """A structure: its size and the fields of it that are known."""

    name: str
    size: int
    fields: tuple[Field, ...]

    def find(self, path: str) -> Field | None:
        """Return the field whose dotted path is *path*, if the structure has it."""
        return next((f for f in self.fields if f.name == path), None)


class Build:
    """A kernel whose layouts are known.

    :ivar name: ``nt/19041.804-x64``
    :ivar machine: ``x64`` or ``x86``
    :ivar number: the build, 19041
    :ivar revision: the last part of its version, 804
    :ivar symbols: offsets of symbols from the image base
    :ivar stamp: time stamp and size of its image file, or ``()``
    """

    def __init__(self, store: Store, row: Mapping[str, int], symbols: Mapping[str, int]) -> None:
        self.name = store.string(row["name"])
        self.machine = store.string(row["architecture"])
        self.number = row["build"]
        self.revision = row["revision"]
        self.symbols = symbols
        self.stamp = (row["timestamp"], row["size"]) if row["timestamp"] else ()
        self._guid = row["guid"]
        self.store = store
        self.types = (row["types"], row["types_count"])
        self.pointer_size = row["pointer_size"]

    @property
    def guid(self) -> str:
        """GUID and age of its PDB, ``606FF669409B00F7FC8C61A9C1670129-1``; ``""`` when they are not known."""
        return self.store.string(self._guid)

    @property
    def layouts(self) -> tuple[int, ...]:
        """Which layouts it has; builds with equal ones can't be told apart by them."""
        if self.types not in _layouts:
            found = structs(self).values()
            _layouts[self.types] = tuple([_numbers.setdefault(struct, len(_numbers)) for struct in found])
        return _layouts[self.types]


# A thread begins with its _KTHREAD, a process with its _KPROCESS: the fields of both are one structure to us.
_FIRST_MEMBER = {"_ETHREAD": ("Tcb", "_KTHREAD"), "_EPROCESS": ("Pcb", "_KPROCESS")}

_shipped: dict[str, Any] = {}
_builds: list[Build] = []
_numbers: dict[Struct, int] = {}
# By the stretch of the store's TABLE that is theirs, which kernels with equal types share.
_layouts: dict[tuple[int, int], tuple[int, ...]] = {}
_structs: dict[tuple[int, int], dict[str, Struct]] = {}
# Layouts by name, with the definitions that each was derived from: they differ less than kernels do.
_derived: dict[str, list[tuple[dict[str, int | None], Struct]]] = {}


def _load(name: str) -> Any:
    if name not in _shipped:
        import json

        from dumpwalk.resources import read

        try:
            _shipped[name] = json.loads(read("dumpwalk.typeinfo", name))
        except (OSError, ValueError) as error:
            raise TypeInfoError(f"typeinfo/{name}, which ships with dumpwalk, can't be read: {error}") from error
        if _shipped[name].get("format") != 2:
            del _shipped[name]
            raise TypeInfoError(f"typeinfo/{name} is of another version of dumpwalk")
    return _shipped[name]


def builds() -> tuple[Build, ...]:
    """Return the kernels whose layouts are known, oldest first.

    :raises TypeInfoError: when the shipped store can't be read
    """
    if not _builds:
        from dumpwalk.types.store import Store

        store = Store.shipped()
        names = {store.number(name): name for name in _SYMBOLS.split()}
        for row in store.profile_rows():
            keys = store.keys(row)
            _builds.append(Build(store, row, {name: keys[n] for n, name in names.items() if n in keys}))
    return tuple(_builds)


def structs(build: Build) -> dict[str, Struct]:
    """Return the structures of *build* by name; ``_ETHREAD`` has its ``_KTHREAD``'s fields as ``Tcb.*``.

    :raises TypeInfoError: when the shipped store can't be read
    """
    if build.types not in _structs:
        types = _Types(build)
        found = {name: struct for name in _WALKED if (struct := types.layout(name)) is not None}
        for outer, (member, inner) in _FIRST_MEMBER.items():
            if outer in found and inner in found:
                moved = tuple(Field(f"{member}.{f.name}", f.offset, f.size, f.bits) for f in found[inner].fields)
                found[outer] = Struct(outer, found[outer].size, moved + found[outer].fields)
        _structs[build.types] = found
    return _structs[build.types]


def walked(structure: str) -> tuple[str, ...]:
    """Return the dotted paths of the fields that are looked for in the *structure*; ``_KTHREAD``'s as ``Tcb.*``."""
    own = tuple(_WALKED[structure].split())
    member, inner = _FIRST_MEMBER.get(structure, ("", ""))
    return (*(f"{member}.{path}" for path in _WALKED[inner].split()), *own) if inner else own


class _Types:
    """The types of one kernel, while layouts are derived from them."""

    def __init__(self, build: Build) -> None:
        self._store = build.store
        self._table = build.store.table(*build.types)
        self._pointer_size = build.pointer_size
        self._used: dict[str, int | None] = {}
        self._members: dict[int, dict[str, model.Field]] = {}

    def layout(self, name: str) -> Struct | None:
        """Return the fields that are wanted of the structure called *name*, in the order of their places."""
        known = _derived.setdefault(name, [])
        for used, struct in known:
            if all(self._number(n) == number for n, number in used.items()):
                return struct
        self._used = {}
        whole = self._find(name)
        if not isinstance(whole, model.Struct):
            return None
        found = []
        for path in [f.name for f in whole.fields] if _WALKED[name] == "*" else _WALKED[name].split():
            field = self._field(whole, path)
            if field is not None:
                found.append(Field(path, *field))
        found.sort(key=lambda f: (f.offset, f.bits[0], f.name))
        struct = Struct(name, whole.size, tuple(found))
        known.append((self._used, struct))
        return struct

    def _number(self, name: str) -> int | None:
        number = self._store.number(name)
        return None if number is None else self._table.get(number)

    def _find(self, name: str) -> model.Struct | model.Enum | None:
        number = self._used[name] = self._number(name)
        return None if number is None else self._store.definition(number)[0]

    def _field(self, struct: model.Struct, path: str) -> tuple[int, int, tuple[int, int]] | None:
        """Return offset, size and bits of the field *path*; ``None`` when there is none, or its size is not known."""
        name, _, rest = path.partition(".")
        members = self._members.get(id(struct))
        if members is None:
            members = self._members[id(struct)] = {f.name: f for f in struct.fields}
        member = members.get(name)
        if member is None:
            return None
        if rest:
            inner = self._find(member.type.name) if isinstance(member.type, model.Reference) else member.type
            found = self._field(inner, rest) if isinstance(inner, model.Struct) else None
            return found and (member.offset + found[0], *found[1:])
        size = self._size(member.type)
        return (member.offset, size, member.bits or (0, 0)) if size else None

    def _size(self, type_: Type) -> int:
        if isinstance(type_, model.Array):
            return type_.count * self._size(type_.element)
        if isinstance(type_, model.Reference):
            number = self._used[type_.name] = self._number(type_.name)
            return self._store.size(number) if number is not None else 0
        return self._pointer_size if isinstance(type_, model.Function) else type_.size


def enumeration(name: str, build: int) -> tuple[str, ...]:
    """Return the members of an enumeration as kernels of *build* number them from 0.

    :param name: ``KTHREAD_STATE``, ``KWAIT_REASON``, ``PS_PROTECTED_TYPE`` or ``PS_PROTECTED_SIGNER``
    :return: ``()`` when the build has no such enumeration
    """
    members = ""
    for first, names in _load("kernels.json")["enums"][name]:
        if first <= build:
            members = names
    return tuple(members.split())


def released(machine: str, stamp: int, size: int) -> tuple[int, int] | None:
    """Return build and revision of the released kernel whose image has this time stamp and size.

    :param machine: ``x64`` or ``ARM64``
    """
    text = _load("kernels.json").get(machine, "")
    key = f" {stamp:08x}{size:x}="
    start = text.find(key)
    if start < 0:
        return None
    build, _, revision = text[start + len(key) : text.index(" ", start + 1)].partition(".")
    return int(build), int(revision)
