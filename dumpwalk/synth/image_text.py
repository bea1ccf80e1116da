"""The statements of a memory image's spec, parsed into records."""

from __future__ import annotations

from dumpwalk.synth.image.build import USUAL, profile
from dumpwalk.synth.image.irps import MAJORS
from dumpwalk.synth.image.modules import VOLUME
from dumpwalk.synth.image.structures import Layouts
from dumpwalk.synth.image_spec import (
    DeviceItem,
    DriverItem,
    EntryItem,
    FileItem,
    HandleItem,
    Image,
    IrpItem,
    MapItem,
    Pages,
    PoolItem,
    ProcessItem,
    Ref,
    SectionItem,
    StructItem,
    SymbolItem,
    ThreadItem,
    VadItem,
)
from dumpwalk.synth.layouts import layout
from dumpwalk.synth.processor_text import ProcessorStatements
from dumpwalk.synth.spec import Block, Module, Spec, SpecError
from dumpwalk.synth.text_statements import STATES, Statements

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from dumpwalk.synth.image_spec import Assignments

# Which statements give a label, and what it is called when they don't say `as`.
_LABELLED = (
    *("process_item", "thread_item", "driver_item", "device_item", "file_item"),
    *("section_item", "irp_item", "pool_item", "struct_item", "view_item", "private_item"),
    *("object_item", "link_item"),
)
_SMALL_DUMPS_ONLY = ("process", "thread", "processor", "blob", "slack")
# What a small dump's file has beside the machine's memory.
_OF_TRIAGE_FILES = ("blob", "slack")
# A module whose size is not stated.
_MODULE_SIZE = 0x8000


