"""The I/O commands against listings that debuggers printed: machines that hold their values, and the text compared.

What differs is said where it does: only the kernel's symbols are known, so functions of other drivers have no names,
and debuggers before Windows 10 printed function codes as numbers, on the line of the flags.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from io_world import Machine

from dumpwalk.kernel.device_object import device_object
from dumpwalk.kernel.device_stack import device_stack
from dumpwalk.kernel.driver import driver_object
from dumpwalk.kernel.irp import irp
from dumpwalk.kernel.vpb import vpb
from dumpwalk.render.device import device_layout, stack_layout, vpb_layout
from dumpwalk.render.driver import driver_layout
from dumpwalk.render.irp import layout

HEAD = "dump full {machine}\nprofile {profile}\ntime 2020-01-01T00:00:00Z\nprocess 344 a\nthread 344.348\n".replace(
    " a\n", ' "a.exe"\n'
)


def lines(text: str, last: str = "") -> list[str]:
    """Return the lines of a listing behind its prompt, blanks at their ends aside, as far as the line *last*."""
    out = [line.expandtabs().rstrip() for line in text.splitlines() if "kd> " not in line]
    if last:
        out = out[: next(n for n, line in enumerate(out) if line.startswith(last)) + 1]
    while out and not out[-1]:
        out.pop()
    while out and not out[0]:
        out.pop(0)
    return out


def words(text: str | list[str]) -> list[str]:
    """Return the lines that are not empty with single blanks: many listings lost their indentation on the web."""
    rows = text.splitlines() if isinstance(text, str) else text
    return [" ".join(row.split()) for row in rows if row.strip()]


def block(page: Path, prompt: str) -> str:
    """Return the listing behind a prompt in a page of the documentation."""
    text = page.read_text("utf-8").partition(prompt)[2]
    return text.partition("\n")[2].partition("```")[0]


def old(text: str) -> str:
    """Return a listing as debuggers before Windows 10 wrote it: codes as numbers, on one line with the flags."""

    def codes(match: re.Match[str]) -> str:
        mark, major, minor, flags, control = match.groups()
        return f"{mark}[{major:>3},{minor:>2}] {flags:>3} {control:>2} "

    text = re.sub(r"^([ >])\[[^(]*\((\w+)\), [^(]*\((\w+)\)\]\n +(\w+) +(\w+) ", codes, text, flags=re.M)
    text = text.replace("No System Buffer: ", "").replace("No Mdl: ", "No Mdl ")
    return re.sub(r"Mdl=(\w+): ", r"Mdl = \1 ", text)


def location(address: int, **fields: str) -> str:
    """Return the statement for one stack location; parameters are a1 to a4."""
    names = {f"a{n}": f"Parameters.Others.Argument{n}" for n in range(1, 5)}
    return f"struct _IO_STACK_LOCATION at {address:x} " + " ".join(
        f"{names.get(name, name)}={value}" for name, value in fields.items()
    )


def test_irp_of_windows_2000(real_data: Path) -> None:
    spec = "\n".join(
        [
            HEAD + "module nt \\WINNT\\System32\\ntoskrnl.exe 80400000 size 200000",
            'driver "\\Driver\\E100B"',
            "device of E100B as net at 8145f470",
            "irp 344.348 IRP_MJ_POWER minor 2 as it at 81183468 through net stack 2 Tail.Overlay.Thread=0",
            location(0x811834D8, DeviceObject="net+0"),
            location(
                *(0x811834FC,),
                **{"MajorFunction": "16", "MinorFunction": "2", "Control": "e1", "DeviceObject": "net+0"},
                **{"CompletionRoutine": "8047f744", "Context": "814187a8", "a3": "2", "a4": "2"},
            ),
        ]
    )
    target = Machine(spec, "x86", "nt/xpsp3-x86").target
    listing = (real_data / "logs/irp/wdd-debugging-an-interrupt-storm-irp-81183468-32.txt").read_text("utf-8")

    text = old(layout(irp(target, 0x81183468)))

    expected = listing.replace("ntoskrnl!PopCompleteSystemPowerIrp", "nt+0x7f744")
    assert lines(text) == lines(expected)


def test_irp_of_windows_vista(real_data: Path) -> None:
    drivers = (("disk", 0x842A0000), ("PartMgr", 0x84250000), ("volmgr", 0x84240000), ("Ntfs", 0x847E0000))
    devices = ("disk", 0x828517A8), ("PartMgr", 0x82851450), ("volmgr", 0x82956298), ("Ntfs", 0x82AC2020)
    spec = [HEAD]
    for name, base in drivers:
        kind = "FileSystem" if name == "Ntfs" else "Driver"
        spec.append(f"module {name} \\drivers\\{name}.sys {base:x} size 20000\n")
        spec.append(f'driver "\\{kind}\\{name}" module {name}\n')
    spec += [f"device of {name} as {name}_{n} at {address:x}\n" for n, (name, address) in enumerate(devices)]
    spec.append("thread 344.9 at 8c622118\n")
    spec.append(
        "irp 344.9 IRP_MJ_READ as it at 831f4a00 through Ntfs_3 stack 8 CurrentLocation=5 MdlAddress=82b020d8\n"
    )
    spec[-1] = spec[-1].replace("MdlAddress", "Tail.Overlay.CurrentStackLocation=831f4b00 MdlAddress")
    step, first = 0x24, 0x831F4A70
    given = (
        ("34", "40", "e1", "disk_0", "842511e0", "0", "7000 0 fe084e00 4"),
        ("0", "40", "e0", "PartMgr_1", "842414d4", "82956350", "129131bb de fe084e00 4"),
        ("0", "0", "e0", "volmgr_2", "847eeed0", "829e2ba8", "7000 0 1bdae400 0"),
        ("0", "0", "0", "Ntfs_3", "0", "0", "7000 0 18400 0"),
    )
    for n, (minor, flags, control, device, routine, context, arguments) in enumerate(given, 4):
        fields = {"MajorFunction": "3", "MinorFunction": minor, "Flags": flags, "Control": control}
        fields |= {"DeviceObject": f"{device}+0", "CompletionRoutine": routine, "Context": context}
        fields |= {f"a{k}": value for k, value in enumerate(arguments.split(), 1)}
        fields |= {"FileObject": "8e879410"} if n == 7 else {}
        spec.append(location(first + n * step, **fields) + "\n")
    target = Machine("".join(spec), "x86", "nt/vistasp2-x86").target
    listing = (real_data / "logs/irp/wdd-irp-irp-0x831f4a00-85.txt").read_text("utf-8")

    text = old(layout(irp(target, 0x831F4A00)))

    for name, shown in (
        ("partmgr!PmReadWriteCompletion", "PartMgr+0x11e0"),
        ("volmgr!VmpReadWriteCompletionRoutine", "volmgr+0x14d4"),
        ("Ntfs!NtfsMasterIrpSyncCompletionRoutine", "Ntfs+0xeed0"),
    ):
        listing = listing.replace(name, shown)
    # The page lost the indentation of some of its lines.
    assert words(lines(text)) == words(lines(listing))
    assert lines(text)[-3:] == lines(listing)[-3:]


def test_irp_of_windows_10_x86(real_data: Path) -> None:
    spec = [
        HEAD,
        "module fltmgr \\drivers\\fltmgr.sys 85320000 size 8000\nmodule Npfs \\drivers\\npfs.sys 85340000\n",
        'driver "\\FileSystem\\Npfs" module Npfs\ndriver "\\FileSystem\\FltMgr" module fltmgr\n',
        "device of Npfs as pipe at 8a6434d8\ndevice of FltMgr as filter at 8a799710\nthread 344.9 at 8d1c7bc0\n",
        "irp 344.9 IRP_MJ_FILE_SYSTEM_CONTROL as it at ac598dc8 through filter, pipe\n",
    ]
    for n, (control, device, routine, context) in enumerate(
        (("e1", "pipe", "853220cb", "a89682d8"), ("0", "filter", "0", "0"))
    ):
        fields = {"MajorFunction": "d", "Flags": "1", "Control": control, "DeviceObject": f"{device}+0"}
        fields |= {"FileObject": "ac598d40", "CompletionRoutine": routine, "Context": context, "a3": "110008"}
        spec.append(location(0xAC598E38 + n * 0x24, **fields) + "\n")
    target = Machine("".join(spec), "x86", "nt/win81u1-x86").target
    listing = (real_data / "logs/irp/wdd-irp-irp-ac598dc8-64.txt").read_text("utf-8")

    text = layout(irp(target, 0xAC598DC8))

    # The page writes the control code once without 0x, and with zeros that !ioctldecode's page does not have.
    expected = re.sub("(0x)?00110008", "0x110008", listing.replace("fltmgr!FltpPassThroughCompletion", "fltmgr+0x20cb"))
    assert words(lines(text)) == words(lines(expected))
    assert lines(text)[:5] == lines(expected)[:5]


def test_irp_of_windows_10_x64(real_data: Path) -> None:
    """The build is the one in which nt!IopUnloadSafeCompletion has the address's last digits: the name is read."""
    spec = [
        HEAD + "module nt \\SystemRoot\\system32\\ntoskrnl.exe fffff806`d20cd000 size 1000000\n",
        'driver "\\Driver\\usbehci"\ndevice of usbehci as hub at ffffd581`a5fbd050\n',
        "irp 344.348 IRP_MJ_INTERNAL_DEVICE_CONTROL as it at ffffd581`a6c6cd30 through hub stack 6 "
        "Tail.Overlay.Thread=0\n",
        location(
            *(0xFFFFD581A6C6CF68,),
            **{"MajorFunction": "f", "Control": "e1", "DeviceObject": "hub+0", "a1": "ffffd581a6c61a50"},
            **{"a3": "220003", "CompletionRoutine": "fffff806d2412cf0", "Context": "ffffd581a5cce050"},
        ),
    ]
    target = Machine("".join(spec), "x64", "nt/19041.329-x64").target
    page = real_data.parent / "reference/windbg-docs/-ioctldecode.md"

    text = layout(irp(target, 0xFFFFD581A6C6CD30))

    assert words(lines(text)) == words(lines(block(page, "!irp ffffd581a6c6cd30")))


