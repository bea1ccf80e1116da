"""Devices, their stacks and their volumes as ``!devobj``, ``!devstack`` and ``!vpb`` lay them out."""

from __future__ import annotations

from dumpwalk.remarks import Absent
from dumpwalk.render.io_numbers import flag_line, name, pointer, word
from dumpwalk.render.remarks import remark_lines

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.kernel.device_object import Attachment, DeviceObject
    from dumpwalk.kernel.device_stack import DeviceNode, DeviceStack
    from dumpwalk.kernel.vpb import Vpb

# !devstack's column of drivers. A longer name moves what is behind it; WinDbg runs the two together.
_DRIVER = 18
_VPB_FLAGS = {"VPB_MOUNTED": "mounted", "VPB_RAW_MOUNT": "raw mount", "VPB_REMOVE_PENDING": "remove pending"}


def device_layout(found: DeviceObject) -> str:
    """Return a device as text."""
    lines = [
        f"Device object ({pointer(found.address)}) is for:",
        f" {name(found.name)} {name(found.driver)} DriverObject {pointer(found.DriverObject)}",
        f"Current Irp {pointer(found.CurrentIrp)} RefCount {_decimal(found.ReferenceCount)} "
        f"Type {word(found.DeviceType)} Flags {word(found.Flags)}",
        _pointers(found),
    ]
    if found.ExtensionFlags is not None:
        lines.append(flag_line("ExtensionFlags", found.ExtensionFlags, found.extension_flag_names))
    if found.Characteristics:
        lines.append(flag_line("Characteristics", found.Characteristics, found.characteristic_names))
    lines += _attached("AttachedDevice (Upper)", found.AttachedDevice)
    lines += _attached("AttachedTo (Lower)", found.AttachedTo)
    if not found.busy:
        lines.append("Device queue is not busy." if found.busy is False else "Device queue is ????.")
    else:
        lines.append(f"Device queue is busy -- {'Queue empty.' if not found.queue else 'Queue:'}")
        lines += [f"  IRP {pointer(irp)}" for irp in found.queue]
    return "\n".join([*lines, *remark_lines(found)])


def _pointers(found: DeviceObject) -> str:
    """Return the line with what else belongs to a device; what it does not have is left out."""
    out = ""
    for title, value, always in (
        ("Vpb", found.Vpb, False),
        ("SecurityDescriptor", found.SecurityDescriptor, False),
        ("DevExt", found.DeviceExtension, True),
        ("DevObjExt", found.DeviceObjectExtension, True),
        ("Dope", found.Dope, False),
        ("DevNode", found.DeviceNode, False),
    ):
        if always or isinstance(value, Absent) or value:
            out += f"{title} {pointer(value)} "
    return out


def _attached(title: str, found: Attachment | Absent | None) -> list[str]:
    if found is None:
        return []
    if isinstance(found, Absent):
        return [f"{title} {pointer(found)}"]
    return [f"{title} {pointer(found.address)} {name(found.driver)}"]


def _decimal(value: int | Absent) -> str:
    return "????" if isinstance(value, Absent) else str(int(value))


def stack_layout(found: DeviceStack) -> str:
    """Return a device stack as text."""
    return "\n".join([*stack_lines(found), *remark_lines(found)])


def stack_lines(found: DeviceStack) -> list[str]:
    """Return the lines of a device stack: its devices, and what the Plug and Play manager calls it."""
    width = max([8, *(len(pointer(device.address)) for device in found.devices)])
    lines = [f"  {'!DevObj':{width}}  {'!DrvObj':{_DRIVER}} {'!DevExt':{width}}  ObjectName"]
    for device in found.devices:
        lines.append(
            f"{'>' if device.asked else ' '} {pointer(device.address):{width}}  {name(device.driver):{_DRIVER}} "
            f"{pointer(device.DeviceExtension):{width}}  {name(device.name)}".rstrip()
        )
    node = found.DeviceNode
    return lines if node is None or isinstance(node, Absent) else [*lines, *_node(node)]


def _node(node: DeviceNode) -> list[str]:
    lines = [f"!DevNode {pointer(node.address)} :", f'  DeviceInst is "{name(node.InstancePath)}"']
    if isinstance(node.ServiceName, Absent) or node.ServiceName:
        lines.append(f'  ServiceName is "{name(node.ServiceName)}"')
    return lines


def vpb_layout(found: Vpb) -> str:
    """Return a volume parameter block as text."""
    bits = "????" if isinstance(found.Flags, Absent) else f"0x{found.Flags:x}"
    words = " ".join(
        _VPB_FLAGS.get(flag) or flag.removeprefix("VPB_").lower().replace("_", " ") for flag in found.flag_names
    )
    lines = [
        f"Vpb at 0x{pointer(found.address)}",
        f"Flags: {bits} {words} ",
        f"DeviceObject: 0x{pointer(found.DeviceObject)}",
        f"RealDevice:   0x{pointer(found.RealDevice)}",
        f"RefCount: {_decimal(found.ReferenceCount)}",
        f"Volume Label:           {name(found.VolumeLabel)}",
    ]
    return "\n".join([*lines, *remark_lines(found)])
