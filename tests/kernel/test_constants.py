"""Names of numbers: the table and how values are looked up."""

from __future__ import annotations

import pytest

from dumpwalk.kernel.constants import flags, name_of


def test_a_value_has_the_oldest_of_its_names() -> None:
    assert name_of("irp_flags", 2) == "IRP_PAGING_IO"
    assert name_of("file_object_flags", 0x400) == "FO_GENERATE_AUDIT_ON_CLOSE"
    assert name_of("irp_minor IRP_MJ_WRITE", 2) == name_of("irp_minor IRP_MJ_READ", 2) == "IRP_MN_MDL"


def test_bits_come_in_order_and_unknown_ones_as_numbers() -> None:
    assert flags("vpb_flags", 0x81) == ("VPB_MOUNTED", "0x80")
    assert flags("vpb_flags", 0) == ()


def test_a_table_that_is_not_there_is_an_error() -> None:
    with pytest.raises(KeyError):
        name_of("no such table", 1)


def test_every_type_of_device_up_to_those_of_windows_7_has_a_name() -> None:
    """devioctl.h leaves out 3c and 3d only."""
    assert [value for value in range(1, 0x46) if name_of("device_type", value) is None] == [0x3C, 0x3D]
    assert name_of("device_type", 7) == "FILE_DEVICE_DISK"
