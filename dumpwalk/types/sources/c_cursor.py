"""A place in the tokens of a C text, and how to get past what says nothing about layout."""

from __future__ import annotations

from dumpwalk.types.sources.c_tokens import evaluate

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dumpwalk.errors import FormatError
    from dumpwalk.types.c_layout import Laid
    from dumpwalk.types.sources.c_tokens import Source, Token

# What says nothing about layout.
PASSED = frozenset(
    "const volatile restrict __restrict __restrict__ static extern inline __inline __forceinline register UNALIGNED "
    "__unaligned _Atomic __ptr64 __extension__ __sptr __uptr CONST FAR IN OUT OPTIONAL "
    "__cdecl __stdcall __fastcall __vectorcall __thiscall NTAPI WINAPI CALLBACK APIENTRY FASTCALL STDCALL "
    "DECLSPEC_NORETURN NTSYSAPI NTKERNELAPI _Noreturn".split()
)
_ATTRIBUTES = ("__declspec", "__attribute__", "DECLSPEC_ALIGN", "_Alignas", "alignas")
# Of the source-code annotation language, as in _In_, _Field_size_(n), _IRQL_requires_max_(n).
_ANNOTATIONS = tuple(
    f"_{w}" for w in "In Out Inout Outptr Field Struct Ret Reserved Pre Post At When Use Must Check Success "
    "Function IRQL Null Notnull Maybenull Frees Interlocked Guarded Printf Deref Notvalid Valid Const".split()
)  # fmt: skip


class Cursor:
    """A place in the tokens of a C text.

    :ivar at: index of the token looked at
    :ivar enumerators: values of the words that constant expressions may use
    :ivar typedefs: types by the names that ``typedef`` gave them
    """

    def __init__(self, source: Source) -> None:
        self.enumerators: dict[str, int] = {}
        self.typedefs: dict[str, Laid] = {}
        self.read(source)

    def read(self, source: Source) -> None:
        """Begin at the beginning of another text."""
        self.source, self.tokens = source, source.tokens
        self.at = 0

    @property
    def token(self) -> Token:
        return self.tokens[self.at]

    def error(self, what: str) -> FormatError:
        return self.source.error(self.token.line, what)

    def accept(self, text: str) -> bool:
        if self.token.text != text or self.token.kind == "end":
            return False
        self.at += 1
        return True

    def expect(self, text: str) -> None:
        if not self.accept(text):
            raise self.error(f"{text!r} expected, not {self.token.text!r}")

    def skip_group(self) -> None:
        """Pass over what is between a bracket, which is next, and its partner."""
        depth = 0
        while True:
            if self.token.kind == "end":
                raise self.error("a bracket is not closed")
            depth += (self.token.text in ("(", "[", "{")) - (self.token.text in (")", "]", "}"))
            self.at += 1
            if depth <= 0:
                return

    def constant(self) -> int:
        value, self.at = evaluate(self.tokens, self.source, self.enumerators.get, self.at, self.sizeof)
        return value

    def sizeof(self, start: int) -> tuple[int, int]:
        """Return the value of the ``sizeof`` whose ``(`` is at *start*, and where it ends."""
        raise self.error("no sizeof is allowed here")

    def attributes(self) -> tuple[int, bool]:
        """Pass over attributes and annotations; return the alignment they ask for, 0 if none, and if to pack."""
        required, packed = 0, False
        while self.token.kind == "word":
            word = self.token.text
            if word in _ATTRIBUTES:
                self.at += 1
                start, line = self.at, self.token
                self.skip_group()
                end, self.at = self.at, start
                while self.at < end:
                    inner = self.tokens[self.at].text.strip("_")
                    packed = packed or inner == "packed"
                    if inner in ("align", "aligned") or (self.at == start and "lign" in word.lower()):
                        self.at += inner in ("align", "aligned")
                        value = self.constant() if self.token.text == "(" else 16
                        if value not in (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192):
                            raise self.source.error(line.line, f"an alignment of {value}")
                        required = max(required, value)
                    else:
                        self.at += 1
                self.at = end
            elif word.startswith(_ANNOTATIONS) and word.endswith("_") and word not in self.typedefs:
                self.at += 1
                if self.token.text == "(":
                    self.skip_group()
            elif word in PASSED:
                self.at += 1
            else:
                break
        return required, packed
