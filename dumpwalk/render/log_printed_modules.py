"""The lines that ``lm`` prints of modules in a pasted text."""

from __future__ import annotations

from dumpwalk.memory.address import Address32
from dumpwalk.remarks import Absent
from dumpwalk.render.modules import detail, image_rows, stamp, version_rows

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    Runs = Iterator[list[list[str]]]

_NARROW, _WIDE = "start    end        module name", "start             end                 module name"
_BESIDE = ("Loaded symbol image file", "Image path", "Image name", "Mapped memory image file")


def modules(found: Any) -> Runs:
    """Yield a list of modules with their details."""
    yield [list(found.names)]
    places = [*(m.module.base for m in found.list.modules), *(m.start for m in found.list.unloaded)][:1]
    if not found.names:
        narrow = not places or isinstance(places[0], Address32)
        yield [[_NARROW], [_WIDE]] if narrow else [[_WIDE]]
    for listed, texts in zip(found.list.modules, found.texts):
        module = listed.module
        head = f"{module.base} {type(module.base)(module.end)}   "
        yield [[head + text] for text in _rows(listed, dict(texts))]
        yield from _details(listed, texts)
    yield [["Unloaded modules:"]] if found.list.unloaded else []
    for gone, texts in zip(found.list.unloaded, found.unloaded_texts):
        yield [[f"{gone.start} {gone.end}   {text}"] for text in _named(gone.name, dict(texts).get("", ""))]
        for name, text in [*texts, ("ImageSize", f"{gone.size:08X}")]:
            yield [[_line(name, text)], [f"    {name}: {text}"]]
    for remark in (*found.list.missing, *found.remarks):
        yield [[f"({remark})"]]


def _named(name: str, last: str, flags: str = "") -> Iterator[str]:
    for head in (f"{name:8} {flags:1}", f"{name:12}", f"{name:9}"):
        yield f"{head} {last}"


def _rows(listed: Any, texts: dict[str, str]) -> Iterator[str]:
    """Yield what may stand behind the addresses of a module: the symbols and where they come from, or other columns."""
    module, symbols = listed.module, f"({listed.symbols})" if listed.symbols else ""
    ends = [f"{symbols:{width if listed.symbol_file else 0}} {listed.symbol_file}" for width in (22, 0) if symbols]
    ends += ["", listed.symbol_file] if not symbols else []
    when = _with_words("Timestamp", stamp(module.timestamp), texts.get("Timestamp", ""))
    columns = [texts.get("", ""), module.path, module.image]
    stamped = [f"{text} {when}".strip() for text in (*columns[1:], f"{module.image:12}", "")]
    ends += [f"{symbols} {text}".strip() for text in (*columns, *stamped) if text]
    for end in ends:
        yield from _named(module.name, end, listed.flags)


def _details(listed: Any, texts: Any) -> Runs:
    """Yield the lines below a module."""
    module, details, words = listed.module, listed.details, dict(texts)
    shown = [("Image path", module.path), ("Image name", module.image), *image_rows(listed)]
    if details is not None:
        yield [["    Image was built with /Brepro flag."]] if details.reproducible else []
        if isinstance(details.version, Absent):
            yield [[f"    (version: {details.version.reason})"]]
        else:
            shown += [*version_rows(details.version), *details.version.strings.items()]
    for name, text in shown:
        yield [[_line(name, line)] for line in (text, _with_words(name, text, words.get(name, "")))]
    for name, text in texts:
        yield [[_line(name, text)]]


def _with_words(label: str, text: str, words: str) -> str:
    """Return what stands behind a label with the words that the text has for the number in it."""
    if not words:
        return text
    if label == "Timestamp":
        return f"{words} ({text.rpartition('(')[2]}"
    head, mark, _ = text.partition(")" if label == "File flags" else " ")
    return f"{head}{mark.strip()} {words}"


def _line(name: str, text: str) -> str:
    if name == "version":  # why it is not known
        return f"    ({name}: {text})"
    if name == "Image was built with":
        return f"    {name} {text}"
    return f"    {name}: {text}".rstrip() if name in _BESIDE else detail(name, text)
