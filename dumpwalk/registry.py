"""Named entries that modules add by being imported.

A package with a registry is extended by putting one more module in it: the
module registers itself with a decorator, and the registry finds the module by
looking into the package. Nobody keeps a list.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Generic, TypeVar

    T = TypeVar("T")

    class _Generic(Generic[T]):
        pass

else:  # typing costs a third of a command's start-up time
    T = None

    class _Generic:
        def __class_getitem__(cls, _):
            return cls


class Registry(_Generic[T]):
    """A table from names to entries that the modules of one package fill.

    :param package: the package whose modules register themselves here

    >>> greetings = Registry("dumpwalk.formats")
    >>> @greetings.add("hello")
    ... def hello(): return "hi"
    >>> greetings.entries["hello"]()
    'hi'
    """

    def __init__(self, package: str) -> None:
        self.package = package
        self.entries: dict[str, T] = {}

    def add(self, *names: str) -> Callable[[T], T]:
        """Return a decorator that registers its argument under each of *names*.

        :raises ValueError: when a name is taken
        """

        def register(entry: T) -> T:
            for name in names:
                if name in self.entries:
                    raise ValueError(f"{self.package}: {name!r} is registered twice")
                self.entries[name] = entry
            return entry

        return register

    def get(self, name: str) -> T | None:
        """Return the entry called *name*, importing only the module of that name where there is one.

        Returns ``None`` when no module of the package registers *name*.
        """
        return self.own(name) or self.load().get(name)

    def own(self, name: str) -> T | None:
        """Return the entry called *name* that the module of that name registers, ``None`` where there is none."""
        if name not in self.entries and name.isidentifier():
            module = f"{self.package}.{name}"
            try:
                __import__(module)  # importlib would cost a millisecond
            except ModuleNotFoundError as error:
                if error.name != module:  # the module is there; something it needs is not
                    raise
        return self.entries.get(name)

    def load(self) -> dict[str, T]:
        """Import every module of the package and return all entries, sorted by name."""
        for name in self._modules():
            __import__(f"{self.package}.{name}")
        return dict(sorted(self.entries.items()))

    def _modules(self) -> set[str]:
        """Return the names of the package's modules. :mod:`pkgutil` would cost as much as starting Python."""
        import os
        import sys

        __import__(self.package)
        found: set[str] = set()
        for directory in sys.modules[self.package].__path__:
            try:
                files = os.listdir(directory)
            except OSError:  # in a zip
                import pkgutil

                found.update(module.name for module in pkgutil.iter_modules([directory]))
                continue
            found.update(f[:-3] for f in files if f.endswith(".py") and f != "__init__.py")
            found.update(f for f in files if os.path.exists(os.path.join(directory, f, "__init__.py")))
        return {name for name in found if name.isidentifier()}


def submodule(package: str, name: str) -> object:
    """Import the module *name* of *package*, so that ``dumpwalk.kernel.section`` needs no import of its own.

    :raises AttributeError: when there is no such module
    """
    import sys

    full = f"{package}.{name}"
    if name.isidentifier() and not name.startswith("_"):
        try:
            __import__(full)
        except ModuleNotFoundError as error:
            if error.name != full:
                raise
        else:
            return sys.modules[full]
    raise AttributeError(f"module {package!r} has no attribute {name!r}")