DEVICES = {
    # page or log, prompt, address, profile, the machine
    "manual-m1": (
        "logs/devobj/manual-m1-devobj-1.txt",
        ("x86", "nt/win7sp1-x86", 0x896B1028),
        'driver "\\Driver\\usbehci" at 892cce48\ndriver "\\Driver\\ACPI"\n'
        "device of usbehci as it at 896b1028 DeviceType=2a Flags=3040 Characteristics=100 ReferenceCount=0\n"
        "  DeviceExtension=896b10e0 DeviceObjectExtension=896b1fe0\n"
        "device of ACPI as upper at 89436c98 on it\n"
        "struct _DEVOBJ_EXTENSION at 896b1fe0 DeviceObject=it+0 DeviceNode=893c0e78 ExtensionFlags=800\n",
    ),
    "-vpb": (
        "!devobj 80e15cb8",
        ("x86", "nt/xpsp3-x86", 0x80E15CB8),
        'driver "\\Driver\\Ftdisk" at 80e4e248\ndriver "\\Driver\\VolSnap"\n'
        'device "\\Device\\HarddiskVolume1" of Ftdisk as it at 80e15cb8 Flags=1050 DeviceType=7 ReferenceCount=0n14\n'
        "  Vpb=80e15c30 DeviceExtension=80e15d70 DeviceObjectExtension=80e15e40\n"
        "device of VolSnap as upper at 80e14c60 on it\n"
        "struct _DEVOBJ_EXTENSION at 80e15e40 DeviceObject=it+0 Dope=80e15bd8 DeviceNode=80e152a0\n",
    ),
    "-devobj": (
        "!devobj 80e204f8",
        ("x86", "nt/xpsp3-x86", 0x80E204F8),
        'driver "\\Driver\\PnpManager" at 80e20610\n'
        "device of PnpManager as it at 80e204f8 Flags=1000 DeviceType=4 ReferenceCount=0 DeviceExtension=80e205b0\n"
        "  DeviceObjectExtension=80e205b8\n"
        "struct _DEVOBJ_EXTENSION at 80e205b8 DeviceObject=it+0 DeviceNode=80e203b8\n",
    ),
    "-arbiter": (
        "!devobj 80e52778",
        ("x86", "nt/xpsp3-x86", 0x80E52778),
        'driver "\\Driver\\PnpManager" at 80e20610\ndriver "\\Driver\\i8042prt"\n'
        'device "\\Device\\00000034" of PnpManager as it at 80e52778 Flags=1040 DeviceType=4\n'
        "  DeviceExtension=80e52830 DeviceObjectExtension=80e52838\n"
        "device of i8042prt as upper at 80d78b28 on it\n"
        "struct _DEVOBJ_EXTENSION at 80e52838 DeviceObject=it+0 DeviceNode=80e52628\n",
    ),
}


