"""Build nt.types, nt.symbols and kernels.json in typeinfo/ out of published symbol data.

    scripts/build_typeinfo.py DATA [BUILDS] [-o DIRECTORY]

DATA is a directory with

* ``isf/GUID-AGE.json.xz``: kernel types as Volatility 3 symbol files (JPCERT/CC's
  Windows-Symbol-Tables, generated from the public PDBs),
* ``layouts.json.xz``: kernels that have no such file, in a simpler JSON that
  keeps the declaration order of members,
* ``kernel_ids.tsv``: architecture, image, version, time stamp and image size
  of released kernels (System Informer's kphdyn.xml).

BUILDS is the Markdown table that says which symbol file is which version
(default ``DATA/../reference/kernel-builds.md``), and next to it
``facts/constants.json`` has enumerations by build. The output depends on
nothing else but the version of zlib, so that running this twice changes nothing.
"""

from __future__ import annotations

import argparse
import json
import lzma
import re
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from dumpwalk.types.model import BASES, Array, Base, Enum, Field, Function, Pointer, Reference, Struct  # noqa: E402
from dumpwalk.types.store_writer import ProfileContent, StoreWriter  # noqa: E402
from dumpwalk.types.symbols_writer import symbols_content  # noqa: E402

# Base types as Volatility 3 calls them.
ISF_BASES = {
    **{"char": "Char", "unsigned char": "UChar", "short": "Int2B", "unsigned short": "Uint2B", "wchar": "Wchar"},
    **{"int": "Int4B", "unsigned int": "Uint4B", "long": "Int4B", "unsigned long": "Uint4B", "void": "Void"},
    **{"long long": "Int8B", "unsigned long long": "Uint8B", "f32": "Float", "float": "Float", "double": "Double"},
}
ALL_BASES = {**BASES, "Float8": BASES["Double"], "HRESULT": Base("HRESULT", 4)}
# The names that Volatility 3 gives to structures without one.
UNNAMED = re.compile(r"__(?:unnamed|anonymous)_[0-9a-f]+")

# What functions return whose pointers are members, from the public headers wdm.h and ntifs.h: no source keeps it.
_RETURNS = """
    _DRIVER_OBJECT DriverInit=Int4B DriverStartIo=Void DriverUnload=Void MajorFunction=Int4B
    _DRIVER_EXTENSION AddDevice=Int4B
    _IO_STACK_LOCATION CompletionRoutine=Int4B
    _IRP UserApcRoutine=Void CancelRoutine=Void
    _KAPC KernelRoutine=Void RundownRoutine=Void NormalRoutine=Void
    _KDPC DeferredRoutine=Void
    _KINTERRUPT ServiceRoutine=UChar MessageServiceRoutine=UChar
    _IO_TIMER TimerRoutine=Void
    _ERESOURCE
    _WORK_QUEUE_ITEM WorkerRoutine=Void
    _GENERAL_LOOKASIDE FreeEx=Void Free=Void
    _FAST_IO_DISPATCH FastIoCheckIfPossible=UChar FastIoRead=UChar FastIoWrite=UChar FastIoQueryBasicInfo=UChar
    FastIoQueryStandardInfo=UChar FastIoLock=UChar FastIoUnlockSingle=UChar FastIoUnlockAll=UChar
    FastIoUnlockAllByKey=UChar FastIoDeviceControl=UChar AcquireFileForNtCreateSection=Void
    ReleaseFileForNtCreateSection=Void FastIoDetachDevice=Void FastIoQueryNetworkOpenInfo=UChar
    AcquireForModWrite=Int4B MdlRead=UChar MdlReadComplete=UChar PrepareMdlWrite=UChar MdlWriteComplete=UChar
    FastIoReadCompressed=UChar FastIoWriteCompressed=UChar MdlReadCompleteCompressed=UChar
    MdlWriteCompleteCompressed=UChar FastIoQueryOpen=UChar ReleaseForModWrite=Int4B AcquireForCcFlush=Int4B
    ReleaseForCcFlush=Int4B
    """

