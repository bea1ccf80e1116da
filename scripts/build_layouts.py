"""Derive ``typeinfo/layouts.json`` and ``typeinfo/kernels.json`` from public descriptions of NT kernels.

    python scripts/build_layouts.py DATA [BUILDS]

DATA is a directory with

* ``isf/*.json.xz``: kernel types as Volatility 3 symbol files (JPCERT/CC's
  Windows-Symbol-Tables, generated from the public PDBs),
* ``layouts.json.xz``: kernels that have no such file, in a simpler JSON,
* ``kernel_ids.tsv``: architecture, image, version, time stamp and image size
  of released kernels (System Informer's kphdyn.xml).

BUILDS is the Markdown table that says which symbol file is which version
(default ``DATA/../reference/kernel-builds.md``), and next to it
``facts/constants.json`` has the enumerations by build. The output depends on
nothing else, so that running this twice changes nothing.
"""

from __future__ import annotations

import json
import lzma
import re
import sys
from pathlib import Path

OUT = Path(__file__).parents[1] / "typeinfo"

# What is kept of each structure: dotted paths; `*` for every scalar field.
WANTED = {
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
        ServiceTable CallbackStack LargeStack
        """,
    "_ETHREAD": """
        Tcb CreateTime NestedFaultCount ExitTime ExitStatus StartAddress Cid Cid.UniqueProcess Cid.UniqueThread IrpList
        IrpList.Flink IrpList.Blink TopLevelIrp DeviceToVerify Win32StartAddress ThreadsProcess ThreadListEntry
        ThreadListEntry.Flink ThreadListEntry.Blink CrossThreadFlags Terminated DeadThread HideFromDebugger
        SystemThread BreakOnTermination ActiveImpersonationInfo ActiveExWorker ImpersonationInfo Silo ThreadName
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
        HighestUserAddress MmHotPatchContext Cookie
        """,
    "_KPRCB": """
        MinorVersion MajorVersion BuildType Number LegacyNumber Group GroupIndex CurrentThread NextThread IdleThread
        NestingLevel RspBase CpuType CpuID CpuStep CpuStepping CpuModel MHz InitialApicId VendorString FeatureBits
        Context ContextFlags ProcessorState ProcessorState.ContextFrame ProcessorState.SpecialRegisters
        ProcessorState.SpecialRegisters.Cr0 ProcessorState.SpecialRegisters.Cr2 ProcessorState.SpecialRegisters.Cr3
        ProcessorState.SpecialRegisters.Cr4 ProcessorState.SpecialRegisters.Cr8
        ProcessorState.SpecialRegisters.Gdtr.Base ProcessorState.SpecialRegisters.Idtr.Base DpcStack IsrStack
        DpcRoutineActive InterruptCount KernelTime UserTime DpcTime InterruptTime UpdateSignature
        PrcbLock
        """,
    "_KAPC_STATE": "*",
    "_KTRAP_FRAME": "*",
}

# Symbols that the dump header and KDDEBUGGER_DATA64 point to.
_SYMBOLS = """
    KdDebuggerDataBlock PsLoadedModuleList PsActiveProcessHead MmPfnDatabase KiProcessorBlock NtBuildLab NtBuildLabEx
    MmUnloadedDrivers MmLastUnloadedDriver MmVerifierData KiBugCheckData IopTriageDumpDataBlocks
    ObpRootDirectoryObject ObpTypeObjectType PspCidTable EtwpDebuggerData KeTimeIncrement KdpDebuggerDataListHead
    """
SYMBOLS = _SYMBOLS.split()


class Isf:
    """The types of a Volatility 3 symbol file."""

    def __init__(self, path: Path) -> None:
        with lzma.open(path) as file:
            data = json.load(file)
        self.types = data["user_types"]
        self.base = data["base_types"]
        self.enums = data["enums"]
        self.symbols = {n: s["address"] for n, s in data["symbols"].items() if n in SYMBOLS}

    def size(self, name: str) -> int | None:
        return self.types[name]["size"] if name in self.types else None

    def size_of(self, type_: dict) -> int:
        kind = type_["kind"]
        if kind == "bitfield":
            return self.size_of(type_["type"])
        if kind == "array":
            return type_["count"] * self.size_of(type_["subtype"])
        if kind in ("pointer", "function"):
            return self.base["pointer"]["size"]
        if kind == "enum":
            return self.enums[type_["name"]]["size"]
        return (self.types if kind in ("struct", "union", "class") else self.base)[type_["name"]]["size"]

    def find(self, struct: str, path: str) -> tuple[int, int, int, int] | None:
        """Return offset, size, bit position and bit length of *path*."""
        name, _, rest = path.partition(".")
        member = self.types.get(struct, {"fields": {}})["fields"].get(name)
        if member is None:
            return None
        type_ = member["type"]
        if rest:
            inner = self.find(type_["name"], rest) if type_["kind"] in ("struct", "union", "class") else None
            return inner and (member["offset"] + inner[0], *inner[1:])
        bits = (type_["bit_position"], type_["bit_length"]) if type_["kind"] == "bitfield" else (0, 0)
        return (member["offset"], self.size_of(type_), *bits)

    def names(self, struct: str) -> list[str]:
        return list(self.types[struct]["fields"])

    def enum(self, name: str) -> list[str]:
        constants = self.enums[name]["constants"]
        return [n for n, _ in sorted(constants.items(), key=lambda item: item[1])]


class Simple:
    """The types of one kernel of ``layouts.json``."""

    SCALARS = {"Char": 1, "UChar": 1, "Wchar": 2, "Bool": 1, "Float": 4, "Double": 8}

    def __init__(self, kernel: dict) -> None:
        self.types = kernel["types"]
        self.pointer = kernel["pointer_size"]
        self.symbols: dict[str, int] = {}

    def size(self, name: str) -> int | None:
        return self.types[name]["size"] if name in self.types else None

    def size_of(self, type_: str) -> int | None:
        array = re.match(r"\[(\d+)\] ?", type_)
        if array:
            item = self.size_of(type_[array.end() :])
            return item if item is None else int(array[1]) * item
        number = re.fullmatch(r"U?[Ii]nt(\d+)B", type_)
        if number:
            return int(number[1])
        if type_.startswith("Ptr"):
            return self.pointer
        return self.SCALARS.get(type_, self.size(type_))

    def find(self, struct: str, path: str) -> tuple[int, int, int, int] | None:
        name, _, rest = path.partition(".")
        members = self.types.get(struct, {"fields": []})["fields"]
        member = next((f for f in members if f["name"] == name), None)
        if member is None:
            return None
        if rest:
            inner = self.find(member["type"], rest)
            return inner and (member["offset"] + inner[0], *inner[1:])
        size = self.size_of(member["type"])
        return size and (member["offset"], size, member.get("bitpos", 0), member.get("bitlen", 0))

    def names(self, struct: str) -> list[str]:
        return [f["name"] for f in self.types[struct]["fields"]]


def encoded(types: Isf | Simple, struct: str) -> str | None:
    """Return the layout of *struct* as text: name, size, then its fields by offset; numbers in hexadecimal."""
    if types.size(struct) is None:
        return None
    paths = types.names(struct) if WANTED[struct] == "*" else WANTED[struct].split()
    rows = []
    for path in paths:
        found = types.find(struct, path)
        if found:
            offset, size, position, length = found
            rows.append(
                (offset, position, path, f"{path},{offset:x},{size:x}" + (f",{position:x},{length:x}" * bool(length)))
            )
    return f"{struct},{types.size(struct):x};" + ";".join(row[-1] for row in sorted(rows))


def versions(table: Path) -> dict[str, str]:
    """Return version by GUID-age, out of the Markdown table."""
    found = {}
    for version, key in re.findall(
        r"^\| (\d+\.\d+\.\d+\.\d+) \| ([0-9A-F]{32}-\d+) \|", table.read_text("utf-8"), re.M
    ):
        # Two lines of the published list say 18326; both are kernels of 18362 (no build 18326 was released).
        found[key] = version.replace(".18326.", ".18362.")
    return found


def kernel_ids(table: Path) -> list[tuple[str, str, str, int, int]]:
    """Return architecture, image, version, time stamp and size of each released kernel."""
    lines = (line.split("\t") for line in table.read_text("utf-8").splitlines() if not line.startswith("#"))
    return [(f[0], f[1], f[2], int(f[3], 16), int(f[4], 16)) for f in lines]


def simple_version(text: str) -> tuple[int, int]:
    """Return build and revision of what ``layouts.json`` calls a build."""
    match = re.match(r"\d+\.\d+\.(\d+)(?:\.(\d+))?", text)
    assert match
    revision = match[2] or next(iter(re.findall(r"\((\d+)\)", text)), "17031" if "Update 1" in text else "0")
    return int(match[1]), int(revision)


def eras(tables: list[dict]) -> list[list[object]]:
    """Return ``[first build, names]`` for each stretch of builds with the same enumeration."""
    rows = []
    for table in tables:
        build = int(table["first_build"].split(".")[2])
        values = {int(k): v for k, v in table["values"].items()}
        assert sorted(values) == list(range(len(values)))
        rows.append([build, " ".join(values[i] for i in range(len(values)))])
    return rows


def main(data: Path, table: Path) -> None:
    ids = kernel_ids(data / "kernel_ids.tsv")
    stamps: dict[str, list[int]] = {}
    for arch, image, version, stamp, size in ids:
        if arch == "amd64" and image == "ntoskrnl.exe":
            stamps.setdefault(version, []).extend((stamp, size))

    constants = json.loads((table.parent / "facts" / "constants.json").read_text("utf-8"))
    reasons = eras(constants["kwait_reason"])
    latest = constants["kwait_reason_latest"]
    # Which build after 22000 added the last members is not published; they were appended, so no name is wrong.
    reasons.append([22001, " ".join(latest[str(i)] for i in range(len(latest)))])
    states = eras(constants["kthread_state"])
    states[0][0] = 0  # XP's is not published; it is a subset of 2003's.
    enums = {
        "KTHREAD_STATE": states,
        "KWAIT_REASON": reasons,
        "PS_PROTECTED_TYPE": eras(constants["ps_protected_type"]),
        "PS_PROTECTED_SIGNER": eras(constants["ps_protected_signer"]),
    }

    sources: list[tuple[int, int, str, str, Isf | Simple, list[int]]] = []
    known = versions(table)
    for path in sorted((data / "isf").glob("*.json.xz")):
        version = known[path.name.removesuffix(".json.xz")]
        build, revision = (int(part) for part in version.split(".")[2:])
        isf = Isf(path)
        check_enums(isf, build, enums)
        sources.append((build, revision, f"{build}.{revision}", "x64", isf, stamps.get(version, [])[:2]))
    with lzma.open(data / "layouts.json.xz") as file:
        kernels = json.load(file)["kernels"]
    for name, kernel in kernels.items():
        if not name.startswith("isf-"):
            build, revision = simple_version(kernel["build"])
            short = name.rpartition("-")[0]
            short = short + "-pae" * (kernel["pae"] and build <= 7601)
            sources.append((build, revision, short, kernel["arch"], Simple(kernel), []))
    sources.sort(key=lambda s: s[:4])

    layouts: dict[str, int] = {}
    builds = []
    for build, revision, name, arch, types, stamp in sources:
        texts = [text for text in (encoded(types, struct) for struct in WANTED) if text]
        numbers = [layouts.setdefault(text, len(layouts)) for text in texts]
        symbols = [types.symbols.get(symbol, 0) for symbol in SYMBOLS] if types.symbols else []
        builds.append([f"nt/{name}-{arch}", build, revision, numbers, symbols, stamp])
    names = [b[0] for b in builds]
    assert len(set(names)) == len(names), "two builds have the same name"

    lines = [
        '{"format":1,',
        f'"enums":{dumps(enums)},',
        f'"symbols":{dumps(SYMBOLS)},',
        '"layouts":[\n' + ",\n".join(dumps(text) for text in layouts) + "],",
        '"builds":[\n' + ",\n".join(dumps(build) for build in builds) + "]}\n",
    ]
    (OUT / "layouts.json").write_text("\n".join(lines), "utf-8", newline="\n")

    released: dict[str, str] = {}
    for arch, _, version, stamp, size in sorted(ids, key=lambda i: (i[0], i[3], i[4], i[2])):
        released[arch] = released.get(arch, "") + f" {stamp:08x}{size:x}={'.'.join(version.split('.')[2:])}"
    kernels_json = {"format": 1, "x64": released["amd64"] + " ", "ARM64": released["arm64"] + " "}
    (OUT / "kernels.json").write_text(dumps(kernels_json) + "\n", "utf-8", newline="\n")
    print(f"{len(builds)} builds, {len(layouts)} layouts")


def check_enums(isf: Isf, build: int, enums: dict[str, list[list[object]]]) -> None:
    """Fail when a symbol file names the members of an enumeration otherwise than the tables by build do."""
    for name, rows in enums.items():
        for spelling in (f"_{name}", name):
            if spelling in isf.enums:
                ours = [row for row in rows if int(str(row[0])) <= build][-1][1]
                assert str(ours).split() == isf.enum(spelling), (name, build, isf.enum(spelling))


def dumps(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


if __name__ == "__main__":
    if not 2 <= len(sys.argv) <= 3:
        sys.exit(__doc__)
    directory = Path(sys.argv[1])
    main(directory, Path(sys.argv[2]) if len(sys.argv) > 2 else directory.parent / "reference" / "kernel-builds.md")