@pytest.mark.parametrize("name", DEVICES)
def test_devobj(name: str, real_data: Path) -> None:
    where, (machine, profile, address), spec = DEVICES[name]
    target = Machine(HEAD + spec, machine, profile).target
    if where.startswith("!"):
        listing = block(real_data.parent / f"reference/windbg-docs/{name}.md", where)
    else:
        listing = (real_data / where).read_text("utf-8")

    text = device_layout(device_object(target, address))

    # manual-m1's debugger complains of its symbols in the middle of a line, where a device has its name.
    expected = [line for line in lines(listing) if "InfoMask" not in line]
    assert words(lines(text)) == words(expected)
    if name != "manual-m1":
        assert [line.strip() for line in lines(text)] == [line.strip() for line in expected]


def test_devstack(real_data: Path) -> None:
    spec = (
        'driver "\\Driver\\usbhub"\ndriver "\\Driver\\usbehci"\n'
        'device "\\Device\\USBPDO-3" of usbehci as port at ffffe000`0213c050 DeviceExtension=ffffe000`0213c1a0\n'
        "  DeviceObjectExtension=ffffe000`0213d000\n"
        'device "\\Device\\0000002d" of usbhub as hub at ffffe000`02320050 on port DeviceExtension=ffffe000`023201a0\n'
        "  DeviceObjectExtension=ffffe000`0213d100\n"
        "struct _DEVOBJ_EXTENSION at ffffe000`0213d000 DeviceObject=port+0\n"
        "struct _DEVOBJ_EXTENSION at ffffe000`0213d100 DeviceObject=hub+0 AttachedTo=port+0\n"
    )
    target = Machine(HEAD + spec, "x64", "nt/9600.20625-x64").target
    listing = block(real_data.parent / "reference/windbg-docs/-usbkd-usbhcdext.md", "!kdexts.devstack")

    text = stack_layout(device_stack(target, 0xFFFFE00002320050))

    assert lines(text) == lines(listing, "  ffffe0000213c050")