# Symbols that a dump is recognised by, and those that most walks begin with.
KEYS = """
    KdDebuggerDataBlock PsLoadedModuleList PsActiveProcessHead MmPfnDatabase KiProcessorBlock NtBuildLab NtBuildLabEx
    MmUnloadedDrivers MmLastUnloadedDriver MmVerifierData KiBugCheckData IopTriageDumpDataBlocks
    ObpRootDirectoryObject ObpTypeObjectType PspCidTable EtwpDebuggerData KeTimeIncrement KdpDebuggerDataListHead
    KeBugCheckEx KiSystemCall64 ObTypeIndexTable ObHeaderCookie PsInitialSystemProcess KeNumberProcessors
    KeActiveProcessors MmSystemRangeStart MmHighestUserAddress MmUserProbeAddress MmPteBase MiState KdVersionBlock
    KeServiceDescriptorTable KiServiceTable NtGlobalFlag MmNonPagedPoolStart MmPagedPoolEnd ExpSystemTime
    PoolBigPageTable PoolBigPageTableSize CmpHiveListHead CallbackListHead KiIdleLoop PspSystemThreadStartup
    """.split()


def returns() -> dict[tuple[str, str], Base]:
    """Return what a member's function returns, by structure and member."""
    found, struct = {}, ""
    for word in _RETURNS.split():
        name, equals, type_ = word.partition("=")
        if equals:
            found[struct, name] = ALL_BASES[type_]
        else:
            struct = word
    return found


RETURNS = returns()


def bits_of(field: Field, size: int) -> tuple[int, int]:
    """Return where a member begins and ends, in bits."""
    start = 8 * field.offset + (field.bits[0] if field.bits else 0)
    return start, start + (field.bits[1] if field.bits else 8 * size)


class Orders:
    """Declaration orders of members: known from the sources that keep them, guessed for the rest."""

    def __init__(self) -> None:
        # By path: "_KTHREAD" or "_CONTROL_AREA.u2.e2"; newest kernel first.
        self._known: dict[str, list[tuple[tuple[str, int], ...]]] = {}

    def learn(self, path: str, fields: list[dict[str, Any]]) -> None:
        order = tuple((f["name"], 8 * f["offset"] + f.get("bitpos", 0)) for f in fields)
        known = self._known.setdefault(path, [])
        if order not in known:
            known.append(order)
        for field in fields:
            if "sub" in field:
                self.learn(f"{path}.{field['name']}", field["sub"]["fields"])

    def restored(self, path: str, fields: list[Field], sizes: dict[str, int]) -> tuple[Field, ...]:
        """Return the members in their declaration order, marked where that is a guess.

        Where a source has all of them in the same places, its order is theirs. Else members that share no bits
        with others are in the order of their places, and those that do are as any source has them, as far as it goes.
        """
        spans = {f.name: bits_of(f, sizes[f.name]) for f in fields}
        by_name = {f.name: f for f in fields}
        found = []
        for donor in sorted(self._known.get(path, ()), key=len):
            if dict(donor).items() >= {n: start for n, (start, _) in spans.items()}.items():
                return tuple(by_name[n] for n, _ in donor if n in by_name)
        for group in overlapping(spans):
            if len(group) == 1:
                found.append(by_name[group[0]])
                continue
            order = guessed_order([by_name[n] for n in group], spans)
            agreeing = [agreed(donor, group, spans) for donor in self._known.get(path, ())]
            agreeing.sort(key=len)
            for names in agreeing:
                order = merged(names, order)
            for name in order:
                mine = by_name[name]
                partners = [n for n in group if n != name and share(spans[n], spans[name])]
                known = all(any(name in a and n in a for a in agreeing) for n in partners)
                found.append(mine if known else Field(name, mine.offset, mine.type, mine.bits, "order"))
        return tuple(found)


def share(one: tuple[int, int], other: tuple[int, int]) -> bool:
    """Whether two members share bits."""
    return one[0] < other[1] and other[0] < one[1]


def agreed(donor: tuple[tuple[str, int], ...], group: list[str], spans: dict[str, tuple[int, int]]) -> list[str]:
    """Return the members of *group*, in the donor's order, that lie to each other as they do there."""
    shifts = [(name, spans[name][0] - start) for name, start in donor if name in group]
    by_shift: dict[int, list[str]] = {}
    for name, shift in shifts:
        by_shift.setdefault(shift, []).append(name)
    return max(by_shift.values(), key=len, default=[])


