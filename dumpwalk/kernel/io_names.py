"""Devices and drivers as the debugger's user names them: by address, by name, by an expression."""

from __future__ import annotations

from dumpwalk.errors import UsageError
from dumpwalk.expression import literal
from dumpwalk.kernel.names import resolve
from dumpwalk.kernel.object_directory import find_object

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.memory.address import Address
    from dumpwalk.target import Target

# What only an expression has in it; the names of devices have dots, blanks, dashes and # too.
_EXPRESSION = frozenset("!@+*()`$")


def driver_at(target: Target, said: str | int) -> Address:
    r"""Return the address of the driver object that *said* means: a number, ``disk``, ``\FileSystem\Ntfs``.

    :raises UsageError: when nothing is called so, or it makes no sense
    """
    return named(target, str(said), "\\Driver\\", "\\FileSystem\\") if _is_name(said) else resolve(target, said)


def device_at(target: Target, said: str | int) -> Address:
    r"""Return the address of the device object that *said* means: a number, ``Null``, ``\Device\Null``.

    :raises UsageError: when nothing is called so, or it makes no sense
    """
    return named(target, str(said), "\\Device\\") if _is_name(said) else resolve(target, said)


def _is_name(said: str | int) -> bool:
    """Say whether *said* is a name: the debugger looks whether it is an address first, then a name."""
    return not isinstance(said, int) and literal(said) is None and not _EXPRESSION & set(said)


def named(target: Target, name: str, directory: str, *others: str) -> Address:
    r"""Return the address of the object called *name*.

    :param directory: where names without a backslash are looked for; *others* are looked into when it is not there
    :raises UsageError: when nothing is called so
    :raises TypeInfoError: when the root of all names is not known
    """
    if name[:1] == "\\":
        return find_object(target, name)
    try:
        return find_object(target, directory + name)
    except UsageError:
        for other in others:
            try:
                return find_object(target, other + name)
            except UsageError:
                continue
        raise