class ImageStatements(ProcessorStatements, Statements):
    """The statements of one memory image; each method named like a grammar rule takes one in."""

    layouts: Layouts | None = None

    def spec(self) -> Spec:
        """Return the spec: modules and labels first, because others refer to them."""
        first = self.first_of_each(("dump",))
        kind, machine = map(str, first["dump"].children)
        self.values |= {"kind": kind, "machine": machine, "build": 0}
        self.image: dict[str, Any] = {"profile": "", "items": ()}
        if "profile" in first:
            name = first["profile"].children[0]
            try:
                types = profile(self.word(name))
            except SpecError as error:
                raise self.error(name, error.what) from None
            self.image["profile"] = self.word(name)
            self.layouts = Layouts(types)
            self.values["build"] = types.info.build
        if "build" in first:
            self.values["build"] = int(first["build"].children[0])
        self.layout = layout(machine, self.values["build"], strict=False)
        # The volume that files are on which don't say otherwise.
        files = any(tree.data == "file_item" and not self.option(tree, "on") for tree in self.trees)
        self.labels: set[str] = {VOLUME} if files else set()
        for tree in self.trees:
            if tree.data in _SMALL_DUMPS_ONLY and not (kind == "triage" and tree.data in _OF_TRIAGE_FILES):
                raise self.error(
                    tree, f"`{tree.data} ...` of this form belongs into small dumps, not into memory images"
                )
            if tree.data == "unloaded" and self.layouts is None:
                raise self.error(tree, "unloaded drivers are a kernel's: name its profile")
            if tree.data in _LABELLED:
                self.declare(tree)
        for tree in sorted(self.trees, key=lambda tree: tree.data != "module"):
            if tree.data != "module" and self.layouts and machine in USUAL:
                self.modules.setdefault("nt", USUAL[machine].kernel)
            taker: Callable[[Any], None] = getattr(self, str(tree.data))
            taker(tree)
        return Spec(**self.values, image=Image(**self.image))

    def declare(self, tree: Any) -> None:
        """Remember what the statement *tree* calls what it places; it may be referred to from now on."""
        label, address = self.option(tree, "label"), self.option(tree, "at")
        if not label and tree.data in ("driver_item", "device_item") and tree.children[0].type == "STRING":
            name = self.word(tree.children[0]).rpartition("\\")[2]
            # Drivers are called like their modules more often than not, and are asked for as drivers.
            name = f"_DRIVER_OBJECT {name}" if tree.data == "driver_item" else name
        elif label:
            name = str(label)
        else:
            return
        if name in self.labels:
            raise self.error(label or tree, f"{name!r} names something already")
        self.labels.add(name)
        if address and tree.data in ("struct_item", "pool_item", "section_item"):
            self.modules.setdefault(name, self.number(address))

    def option(self, tree: Any, name: str) -> Any:
        """Return what follows the word *name* in a statement, or ``None``."""
        found = [child for child in tree.children if getattr(child, "data", "") == name]
        return found[0].children[0] if found else None

    def options(self, tree: Any) -> dict[str, Any]:
        """Return label, address and fields of a statement as an item's arguments."""
        label, address = self.option(tree, "label"), self.option(tree, "at")
        return {"label": str(label or ""), "address": self.number(address) if address else 0}

    def assignments(self, tree: Any, structure: str) -> Assignments:
        """Return the fields that a statement sets.

        :raises SpecError: where one is set that *structure* does not have
        """
        out: list[tuple[str, int | str | Ref]] = []
        for child in tree.children:
            if getattr(child, "data", "") != "assignment":
                continue
            name, value = child.children
            if self.layouts:
                try:
                    self.layouts.place(structure, str(name))
                except SpecError as error:
                    raise self.error(name, error.what) from None
            out.append((str(name), self.value(value)))
        return tuple(out)

    def value(self, token: Any) -> int | str | Ref:
        """Return a number, a text, or a reference to a label."""
        if token.type == "STRING":
            return self.word(token)
        if token.type == "STATE":
            return STATES.index(str(token))
        if token.type == "PLACE":
            name, _, offset = str(token).replace("`", "").partition("+")
            if name in self.labels and name not in self.modules:
                return Ref(name, int(offset or "0", 16))
        if token.type == "CID":
            raise self.error(token, "write the process and the thread as two fields")
        return self.number(token)

    def item(self, item: Any) -> None:
        """Add an item to the image."""
        self.image["items"] = (*self.image["items"], item)

    def known(self, token: Any) -> str:
        """Return a label.

        :raises SpecError: when nothing in the spec is called so
        """
        if not {str(token), f"_DRIVER_OBJECT {token}"} & {*self.labels, *self.modules}:
            raise self.error(token, f"nothing is called {str(token)!r}; there are {', '.join(sorted(self.labels))}")
        return str(token)

    def profile(self, tree: Any) -> None:
        """Taken in by :meth:`spec`."""

    def paging(self, tree: Any) -> None:
        """Take in the paging mode."""
        self.image["paging"] = str(tree.children[0])

    def cookie(self, tree: Any) -> None:
        """Take in ``nt!ObHeaderCookie``."""
        self.image["cookie"] = self.number(tree.children[0])

    def encoded(self, tree: Any) -> None:
        """Take in that the debugger data block is encoded."""
        self.image["encoded"] = True

    def mask(self, tree: Any) -> None:
        """Take in what is mixed into entries that are not valid."""
        self.image["invalid_pte_mask"] = self.number(tree.children[0])

    def memory(self, tree: Any) -> None:
        """Take in how much memory the machine has."""
        self.image["memory"] = self.number(tree.children[0])

    def module(self, tree: Any) -> None:
        """Take in a module; the kernel's size and time stamp are its profile's."""
        name, path, base, *numbers = tree.children
        if str(name) in self.modules:
            raise self.error(name, f"a module is called {str(name)!r} already")
        size, stamp, checksum = (self.number(token) if token else 0 for token in numbers)
        if self.layouts and str(name) == "nt":
            info = profile(self.image["profile"]).info
            size, stamp = size or info.size, stamp or info.timestamp
        elif not size:
            size = _MODULE_SIZE
        self.modules[str(name)] = self.number(base)
        self.add("modules", Module(str(name), self.word(path), self.number(base), size, stamp, checksum))

    def process_item(self, tree: Any) -> None:
        """Take in a process."""
        parent = self.option(tree, "parent")
        self.item(
            ProcessItem(
                self.number(tree.children[0]),
                self.word(tree.children[1]),
                parent=self.number(parent) if parent else 0,
                fields=self.assignments(tree, "_EPROCESS"),
                **self.options(tree),
            )
        )

    def cid(self, token: Any) -> tuple[int, int]:
        """Return process and thread of a CID."""
        process, _, thread = str(token).partition(".")
        return int(process, 16), int(thread, 16)

    def thread_item(self, tree: Any) -> None:
        """Take in a thread."""
        cid = self.cid(tree.children[0])
        self.item(ThreadItem(*cid, fields=self.assignments(tree, "_ETHREAD"), **self.options(tree)))

    def driver_item(self, tree: Any) -> None:
        """Take in a driver."""
        module = self.option(tree, "of_module")
        if module and str(module) not in self.modules:
            raise self.error(module, f"no module is called {str(module)!r}")
        fields = self.assignments(tree, "_DRIVER_OBJECT")
        name = self.word(tree.children[0])
        self.item(DriverItem(name, module=str(module or ""), fields=fields, **self.options(tree)))

    def device_item(self, tree: Any) -> None:
        """Take in a device."""
        tokens = [child for child in tree.children if hasattr(child, "type")]
        name = self.word(tokens[0]) if tokens[0].type == "STRING" else ""
        on = self.option(tree, "on")
        fields = self.assignments(tree, "_DEVICE_OBJECT")
        below = self.known(on) if on else ""
        self.item(DeviceItem(self.known(tokens[-1]), name, on=below, fields=fields, **self.options(tree)))

    def file_item(self, tree: Any) -> None:
        """Take in a file object."""
        on = self.option(tree, "on")
        fields = self.assignments(tree, "_FILE_OBJECT")
        device = self.known(on) if on else ""
        self.item(FileItem(self.word(tree.children[0]), device=device, fields=fields, **self.options(tree)))

    def section_item(self, tree: Any) -> None:
        """Take in the section of a file."""
        parts = tuple(
            tuple(map(self.pages, child.children))
            for child in tree.children
            if getattr(child, "data", "") == "subsection"
        )
        segment, ptes = self.option(tree, "segment"), self.option(tree, "ptes")
        self.item(
            SectionItem(
                self.known(tree.children[0]),
                str(tree.children[1]) == "image",
                parts,
                segment=self.number(segment) if segment else 0,
                ptes=self.number(ptes) if ptes else 0,
                fields=self.assignments(tree, "_CONTROL_AREA"),
                **self.options(tree),
            )
        )

    def pages(self, tree: Any) -> Pages:
        """Return a stretch of prototype PTEs."""
        state, numbers, dropped = tree.children
        first, _, last = str(numbers).partition("-")
        return Pages(str(state), int(first, 16), int(last or first, 16), dropped is not None)

    def irp_item(self, tree: Any) -> None:
        """Take in an IRP."""
        cid, major = tree.children[:2]
        if str(major) not in MAJORS:
            raise self.error(major, f"{major} is no major function code; there are {', '.join(MAJORS)}")
        through = next((c.children for c in tree.children if getattr(c, "data", "") == "through"), ())
        minor, depth, file = (self.option(tree, name) for name in ("minor", "depth", "of_file"))
        self.item(
            IrpItem(
                *self.cid(cid),
                MAJORS.index(str(major)),
                self.number(minor) if minor else 0,
                tuple(map(self.known, through)),
                self.known(file) if file else "",
                self.number(depth) if depth else 0,
                fields=self.assignments(tree, "_IRP"),
                **self.options(tree),
            )
        )

    def handle_item(self, tree: Any) -> None:
        """Take in a handle."""
        pid, value, target = tree.children[:3]
        access, attributes = self.option(tree, "access"), self.option(tree, "attributes")
        granted = self.number(access) if access else 0x1F0003
        given = self.number(attributes) if attributes else 0
        self.item(HandleItem(self.number(pid), self.number(value), self.known(target), granted, given))

    def pool_item(self, tree: Any) -> None:
        """Take in a pool block."""
        tag, size = tree.children[:2]
        paged = any(getattr(child, "type", "") == "PAGED" for child in tree.children)
        kinds = ("bytes", "pointers", "ascii", "unicode", "zeros")
        data = self.pieces([child for child in tree.children if getattr(child, "data", "") in kinds])
        self.item(PoolItem(self.word(tag), self.number(size), paged=paged, data=data, **self.options(tree)))

    def struct_item(self, tree: Any) -> None:
        """Take in a structure."""
        name = tree.children[0]
        try:
            if self.layouts:
                self.layouts.struct(str(name))
        except SpecError as error:
            raise self.error(name, error.what) from None
        self.item(StructItem(str(name), fields=self.assignments(tree, str(name)), **self.options(tree)))

    def view_item(self, tree: Any) -> None:
        """Take in a view of a section."""
        self.vad(tree, "_MMVAD", self.known(tree.children[1]))

    def private_item(self, tree: Any) -> None:
        """Take in private memory of a process."""
        self.vad(tree, "_MMVAD_SHORT", "")

    def vad(self, tree: Any, structure: str, section: str) -> None:
        """Take in what a process has mapped; its address is the process's, not the VAD's."""
        found = {name: self.option(tree, name) for name in ("at", "size", "protection", "commit", "label")}
        numbers = {name: self.number(token) for name, token in found.items() if token and name != "label"}
        start = numbers.pop("at")
        fields = self.assignments(tree, structure)
        label = str(found["label"] or "")
        self.item(VadItem(self.number(tree.children[0]), start, section, label=label, fields=fields, **numbers))

    def map_item(self, tree: Any) -> None:
        """Take in a page-table entry that maps a page."""
        address, page = tree.children[:2]
        size, pid = self.option(tree, "size"), self.option(tree, "in")
        numbers = (self.number(size) if size else 0x1000, self.number(pid) if pid else 0)
        self.item(MapItem(self.number(address), self.number(page), *numbers))

    def entry_item(self, tree: Any) -> None:
        """Take in a page-table entry."""
        pid = self.option(tree, "in")
        address, value = map(self.number, tree.children[:2])
        self.item(EntryItem(address, value, self.number(pid) if pid else 0))

    def symbol_item(self, tree: Any) -> None:
        """Take in a variable's value."""
        name, value = tree.children[:2]
        size = self.option(tree, "size")
        resolved = self.value(value)
        if isinstance(resolved, str):
            raise self.error(value, "a variable is a number")
        self.item(SymbolItem(str(name), resolved, self.number(size) if size else 0))

    def block(self, tree: Any) -> None:
        """Take in bytes."""
        address, pid = tree.children[0], self.option(tree, "in")
        pieces = [child for child in tree.children[1:] if getattr(child, "data", "") != "in"]
        self.add("blocks", Block(self.number(address), self.pieces(pieces), self.number(pid) if pid else 0))
