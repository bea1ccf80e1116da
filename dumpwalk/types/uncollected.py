"""Large tables made without the garbage collector looking at them."""

from __future__ import annotations


class Uncollected:
    """Turns the cyclic garbage collector off for a while.

    Large tables of rows hold no cycles; looking for some each time they have
    grown by a quarter takes as long as making them.
    """

    def __enter__(self) -> None:
        import gc

        self._enabled = gc.isenabled()
        gc.disable()

    def __exit__(self, *_: object) -> None:
        import gc

        if self._enabled:
            # All that was made counts as new, and would be gone through at once; so it becomes old.
            if not gc.get_freeze_count():
                gc.freeze()
                gc.unfreeze()
            gc.enable()
