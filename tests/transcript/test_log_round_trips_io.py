"""What the commands about drivers, devices and files print of any record is read back as that record."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import strategies as st
from record_strategies import ABSENT, FLAGS, PLACES, Strategy, names, paths, places, record_of
from round_trips import (
    AT_FOOT,
    IN_COMMAND,
    NOT_PRINTED,
    Case,
    beside,
    each,
    not_null,
    replaced,
    run,
    set_and_there,
    there,
)
from shown import Shown

from dumpwalk.commands import devobj, devstack, drvobj, fileobj, fltreg, vpb
from dumpwalk.kernel.constants import flags, name_of
from dumpwalk.kernel.device_object import DeviceObject
from dumpwalk.kernel.device_stack import DeviceStack, StackedDevice
from dumpwalk.kernel.driver import DriverObject, FastIo
from dumpwalk.kernel.file_object import FileObject
from dumpwalk.kernel.flt_registration import FltRegistration
from dumpwalk.kernel.routine import Routine
from dumpwalk.kernel.vpb import Vpb
from dumpwalk.memory.address import Hex

DRIVERS = st.one_of(paths(), ABSENT)
OF_DEVICES = st.one_of(st.none(), DRIVERS)
MAJORS = tuple((code, name_of("irp_major", code)) for code in range(0x1C))
FAST_IO = ("FastIoRead", "MdlReadComplete", "AcquireForModWrite", "PrepareMdlWrite", "FastIoDeviceControl")


# A device.


def devices(wide: bool) -> Strategy:
    given = {
        "address": places(wide),
        "name": st.one_of(names("\\"), st.none(), ABSENT),
        "driver": st.one_of(paths(" "), ABSENT),
        "*.flag_names": FLAGS, "*.characteristic_names": FLAGS, "*.extension_flag_names": FLAGS,
        "AttachedDevice.driver": OF_DEVICES, "AttachedTo.driver": OF_DEVICES,
    }  # fmt: skip
    return record_of(DeviceObject, wide, given).map(_device)


def _device(found: DeviceObject) -> Any:
    if not found.Characteristics:
        found = replaced(found, characteristic_names=())
    if found.ExtensionFlags is None:
        found = replaced(found, extension_flag_names=())
    return found if found.busy else replaced(found, queue=())


DEVOBJ = Case(
    "!devobj X", "device", devices, devobj.layout,
    Shown(
        hidden={
            **dict.fromkeys(("Type", "Size", "StackSize", "NextDevice"), NOT_PRINTED),
            **dict.fromkeys(("device_type", "flag_names"), "words for a number that is printed"),
            "problems": AT_FOOT,
        },
        forms={
            "busy": there, "Characteristics": set_and_there,
            **dict.fromkeys(("Vpb", "SecurityDescriptor", "Dope", "DeviceNode"), not_null),
        },
    ),
)  # fmt: skip


# The stack of a device.


def stacks(wide: bool) -> Strategy:
    names_of_devices = st.one_of(paths(), st.none(), ABSENT)
    device = record_of(StackedDevice, wide, {"address": places(wide), "driver": OF_DEVICES, "name": names_of_devices})
    given = {
        "devices": st.lists(device, min_size=1, max_size=4, unique_by=lambda d: d.address).map(tuple),
        "DeviceNode.address": places(wide), "DeviceNode.InstancePath": st.one_of(names(), ABSENT),
        "DeviceNode.ServiceName": st.one_of(names(), ABSENT),
    }  # fmt: skip
    return st.tuples(record_of(DeviceStack, wide, given), st.integers(0, 3)).map(lambda pair: _stack(*pair))


def _stack(found: DeviceStack, asked: int) -> Any:
    asked %= len(found.devices)
    own = tuple(replaced(device, asked=n == asked) for n, device in enumerate(found.devices))
    return replaced(found, devices=own, asked=own[asked].address)


DEVSTACK = Case(
    "!devstack X", "devstack", stacks, devstack.layout,
    Shown(hidden={"DeviceNode.state": NOT_PRINTED, "problems": AT_FOOT}, forms={"DeviceNode": there}),
    found=beside("stack"),
)  # fmt: skip


# A driver.


def drivers(wide: bool) -> Strategy:
    routine = record_of(Routine, wide, {"name": PLACES})
    # The layout leaves the offset in an entry point's name out.
    entry = st.one_of(record_of(Routine, wide, {"name": PLACES.map(lambda name: name.partition("+")[0])}), ABSENT)
    fast = st.lists(st.tuples(st.sampled_from(FAST_IO), routine), unique_by=lambda pair: pair[0], max_size=4)
    given = {
        "address": places(wide), "name": DRIVERS,
        **dict.fromkeys(("DriverInit", "DriverStartIo", "DriverUnload", "AddDevice"), entry),
        "devices": st.lists(places(wide), max_size=9).map(tuple), "extensions[].address": places(wide),
        "dispatch[].routine": st.one_of(routine, ABSENT), "dispatch[].code": st.sampled_from(MAJORS),
        "fast_io": fast.map(lambda pairs: tuple(FastIo(name, found) for name, found in pairs)),
        "notes": st.lists(st.just("IRP_MJ_READ leads to example"), max_size=1).map(tuple),
    }  # fmt: skip
    return record_of(DriverObject, wide, given).map(_driver)


def _driver(found: DriverObject) -> Any:
    dispatch = tuple(replaced(d, code=d.code[0], major=d.code[1]) for d in found.dispatch)  # type: ignore[index]
    return drvobj.DriverAnswer(replaced(found, dispatch=dispatch), drvobj_flags, (), ())


def driver_view(found: Any) -> dict[str, Any]:
    entries = {{"DriverEntry": "DriverInit"}.get(name, name): routine for name, routine in found.entries.items()}
    return {
        **{name: getattr(found, name) for name in found._fields_ if name != "entries"},
        **entries,
        "extensions": tuple({"id": id, "address": at} for id, at in found.extensions),
        "fast_io": tuple({"member": name, "routine": routine} for name, routine in found.fast_io.items()),
    }


drvobj_flags = 3
DRVOBJ = Case(
    "!drvobj X 3", "driver", drivers, drvobj.layout,
    Shown(
        hidden={
            **dict.fromkeys(("Type", "Size", "Flags", "flag_names", "DriverStart", "DriverSize"), NOT_PRINTED),
            **dict.fromkeys(("DriverSection", "module", "FastIoDispatch", "dispatch[].owner"), NOT_PRINTED),
            "problems": AT_FOOT, "notes": AT_FOOT,
        },
    ),
    of=lambda answer: answer.driver, found=driver_view,
)  # fmt: skip


# A volume, a filter's operations, a file.


def volumes(wide: bool) -> Strategy:
    given = {
        "address": places(wide), "Flags": st.one_of(st.sampled_from([0, 1, 2, 4, 5, 7, 0xF, 0x8001]).map(Hex), ABSENT),
        "VolumeLabel": st.one_of(names(), st.just(""), ABSENT),
    }  # fmt: skip
    return record_of(Vpb, wide, given).map(lambda v: replaced(v, flag_names=flags("vpb_flags", v.Flags)))


VPB = Case(
    "!vpb X", "vpb", volumes, vpb.layout,
    Shown(
        hidden={**dict.fromkeys(("Type", "Size", "SerialNumber"), NOT_PRINTED), "problems": AT_FOOT},
        beside={"words": "the debugger's words for Flags, whose names are in the record"},
    ),
    found=beside("vpb"),
)  # fmt: skip


def registrations(wide: bool) -> Strategy:
    routine = record_of(Routine, wide, {"name": PLACES})
    given = {
        "address": places(wide), "module": st.one_of(names(), st.just("")), "operations[].flag_names": FLAGS,
        "operations[].PreOperation": routine, "operations[].PostOperation": routine,
        "operations[].MajorFunction": st.sampled_from(MAJORS),
    }  # fmt: skip
    return record_of(FltRegistration, wide, given).map(_registration)


def _registration(found: FltRegistration) -> Any:
    pairs: Any = [(o, o.MajorFunction) for o in found.operations]
    operations = tuple(replaced(o, MajorFunction=Hex(code), major=name) for o, (code, name) in pairs)
    return replaced(found, operations=operations)


FLTREG = Case(
    "!fltreg X", "filter", registrations, fltreg.layout,
    Shown(
        hidden={
            **dict.fromkeys(("entry_size", "operations[].address", "operations[].Reserved1"), NOT_PRINTED),
            "problems": AT_FOOT,
        },
        beside={"count": "how many operations there are"},
    ),
)  # fmt: skip


def files(wide: bool) -> Strategy:
    given = {
        "FileName": st.one_of(paths(), names(">#;*/"), st.just(""), ABSENT), "driver": OF_DEVICES,
        "access": st.lists(st.sampled_from(["Read", "Write", "Delete", "SharedRead"]), unique=True).map(tuple),
        "Flags": st.one_of(st.integers(0, (1 << 32) - 1).map(Hex), ABSENT), "irps[]": places(wide),
        "sections.address": places(wide), "cache.address": places(wide), "cache.vacb.address": places(wide),
        "SectionObjectPointer": ABSENT,
    }  # fmt: skip
    return record_of(FileObject, wide, given).map(_file)


def _file(found: FileObject) -> Any:
    sections, cache = found.sections, found.cache
    if sections is None:
        return replaced(found, flag_names=flags("file_object_flags", found.Flags), cache=None)
    if cache is not None:
        sections = replaced(sections, SharedCacheMap=cache.address)
    names_of_flags = flags("file_object_flags", found.Flags)
    return replaced(found, flag_names=names_of_flags, sections=sections, SectionObjectPointer=sections.address)


FILEOBJ = Case(
    "!fileobj X", "file-object", files, fileobj.layout,
    Shown(
        hidden={
            "address": IN_COMMAND, "Type": NOT_PRINTED, "Size": NOT_PRINTED, "problems": AT_FOOT,
            **{f"cache.{name}": NOT_PRINTED for name in ("OpenCount", "FileSize", "SectionSize", "ValidDataLength")},
            "cache.FileObject": NOT_PRINTED, "cache.vacb.BaseAddress": NOT_PRINTED,
        },
        forms={
            "RelatedFileObject": not_null, "PrivateCacheMap": not_null, "LockOperation": set_and_there,
            "DeletePending": set_and_there, "event_signalled": not_null,
        },
        beside={"cache.mapped": "says of a view that it is none"},
    ),
)  # fmt: skip

CASES = [DEVOBJ, DEVSTACK, DRVOBJ, VPB, FLTREG, FILEOBJ]


@each(CASES)
def test_what_was_printed_is_read_back(case: Case, wide: bool) -> None:
    run(case, wide, 25)


@pytest.mark.slow
@each(CASES)
def test_what_was_printed_of_many_is_read_back(case: Case, wide: bool) -> None:
    run(case, wide, 60)
