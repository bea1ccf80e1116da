"""What the commands about drivers, devices and files print of any record is read back as that record."""

from __future__ import annotations

from typing import Any

import pytest
from driver_records import MAJORS, OF_DEVICES, STACK_SHOWN, stacks
from hypothesis import strategies as st
from record_strategies import ABSENT, COUNTS, PLACES, Strategy, names, paths, places, record_of
from round_trips import (
    AT_FOOT,
    IN_COMMAND,
    NOT_PRINTED,
    Case,
    as_read,
    beside,
    each,
    equal,
    not_null,
    replaced,
    run,
    set_and_there,
    there,
)
from shown import Shown

from dumpwalk.commands import devobj, devstack, fileobj, fltreg, vpb
from dumpwalk.kernel.constants import flags, name_of
from dumpwalk.kernel.device_object import DeviceObject
from dumpwalk.kernel.file_object import FileObject
from dumpwalk.kernel.flt_registration import FltRegistration, flag_names
from dumpwalk.kernel.routine import Routine
from dumpwalk.kernel.vpb import Vpb
from dumpwalk.memory.address import Hex
from dumpwalk.remarks import Absent
from dumpwalk.transcript.values import NOT_SHOWN

# A device.


def devices(wide: bool) -> Strategy:
    given = {
        "address": places(wide),
        "name": st.one_of(names("\\"), st.none(), ABSENT),
        "driver": st.one_of(paths(" "), ABSENT),
        "AttachedDevice.driver": OF_DEVICES, "AttachedTo.driver": OF_DEVICES,
    }  # fmt: skip
    return record_of(DeviceObject, wide, given).map(_device)


def _device(found: DeviceObject) -> Any:
    return replaced(
        found,
        device_type=name_of("device_type", there(found.DeviceType) or 0) or "",
        flag_names=flags("device_object_flags", found.Flags),
        characteristic_names=flags("device_characteristics", found.Characteristics),
        extension_flag_names=flags("devobj_extension_flags", found.ExtensionFlags),
        queue=found.queue if found.busy is True else (),
    )


DEVOBJ = Case(
    "!devobj X", "device", devices, devobj.layout,
    Shown(
        hidden={
            **dict.fromkeys(("Type", "Size", "StackSize", "NextDevice"), NOT_PRINTED),
            "problems": AT_FOOT,
        },
        forms={
            "Characteristics": set_and_there,
            **dict.fromkeys(("Vpb", "SecurityDescriptor", "Dope", "DeviceNode"), not_null),
        },
    ),
    found=beside("device"), same=equal("device"),
)  # fmt: skip


# The stack of a device.

DEVSTACK = Case(
    "!devstack X", "devstack", stacks, devstack.layout, STACK_SHOWN, found=beside("stack"), same=equal("stack")
)


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
    found=beside("vpb"), same=equal("vpb"),
)  # fmt: skip


def registrations(wide: bool) -> Strategy:
    routine = record_of(Routine, wide, {"name": PLACES})
    given = {
        "address": places(wide), "module": st.one_of(names(), st.just("")),
        "operations[].PreOperation": routine, "operations[].PostOperation": routine,
        "operations[].MajorFunction": st.sampled_from(MAJORS),
    }  # fmt: skip
    return record_of(FltRegistration, wide, given).map(_registration)


def _registration(found: FltRegistration) -> Any:
    pairs: Any = [(o, o.MajorFunction) for o in found.operations]
    operations = tuple(
        replaced(o, MajorFunction=Hex(code), major=name, flag_names=flag_names(o.Flags)) for o, (code, name) in pairs
    )
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
    found=beside("registration"), same=equal("registration"),
)  # fmt: skip


def files(wide: bool) -> Strategy:
    given = {
        "FileName": st.one_of(paths(), names(">#;*/"), st.just(""), ABSENT), "driver": OF_DEVICES,
        "access": st.lists(st.sampled_from(["Read", "Write", "Delete", "SharedRead"]), unique=True).map(tuple),
        "Flags": st.one_of(st.integers(0, (1 << 32) - 1).map(Hex), ABSENT), "irps[]": places(wide),
        "sections.address": places(wide), "cache.address": places(wide), "cache.vacb.address": places(wide),
        "cache.vacb.number": COUNTS,
        "SectionObjectPointer": ABSENT,
    }  # fmt: skip
    return record_of(FileObject, wide, given).map(_file)


def _file(found: FileObject) -> Any:
    sections, cache = found.sections, found.cache
    driver = found.driver if found.driver is not None else Absent("device ffffb80f12345678 has no driver")
    found = replaced(
        found, flag_names=flags("file_object_flags", found.Flags), driver=None if found.DeviceObject == 0 else driver
    )
    if sections is None:
        return replaced(found, cache=None)
    if cache is not None:
        sections = replaced(sections, SharedCacheMap=cache.address)
    return replaced(found, sections=sections, SectionObjectPointer=sections.address)


_NOT_SET = ("RelatedFileObject", "PrivateCacheMap", "event_signalled")
_NOT_SAID = ("LockOperation", "DeletePending")
_OF_FILES = {
    "address": IN_COMMAND, "Type": NOT_PRINTED, "Size": NOT_PRINTED, "problems": AT_FOOT,
    **{f"cache.{name}": NOT_PRINTED for name in ("OpenCount", "FileSize", "SectionSize", "ValidDataLength")},
    "cache.FileObject": NOT_PRINTED, "cache.vacb.BaseAddress": NOT_PRINTED,
}  # fmt: skip


def file_as_read(file: FileObject) -> Any:
    """Return a file as its text says it, without lines for what is not set."""
    unset = [name for name in _NOT_SET if not_null(getattr(file, name)) is None]
    unset += [name for name in _NOT_SAID if set_and_there(getattr(file, name)) is None]
    return as_read(replaced(file, **dict.fromkeys(unset, NOT_SHOWN)), _OF_FILES)


FILEOBJ = Case(
    "!fileobj X", "file-object", files, fileobj.layout,
    Shown(
        hidden=_OF_FILES,
        forms={**dict.fromkeys(_NOT_SET, not_null), **dict.fromkeys(_NOT_SAID, set_and_there)},
        beside={"words": "the debugger's words for Flags", "queued": "how many requests there are"},
    ),
    found=beside("file"), same=lambda found, file: (found.file, file_as_read(file)),
)  # fmt: skip

CASES = [DEVOBJ, DEVSTACK, VPB, FLTREG, FILEOBJ]


@each(CASES)
def test_what_was_printed_is_read_back(case: Case, wide: bool) -> None:
    run(case, wide, 25)


@pytest.mark.slow
@each(CASES)
def test_what_was_printed_of_many_is_read_back(case: Case, wide: bool) -> None:
    run(case, wide, 60)
