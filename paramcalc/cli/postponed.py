"""Modules that our packages import and a command line hardly ever needs: they load when something is asked of them.

click imports `inspect` to tidy up help texts, and msgspec imports a module of its own and `textwrap` to write schemas:
with all that these import in turn, an eighth of a short run, for nothing. So a stand-in takes the place of each, until
its first attribute is asked for; from then on it is the module itself. Mercurial's `demandimport` does the same. What
`importlib.util.LazyLoader` makes would not do: up to Python 3.11 it loads the module as soon as a second package
imports it, since importing looks at `__spec__`.

Only a process of the command line does this; `import paramcalc` leaves all modules alone.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any


class Postponed(ModuleType):
    """A module that has not run yet. It knows where it comes from, as every module does, and nothing else."""

    def __init__(self, spec: ModuleSpec) -> None:
        super().__init__(spec.name)
        self.__spec__, self.__loader__, self.__package__ = spec, spec.loader, spec.parent
        self.__file__, self.__cached__ = spec.origin, spec.cached

    def __getattr__(self, name: str) -> Any:
        """What is not there yet: the module runs now, in this very object, so that whoever has it sees it filled.

        No lock is held meanwhile: a command line has one thread.
        """
        load(self)
        return getattr(self, name)

    def __dir__(self) -> list[str]:
        load(self)
        return dir(self)


def load(module: Postponed) -> None:
    """Make it the module that it stands for."""
    module.__class__ = ModuleType  # type: ignore[assignment]  # first: the module's own code may import it
    module.__spec__.loader.exec_module(module)  # type: ignore[union-attr]  # postpone() saw to that


def postpone(*names: str) -> None:
    """Put a stand-in where each module will be, unless it is there already."""
    for name in names:
        spec = None if name in sys.modules else find(name)
        if spec is not None and spec.loader is not None:
            sys.modules[name] = Postponed(spec)


def find(name: str) -> ModuleSpec | None:
    """Where an import would find a module, whose package need not be imported; `importlib.util` takes longer."""
    package, _, _ = name.rpartition(".")
    if not package:
        return PathFinder.find_spec(name)
    found = PathFinder.find_spec(package)
    return found and PathFinder.find_spec(name, found.submodule_search_locations)


@contextmanager
def without(name: str) -> Iterator[None]:
    """Who imports the module here finds that it is not installed; one that is loaded already is left alone."""
    if name in sys.modules:
        yield
        return
    sys.modules[name] = None  # type: ignore[assignment]  # what Python takes for "not there"
    try:
        yield
    finally:
        del sys.modules[name]


def import_msgspec() -> None:
    """Import msgspec without what only its schemas need."""
    postpone("textwrap", "msgspec.inspect")
    # Where typing_extensions is installed, msgspec takes from there what `typing` has had since Python 3.11.
    with without("typing_extensions"):
        import msgspec  # noqa: F401
