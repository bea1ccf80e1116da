"""A spec as the bytes of a dump file."""

from __future__ import annotations

from dumpwalk.synth.containers import WRITERS
from dumpwalk.synth.contexts import context
from dumpwalk.synth.crashdump import header
from dumpwalk.synth.layouts import layout
from dumpwalk.synth.spec import KINDS, SpecError
from dumpwalk.synth.structures import put
from dumpwalk.synth.triage import triage
from dumpwalk.synth.triage_file import settable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.synth.spec import Spec


def dump(spec: Spec) -> bytes:
    """Return the dump file that *spec* describes.

    A kind other than ``triage`` is written as its header alone, without pages,
    when the spec describes no memory image.

    :raises SpecError: when something in it can't be written
    """
    data = _small(spec) if spec.image is None else _image(spec)
    return data if spec.cut < 0 else data[: spec.cut]


def _small(spec: Spec) -> bytes:
    """Return a triage dump of stated structures, or a header alone."""
    if spec.kind not in KINDS:
        raise SpecError(f"no kind of dump {spec.kind!r}; there are {', '.join(KINDS)}")
    shape = layout(spec.machine, spec.build)
    if spec.kind == "triage":
        return triage(spec, shape)
    alone = header(spec, shape, context(spec.machine, spec.context))
    put(alone, settable(spec.kind, shape.machine.pointer_size), spec.settings, "the dump")
    return bytes(alone)


def _image(spec: Spec) -> bytes:
    """Return the file of the memory image that *spec* describes."""
    from dumpwalk.synth.image.build import build

    write = WRITERS.get(spec.kind)
    if write is None:
        raise SpecError(f"memory images are not written as {spec.kind!r}; there are {', '.join(WRITERS.load())}")
    return write(*build(spec))
