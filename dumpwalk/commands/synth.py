"""``dumpwalk synth``: write a synthetic dump from a spec."""

from __future__ import annotations

from dumpwalk.arguments import argument, flag, option
from dumpwalk.commands import command
from dumpwalk.errors import FormatError, UsageError
from dumpwalk.memory.address import Hex
from dumpwalk.record import record
from dumpwalk.remarks import Absent


@record
class Written:
    """A dump file that was written.

    :param path: where it is
    :param size: its length in bytes
    :param format: ``PAGEDU64`` or ``PAGEDUMP``; that of other images is called like their kind
    :param type: its ``DumpType``, if it is a crash dump
    :param kind: that type as specs call it
    """

    path: str
    size: int
    format: str
    type: Hex | Absent
    kind: str


def text(written: Written) -> str:
    """Return what was written, on one line."""
    if isinstance(written.type, Absent):
        return f"{written.path}: {written.kind} image, {written.size:,} bytes"
    return f"{written.path}: {written.format}, {written.kind} dump (type {written.type}), {written.size:,} bytes"


@command(
    "synth",
    argument("spec", "the text that says what the dump is to hold; samples/ has some"),
    option("-o", "--output", value="OUT", help="the file to write"),
    flag("--force", help="overwrite OUT if it is there"),
    text=text,
)
def synth(spec: str, output: str | None, force: bool) -> Written:
    """Write a synthetic dump file from a readable spec.

    The same spec always gives the same bytes. A spec that names a profile, or
    a paging mode, is a whole memory image, written as a crash dump of any kind
    or as a raw, ELF, LiME, AVML or VMware image; one that names a build is a
    triage dump, or a header without pages.
    """
    from dumpwalk.synth import KINDS, SpecError, dump, parse

    if output is None:
        raise UsageError("-o OUT is missing: the file to write")
    try:
        with open(spec, encoding="utf-8", newline="") as file:
            wanted = parse(file.read())
        data = dump(wanted)
    except OSError as error:
        raise FormatError(f"{spec}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise FormatError(f"{spec}: not UTF-8 text ({error.reason} at byte {error.start})") from error
    except SpecError as error:
        raise SpecError(error.what, error.line, error.column, error.source, spec) from None
    try:
        with open(output, "wb" if force else "xb") as out:
            out.write(data)
    except FileExistsError:
        raise UsageError(f"{output} is there already; --force overwrites it") from None
    except OSError as error:
        raise UsageError(f"{output}: {error.strerror or error}") from error
    if wanted.kind not in KINDS:
        return Written(output, len(data), wanted.kind, Absent("only crash dumps have one"), wanted.kind)
    form = data[:8].decode("ascii", "replace")
    return Written(output, len(data), form, Hex(KINDS[wanted.kind]), wanted.kind)
