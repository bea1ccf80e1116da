"""``_EPROCESS``: what a process is called, who started it, and how it is protected."""

from __future__ import annotations

from dumpwalk.errors import TypeInfoError
from dumpwalk.kernel.views import view_of
from dumpwalk.memory.address import Address, Hex
from dumpwalk.record import record
from dumpwalk.remarks import Absent, Problem
from dumpwalk.times import FileTime
from dumpwalk.types.anchors import EXACT
from dumpwalk.types.dispatcher import PROCESS_OBJECT, is_of_type
from dumpwalk.types.invariants import at_most, client_id, file_time, image_name, kernel_pointer, list_entry
from dumpwalk.types.layouts import enumeration

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.kernel.views import AnyView
    from dumpwalk.target import Target
    from dumpwalk.types.view import FieldSource

# More threads than any machine has had; a field above it is not a count of them.
_MOST_THREADS = 1 << 20
# What fits into ImageFileName, an array of 15 or 16 bytes that ends with a zero.
_LONGEST_NAME = 14


@record
class Protection:
    """``_PS_PROTECTION``: who may open the process, and by whose signature. Prints as its byte and the two names."""

    Level: Hex
    Type: str
    Signer: str

    def __str__(self) -> str:
        return f"{self.Level} ({self.Type}, {self.Signer})" if self.Level else f"{self.Level}"


@record
class Process:
    """A process. Names are NT's; what can't be had is :class:`Absent` with the reason.

    :param ImageFileName: the first 15 characters of its image's file name
    :param InheritedFromUniqueProcessId: the process that created it, which may be gone and its number in use again
    :param Token: address of its primary token
    :param Protection: absent before Windows 8.1
    :param ExitTime: ``None`` while it runs
    :param source: in words, how sure the places of the fields are
    :param fields: the same for each field that was read
    """

    address: Address
    ImageFileName: str | Absent
    UniqueProcessId: Hex | Absent
    InheritedFromUniqueProcessId: Hex | Absent
    DirectoryTableBase: Hex | Absent
    Peb: Address | Absent
    ActiveThreads: int | Absent
    ObjectTable: Address | Absent
    Token: Address | Absent
    Session: Hex | Absent
    Wow64Process: Address | Absent
    Protection: Protection | Absent
    CreateTime: FileTime | Absent
    ExitTime: FileTime | Absent | None
    source: str
    fields: tuple[FieldSource, ...]
    problems: tuple[Problem, ...]


def process(target: Target, address: int, view: AnyView | None = None) -> Process:
    """Return the process at *address*.

    :param address: of an ``_EPROCESS``; nothing about it is believed
    :param view: a view of it, where the caller has one
    """
    view = view or view_of(target, "_EPROCESS", address)
    maybe_null = kernel_pointer(target.machine, null=True)

    # First what confirms its own place beyond doubt: the other fields may go by it.
    links = list_entry(target.machine)
    name = view.data("ImageFileName", image_name)
    for path in ("ActiveProcessLinks", "ThreadListHead", "MmProcessLinks"):
        view.data(path, links)

    wow64 = "Wow64Process" if view.has("Wow64Process") else "WoW64Process"
    problems = _problems(view, name)
    # The arguments are read in this order, so what was read is known when its sources are asked for.
    return Process(
        address=view.address,
        ImageFileName=_image_file_name(name),
        UniqueProcessId=view.hex("UniqueProcessId", client_id),
        InheritedFromUniqueProcessId=view.hex("InheritedFromUniqueProcessId", client_id),
        DirectoryTableBase=_directory_table_base(target, view),
        Peb=view.pointer("Peb"),
        ActiveThreads=view.int("ActiveThreads", at_most(_MOST_THREADS)),
        ObjectTable=view.pointer("ObjectTable", maybe_null),
        Token=_token(target, view),
        Session=view.hex("Session"),
        Wow64Process=view.pointer(wow64),
        Protection=_protection(target, view),
        CreateTime=_create_time(view),
        ExitTime=_exit_time(view),
        source=view.source,
        fields=view.sources,
        problems=problems,
    )


