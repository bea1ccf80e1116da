"""``dumpwalk lm``: loaded and unloaded modules, as WinDbg's ``lm`` prints them."""

from __future__ import annotations

from dumpwalk.arguments import argument
from dumpwalk.commands import command
from dumpwalk.errors import UsageError
from dumpwalk.record import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dumpwalk.kernel.module_list import ModuleList
    from dumpwalk.target import Target

_LETTERS = "voluekifntD"


@record
class LmAnswer:
    """Modules, and how they are asked to be shown.

    :param options: letters of the command's options, ``v``, ``t``, ``1m``
    :param wide: addresses have 16 digits
    """

    list: ModuleList
    options: tuple[str, ...]
    wide: bool


def layout(answer: LmAnswer) -> str:
    """Return the modules in the columns of ``lm``."""
    from dumpwalk.render.modules import layout as columns
    from dumpwalk.render.modules import names

    if "1m" in answer.options:
        return names(answer.list)
    wanted = "".join(letter for letter in "ifnt" if letter in answer.options)
    return columns(answer.list, wanted, verbose="v" in answer.options, wide=answer.wide)


def _partial(answer: LmAnswer) -> bool:
    return bool(answer.list.missing)


def parse(words: tuple[str, ...]) -> tuple[tuple[str, ...], dict[str, Any]]:
    """Return the options in *words*, and the patterns and the address behind them.

    Options are single letters, glued or not, with or without a dash: ``v m nt``, ``vmnt``, ``-vm nt``.

    :raises UsageError: when one is not known, or what belongs to it is missing

    >>> parse(("vm", "nt")), parse(("m", "s*", "v")), parse(("sm",))
    ((('v',), {'name': 'nt'}), (('v',), {'name': 's*'}), (('sm',), {}))
    """
    options: list[str] = []
    given: dict[str, Any] = {}
    queue = list(words)
    while queue:
        word = queue.pop(0).removeprefix("-")
        while word:
            letter, word = word[0], word[1:]
            if letter + word[:1] in ("1m", "sm"):
                options.append(letter + word[0])
                word = word[1:]
            elif letter in "amM":
                key = {"a": "address", "m": "name", "M": "path"}[letter]
                rest = [word] if word else queue[:1]
                if letter == "a":
                    rest = [" ".join([word, *queue]).strip()]
                    queue = []
                elif not word:
                    queue = queue[1:]
                if not rest or not rest[0]:
                    raise UsageError(f"lm {letter} needs {'an address' if letter == 'a' else 'a pattern'} behind it")
                given[key], word = rest[0], ""
            elif letter in _LETTERS:
                options.append(letter)
            else:
                raise UsageError(f"lm has no option {letter!r} here; there are {' '.join(_LETTERS)} 1m sm a m M")
    return tuple(dict.fromkeys(options)), given


@command(
    "lm",
    argument("words", "options as in the debugger: v, m PATTERN, M PATTERN, a ADDRESS, k, u, sm, 1m", many="words"),
    text=layout,
    partial=_partial,
    needs_dump=True,
    glued=True,
)
def lm(words: tuple[str, ...] = (), target: Target | None = None) -> LmAnswer:
    """List modules, and with `v` what their images say of themselves.

    m PATTERN takes those of that name, M PATTERN those whose image path fits,
    a ADDRESS the one that holds the address; k and u those of kernel and user
    memory, o leaves out unloaded ones, l takes those with symbols, e those
    with a symbol problem. i, n, f and t show image name, path, or time stamp
    in place of the symbols; sm sorts by name, 1m prints names alone. Options
    may be glued: lmvm nt.
    """
    from dumpwalk.kernel.module_list import modules_matching
    from dumpwalk.kernel.names import resolve

    assert target is not None
    options, given = parse(words)
    if "address" in given:
        given["address"] = int(resolve(target, given["address"]))
    only = {"k", "u"} & set(options)
    found = modules_matching(
        target,
        **given,
        kernel=not only or "k" in only,
        user=not only or "u" in only,
        unloaded="o" not in options,
        symbols_only="l" in options,
        troubled_only="e" in options,
        details="v" in options,
        by_name="sm" in options,
    )
    return LmAnswer(found, options, target.machine.pointer_size == 8)