def overlapping(spans: dict[str, tuple[int, int]]) -> list[list[str]]:
    """Return groups of members that share bits, directly or through others."""
    groups: list[list[str]] = []
    reach = -1
    for name in sorted(spans, key=lambda n: (spans[n], n)):
        start, end = spans[name]
        if groups and start < reach:
            groups[-1].append(name)
            reach = max(reach, end)
        else:
            groups.append([name])
            reach = end
    return groups


def guessed_order(group: list[Field], spans: dict[str, tuple[int, int]]) -> list[str]:
    """Return members that share bits in the order they most likely have: one side of a union after another.

    Of what begins at the same place the whole member comes before the bit
    fields, the longer before the shorter: a third of the unions whose order is
    known come out right by that, more than by the other ways round.
    """
    whole = {f.name: f.bits is None for f in group}
    left = sorted(whole, key=lambda n: (spans[n][0], not whole[n], -spans[n][1], n))
    order = []
    while left:  # a chain of members that follow each other is one side
        end = -1
        for name in tuple(left):
            if spans[name][0] >= end:
                order.append(name)
                left.remove(name)
                end = spans[name][1]
    return order


def merged(known: list[str], order: list[str]) -> list[str]:
    """Return *known* with what else is in *order* put behind what it follows there."""
    result = list(known)
    inside = set(known)
    behind = None
    for name in order:
        if name not in inside:
            result.insert(result.index(behind) + 1 if behind is not None else 0, name)
        behind = name
    return result


class Isf:
    """A Volatility 3 symbol file, as types of ours."""

    # Structures without unnamed ones in them, by their JSON: most are the same in many files.
    cache: dict[tuple[str, str], Struct] = {}
    enums_seen: dict[str, Enum] = {}

    def __init__(self, path: Path, orders: Orders) -> None:
        with lzma.open(path) as file:
            data = json.load(file)
        self.guid = path.name.removesuffix(".json.xz")
        self.user = data["user_types"]
        self.enums = data["enums"]
        self.bases = data["base_types"]
        self.pointer = self.bases["pointer"]["size"]
        # The linkage name is the PDB's; the other one lost an underscore.
        self.symbols = {s.get("linkage_name", n): s["address"] for n, s in data["symbols"].items()}
        self.orders = orders

    def types(self) -> dict[str, Struct | Enum]:
        found: dict[str, Struct | Enum] = {n: self.enum(n) for n in self.enums if not UNNAMED.fullmatch(n)}
        found |= {n: self.struct(n, n, n) for n in self.user if not UNNAMED.fullmatch(n)}
        return found

    def enum(self, name: str) -> Enum:
        data = self.enums[name]
        name = "" if UNNAMED.fullmatch(name) else name
        key = name + json.dumps(data)
        if key not in self.enums_seen:
            members = sorted(data["constants"].items(), key=lambda item: (item[1], item[0]))
            self.enums_seen[key] = Enum(name, data["size"], tuple((n, v) for n, v in members))
        return self.enums_seen[key]

    def struct(self, key: str, name: str, path: str) -> Struct:
        data = self.user[key]
        text = json.dumps(data)
        # Sizes of members matter too: they say what overlaps. A structure of the same members is of the same sizes
        # unless one of them changed, so sizes are part of the key.
        plain = "__unnamed_" not in text and "__anonymous_" not in text
        sizes = {n: self.size(f["type"]) for n, f in data["fields"].items()}
        at = (path, text + str(list(sizes.values())))
        if plain and at in self.cache:
            return self.cache[at]
        fields = [self.field(path, n, f) for n, f in data["fields"].items()]
        found = Struct(name, data["kind"], data["size"], self.orders.restored(path, fields, sizes))
        if plain:
            self.cache[at] = found
        return found

    def field(self, path: str, name: str, data: dict[str, Any]) -> Field:
        type_ = data["type"]
        bits = None
        if type_["kind"] == "bitfield":
            bits = (type_["bit_position"], type_["bit_length"])
            type_ = type_["type"]
        return Field(name, data["offset"], self.type(type_, f"{path}.{name}"), bits)

    def type(self, type_: dict[str, Any], path: str) -> Any:
        kind = type_["kind"]
        if kind == "base":
            return ALL_BASES[ISF_BASES.get(type_["name"], type_["name"])]
        if kind == "pointer":
            return Pointer(self.type(type_["subtype"], path), self.pointer)
        if kind == "array":
            return Array(self.type(type_["subtype"], path), type_["count"])
        if kind == "function":
            return Function(RETURNS.get(tuple(path.rsplit(".", 1))))  # type: ignore[arg-type]
        if UNNAMED.fullmatch(type_["name"]):
            if kind == "enum":
                return self.enum(type_["name"])
            return self.struct(type_["name"], "", path)
        return Reference(kind, type_["name"])

    def size(self, type_: dict[str, Any]) -> int:
        kind = type_["kind"]
        if kind == "bitfield":
            return self.size(type_["type"])
        if kind == "array":
            return type_["count"] * self.size(type_["subtype"])
        if kind in ("pointer", "function"):
            return self.pointer
        where = self.bases if kind == "base" else self.enums if kind == "enum" else self.user
        return where[type_["name"]]["size"] if type_["name"] in where else 0


