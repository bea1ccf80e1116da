"""The statements about processors in a memory image's spec, parsed into records."""

from __future__ import annotations

from dumpwalk.synth.processor_items import (
    BlockItem,
    DescriptorItem,
    DescriptorTablesItem,
    DpcItem,
    GateItem,
    InterruptItem,
    RegionItem,
    ServiceItem,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dumpwalk.synth.processor_items import Routine
    from dumpwalk.synth.spec import SpecError


class ProcessorStatements:
    """Takes in what a spec says of processors; part of the statements of a memory image."""

    if TYPE_CHECKING:
        image: dict[str, Any]

        def item(self, item: Any) -> None: ...
        def number(self, token: Any) -> int: ...
        def option(self, tree: Any, name: str) -> Any: ...
        def assignments(self, tree: Any, structure: str) -> Any: ...
        def value(self, token: Any) -> Any: ...
        def error(self, node: Any, what: str) -> SpecError: ...

    def routine(self, token: Any) -> Routine:
        """Return what a routine is: an address, a label's or a symbol of the kernel."""
        if token.type == "SYMBOL":
            return str(token)
        found: Routine = self.value(token)
        return found

    def _small(self, tree: Any, name: str) -> int:
        found = self.option(tree, name)
        return self.number(found) if found else 0

    def region_item(self, tree: Any) -> None:
        """Take in fields of a control region."""
        number = self.number(tree.children[0])
        self.item(RegionItem(number, self._small(tree, "at"), self.assignments(tree, "_KPCR")))

    def block_item(self, tree: Any) -> None:
        """Take in fields of a control block."""
        self.item(BlockItem(self.number(tree.children[0]), self.assignments(tree, "_KPRCB")))

    def tables_item(self, tree: Any) -> None:
        """Take in that processors have descriptor tables."""
        if not self.image["profile"]:
            raise self.error(tree, "descriptor tables are a kernel's: name its profile")
        self.item(DescriptorTablesItem())

    def gate_item(self, tree: Any) -> None:
        """Take in a gate."""
        vector, routine = tree.children[:2]
        self.item(
            GateItem(self.number(vector), self.routine(routine), self._small(tree, "dpl"), self._small(tree, "ist"))
        )

    def interrupt_item(self, tree: Any) -> None:
        """Take in the interrupt objects of a vector."""
        vector, *rest = tree.children
        routines = tuple(self.routine(token) for token in rest if hasattr(token, "type"))
        self.item(InterruptItem(self.number(vector), routines, self._small(tree, "at")))

    def descriptor_item(self, tree: Any) -> None:
        """Take in a segment descriptor."""
        selector, value, *upper = (self.number(token) for token in tree.children)
        self.item(DescriptorItem(selector, value, *upper))

    def dpc_item(self, tree: Any) -> None:
        """Take in a waiting DPC."""
        processor, routine = tree.children[:2]
        threaded = any(getattr(child, "type", "") == "THREADED" for child in tree.children)
        self.item(DpcItem(self.number(processor), self.routine(routine), threaded, self._small(tree, "at")))

    def service_item(self, tree: Any) -> None:
        """Take in a system service."""
        number, routine = tree.children[:2]
        self.item(ServiceItem(self.number(number), self.routine(routine), self._small(tree, "arguments")))
