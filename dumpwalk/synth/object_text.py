"""The statements of a memory image's spec that are about the object manager, parsed into records."""

from __future__ import annotations

from dumpwalk.synth.image.namespace import STRUCTURES
from dumpwalk.synth.image_spec import LinkItem, ObjectItem
from dumpwalk.synth.image_text import ImageStatements

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class ObjectStatements(ImageStatements):
    """The statements of one memory image, those about objects among them."""

    def object_manager(self, tree: Any) -> None:
        """Take in that the object manager's own structures are to be complete."""
        self.image["object_manager"] = True

    def kernel_exports(self, tree: Any) -> None:
        """Take in that the kernel exports something."""
        self.image["exports"] = True

    def object_type(self, tree: Any) -> None:
        """Take in where an object type is to be."""
        name, address = self.word(tree.children[0]), self.option(tree, "at")
        self.image["type_addresses"] = (*self.image.get("type_addresses", ()), (name, self.number(address)))

    def object_item(self, tree: Any) -> None:
        """Take in an object."""
        path, kind = tree.children[:2]
        size = self.option(tree, "size")
        structure = STRUCTURES.get(str(kind), "")
        if not structure and not size:
            raise self.error(kind, f"how large a {kind} is is not known; say size")
        fields = self.assignments(tree, structure) if structure else ()
        number = self.number(size) if size else 0
        self.item(ObjectItem(self.word(path), str(kind), size=number, fields=fields, **self.options(tree)))

    def link_item(self, tree: Any) -> None:
        """Take in a symbolic link."""
        path, target = tree.children[:2]
        drive = self.option(tree, "drive")
        index = self.number(drive) if drive else 0
        self.item(LinkItem(self.word(path), self.word(target), drive=index, **self.options(tree)))
