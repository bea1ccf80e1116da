"""Writes ``dumpwalk/bugchecks/win32_errors.txt`` out of a ``winerror.h``.

    python scripts/build_win32_errors.py WINERROR_H

Names and numbers alone are taken, of Win32 errors and of HRESULTs. mingw-w64's header is in the public domain.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

OUT = Path(__file__).parents[1] / "dumpwalk" / "bugchecks" / "win32_errors.txt"
HEAD = """\
# Win32 errors and HRESULTs by number. Written by scripts/build_win32_errors.py; change that, not this.
# "5 NAME" is a Win32 error, in decimal; "0x80004005 NAME" an HRESULT. Of several names of one number the first stays.
"""
_WIN32 = re.compile(r"#define (\w+) __MSABI_LONG\(([0-9]{1,5})\)")
_SOCKET = re.compile(r"#define (WSA\w+) \(WSABASEERR ?\+ ?([0-9]+)\)")
_HRESULT = re.compile(r"#define (\w+) _HRESULT_TYPEDEF_\(0x([0-9A-Fa-f]{8})L?\)")
# Bounds and bases, which are no errors.
_NONE = re.compile(r"\w+_(?:FIRST|LAST|BASE)\Z|NO_ERROR\Z|NOERROR\Z|FACILITY_\w+\Z|SEVERITY_\w+\Z|win16_\w+\Z")
_WSABASEERR = 10000


def main() -> int:
    """Write the file; return the exit status."""
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    errors: dict[int, str] = {}
    results: dict[int, str] = {}
    for line in Path(sys.argv[1]).read_text("utf-8").splitlines():
        if found := _WIN32.match(line) or _SOCKET.match(line):
            number = int(found[2]) + (_WSABASEERR if "WSABASEERR" in line else 0)
            if not _NONE.match(found[1]) and number:
                errors.setdefault(number, found[1])
        elif (found := _HRESULT.match(line)) and not _NONE.match(found[1]) and int(found[2], 16) >> 31:
            results.setdefault(int(found[2], 16), found[1])
    rows = [f"{number} {name}" for number, name in sorted(errors.items())]
    rows += [f"0x{number:08x} {name}" for number, name in sorted(results.items())]
    OUT.write_text(HEAD + "\n" + "\n".join(rows) + "\n", "ascii")
    return 0


if __name__ == "__main__":
    sys.exit(main())