class Simple:
    """A kernel of ``layouts.json``, as types of ours."""

    def __init__(self, kernel: dict[str, Any], kinds: dict[str, str]) -> None:
        self.kernel = kernel
        self.pointer = kernel["pointer_size"]
        self.kinds = {**kinds, **{n: t["kind"] for n, t in kernel["types"].items()}}

    def types(self) -> dict[str, Struct | Enum]:
        return {n: self.struct(n, t, n) for n, t in self.kernel["types"].items()}

    def struct(self, name: str, data: dict[str, Any], path: str) -> Struct:
        return Struct(name, data["kind"], data["size"], tuple(self.field(f, path) for f in data["fields"]))

    def field(self, data: dict[str, Any], path: str) -> Field:
        bits = (data["bitpos"], data["bitlen"]) if "bitlen" in data else None
        guessed = "sign" if data.get("sign") == "?" else ""
        if "enum" in data["type"] and "enum" not in data and data["type"].endswith("enum"):
            guessed = "type"
        return Field(data["name"], data["offset"], self.type(data["type"], data, path), bits, guessed)

    def type(self, text: str, field: dict[str, Any], path: str) -> Any:
        array = re.match(r"\[(-?\d+)\] ?", text)
        if array:
            # A negative count is the array's size in bytes: the source did not know its element's, an enumeration's.
            count = int(array[1]) if int(array[1]) >= 0 else -int(array[1]) // 4
            return Array(self.type(text[array.end() :], field, path), count)
        if text.startswith("Ptr"):
            return Pointer(self.type(text.partition(" ")[2], field, path), self.pointer)
        if text == "function":
            return Function(RETURNS.get((path, field["name"])))
        if text == "<unnamed-tag>":
            return self.struct("", field["sub"], f"{path}.{field['name']}")
        if text == "enum":
            members = tuple((n, int(v)) for v, n in field.get("enum", {}).items())
            return Enum("", 4, members) if members else BASES["Int4B"]
        if text in ALL_BASES:
            return ALL_BASES[text]
        return Reference(self.kinds.get(text, "struct"), text)


def versions(table: Path) -> dict[str, str]:
    """Return version by GUID-age, out of the Markdown table."""
    rows = re.findall(r"^\| (\d+\.\d+\.\d+\.\d+) \| ([0-9A-F]{32}-\d+) \|", table.read_text("utf-8"), re.M)
    # Two lines of the published list say 18326; both are kernels of 18362 (no build 18326 was released).
    return {key: version.replace(".18326.", ".18362.") for version, key in rows}


def stamps(table: Path) -> dict[str, tuple[int, int]]:
    """Return time stamp and size of the image by version."""
    found: dict[str, tuple[int, int]] = {}
    for line in table.read_text("utf-8").splitlines():
        if not line.startswith("#"):
            arch, image, version, stamp, size = line.split("\t")[:5]
            if (arch, image) == ("amd64", "ntoskrnl.exe"):
                found.setdefault(version, (int(stamp, 16), int(size, 16)))
    return found


def simple_version(text: str) -> tuple[int, int]:
    """Return build and revision of what ``layouts.json`` calls a build."""
    match = re.match(r"\d+\.\d+\.(\d+)(?:\.(\d+))?", text)
    assert match
    revision = match[2] or next(iter(re.findall(r"\((\d+)\)", text)), "17031" if "Update 1" in text else "0")
    return int(match[1]), int(revision)


