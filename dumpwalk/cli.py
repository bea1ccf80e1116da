"""The ``dumpwalk`` program: reads the command line, runs one command, prints its record.

Only this module prints and exits. Results go to stdout, everything else to
stderr. Exit status: 0 full answer, 1 partial answer, 2 usage, 3 input not
recognised or unusable, 4 type or symbol missing, 5 internal error, 130
interrupted.
"""

from __future__ import annotations

import os
import sys

from dumpwalk.arguments import expanded, flag, option, parse
from dumpwalk.commands import COMMANDS
from dumpwalk.errors import Error, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any, NoReturn

    from dumpwalk.commands import Command

GLOBAL = (
    option("-z", value="FILE", help="the dump to look at"),
    option("--types", value="NAME", help="whose types to use: a profile, or a file that holds types"),
    flag("--raw", help="the dump is a raw image: physical memory from address 0 on"),
    option("--dtb", value="ADDRESS", help="where the root of the page tables is in physical memory"),
    option(
        "--registers", value="FILE", help="registers of that machine, as a debugger listed them: CR3, CR4, GDTR ..."
    ),
    flag("-h", "--help", help="explain, and exit"),
    flag("--version", help="print the version, and exit"),
)
# Commands of the debugger that have another name here.
_INSTEAD = {
    "triage": "analyze r ecxr exr cxr trap vertarget",
    "thread": "k kb kc kd kf kn kp kv stacks",
    "info": "dumpdebug enumtag",
}
_LONGEST = 32  # characters of a command's name with options glued to it
COMMON = (
    flag("--json", help="print JSON; several files give one list"),
    flag("--jsonl", help="print JSON Lines: one document per file, as each is done"),
    flag("-h", "--help", help="explain, and exit"),
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program on *argv* (``sys.argv`` when not given) and return its exit status."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a console that can't show a character shows its escape
            stream.reconfigure(errors="backslashreplace")
    try:
        try:
            status = _run(sys.argv[1:] if argv is None else argv)
        except Error as error:
            status = _complain(error)
        except AttributeError as error:  # types that somebody brought, or listed, may lack what a structure has
            from dumpwalk.objects.members import lacking

            status = _complain(lacking(error))
        if sys.stdout:  # there is none when the shell closed it
            sys.stdout.flush()
        return status
    except KeyboardInterrupt:
        return 130
    except OSError as error:
        if error.filename is not None:
            _say(f"{error.filename}: {error.strerror}")
            return 3
        # Of the output. What is left in the buffer goes nowhere, or Python would complain at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError) or (os.name == "nt" and error.errno == 22):
            return 1  # the reader of our output went away, as `| head` does
        _say(f"the output can't be written: {error.strerror or error}")
        return 5
    except Exception as error:  # the edge: a traceback is no answer for an analyst
        if os.environ.get("DUMPWALK_DEBUG"):
            raise
        _say(f"internal error: {type(error).__name__}: {error} (DUMPWALK_DEBUG=1 shows where; please report it)")
        return 5


def program() -> NoReturn:
    """Be the ``dumpwalk`` program: :func:`main` on the command line, then the end of the process.

    Starting and ending an interpreter takes longer than most commands. So the
    garbage collector runs rarely (records have no cycles, and are many), and at the end
    nothing is torn down piece by piece: the output is flushed and that is it.
    """
    import gc

    gc.set_threshold(1_000_000, 50, 50)
    status = main()
    if sys.stderr:
        sys.stderr.flush()
    os._exit(status)


def _run(argv: Sequence[str]) -> int:
    given: dict[str, Any] = parse(argv, GLOBAL, stop_at_word=True)
    if given["version"]:
        from dumpwalk import __version__

        print(f"dumpwalk {__version__}")
        return 0
    if given["help"]:
        print(_overview())
        return 0
    if not given["rest"]:
        raise UsageError("no command given; `dumpwalk --help` lists them")
    name, *words = given["rest"]
    command, words = _command(name, words)
    before = words[: words.index("--")] if "--" in words else words
    if {"-h", "--help"} & set(before):
        print(_explanation(command))
        return 0
    _refuse_late(command, before)
    options = parse(words, (*command.arguments, *COMMON))
    del options["help"]
    as_json, as_lines = options.pop("json"), options.pop("jsonl")
    options |= _looked_at(command, given["z"], given["types"], options, _opening(given))
    if "files" in options:
        options["files"] = expanded(options["files"])
    answers: Iterable[Any] = command.run(**options) if command.many else [command.run(**options)]
    if as_lines:
        status = _print_lines(command, answers)
    else:
        status = _print_json(command, answers) if as_json else _print_text(command, answers)
    if "target" in options:
        shown = {str(problem) for problem in getattr(answers[0], "problems", ())} if isinstance(answers, list) else ()
        for remark in options["target"].remarks:
            if remark not in shown:
                _say(remark)
    return status


def _command(name: str, words: Sequence[str]) -> tuple[Command, list[str]]:
    """Return the command that *name* calls, and its words: what is glued to its name is one of them.

    :raises UsageError: when there is none
    """
    bare = name.lstrip("!.")
    command = COMMANDS.own(bare)
    if command is None:  # before all of them are loaded, which takes longer than most of them run
        beginnings = (COMMANDS.own(bare[:n]) for n in range(min(len(bare), _LONGEST) - 1, 1, -1))
        command = next((c for c in beginnings if c and c.glued), None)
        if command is not None:
            return command, [bare[len(command.name) :], *words]
        command = COMMANDS.get(bare)
    if command is not None:
        return command, list(words)
    instead = next((ours for ours, theirs in _INSTEAD.items() if bare in theirs.split()), None)
    hint = f"what it says is in `{instead}`; `dumpwalk --help` lists all" if instead else "`dumpwalk --help` lists them"
    raise UsageError(f"no command {name!r}; {hint}")


def _refuse_late(command: Command, words: Sequence[str]) -> None:
    """Say of a global option among *words* where it belongs.

    :raises UsageError: when there is one
    """
    own = {spelling for argument in command.arguments for spelling in argument.names}
    given = {word.partition("=")[0] for word in words} - own
    for late in GLOBAL:
        if late.names[0] in given:
            usage = " ".join(filter(None, (late.names[0], late.value)))
            raise UsageError(f"{late.names[0]} stands before the command: dumpwalk {usage} {command.name} ...")


def _opening(given: dict[str, Any]) -> dict[str, Any]:
    """Return what ``--raw``, ``--dtb`` and ``--registers`` say of how to open a dump.

    :raises UsageError: when the address is none
    """
    out: dict[str, Any] = {"raw": True} if given["raw"] else {}
    if given["dtb"] is not None:
        try:
            out["dtb"] = int(given["dtb"].replace("`", ""), 16)
        except ValueError:
            raise UsageError(f"--dtb {given['dtb']}: an address in hexadecimal is expected") from None
        if not 0 <= out["dtb"] < 1 << 52:
            raise UsageError(f"--dtb {given['dtb']}: no machine has physical memory there")
    if given["registers"] is not None:
        out["registers"] = given["registers"]
    return out


def _looked_at(
    command: Command, file: str | None, types: str | None, options: dict[str, Any], opening: dict[str, Any]
) -> dict[str, Any]:
    """Return the options that the global ``-z``, ``--types``, ``--raw``, ``--dtb`` and ``--registers`` stand for."""
    out: dict[str, Any] = {}
    if types is not None:
        if "types" in options:
            out["types"] = types
        elif command.target and file is not None:
            opening = {**opening, "types": types}
        else:
            raise UsageError(f"{command.name} needs no types; leave out --types")
    if command.needs_dump and file is None:
        raise UsageError(f"{command.name} needs a dump: dumpwalk -z FILE {command.name} ...")
    if command.target and file is not None:
        from dumpwalk.opening import open

        out["target"] = open(file, **opening)
    elif file is not None:
        if "files" not in options:
            raise UsageError(f"{command.name} looks at no dump; leave out -z")
        out["files"] = (file, *options["files"])
    if opening and "target" not in out:
        if not command.opens:
            raise UsageError(f"{command.name} looks at no memory image; leave out --raw, --dtb and --registers")
        out |= opening
    return out


def _print_text(command: Command, answers: Iterable[Any]) -> int:
    statuses = []
    for answer in answers:
        if isinstance(answer, Error):
            statuses.append(_complain(answer))
            continue
        print(("\n" if statuses else "") + command.text(answer))
        for remark in getattr(answer, "remarks", ()):  # JSON has them itself
            _say(remark)
        statuses.append(int(command.partial(answer)))
    return _joint(statuses)


def _print_lines(command: Command, answers: Iterable[Any]) -> int:
    statuses = []
    for answer in answers:
        failed = isinstance(answer, Error)
        statuses.append(_complain(answer) if failed else int(command.partial(answer)))
        _print_document(_failure(answer) if failed else answer, line=True)
    return _joint(statuses)


def _print_json(command: Command, answers: Iterable[Any]) -> int:
    documents: list[Any] = []
    statuses = []
    for answer in answers:
        failed = isinstance(answer, Error)
        statuses.append(_complain(answer) if failed else int(command.partial(answer)))
        documents.append(_failure(answer) if failed else answer)
    _print_document(documents[0] if len(documents) == 1 else documents)
    return _joint(statuses)


def _print_document(value: Any, line: bool = False) -> None:
    from dumpwalk.render.as_json import pieces

    for piece in pieces(value, line=line):
        print(piece, end="")
    print(flush=True)


def _failure(error: Error) -> dict[str, str]:
    return {"file": error.file, "error": str(error)}


def _joint(statuses: Sequence[int]) -> int:
    """Return the exit status of several answers: one failure among others makes the whole a partial answer."""
    if len(set(statuses)) <= 1:
        return statuses[0] if statuses else 0
    return 1 if any(s <= 1 for s in statuses) else max(statuses)


def _complain(error: Error) -> int:
    _say(str(error), error.excerpt)
    return error.exit_status


def _say(message: str, excerpt: str = "") -> None:
    from dumpwalk.render.text import printable

    lines = [f"dumpwalk: {printable(message)}", *(f"  {printable(line)}" for line in excerpt.splitlines())]
    print("\n".join(lines), file=sys.stderr)


def _overview() -> str:
    lines = [
        "usage: dumpwalk [-z FILE] [--raw] [--dtb ADDRESS] [--registers FILE] [--types NAME] COMMAND ...",
        "",
        "WinDbg's knowledge of Windows crash dumps, offline.",
        "",
    ]
    commands = list(COMMANDS.load().values())
    width = max(len(c.name) for c in commands)
    lines += [f"  {c.name:{width}}  {c.help}" for c in commands]
    lines += ["", "options:", *_option_lines(GLOBAL), "", "`dumpwalk COMMAND --help` explains a command."]
    return "\n".join(lines)


def _explanation(command: Command) -> str:
    declared = (*command.arguments, *COMMON)
    lines = [f"usage: dumpwalk {command.name} {' '.join(a.usage for a in declared if a.key != 'help')}", ""]
    lines += [line.strip() for line in (command.run.__doc__ or "").strip().splitlines()]
    positional = [a for a in declared if a.positional]
    if positional:
        width = max(len(a.names[0]) for a in positional)
        lines += ["", *(f"  {a.names[0].upper():{width}}  {a.help}" for a in positional)]
    return "\n".join([*lines, "", "options:", *_option_lines([a for a in declared if not a.positional])])


def _option_lines(options: Sequence[Any]) -> list[str]:
    heads = [", ".join(a.names) + (f" {a.value}" if a.value else "") for a in options]
    width = max(map(len, heads))
    return [f"  {head:{width}}  {a.help}" for head, a in zip(heads, options)]
