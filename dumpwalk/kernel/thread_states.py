"""``KTHREAD_STATE``: the states of a thread, and what ``!thread`` calls them."""

from __future__ import annotations

# Names of the public symbols, of all versions.
STATES = (
    *("Initialized", "Ready", "Running", "Standby", "Terminated", "Waiting", "Transition", "DeferredReady"),
    *("GateWait", "GateWaitObsolete", "WaitingForProcessInSwap"),
)
_OTHER_WORDS = {"Waiting": "WAIT"}


def state_word(state: str) -> str:
    """Return what ``!thread`` calls a state.

    >>> state_word("Waiting"), state_word("Standby")
    ('WAIT', 'STANDBY')
    """
    return _OTHER_WORDS.get(state) or state.upper()


_BY_WORD = {state_word(state): state for state in STATES}


def state_called(word: str) -> str:
    """Return the state that a debugger calls *word*; ``""`` where no state is called so.

    >>> state_called("WAIT"), state_called("DEFERRED_READY"), state_called("GATE WAIT"), state_called("ready")
    ('Waiting', 'DeferredReady', 'GateWait', 'Ready')
    """
    return _BY_WORD.get(word.upper().replace("_", "").replace(" ", ""), "")