def test_devstack_with_a_node(real_data: Path) -> None:
    """The documentation's addresses are no canonical ones of x64; here they are."""
    spec = (
        'driver "\\Driver\\kmixer"\ndriver "\\Driver\\swenum"\n'
        'device "\\Device\\KSENUM#00000005" of swenum as low at ffff0000`85007b50 DeviceExtension=ffff0000`85007ca0\n'
        "  DeviceObjectExtension=ffff0000`85008000\n"
        "device of kmixer as high at ffff0165`fff32040 on low DeviceExtension=ffff0165`fff32190\n"
        "struct _DEVOBJ_EXTENSION at ffff0000`85008000 DeviceObject=low+0 DeviceNode=ffff0165`fff2e010\n"
        'struct _DEVICE_NODE at ffff0165`fff2e010 ServiceName="kmixer"\n'
        '  InstancePath="SW\\{b7eafdc0-a680-11d0-96d8-00aa0051e51d}\\{9B365890-165F-11D0-A195-0020AFD156E4}"\n'
    ).replace("ffff0", "ffff8")
    target = Machine(HEAD + spec, "x64", "nt/7601.24540-x64").target
    listing = block(real_data.parent / "reference/windbg-docs/-devstack.md", "kd> !devstack")

    text = stack_layout(device_stack(target, 0xFFFF800085007B50))

    # Its address was the same with e000 in front, and the column of addresses had another width.
    assert words(lines(text.replace("ffff8", "e0000"))) == words(lines(listing))


def dispatch(functions: dict[int, str]) -> str:
    return " ".join(f"MajorFunction[{code}]={value}" for code, value in functions.items())


