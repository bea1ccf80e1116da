"""What the debugger printed, printed again: machines that hold the values of published listings.

The listings are not part of the repository. Where ours differs from them, the test says how and why. Names of
routines do everywhere: no symbols of drivers ship, and the kernels of the listings are none that are known here.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from images import opened

from dumpwalk.commands.idt import idt
from dumpwalk.commands.idt import layout as idt_text
from dumpwalk.commands.lm import layout as lm_text
from dumpwalk.commands.lm import lm
from dumpwalk.commands.pcr import layout as pcr_text
from dumpwalk.commands.pcr import pcr
from dumpwalk.commands.prcb import layout as prcb_text
from dumpwalk.commands.prcb import prcb

NAME = re.compile(r"(?<=[\] ])[A-Za-z]\w*[!+][\w+]+")
SYSTEM = "\\SystemRoot\\System32\\drivers"


def squeezed(text: str) -> list[str]:
    """Return the lines that hold anything, with one blank for each run of them, and names of routines left out."""
    return [" ".join(NAME.sub("...", line).split()) for line in text.splitlines() if line.strip()]


def log(real_data: Path, name: str) -> str:
    (path,) = (real_data / "logs" / "misc").glob(name)
    return path.read_text("utf-8")


def documented(real_data: Path, page: str) -> str:
    """Return the listing on a page of Microsoft's documentation, without its prompt."""
    text = (real_data.parent / "reference" / "windbg-docs" / f"{page}.md").read_text("utf-8")
    blocks = re.findall(r"```dbgcmd\n(.*?)```", text, re.S)
    return str(next(b for b in blocks if "kd>" in b)).partition("\n")[2]


def test_pcr_of_the_documentation(real_data: Path) -> None:
    expected = squeezed(documented(real_data, "-pcr"))
    spec = """\
dump full x86
profile nt/xpsp3-x86
module nt \\WINDOWS\\system32\\ntoskrnl.exe 80100000 size 100000
thread 4.8 State=Running
dpc 0 nt+0d04 at 80168ee0
pcr 0 at ffdff000 NtTib.ExceptionList=801626e0 NtTib.StackBase=801628f0 NtTib.StackLimit=8015fb00 NtTib.Self=0
    IDR=ffffffff IDT=80043400 GDT=80043000 TSS=803cc000
prcb 0 CurrentThread=8015e8a0 IdleThread=8015e8a0 ProcessorState.SpecialRegisters.Idtr.Base=80043400
"""

    shown = squeezed(pcr_text(pcr(0, target=opened(spec))))

    assert shown == expected


def test_pcr_of_a_real_machine(real_data: Path) -> None:
    """x64: in five lines WinDbg has zeros and we what the region says."""
    expected = log(real_data, "insight-driver-irql-not-less-or-equal-d1-s-pcr-4-531.txt").partition("\n")[2]
    spec = f"""\
dump full x64
profile nt/22000.1455-x64
module nt \\SystemRoot\\system32\\ntoskrnl.exe fffff801`49000000
module tcpip {SYSTEM}\\tcpip.sys fffff801`4da00000 size 300000
processors 6
thread 4.8 State=Running
dpc 4 tcpip+1cee0 at ffffc181`e9baf728
dpc 4 nt+41e4e0 at ffffa001`290ce5d8
pcr 4 at ffffa001`290c6000 GdtBase=ffffa001`290d6fb0 TssBase=ffffa001`290d5000 UserRsp=3f`6737f968
    LockArray=ffffa001`290c6870 Used_Self=3f`66fd3000 IdtBase=ffffa001`290d4000 Irql=d
prcb 4 CurrentThread=ffffc181`ef7ea540 NextThread=ffffc181`e90c3400 IdleThread=ffffc181`e8ec7080
"""

    shown = pcr_text(pcr(4, target=opened(spec)))

    ours = {
        "SelfPcr": "ffffa001290c6000",
        "Irql": "000000000000000d",
        "IDT": "ffffa001290d4000",
        "GDT": "ffffa001290d6fb0",
        "TSS": "ffffa001290d5000",
    }
    for label, value in ours.items():
        expected = expected.replace(f"\t{label:>19}: 0000000000000000", f"\t{label:>19}: {value}")
    lines, others = (NAME.sub("...", text).rstrip().splitlines() for text in (shown, expected))
    assert lines == others


