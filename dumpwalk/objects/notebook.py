"""Objects as HTML, for notebooks; everything out of a dump or a type file is escaped."""

from __future__ import annotations

from dumpwalk.types.model import Struct
from dumpwalk.types.spelling import dt_spelling

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.objects import Object

_MOST_ROWS = 512


def table(thing: Object) -> str:
    """Return the members of *thing* as an HTML table: offset, name, type, value."""
    from html import escape

    rows = []
    for field in (thing.type_.fields if isinstance(thing.type_, Struct) else ())[:_MOST_ROWS]:
        value = thing.plan_.members[field.name](thing)
        cells = f"+0x{field.offset:03x}", field.name, dt_spelling(field.type), str(value)
        rows.append("<tr>" + "".join(f"<td>{escape(_shown(cell))}</td>" for cell in cells) + "</tr>")
    return f"<table><caption>{escape(_shown(repr(thing)))}</caption>{''.join(rows)}</table>"


def _shown(text: str) -> str:
    return text if text.isprintable() else text.encode("unicode_escape", "surrogatepass").decode("ascii")
