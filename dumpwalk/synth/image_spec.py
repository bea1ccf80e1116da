"""What a memory image is to hold: records that a spec's text is parsed into, or that code builds.

Labels are names that a spec gives to what it places; a :class:`Ref` stands for
the address of what a label names. An address of 0 leaves the place to the builder.
"""

from __future__ import annotations

from dumpwalk.record import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeAlias

    from dumpwalk.synth import processor_items as processor

    # Field path and value, what the builder writes last.
    Assignments: TypeAlias = "tuple[tuple[str, int | str | Ref], ...]"
    Item: TypeAlias = (
        "ProcessItem | ThreadItem | DriverItem | DeviceItem | FileItem | SectionItem | IrpItem | HandleItem"
        " | PoolItem | StructItem | MapItem | EntryItem | SymbolItem | ObjectItem | LinkItem | VadItem"
        " | processor.RegionItem | processor.BlockItem | processor.DescriptorTablesItem | processor.GateItem"
        " | processor.InterruptItem | processor.DescriptorItem | processor.DpcItem | processor.ServiceItem"
    )


@record
class Ref:
    """The address of what *label* names, plus *offset*."""

    label: str
    offset: int = 0


@record
class ProcessItem:
    """A process: an ``_EPROCESS`` among the active ones, with page tables and a handle table of its own."""

    pid: int
    name: str
    label: str = ""
    address: int = 0
    parent: int = 0
    fields: Assignments = ()


@record
class ThreadItem:
    """A thread of the process *pid*."""

    pid: int
    tid: int
    label: str = ""
    address: int = 0
    fields: Assignments = ()


@record
class DriverItem:
    """A ``_DRIVER_OBJECT``.

    :param name: ``\\Driver\\example``
    :param module: what the spec calls its image; ``""`` for none
    """

    name: str
    label: str = ""
    address: int = 0
    module: str = ""
    fields: Assignments = ()


@record
class DeviceItem:
    """A ``_DEVICE_OBJECT`` of the driver labelled *driver*.

    :param name: ``\\Device\\Example``; ``""`` for a device without one
    :param on: label of the device it is attached to
    """

    driver: str
    name: str = ""
    label: str = ""
    address: int = 0
    on: str = ""
    fields: Assignments = ()


@record
class FileItem:
    """A ``_FILE_OBJECT``.

    :param device: label of its device; ``""`` for a disk volume that every image with files has
    """

    path: str
    label: str = ""
    address: int = 0
    device: str = ""
    fields: Assignments = ()


@record
class Pages:
    """Prototype PTEs *first* to *last* of a subsection, all in one state.

    :param state: ``valid``, ``transition``, ``subsection`` (still in the file), ``pagefile``, ``demand-zero`` or
        ``zero`` (an entry without a bit)
    :param dropped: the pages themselves are not in the image
    """

    state: str
    first: int
    last: int
    dropped: bool = False


@record
class SectionItem:
    """What Mm keeps of the file labelled *file*: ``_CONTROL_AREA``, ``_SEGMENT``, subsections, prototype PTEs.

    :param image: it is mapped as an image, not as data
    :param subsections: the states of each one's prototype PTEs
    :param segment: address of the ``_SEGMENT``
    :param ptes: address of the first prototype PTE
    :param fields: of the ``_CONTROL_AREA``
    """

    file: str
    image: bool
    subsections: tuple[tuple[Pages, ...], ...]
    label: str = ""
    address: int = 0
    segment: int = 0
    ptes: int = 0
    fields: Assignments = ()


@record
class IrpItem:
    """An ``_IRP`` in the list of its thread's pending ones.

    :param major: ``IRP_MJ_*``
    :param devices: labels of the devices it went through, the top of the stack first; the last one has it
    :param stack: stack locations it has room for; 0 for one a device
    """

    pid: int
    tid: int
    major: int
    minor: int = 0
    devices: tuple[str, ...] = ()
    file: str = ""
    stack: int = 0
    label: str = ""
    address: int = 0
    fields: Assignments = ()


@record
class HandleItem:
    """A handle of the process *pid* to what *target* labels.

    :param attributes: ``OBJ_*``: 1 protected from being closed, 2 inherited, 4 its closing is audited
    """

    pid: int
    value: int
    target: str
    access: int
    attributes: int = 0


@record
class ObjectItem:
    """An object of the object manager.

    :param path: ``\\BaseNamedObjects\\Example``; ``""`` for one without a name
    :param type: what its type is called
    :param size: bytes; 0 for what the structure that goes with the type has
    """

    path: str
    type: str
    label: str = ""
    address: int = 0
    size: int = 0
    fields: Assignments = ()


@record
class LinkItem:
    """A symbolic link.

    :param target: where it leads
    :param drive: ``DosDeviceDriveIndex``: A is 1; 0 for none
    """

    path: str
    target: str
    label: str = ""
    address: int = 0
    drive: int = 0


@record
class PoolItem:
    """A pool block.

    :param tag: four characters
    :param address: behind its header
    """

    tag: str
    size: int
    label: str = ""
    address: int = 0
    paged: bool = False
    data: bytes = b""


@record
class StructItem:
    """A structure of the profile; fields without a value are what is there already."""

    type: str
    address: int
    label: str = ""
    fields: Assignments = ()


@record
class MapItem:
    """A page-table entry: *address* leads to the physical address *page*.

    :param pid: whose page tables; 0 for the kernel's
    """

    address: int
    page: int
    size: int = 0x1000
    pid: int = 0


@record
class EntryItem:
    """A page-table entry as a number, for those that map nothing."""

    address: int
    value: int
    pid: int = 0


@record
class SymbolItem:
    """A variable of the kernel and its value.

    :param size: bytes; 0 for a pointer's
    """

    name: str
    value: int | Ref
    size: int = 0


@record
class VadItem:
    """Something that the process *pid* has mapped: a view of a section, or private memory.

    :param start: address of its first page in the process
    :param section: label of the section that is viewed; ``""`` for private memory
    :param size: in bytes; 0 for the whole section
    :param protection: ``MM_PROTECT``; ``None`` for the usual one
    :param commit: pages
    :param fields: of the ``_MMVAD`` of a view, the ``_MMVAD_SHORT`` of private memory
    """

    pid: int
    start: int
    section: str = ""
    size: int = 0
    protection: int | None = None
    commit: int = 0
    label: str = ""
    address: int = 0
    fields: Assignments = ()


@record
class Image:
    """What turns a :class:`~dumpwalk.synth.spec.Spec` into a memory image.

    :param profile: whose layouts and symbols it has; ``""`` for page tables and bytes alone
    :param paging: a mode of :data:`dumpwalk.synth.image.tables.MODES`; ``""`` for the machine's usual one
    :param cookie: ``nt!ObHeaderCookie``
    :param encoded: the debugger data block is encoded, as it is in the memory of a running machine
    :param invalid_pte_mask: what is mixed into entries that are not valid, where the layouts have a ``SwizzleBit``
    :param memory: bytes of memory in the machine; 0 for as much as is used
    :param items: in the order they are stated
    :param object_manager: directories hold their objects, types and handle tables are counted and listed
    :param exports: the kernel exports ``ObGetObjectType`` and a few variables
    :param type_addresses: where object types are to be, by name
    """

    profile: str
    paging: str = ""
    cookie: int = 0x2B
    encoded: bool = False
    invalid_pte_mask: int = 1 << 45
    memory: int = 0
    items: tuple[Item, ...] = ()
    object_manager: bool = False
    exports: bool = False
    type_addresses: tuple[tuple[str, int], ...] = ()