def test_prcb_of_the_documentation(real_data: Path) -> None:
    """Of an Itanium, whose addresses no x64 has; the processor had no groups."""
    expected = documented(real_data, "-prcb").replace("e0000000818b", "fffff800818b")
    spec = """\
dump full x64
profile nt/2003sp2-x64
thread 4.8 State=Running
pcr 0 at fffff800`818b9e80
prcb 0 CurrentThread=fffff800`818bbe10 IdleThread=fffff800`818bbe10 SetMember=1 InterruptCount=b81f DpcTime=28
    InterruptTime=3ff KernelTime=5ef4 UserTime=385
"""

    shown = prcb_text(prcb(target=opened(spec)))

    # Newer debuggers print the IRQL, which this kernel has saved.
    assert [line for line in squeezed(shown) if "IRQL" not in line] == squeezed(expected)


def test_idt_of_the_documentation(real_data: Path) -> None:
    expected = [line for line in documented(real_data, "-idt").splitlines() if "\t" not in line and ":" in line]
    rows = [re.match(r"(\w\w):(\w{8}) (\w+)!\w+(?: \(KINTERRUPT (\w+)\))?", line) for line in expected]
    found = [row.groups() for row in rows if row]
    assert len(found) == 20
    modules = sorted({row[2] for row in found} - {"hal"}) + ["USBPORT"]
    statements = [
        f"interrupt {vector} to {module}+100 at {kinterrupt}" if kinterrupt else f"gate {vector} to {address}"
        for vector, address, module, kinterrupt in found
    ]
    statements = [s.replace("NDIS+100", "NDIS+100 USBPORT+200") for s in statements]
    places = {m: 0xF8000000 + 0x10000 * n for n, m in enumerate(dict.fromkeys(modules))}
    spec = "\n".join(
        [
            "dump full x86\nprofile nt/xpsp3-x86\nmodule halacpi \\WINDOWS\\system32\\halacpi.dll 806a8000 size 20000",
            *(f"module {m} {SYSTEM}\\{m}.SYS {at:x}" for m, at in places.items()),
            "thread 4.8 State=Running\ndescriptor-tables",
            *statements,
        ]
    )

    shown = idt_text(idt(target=opened(spec + "\n"))).replace(":\t", ":").replace("\t", " ")

    ours = {line.partition(":")[0]: line for line in shown.splitlines() if ":" in line}
    for vector, address, module, kinterrupt in found:
        assert re.match(rf"{vector}:{address} {module}\+0x\w+", ours[vector])
        assert (f"(KINTERRUPT {kinterrupt})" in ours[vector]) == bool(kinterrupt)
    shared = shown.splitlines()[shown.splitlines().index(ours["b4"]) + 1]
    assert re.fullmatch(r" +USBPORT\+0x200 \(KINTERRUPT \w{8}\)", shared)


def test_idt_of_a_real_machine(real_data: Path) -> None:
    """Windows 10 x64: where symbols are not known the names differ, and nothing else."""
    text = log(real_data, "insight-section-4-system-mechanism-idt-43.txt")
    lines = [line for line in text.splitlines()[1:] if not line.startswith("/*")]
    statements, stacks = [], []
    for line in lines:
        row = re.match(r"(\w\w):\t(\w{16}) \w+!\w+(?: \(KINTERRUPT (\w+)\))?(?:\tStack = 0x(\w+))?", line)
        if row is None:
            continue
        vector, address, kinterrupt, stack = row.groups()
        if kinterrupt:
            module = "ACPI" if "ACPI" in line else "nt"
            statements.append(f"interrupt {vector} to {module}+1000 at {kinterrupt}")
        if stack:
            stacks.append(stack)
        statements.append(f"gate {vector} to {address}" + (f" ist {len(stacks)}" if stack else ""))
    ist = " ".join(f"Ist[{n}]={stack}" for n, stack in enumerate(stacks, 1))
    spec = f"""\
dump full x64
profile nt/22000.1455-x64
module nt \\SystemRoot\\system32\\ntoskrnl.exe fffff805`2ae00000
module ACPI {SYSTEM}\\ACPI.sys fffff805`2a800000
thread 4.8 State=Running
descriptor-tables
struct _KTSS64 at ffffb80f`1f500000 {ist}
pcr 0 TssBase=ffffb80f`1f500000
"""

    shown = idt_text(idt(target=opened(spec + "\n".join(statements) + "\n")))

    wanted = {row[0] for row in re.finditer(r"^\w\w:", "\n".join(lines), re.M)}
    ours = [line for line in shown.splitlines() if line[:3] in wanted]
    theirs = [line for line in lines if line[:3] in wanted]
    assert [NAME.sub("...", line) for line in ours] == [NAME.sub("...", line) for line in theirs]
    # A driver's interrupt has an empty line behind it, as there.
    assert shown.splitlines()[shown.splitlines().index(ours[-1]) - 1] == ""
    assert len(ours) == 47