def enums_used(type_: Any) -> set[str]:
    """Return the names of the enumerations that *type_* refers to."""
    if isinstance(type_, Reference):
        return {type_.name} if type_.kind == "enum" else set()
    if isinstance(type_, Struct):
        return {name for field in type_.fields for name in enums_used(field.type)}
    if isinstance(type_, Pointer):
        return enums_used(type_.target)
    return enums_used(type_.element) if isinstance(type_, Array) else set()


def simple_profile(
    name: str, kernel: dict[str, Any], kinds: dict[str, str], enums: dict[str, list[tuple[int, str, Enum]]]
) -> ProfileContent:
    """Return a kernel of ``layouts.json`` as a profile.

    Its enumerations are not there: those of the nearest build are taken, and it is said that they are.
    """
    build, revision = simple_version(kernel["build"])
    short = name.rpartition("-")[0] + "-pae" * (kernel["pae"] and build <= 7601)
    aliases = [f"{short}-{kernel['arch']}", name]
    if name == "win7sp1-17514-x86pae":
        aliases.append("win7-x86-pae")
    source = re.sub(r"volatility2 (\w+)_vtypes\.py", r"Volatility 2 profile \1", kernel["source"])
    source = re.sub(r"volatility2 ", "Volatility 2 profile ", source).replace("seed listings", "debugger listings")
    notes = {}
    for type_, data in kernel["types"].items():
        note = data.get("provenance", "").replace(" (see seeds-check.md)", "").replace("vtypes", "Volatility 2 profile")
        note = note.replace("confirmed by seed listing", "confirmed by a debugger listing")
        if note:
            notes[type_] = note
    types = Simple(kernel, kinds).types()
    for enum in sorted({n for t in types.values() for n in enums_used(t)} - types.keys()):
        if enum in enums:
            _, origin, types[enum] = min(enums[enum], key=lambda e: (abs(e[0] - build), e[0]))
            notes[enum] = f"{origin}, the nearest kernel whose enumerations are known: a guess"
    return ProfileContent(
        *(f"nt/{short}-{kernel['arch']}", tuple(dict.fromkeys(aliases)), build, revision),
        *(kernel["arch"], kernel["pointer_size"], "", 0, 0, source, types),
        notes=notes,
    )


def isf_profile(isf: Isf, version: str, stamp: tuple[int, int], simple: dict[str, Any]) -> ProfileContent:
    """Return a symbol file as a profile; its symbols come later."""
    build, revision = (int(part) for part in version.split(".")[2:])
    aliases = [f"{build}.{revision}-x64", f"{version}-x64", isf.guid, isf.guid.replace("-", "")]
    aliases += [f"isf-{version}"] * (f"isf-{version}" in simple)
    return ProfileContent(
        *(f"nt/{build}.{revision}-x64", tuple(aliases), build, revision, "x64", isf.pointer, isf.guid, *stamp),
        f"ntkrnlmp.pdb {isf.guid} (symbol file of JPCERT/CC)",
        isf.types(),
        {n: isf.symbols[n] for n in KEYS if n in isf.symbols},
    )


def eras(tables: list[dict]) -> list[list[object]]:
    """Return ``[first build, names]`` for each stretch of builds with the same enumeration."""
    rows = []
    for table in tables:
        build = int(table["first_build"].split(".")[2])
        values = {int(k): v for k, v in table["values"].items()}
        assert sorted(values) == list(range(len(values)))
        rows.append([build, " ".join(values[i] for i in range(len(values)))])
    return rows


def enumerations(constants: dict[str, Any]) -> dict[str, list[list[object]]]:
    """Return ``[first build, names]`` for each stretch of builds, by enumeration."""
    reasons = eras(constants["kwait_reason"])
    latest = constants["kwait_reason_latest"]
    # Which build after 22000 added the last members is not published; they were appended, so no name is wrong.
    reasons.append([22001, " ".join(latest[str(i)] for i in range(len(latest)))])
    states = eras(constants["kthread_state"])
    states[0][0] = 0  # XP's is not published; it is a subset of 2003's.
    return {
        "KTHREAD_STATE": states,
        "KWAIT_REASON": reasons,
        "PS_PROTECTED_TYPE": eras(constants["ps_protected_type"]),
        "PS_PROTECTED_SIGNER": eras(constants["ps_protected_signer"]),
    }


