"""The text of a spec, parsed into records by ``grammars/synth.lark``."""

from __future__ import annotations

from functools import cache

from dumpwalk.synth.spec import Spec, SpecError
from dumpwalk.synth.text_statements import Statements, line_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lark import Lark
    from lark.exceptions import UnexpectedInput

# A spec with one of these statements is a memory image's.
_OF_IMAGES = ("profile", "paging")


def parse(text: str) -> Spec:
    """Return the spec that *text* states.

    :raises SpecError: with the line, the column and a caret under what makes no sense
    """
    from lark.exceptions import UnexpectedInput

    parser = _parser()
    try:
        tree = parser.parse(text + "\n")
    except UnexpectedInput as error:
        keywords = {t.name: str(t.pattern.value) for t in parser.terminals if t.pattern.type == "str"}
        raise _unexpected(text, error, keywords) from None
    if any(statement.data in _OF_IMAGES for statement in tree.children):  # type: ignore[union-attr]
        from dumpwalk.synth.object_text import ObjectStatements

        return ObjectStatements(text, tree).spec()
    return Statements(text, tree).spec()


@cache
def _parser() -> Lark:
    from dumpwalk.resources import load_grammar

    return load_grammar("synth", propagate_positions=True)


def _unexpected(text: str, error: UnexpectedInput, keywords: dict[str, str]) -> SpecError:
    """Return what the grammar's complaint means to who wrote the text.

    :param keywords: terminals that are words, by name
    """
    allowed = {str(name) for name in getattr(error, "allowed", None) or getattr(error, "expected", None) or ()}
    source = line_of(text, error.line)
    rest = source[error.column - 1 :]
    word = rest.split("#")[0].split(maxsplit=1)
    found = repr(word[0]) if word and not rest[:1].isspace() else "the end of the line"
    wanted = sorted(keywords.get(name) or _WORDS.get(name, name) for name in allowed - _IGNORED)
    from difflib import get_close_matches

    close = get_close_matches(word[0], [w for w in wanted if w in keywords.values()], 1) if word else []
    hint = f"did you mean {close[0]}?" if close else f"{_either(wanted)} would be"
    return SpecError(f"{found} is not expected here; {hint}", error.line, error.column, source)


_IGNORED = {"BLANKS", "COMMENT", "CONTINUATION", "$END"}
_WORDS = {
    "_NL": "the end of the line",
    "NUMBER": "a number",
    "PLACE": "a place (module+offset)",
    "NAME": "a name",
    "PATH": "a path",
    "STRING": "a quoted string",
    "COUNT": "a decimal number",
    "TIME": "a time (2017-02-16T10:00:00Z)",
    "DURATION": "a duration (3:25:45.678)",
    "KIND": "a kind of dump",
    "MACHINE": "x64, x86, ARM64 or ARM",
    "LABEL": "an address and a colon",
    "CID": "process.thread",
    "STATE": "a thread state",
    "GUID": "a GUID",
    "HEXBYTES": "hex digits in pairs",
}


def _either(wanted: list[str]) -> str:
    if len(wanted) > 12:
        return "another word"
    return " or ".join([", ".join(wanted[:-1]), wanted[-1]]) if len(wanted) > 1 else "".join(wanted) or "nothing"