def test_drvobj_7(real_data: Path) -> None:
    """The kernel is the one whose nt!IopInvalidDeviceRequest has the address's last digits: the name is read."""
    invalid = "fffff800036b0e30"
    own = {0: "fffff88005a09090", 2: "fffff88005a090f0", 14: "fffff88005a09150"}
    spec = (
        "module nt \\SystemRoot\\system32\\ntoskrnl.exe fffff800`033db000 size 1000000\n"
        "module iqvw64e \\drivers\\iqvw64e.sys fffff880`05a08000 size 600000\n"
        'driver "\\FileSystem\\iqvw64e" at fffffa80`4b0f4d70 module iqvw64e DriverInit=fffff88005fda200\n'
        f"  DriverUnload=fffff88005a09010 {dispatch({code: own.get(code, invalid) for code in range(28)})}\n"
        "device of iqvw64e at fffffa80`4aac7b00\n"
    )
    target = Machine(HEAD + spec, "x64", "nt/20348.405-x64").target
    listing = (real_data / "logs/drvobj/edb-36392-drvobj-fffffa804b0f4d70-7-642.txt").read_text("utf-8")

    text = driver_layout(driver_object(target, 0xFFFFFA804B0F4D70), 3)

    expected = lines(listing, "[1b]")
    assert lines(text)[: len(expected)] == expected


def test_drvobj_by_functions_of_many_modules(real_data: Path) -> None:
    listing = real_data / "logs/drvobj/wdd-debug-universal-drivers-kernel-mod-drvobj-driver-sysvad-tableta-697.txt"
    rows = re.findall(r"^\[(\w\w)\] \w+ +(\w+) +(\w+)!(\w+)", listing.read_text("utf-8"), re.M)
    modules = {"portcls": 0xFFFFF80117B00000, "ks": 0xFFFFF80115E20000, "tabletaudiosample": 0xFFFFF80114B40000}
    spec = "".join(f"module {n} \\drivers\\{n}.sys {base:x} size 60000\n" for n, base in modules.items())
    spec += (
        "module nt \\SystemRoot\\system32\\ntoskrnl.exe fffff801`5a600000 size 800000\n"
        'driver "\\Driver\\sysvad_tabletaudiosample" at ffffe000`8834f670 module tabletaudiosample\n'
        f"  {dispatch({int(code, 16): address for code, address, *_ in rows})}\n"
    )
    target = Machine(HEAD + spec, "x64", "nt/9600.20625-x64").target

    found = driver_object(target, 0xFFFFE0008834F670)
    text = driver_layout(found, 2)

    ours = re.findall(r"^\[(\w\w)\] \w+ +(\w+)\t(\w+)", text, re.M)
    assert len(rows) == 28
    assert ours == [(code, address, module) for code, address, module, _ in rows]
    assert lines(text)[0] == lines(listing.read_text("utf-8"))[0]
    # A port driver's functions are remarked upon, the kernel's are not.
    assert [note.rpartition(", by ")[2].partition(":")[0] for note in found.notes] == ["portcls", "ks"]
    assert "IRP_MJ_CREATE, IRP_MJ_POWER, IRP_MJ_SYSTEM_CONTROL: handled outside" in found.notes[0]


def test_drvobj(real_data: Path) -> None:
    spec = 'driver "\\Driver\\mga_mil" at 8f0bbc10\ndevice of mga_mil at 8f0bb900\n'
    target = Machine(HEAD + spec, "x86", "nt/xpsp3-x86").target
    listing = real_data / "logs/drvobj/wdd-determining-the-status-of-a-device-drvobj-mga-mil-103.txt"

    text = driver_layout(driver_object(target, 0x8F0BBC10), 1)

    assert lines(text) == lines(listing.read_text("utf-8").replace("ff0bb", "8f0bb"))


def test_vpb(real_data: Path) -> None:
    spec = (
        "struct _VPB at 80e15c30 Type=a Size=58 Flags=1 DeviceObject=80de5020 RealDevice=80e15cb8\n"
        "  ReferenceCount=0n14 VolumeLabelLength=12\n"
        'block 80e15c48 unicode "MY-DISK-C"\n'
    )
    target = Machine(HEAD + spec, "x86", "nt/xpsp3-x86").target
    listing = block(real_data.parent / "reference/windbg-docs/-vpb.md", "!vpb 80e15c30")

    text = vpb_layout(vpb(target, 0x80E15C30))

    assert lines(text) == lines(listing)
