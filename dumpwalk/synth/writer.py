"""A spec as the bytes of a dump file."""

from __future__ import annotations

from dumpwalk.synth.contexts import context
from dumpwalk.synth.crashdump import HEADER_32, HEADER_64, header
from dumpwalk.synth.layouts import layout
from dumpwalk.synth.spec import KINDS, SpecError
from dumpwalk.synth.structures import put
from dumpwalk.synth.triage import triage, triage_fields

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.synth.layouts import Table
    from dumpwalk.synth.spec import Spec


def dump(spec: Spec) -> bytes:
    """Return the dump file that *spec* describes.

    A kind other than ``triage`` is written as its header alone, without pages.

    :raises SpecError: when something in it can't be written
    """
    if spec.kind not in KINDS:
        raise SpecError(f"no kind of dump {spec.kind!r}; there are {', '.join(KINDS)}")
    shape = layout(spec.machine, spec.build)
    if spec.kind == "triage":
        data = bytearray(triage(spec, shape))
    else:
        data = header(spec, shape, context(spec.machine, spec.context))
    put(data, settable(spec.kind, shape.machine.pointer_size), spec.settings, "the dump")
    return bytes(data if spec.cut < 0 else data[: spec.cut])


def settable(kind: str, pointer_size: int) -> Table:
    """Return the raw fields that a spec may overwrite, with their file offsets."""
    fields = dict(HEADER_64 if pointer_size == 8 else HEADER_32)
    if kind == "triage":
        start = 0x2000 if pointer_size == 8 else 0x1000
        fields |= {name: (start + at, size) for name, (at, size) in triage_fields(pointer_size).items()}
    return fields
