"""``x``, ``ln`` and ``?``: what symbols and expressions come to."""

from __future__ import annotations

from dumpwalk.errors import Error
from dumpwalk.expression import evaluate
from dumpwalk.kernel.names import DumpNames
from dumpwalk.remarks import Absent
from dumpwalk.transcript.against import Statement, compares
from dumpwalk.transcript.against.named import statement
from dumpwalk.transcript.against.places import located

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from dumpwalk.target import Target
    from dumpwalk.transcript.evaluation import Evaluation
    from dumpwalk.transcript.symbols import SymbolList

_LONGEST = 1024


@compares("symbols")
def symbols(target: Target, said: SymbolList, command: str) -> Iterator[Statement | None]:
    """Compare addresses of symbols."""
    for symbol in said.symbols:
        if symbol.address is not None:
            what = f"{symbol.place.module}!{symbol.place.symbol}" if symbol.place.symbol else str(symbol.address)
            yield located(target, what, int(symbol.address), symbol.place)


@compares("evaluation")
def evaluation(target: Target, said: Evaluation, command: str) -> Iterator[Statement | None]:
    """Compare what an expression comes to."""
    expression = command.lstrip().removeprefix("?").strip()
    if not expression or len(expression) > _LONGEST:
        return
    try:
        held: int | Absent = evaluate(expression, DumpNames(target))
    except Error as error:
        held = Absent(str(error))
    yield statement(expression, said.bits, held, target.machine.pointer_size)