def lm_log(real_data: Path, name: str) -> list[str]:
    (path,) = (real_data / "logs" / "lm").glob(name)
    lines = path.read_text("utf-8").splitlines()
    return [line.rstrip() for line in lines[1:] if not re.match(r"\s*Browse|$", line)]


def test_lm_of_the_documentation(real_data: Path) -> None:
    """No symbols are deferred here: they are known, or they are not."""
    expected = lm_log(real_data, "wdd-lm-list-loaded-modules-lm-m-s-137.txt")
    rows = [re.match(r"(\w{8}) (\w{8})   (\S+)", line) for line in expected]
    found = [row.groups() for row in rows if row]
    spec = ["dump full x86\nprofile nt/xpsp3-x86"]
    for start, end, name in found:
        if "." in name:
            spec.append(f"unloaded {name} {start} {end}")
        else:
            spec.append(
                f"module {name} {SYSTEM}\\{name}.sys {start} size {int(end, 16) - int(start, 16):x} timestamp 1"
            )
            spec[-1] += " checksum 1"

    shown = lm_text(lm(("m", "s*"), target=opened("\n".join(spec) + "\n"))).splitlines()

    symbols = re.compile(r" +(\(.*|e:.*)")
    assert [symbols.sub("", line) for line in shown if line] == [symbols.sub("", line) for line in expected]
    assert all("(no symbols)" in line for line in shown[1:7])


@pytest.mark.parametrize(
    ("name", "words", "module", "size", "hours"),
    [
        ("insight-bad-pool-header*", ("vm", "Driver"), "Driver", 0x7000, 7),
        ("wdd-bug-check-0x116*", ("vm", "nvlddmkm"), "nvlddmkm", 0xAE7000, 7),
        ("wdd-bug-check-0x117*", ("vm", "atikmpag"), "atikmpag", 0x80000, 8),
        ("edb-39835*", ("v", "mNAVEX15"), "NAVEX15", 0x18E180, 0),
    ],
)
def test_lm_with_details(
    name: str, words: tuple[str, ...], module: str, size: int, hours: int, real_data: Path
) -> None:
    """Times are in UTC here, and what is not in the image has a reason where WinDbg lists what it tried."""
    expected = lm_log(real_data, name)
    text = "\n".join(expected)
    path = re.search(r"Image path: (.*)", text)
    stamp = re.search(r"Timestamp: .*\((\w{8})\)", text)
    checksum = re.search(r"CheckSum: +(\w{8})", text)
    start = re.match(r"([\w`]+) ", expected[1])
    assert path and stamp and checksum and start  # noqa: PT018 - the listing is complete
    wide = "`" in start[1]
    spec = f"""\
dump full {"x64" if wide else "x86"}
profile nt/{"19041.3570-x64" if wide else "win7sp1-x86"}
module {module} "{path[1]}" {start[1]} size {size:x} timestamp {stamp[1]} checksum {checksum[1]}
"""

    shown = lm_text(lm(words, target=opened(spec))).splitlines()

    def comparable(lines: list[str]) -> list[str]:
        kept = [line for line in lines if not re.match(r"    (Translations|Information|\(version)", line)]
        return [re.sub(r"(Timestamp: +).*\(", r"\1(", line).replace(" T (", "   (").rstrip() for line in kept]

    assert comparable(shown) == comparable(expected)
    if hours:
        clock = [re.search(r"(\d\d):(\d\d:\d\d) ", "\n".join(lines)) for lines in (shown, expected)]
        assert clock[0] and clock[1]  # noqa: PT018
        assert (int(clock[0][1]) - int(clock[1][1])) % 24 == hours
        assert clock[0][2] == clock[1][2]
