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
    if spec.image is not None:
        return image(spec)
    if spec.kind not in KINDS:
        raise SpecError(f"no kind of dump {spec.kind!r}; there are {', '.join(KINDS)}")
    shape = layout(spec.machine, spec.build)
    if spec.kind == "triage":
        data = triage(spec, shape)
    else:
        alone = header(spec, shape, context(spec.machine, spec.context))
        put(alone, settable(spec.kind, shape.machine.pointer_size), spec.settings, "the dump")
        data = bytes(alone)
    return data if spec.cut < 0 else data[: spec.cut]


def image(spec: Spec) -> bytes:
    """Return the file of the memory image that *spec* describes.

    :raises SpecError: when something in it can't be written
    """
    from dumpwalk.synth.image.build import build

    write = WRITERS.get(spec.kind)
    if write is None:
        raise SpecError(f"memory images are not written as {spec.kind!r}; there are {', '.join(WRITERS.load())}")
    filled, pages = build(spec)
    data = write(filled, pages)
    return data if spec.cut < 0 else data[: spec.cut]