def check_enums(isf: Isf, build: int, enums: dict[str, list[list[object]]]) -> None:
    """Fail when a symbol file names the members of an enumeration otherwise than the tables by build do."""
    for name, rows in enums.items():
        for spelling in (f"_{name}", name):
            if spelling in isf.enums:
                ours = [row for row in rows if int(str(row[0])) <= build][-1][1]
                theirs = [n for n, _ in isf.enum(spelling).members]
                assert str(ours).split() == theirs, (name, build, theirs)


def kernels_json(table: Path, enums: dict[str, list[list[object]]]) -> str:
    """Return the versions of released kernels by time stamp and size, and the enumerations."""
    lines = (line.split("\t") for line in table.read_text("utf-8").splitlines() if not line.startswith("#"))
    ids = sorted((f[0], int(f[3], 16), int(f[4], 16), f[2]) for f in lines)
    released = {"amd64": " ", "arm64": " "}
    for arch, stamp, size, version in ids:
        released[arch] += f"{stamp:08x}{size:x}={'.'.join(version.split('.')[2:])} "
    content = {"format": 2, "enums": enums, "x64": released["amd64"], "ARM64": released["arm64"]}
    return json.dumps(content, separators=(",", ":")) + "\n"


def main(data: Path, table: Path, out: Path) -> None:
    with lzma.open(data / "layouts.json.xz") as file:
        simple = json.load(file)["kernels"]
    orders = Orders()
    for kernel in simple.values():
        for type_, content in kernel["types"].items():
            if "order" not in content:
                orders.learn(type_, content["fields"])

    known, released = versions(table), stamps(data / "kernel_ids.tsv")
    paths = {known[p.name.removesuffix(".json.xz")]: p for p in (data / "isf").glob("*.json.xz")}
    by_build = enumerations(json.loads((table.parent / "facts" / "constants.json").read_text("utf-8")))
    profiles, kinds = [], {}
    enums: dict[str, list[tuple[int, str, Enum]]] = {}
    symbols: dict[int, list[dict[str, int]]] = {}
    for version in sorted(paths, key=lambda v: [int(part) for part in v.split(".")]):
        isf = Isf(paths[version], orders)
        profile = isf_profile(isf, version, released.get(version, (0, 0)), simple)
        check_enums(isf, profile.build, by_build)
        for enum in isf.enums:
            if not UNNAMED.fullmatch(enum):
                enums.setdefault(enum, []).append((int(version.split(".")[2]), profile.name, isf.enum(enum)))
        kinds |= {n: t["kind"] for n, t in isf.user.items()} | dict.fromkeys(isf.enums, "enum")
        symbols.setdefault(profile.build, []).append(isf.symbols)
        profiles.append((profile, sum(len(s) for s in symbols.values()) - 1, len(isf.symbols)))
    for name, kernel in simple.items():
        if not name.startswith("isf-"):
            profiles.append((simple_profile(name, kernel, kinds, enums), -1, 0))
    writer = StoreWriter()
    order = sorted(profiles, key=lambda p: (p[0].build, p[0].revision, p[0].name))
    for profile, number, count in order:
        writer.add(profile.__replace__(symbols=number, symbols_count=count))  # type: ignore[attr-defined]
    (out / "nt.types").write_bytes(writer.content())
    (out / "nt.symbols").write_bytes(symbols_content(list(symbols.values())))
    (out / "kernels.json").write_text(kernels_json(data / "kernel_ids.tsv", by_build), "utf-8", newline="\n")
    print(f"{len(profiles)} profiles: {writer.counts}")
    for name in ("nt.types", "nt.symbols", "kernels.json"):
        print(f"{name}: {(out / name).stat().st_size:,} bytes")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("builds", type=Path, nargs="?")
    parser.add_argument("-o", "--output", type=Path, default=ROOT / "typeinfo")
    given = parser.parse_args()
    main(given.data, given.builds or given.data.parent / "reference" / "kernel-builds.md", given.output)