def _image_file_name(data: bytes | Absent) -> str | Absent:
    """Return the name in *data*: bytes of the system's code page, of which only printable ASCII is sure."""
    if isinstance(data, Absent):
        return data
    text = "".join(chr(c) if 0x20 <= c < 0x7F else f"\\x{c:02x}" for c in data.partition(b"\0")[0])
    return text or Absent("the name is empty")


def _directory_table_base(target: Target, view: AnyView) -> Hex | Absent:
    """Return the physical address of the page directory; the low half of the field where it is an array of two."""
    value = view.hex("Pcb.DirectoryTableBase")
    if isinstance(value, Absent):
        return value
    return Hex(value & 0xFFFFFFFF) if target.machine.pointer_size == 4 else value


def _token(target: Target, view: AnyView) -> Address | Absent:
    """Return the token's address. The field is an ``_EX_FAST_REF``: its low bits count cached references."""
    mask = 0xF if target.machine.pointer_size == 8 else 7
    in_kernel = kernel_pointer(target.machine)
    value = view.int("Token", lambda v: in_kernel(v & ~mask))
    return value if isinstance(value, Absent) else target.address(value & ~mask)


def full_image_name(target: Target, found: Process, view: AnyView) -> str | Absent:
    """Return the file name of the process's image.

    ``ImageFileName`` has room for 14 characters. Since Windows XP the process has the whole path for auditing, which
    is believed where it goes on as the short name begins.
    """
    short = found.ImageFileName
    if isinstance(short, Absent) or len(short) < _LONGEST_NAME:
        return short
    place = view.pointer("SeAuditProcessCreationInfo")
    if isinstance(place, Absent) or not place:
        return short
    try:
        path = target.object("_OBJECT_NAME_INFORMATION", place).Name.str_()
    except TypeInfoError:
        return short
    name: str = "" if isinstance(path, Absent) else path.rpartition("\\")[2]
    return name if name.startswith(short) else short


def device_map(view: AnyView) -> Address | Absent:
    """Return the address of the process's ``_DEVICE_MAP``; newer kernels count references in its low bits."""
    value = view.pointer("DeviceMap")
    mask = 0xF if view.machine.pointer_size == 8 else 7  # the alignment of pool blocks, and _EX_FAST_REF's RefCnt
    return value if isinstance(value, Absent) else view.machine.address(value & ~mask)


def _protection(target: Target, view: AnyView) -> Protection | Absent:
    build = target.dump.header.MinorVersion
    try:
        types, signers = enumeration("PS_PROTECTED_TYPE", build), enumeration("PS_PROTECTED_SIGNER", build)
    except TypeInfoError as error:
        return Absent(str(error))
    # The last member of each only counts the others.
    level = view.hex("Protection.Level", lambda v: (v & 7) < len(types) - 1 and v >> 4 < len(signers) - 1)
    if isinstance(level, Absent):
        return level
    # Type:3, Audit:1, Signer:4, as the public symbols have _PS_PROTECTION.
    return Protection(level, _member(types, level & 7), _member(signers, level >> 4))


def _member(names: tuple[str, ...], value: int) -> str:
    return names[value] if value < len(names) - 1 else str(value)


def _create_time(view: AnyView) -> FileTime | Absent:
    value = view.int("CreateTime", file_time)
    if isinstance(value, Absent):
        return value
    return FileTime(value) if value else Absent("not set")


def _exit_time(view: AnyView) -> FileTime | Absent | None:
    value = view.int("ExitTime", lambda v: not v or file_time(v))
    return value if isinstance(value, Absent) else FileTime(value) if value else None


def _problems(view: AnyView, name: bytes | Absent) -> tuple[Problem, ...]:
    where = f"_EPROCESS {view.address}"
    out = []
    kind = view.int("Pcb.Header.Type")
    if not isinstance(kind, Absent) and not is_of_type(kind, PROCESS_OBJECT):
        out.append(Problem(where, f"its type is {kind}, not {PROCESS_OBJECT}: this is no process"))
    if not isinstance(name, Absent) and view.trust("ImageFileName") == EXACT and not image_name(name):
        out.append(Problem(where, "ImageFileName is not a printable name"))
    return tuple(out)
