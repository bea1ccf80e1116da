"""Promises: one type out of a PDB of any size in 3 empty Pythons, all types of it in 1.3 times llvm-pdbutil's time.

And all types and symbols of it written to a store, as ``types import`` does, in 2.5 times that.

The large PDB is made here, with clang and lld-link (Debian: ``apt install
clang lld llvm``); or name one's own.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from _timing import EMPTY, Timing, arguments, environment, measure, rounds, table

ONE = "import sys; from dumpwalk.types.sources.pdb import open_pdb; assert open_pdb(sys.argv[1]).find(sys.argv[2])"
# What was made is kept, and not taken apart again at the end: neither does llvm-pdbutil.
ALL = """
import os, sys
from dumpwalk.types.sources.pdb import open_pdb
kept = list(open_pdb(sys.argv[1]).types())
if sys.argv[2:]:
    print(open("/proc/self/status").read().split("VmHWM:")[1].split()[0], flush=True)
os._exit(0)
"""
STORE = """
import os, sys
from dumpwalk.types.importing import imported
from dumpwalk.types.sources.pdb import open_pdb
from dumpwalk.types.store_writer import StoreWriter
content, problems = imported(open_pdb(sys.argv[1]), sys.argv[1], "x")
writer = StoreWriter()
writer.add(content)
with open(sys.argv[2], "wb") as file:
    file.write(writer.content())
os._exit(0)
"""
STRUCTURES = 24_000


def tool(*names: str) -> str:
    """Return the first of these programs that is installed, ``""`` when none is."""
    return next((found for found in map(shutil.which, names) if found), "")


def c_source(structures: int) -> str:
    """Return C with types like a kernel's: pointers, arrays, bit fields, unnamed unions, lists, enumerations."""
    parts = []
    for n in range(structures):
        other = f"struct _S{n // 2}" if n else "struct _S0"
        parts.append(
            f"enum _E{n} {{ First{n}, Second{n}, Third{n} = 300 }};"
            f"struct _S{n} {{ struct _S{n} *Flink, *Blink; unsigned long Type{n % 97}; enum _E{n} State;"
            f"union {{ struct {{ unsigned Busy : 1; unsigned Locked : 3; unsigned Spare : 28; }}; unsigned Flags; }} u;"
            f"{other} *Owner; void (*Routine)(void *); char Name[{n % 61 + 1}]; unsigned char Pad{n % 13};"
            f"long long Time; unsigned short Length, MaximumLength; void *Context{n % 31}; }} g{n};"
        )
    return "\n".join([*parts, "int mainCRTStartup(void) { return 0; }"])


def make_pdb(directory: Path, structures: int) -> Path | None:
    """Return a PDB with that many structures and as many enumerations, ``None`` where there are no tools for it."""
    clang, linker = tool("clang", "clang-14"), tool("lld-link", "lld-link-14")
    if not clang or not linker:
        return None
    source, made = directory / "types.c", directory / f"types{structures}.pdb"
    source.write_text(c_source(structures), "utf-8")
    obj = source.with_suffix(".obj")
    compiled = [clang, "--target=x86_64-pc-windows-msvc", "-g", "-gcodeview", "-w", "-c", str(source), "-o", str(obj)]
    link = ["/debug", "/nodefaultlib", "/entry:mainCRTStartup", "/subsystem:console", str(obj)]
    subprocess.run(compiled, check=True)
    subprocess.run([linker, *link, f"/out:{directory / 'types.exe'}", f"/pdb:{made}"], check=True)
    return made


def compare(path: Path, count: int) -> None:
    """Print how long it takes to read one type, and all, of *path*."""
    from dumpwalk.types.sources.pdb import open_pdb

    names = open_pdb(str(path)).names()
    size = path.stat().st_size
    print(f"\n{path.name}: {size / 1e6:.1f} MB, {len(names)} types")
    one = [sys.executable, "-c", ONE, str(path), names[len(names) // 2]]
    first = [Timing("empty Python", EMPTY), Timing("one type", one, 3.0)]
    measure(first, count)
    table(first)

    llvm = tool("llvm-pdbutil", "llvm-pdbutil-14")
    everything = [sys.executable, "-c", ALL, str(path)]
    if not llvm:
        print("llvm-pdbutil is not installed, so there is nothing to compare reading all types with")
    second = [Timing("llvm-pdbutil dump -types", [llvm, "dump", "-types", str(path)])] if llvm else []
    second.append(Timing("all types", everything, 1.3 if llvm else None))
    with tempfile.TemporaryDirectory() as directory:
        store = [sys.executable, "-c", STORE, str(path), str(Path(directory) / "types")]
        second.append(Timing("all types, written to a store", store, 2.5 if llvm else None))
        measure(second, count)
    table(second)
    if sys.platform == "linux":
        said = subprocess.run([*everything, "memory"], capture_output=True, text=True, check=True).stdout.split()
        print(
            f"peak memory with all types kept: {int(said[0]) / 1024:.0f} MB, {int(said[0]) * 1024 / size:.1f}x the file"
        )


def main() -> None:
    parser = arguments(__doc__ or "")
    parser.add_argument("pdb", nargs="*", type=Path, help="PDBs to read in place of those that are made here")
    options = parser.parse_args()
    print(environment())
    with tempfile.TemporaryDirectory() as directory:
        paths = options.pdb or [make_pdb(Path(directory), n) for n in (1000, STRUCTURES)]
        for path in paths:
            if path is None:
                print("clang and lld-link are not installed, so no PDB can be made: name one")
                return
            compare(path.resolve(), rounds(options))


if __name__ == "__main__":
    main()
