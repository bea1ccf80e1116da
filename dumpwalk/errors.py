"""Everything dumpwalk raises on purpose.

::

    Error                   exit status 5 unless a subclass says otherwise
      UsageError            2   the command line (or an argument) makes no sense
      FormatError           3   the file is not a dump, or not one that can be used
      ReadError             3   the memory at an address can't be had
      AbsentError           3   the dump has nothing of the kind that is asked for
      TypeInfoError         4   no such type, member or profile

The message is one line in the analyst's words and says what to do next where
there is something to do. The program prints it behind ``dumpwalk: `` and
exits with the status of the class.
"""

from __future__ import annotations


class Error(Exception):
    """Root of every exception dumpwalk raises on purpose.

    :ivar file: the file it is about, where several are looked at
    :ivar excerpt: the line of input it is about, with a caret below, where there is one
    """

    exit_status = 5
    file = ""
    excerpt = ""


class UsageError(Error):
    """The command line, or an argument of an API call, makes no sense."""

    exit_status = 2


class FormatError(Error):
    """The file is not a dump, or not one that can be used."""

    exit_status = 3


class ReadError(Error):
    """Memory that can't be had: *size* bytes at *address*, and the *reason*.

    :param address: first byte that can't be read; an :class:`~dumpwalk.memory.address.Address`
        where the caller used one, so that the message prints as WinDbg would
    :param size: how many bytes were wanted from there
    """

    exit_status = 3

    def __init__(self, address: int, size: int, reason: str) -> None:
        super().__init__(f"{address!s}: {reason}")
        self.address = address
        self.size = size
        self.reason = reason


class AbsentError(Error):
    """The dump has nothing of the kind that is asked for: no page tables, no table of interrupts."""

    exit_status = 3


class TypeInfoError(Error):
    """No such type, member or profile."""

    exit_status = 4
