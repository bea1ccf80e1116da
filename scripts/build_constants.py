"""Write ``dumpwalk/kernel/constants.txt`` from a file of facts (``constants.json``).

    python scripts/build_constants.py FACTS

The facts are numbers and names of public headers (``wdm.h``, ``ntifs.h``, ``fltKernel.h``, ``winnt.h``, after
Win32Metadata, MIT, and mingw-w64). The output is committed and is the same each time.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

OUTPUT = Path(__file__).parents[1] / "dumpwalk" / "kernel" / "constants.txt"
HEAD = """\
# Names of numbers in kernel structures. Written by scripts/build_constants.py; change that, not this.
# A table begins with its name in brackets. A line is a value in hexadecimal and its name; "/" stands between names
# of the same value, the older one first.
"""
TABLES = (
    *("irp_major", "irp_major_filter_manager", "irp_flags", "irp_allocation_flags", "io_stack_control"),
    *("file_object_flags", "device_object_flags", "devobj_extension_flags", "driver_object_flags"),
    *("device_type", "device_characteristics", "vpb_flags", "mdl_flags", "io_object_type", "handle_attributes"),
    *("object_header_flags", "page_protection", "sec_flags", "product_type"),
)
# What the facts leave out. Device types that devioctl.h has in terms of others (Microsoft's page "Specifying Device
# Types"); a bit of ExtensionFlags that no header names, by a debugger's listing of a device.
ADDED = {
    "device_type": {
        0x02: "FILE_DEVICE_CD_ROM",
        0x07: "FILE_DEVICE_DISK",
        0x1F: "FILE_DEVICE_TAPE",
        0x33: "FILE_DEVICE_DVD",
    },
    "devobj_extension_flags": {0x800: "DOE_DEFAULT_SD_PRESENT"},
}


def rows(table: dict[str, str | list[str]]) -> dict[int, str]:
    """Return value and names of each row of *table*; what stands in brackets behind a name is another one."""
    out = {}
    for key, names in table.items():
        if isinstance(names, str):
            names = names.split(" / ")
        names = [name for text in names for name in text.replace("(also ", "/").replace(")", "").split("/")]
        out[int(key, 16 if key.startswith("0x") else 10)] = "/".join(name.strip() for name in names)
    return dict(sorted(out.items()))


def main(facts: Path) -> None:
    known = json.loads(facts.read_text("utf-8"))
    tables = {name: dict(sorted({**ADDED.get(name, {}), **rows(known[name])}.items())) for name in TABLES}
    for majors, minors in known["irp_minor"].items():
        tables |= {f"irp_minor {major}": rows(minors) for major in majors.split("/")}
    text = [HEAD]
    for name, found in tables.items():
        text += [f"\n[{name}]\n", *(f"{value:x} {names}\n" for value, names in found.items())]
    OUTPUT.write_text("".join(text), "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
