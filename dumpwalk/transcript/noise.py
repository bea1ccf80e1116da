"""Lines that debuggers print between any two others, and that say nothing of the target: noise, a kind of its own."""

from __future__ import annotations

import re

from dumpwalk.transcript import Reader, kind

_NOISE = re.compile(
    r"[ ]*(?![ ])(?:\*{3} ?(?:ERROR|WARNING|Stack trace for last set context|Unable)\b"
    r"|WARNING: (?:Stack unwind|Frame IP|Unable|Process directory|Whitespace|\.reload|Software|Inaccessible)"
    r"|Following frames may be wrong"
    r"|Get(?:PointerFromAddress|UlongFromAddress|UlongPtrFromAddress|ContextState): "
    r"|[0-9a-f`]{8,17}: Unable to get "
    r"|ReadMemory error|ReadVirtual(?:Memory)?(?: failed|: )|Unable to (?:read|get|load|open|enumerate|find|verify) "
    r"|InfoMask field not found|Cannot read info offset|Page [0-9a-f]+ not present in the dump"
    r"|Loading (?:symbols|Kernel Symbols|User Symbols|unloaded module list|Dump File)|Loading symbols for"
    r"|DBGHELP: |SYMSRV: |DBGENG: |Symbol search path is|Executable search path is|Symbol Path validation"
    r"|\*{10,}|-{10,}\Z|={3,}\Z|#{10,}\Z|~{10,}\Z|\*{3}[ ]{2,}|\*{3}\Z"
    r"|Browse (?:full|all|module\Z)|Set bu breakpoint\Z|Resetting default scope"
    r"|NOTE: The trap frame does not contain all registers"
    r"|Some register values may be zeroed or incorrect|No \.natvis|ModLoad: |ERROR: Unable to|ERROR: Module load"
    r"|Implicit (?:thread|process) is now|Type \"?\.hh|Use !analyze -v to get detailed|\.{2,}\Z"
    r"|Force unload of|\.reload|Symbols? (?:file|for) |Failed to |NatVis script"
    r"|Mapping [\w ,]{4,60} ?\.\.\.\Z"
    r"|Could not read faulting driver name"
    r"|WARNING: (?:Thread [0-9a-f]+ |Teb [0-9a-f]+ |[0-9a-f`]{8,17} does not)"
    r"|Get(?:UrlPageData2|PageUrlData) |URL requested: http|Failed calling Internet|Debugger SolutionDb "
    r"|\*{5} Kernel symbols are WRONG|\*[ ]+(?:\S.*)?\*\Z"
    # banners and asides that some mail program broke into two lines
    r"|\*{1,9}\Z|(?:\*[ ]+)?Bugcheck(?: Analysis)?\Z|(?:Bugcheck )?Analysis[ ]+\*\Z|(?:be )?wrong\.\Z"
    # titles of mex's sections, and what its pages offer to click on
    r"|(?:Dump Info|Last exception|Bugcheck details|Crashing Stack"
    r"|Setting context to the last exception)\Z"
    r"|If further analysis of the above does not reveal"
    r"|Display all threads that are not currently waiting\Z|Show Threads: Unique Stacks"
    r"|Microsoft \(R\) Windows Debugger |Copyright \(c\) Microsoft|\*{3} wait with pending attach"
    r"|Resetting default context|Last set context:\Z|Line number information will be loaded\Z"
    r"|physical memory read at [0-9a-f]+ failed|If you know the caching attributes used for"
    r"|try specifying \[c\], \[uc\] or"
    r"|processor corruption\. This may immediately|the future until reboot\) result in a system hang"
    r"|being displayed or other strange crashes|WARNING: Incorrect use of these flags"
    r"|[0-9a-f]{8,16} is not a thread object, interpreting|TYPE mismatch for thread object at"
    r"|A(?: [B-Z]){25}\Z"
    r"|\.cache forcedecode\w+ done\Z|Using session [0-9]+l?\Z)"
)
# What authors put where they left something out.
_ELISION = re.compile(
    r"[ ]*(?:[.…](?:[ ]?[.…])*|\[?(?:\.{3}|## \.{3}|snip(?:ped)?|SNIP|…)\]?|<SNIP>|\(\.{3}\)|\.{3} ?snip ?\.{3}"
    r"|-+ ?(?:SNIP|snip|cut) ?-*|-{2,9}|[|]|:|`{3}\w*|/\*|\*/)\Z"
)


def is_noise(line: str) -> bool:
    """Say whether *line* is an aside of the debugger, or an author's mark that something was left out.

    >>> is_noise("WARNING: Frame IP not in any known module. Following frames may be wrong."), is_noise("[snip]")
    (True, True)
    """
    return _NOISE.match(line) is not None or (len(line) < 80 and _ELISION.match(line) is not None)


@kind("noise")
class Noise(Reader):
    """Noise between blocks."""

    def take(self, line: str, number: int) -> bool:
        return is_noise(line)
