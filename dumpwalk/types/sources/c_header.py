"""C declarations: typedefs, structures, unions and enumerations, laid out as Microsoft's compilers do.

Read is the C that headers of drivers are written in: nested and unnamed
members, bit fields, arrays, pointers, pointers to functions, ``#pragma pack``,
``__declspec(align(N))``, source annotations (``_In_``) and the scalar types of
the Windows headers. Functions and variables are passed over.
"""

from __future__ import annotations

from dumpwalk.types.c_layout import Laid, Member, lay_out
from dumpwalk.types.merge import Types, references
from dumpwalk.types.model import BASES, Array, Base, Enum, Function, Pointer, Reference, Struct
from dumpwalk.types.sources.c_cursor import PASSED, Cursor
from dumpwalk.types.sources.c_prelude import ALIASES, PRELUDE
from dumpwalk.types.sources.c_tokens import Source, Token

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dumpwalk.types.model import Type, TypeDatabase

_DEEPEST = 40
_WIDEST = 1 << 40
_MOST_FIELDS = 100_000  # of a structure with those of the unnamed ones in it
_INCOMPLETE = -1
_BASE_WORDS = frozenset(
    "void char short int long float double signed unsigned _Bool bool wchar_t "
    "__int8 __int16 __int32 __int64 __int128 __signed__".split()
)


def database(text: str, name: str = "C", pointer_size: int = 8, known: TypeDatabase | None = None) -> Types:
    """Return the types that the C declarations in *text* declare.

    :param name: what to call it in messages, and as the source of its types
    :param pointer_size: 4 or 8, of the machine that they are for
    :param known: types that the text may use without declaring them
    :raises FormatError: when it is no C we understand, with the line
    """
    machine = "_WIN64 _AMD64_ _M_AMD64 _M_X64" if pointer_size == 8 else "_X86_ _M_IX86"
    defined: dict[str, Sequence[Token]] = {word: (Token("number", "1", 0),) for word in ["_WIN32", *machine.split()]}
    parser = _Parser(Source(PRELUDE, "prelude", defined), pointer_size, None)
    parser.unit()
    given = set(parser.typedefs)
    parser.begin(Source(text, name, defined), known)
    parser.unit()
    meant = {n: laid.type for n, laid in sorted(parser.typedefs.items()) if n not in given}
    return Types(name, pointer_size, parser.declared(), None, meant)


class _Parser(Cursor):
    """A recursive-descent parser."""

    def __init__(self, source: Source, pointer_size: int, known: TypeDatabase | None) -> None:
        super().__init__(source)
        self.known = known
        self.pointer_size = pointer_size
        self.types: dict[str, Struct | Enum] = {}
        self.tags: dict[str, Laid] = {}
        self._weights: dict[int, tuple[int, Type]] = {}  # with the type, so that no other one gets its id
        self.own: set[str] = set()
        self.depth = 0
        for alias, base in ALIASES.items():
            if base == "pointer":
                self.typedefs[alias] = self._pointer(Laid(BASES["Void"], 0, 1))
                continue
            word = f"{base[:-1]}{pointer_size}B" if base.endswith("P") else base
            self.typedefs[alias] = Laid(BASES[word], BASES[word].size, BASES[word].size)

    def begin(self, source: Source, known: TypeDatabase | None) -> None:
        """Go on with another text."""
        self.read(source)
        self.known = known
        self.depth = 0
        self.own = set()

    def declared(self) -> dict[str, Struct | Enum]:
        """Return the types that the last text declared, and those of the prelude that they need."""
        needed = set(self.own)
        queue = list(self.own)
        while queue:
            found = self.types.get(queue.pop())
            new = {r.name for r in (references(found) if found else ()) if r.name in self.types} - needed
            needed |= new
            queue += new
        return {name: self.types[name] for name in needed}

    def sizeof(self, start: int) -> tuple[int, int]:
        self.at = start
        self.expect("(")
        laid, _, _ = self.specifiers()
        size = self.complete(self.declarator(laid)[1]).size
        self.expect(")")
        return size, self.at

    def unit(self) -> None:
        """Read all declarations of the text."""
        while self.token.kind != "end":
            if self.accept(";") or self.accept("}"):  # the latter ends an extern "C"
                continue
            if self.token.text == "extern" and self.tokens[self.at + 1].kind == "string":
                self.at += 2
                self.accept("{")
            elif self.token.text in ("C_ASSERT", "_Static_assert", "static_assert"):
                self.at += 1
                self.skip_group()
            else:
                self.declaration()

    def declaration(self) -> None:
        laid, typedef, required = self.specifiers()
        while not self.accept(";"):
            name, declared = self.declarator(laid)
            if not name:
                raise self.error(f"a name expected, not {self.token.text!r}")
            self.attributes()
            if typedef:
                if isinstance(declared.type, (Struct, Enum)) and not declared.type.name:
                    laid = declared = self._name(declared, name)
                strictest = max(declared.required, required)
                self.typedefs[name] = Laid(declared.type, declared.size, declared.align, strictest)
            elif self.token.text == "{" and isinstance(declared.type, Function):
                self.skip_group()
                return
            if self.accept("="):
                while self.token.text not in (",", ";") and self.token.kind != "end":
                    self.skip_group()
            if not self.accept(",") and self.token.text != ";":
                raise self.error(f"';' expected, not {self.token.text!r}")

    def _name(self, laid: Laid, name: str) -> Laid:
        """Call an unnamed structure or enumeration by the name of its typedef."""
        type = laid.type
        if isinstance(type, Enum):
            return self._define("enum", Laid(Enum(name, type.size, type.members), *_shape(laid)))
        assert isinstance(type, Struct)
        return self._define(type.kind, Laid(Struct(name, type.kind, type.size, type.fields), *_shape(laid)))

    def _define(self, kind: str, laid: Laid) -> Laid:
        """Note the definition of a named type and return the reference to it."""
        assert isinstance(laid.type, (Struct, Enum))
        name = laid.type.name
        if name in self.own and self.types[name] != laid.type:
            raise self.error(f"{name} is declared twice, differently")
        self.types[name] = laid.type
        self.own.add(name)
        self.tags[name] = Laid(Reference(kind, name), *_shape(laid))
        return self.tags[name]

    def specifiers(self) -> tuple[Laid, bool, int]:
        """Read what stands before the declarators: the type, whether it is a ``typedef``, and an alignment."""
        laid: Laid | None = None
        typedef, required = False, 0
        words: list[str] = []
        while True:
            required = max(required, self.attributes()[0])
            word = self.token.text
            if self.token.kind != "word":
                break
            if word == "typedef":
                typedef = True
            elif word in ("struct", "union", "class", "enum") and laid is None and not words:
                self.at += 1
                laid = self.enum() if word == "enum" else self.record(word)
                continue
            elif word in _BASE_WORDS and laid is None and not (words and word in ("wchar_t", "bool")):
                words.append(word)
            elif laid is None and not words:
                laid = self._named(word)
            else:
                break
            self.at += 1
        if words:
            laid = self._base(words)
        if laid is None:
            raise self.error(f"a type expected, not {self.token.text!r}")
        return laid, typedef, required

    def _base(self, words: list[str]) -> Laid:
        sign = "unsigned" in words
        core = [w for w in words if w not in ("signed", "unsigned", "__signed__", "int")] or ["int"]
        for word, base in (
            ("void", "Void"),
            ("wchar_t", "Wchar"),
            ("_Bool", "Bool"),
            ("bool", "Bool"),
            ("float", "Float"),
        ):
            if word in core:
                return Laid(BASES[base], BASES[base].size, max(BASES[base].size, 1))
        if "double" in core:
            return Laid(BASES["Double"], 8, 8)
        if core == ["char"]:
            base = "UChar" if sign else "Int1B" if len(words) > 1 else "Char"
            return Laid(BASES[base], 1, 1)
        sizes = {"__int8": 1, "short": 2, "__int16": 2, "int": 4, "__int32": 4, "long": 4, "__int64": 8, "__int128": 16}
        size = 8 if core == ["long", "long"] else sizes.get(core[0], 0) if len(core) == 1 else 0
        if not size:
            raise self.error(f"{' '.join(words)!r} is no type")
        return Laid(BASES[f"{'Uint' if sign else 'Int'}{size}B"], size, size)

    def _named(self, word: str) -> Laid:
        if word in self.typedefs:
            return self.typedefs[word]
        if self.known:
            for name, pointers in ((word, 0), (f"_{word}", 0), (f"_{word[1:]}", int(word.startswith("P")))):
                found = self.known.find(name)
                if found is not None and (pointers or name != f"_{word[1:]}"):
                    kind = found.kind if isinstance(found, Struct) else "enum"
                    laid = Laid(Reference(kind, name), _INCOMPLETE, 1)
                    return self._pointer(laid) if pointers else laid
        raise self.error(f"a type called {word!r} is not known here")

    def _pointer(self, laid: Laid, size: int = 0) -> Laid:
        size = size or self.pointer_size
        return Laid(Pointer(laid.type, size), size, size)

    def complete(self, laid: Laid) -> Laid:
        """Return *laid* with its size, which may be known only now."""
        if laid.size != _INCOMPLETE or not isinstance(laid.type, Reference):
            return laid
        name = laid.type.name
        there = self.tags.get(name)
        if there and there.size != _INCOMPLETE:
            return Laid(laid.type, there.size, there.align, max(there.required, laid.required))
        found = self.known.find(name) if self.known else None
        if found is None:
            raise self.error(f"{laid.type.kind} {name} is not declared yet, its size is not known")
        return Laid(laid.type, found.size, self._natural(found, 0), laid.required)

    def _natural(self, type: Type, depth: int) -> int:
        """Return the alignment that a type we have no declaration of most likely has."""
        if isinstance(type, Reference) and self.known:
            type = self.known.find(type.name) or type
        while isinstance(type, Array):
            type = type.element
        if isinstance(type, (Base, Pointer, Enum)):
            return max(1, min(type.size, 8))
        if not isinstance(type, Struct) or depth > _DEEPEST:
            return 1
        widest = max((self._natural(f.type, depth + 1) for f in type.fields), default=1)
        fits = [a for a in (8, 4, 2, 1) if not type.size % a and not any(f.offset % min(a, 1) for f in type.fields)]
        return min(widest, max(fits))

    def record(self, kind: str) -> Laid:
        required, packed = self.attributes()
        tag = ""
        if self.token.kind == "word":
            tag = self.token.text
            self.at += 1
        if self.token.text != "{":
            if not tag:
                raise self.error(f"a name or {{ expected after {kind}")
            return self.tags.get(tag) or Laid(Reference(kind, tag), _INCOMPLETE, 1)
        pack = self.token.pack
        self.depth += 1
        if self.depth > _DEEPEST:
            raise self.error("structures are nested far too deeply")
        self.at += 1
        members: list[Member] = []
        names: set[str] = set()
        while not self.accept("}"):
            for member in self.members():
                members.append(member)
                if member.name in names:
                    raise self.error(f"{kind} {tag} has two members called {member.name!r}")
                names |= {member.name} - {""}
        self.depth -= 1
        after, packed_after = self.attributes()
        weight = sum(map(self._weight, members))
        if weight > _MOST_FIELDS:
            raise self.error(f"{kind} {tag} is made of far too many members")
        laid = lay_out(
            tag,
            kind,
            members,
            pack=1 if packed or packed_after else pack,
            required=max(required, after),
            pointer_size=self.pointer_size,
        )
        self._weights[id(laid.type)] = weight, laid.type
        return self._define(kind, laid) if tag else laid

    def _weight(self, member: Member) -> int:
        """Return how many fields a member brings: with those of an unnamed structure in it, or pointed to by it."""
        type = member.laid.type
        while isinstance(type, (Pointer, Array)):
            type = type.target if isinstance(type, Pointer) else type.element
        if not isinstance(type, Struct) or (type.name and member.name):
            return 1
        return 1 + self._weights.get(id(type), (len(type.fields), type))[0]

    def members(self) -> Iterable[Member]:
        """Yield what one declaration in a structure declares."""
        if self.accept(";"):
            return
        laid, _, required = self.specifiers()
        if self.accept(";"):
            inner = laid.type
            if isinstance(inner, Reference) and isinstance(self.types.get(inner.name), Struct):
                inner = self.types[inner.name]
            if isinstance(inner, Struct):
                yield Member("", Laid(inner, *_shape(laid)), required=required)
            return
        while True:
            name, declared = self.declarator(laid)
            bits = None
            declared = self.complete(declared)
            if self.accept(":"):
                bits = self.constant()
                if not isinstance(declared.type, (Base, Enum, Reference)) or not 0 <= bits <= 8 * declared.size:
                    raise self.error(f"a bit field of {bits} bits in {declared.size} bytes")
                if not bits and name:
                    raise self.error(f"bit field {name} has no bits")
            elif not name or isinstance(declared.type, Function) or declared.type == BASES["Void"]:
                raise self.error(f"no member is declared so: {name or self.token.text!r}")
            own = max(required, self.attributes()[0])
            yield Member(name, declared, bits, own)
            if self.accept(";"):
                return
            self.expect(",")

    def enum(self) -> Laid:
        self.attributes()
        tag = ""
        if self.token.kind == "word":
            tag = self.token.text
            self.at += 1
        size = 4
        if self.token.text == ":" and tag and self.tokens[self.at + 1].text in {*_BASE_WORDS, *self.typedefs}:
            self.at += 1
            size = self.specifiers()[0].size
        if not self.accept("{"):
            return self.tags.get(tag) or Laid(Reference("enum", tag), size, size)
        members: list[tuple[str, int]] = []
        value = -1
        while not self.accept("}"):
            name = self.token.text
            if self.token.kind != "word":
                raise self.error(f"an enumerator expected, not {name!r}")
            self.at += 1
            value = self.constant() if self.accept("=") else value + 1
            members.append((name, value))
            self.enumerators[name] = value
            if not self.accept(",") and self.token.text != "}":
                raise self.error(f"',' or '}}' expected, not {self.token.text!r}")
        laid = Laid(Enum(tag, size, tuple(members)), size, size)
        return self._define("enum", laid) if tag else laid

    def declarator(self, laid: Laid, depth: int = 0) -> tuple[str, Laid]:
        """Read a declarator, perhaps without a name, of something of the type *laid*."""
        if depth > _DEEPEST:
            raise self.error("a declarator is nested far too deeply")
        self.attributes()
        while self.accept("*"):
            laid = self._pointer(laid, 4 if self.accept("__ptr32") else 0)
            self.attributes()
        inner = -1
        name = ""
        after = self.tokens[min(self.at + 1, len(self.tokens) - 1)]
        if self.token.text == "(" and (after.text in ("*", "(") or after.text in PASSED):
            inner = self.at
            self.skip_group()
        elif self.token.kind == "word":
            name = self.token.text
            self.at += 1
        laid = self._suffixes(laid)
        if inner < 0:
            return name, laid
        end, self.at = self.at, inner + 1
        name, laid = self.declarator(laid, depth + 1)
        self.expect(")")
        self.at = end
        return name, laid

    def _suffixes(self, laid: Laid) -> Laid:
        """Read ``[N]`` and parameters behind a name."""
        if self.token.text == "(":
            self.skip_group()
            self.attributes()
            return Laid(Function(laid.type), 0, 1)
        counts: list[int] = []
        while self.accept("["):
            count = 0 if self.token.text == "]" else self.constant()
            self.expect("]")
            counts.append(count)
            if len(counts) > _DEEPEST or not 0 <= count < _WIDEST:
                raise self.error(f"an array of {count}")
        for count in reversed(counts):
            laid = self.complete(laid)
            if laid.size * count > _WIDEST:
                raise self.error(f"an array of {laid.size * count} bytes")
            laid = Laid(Array(laid.type, count), laid.size * count, laid.align, laid.required)
        return laid


def _shape(laid: Laid) -> tuple[int, int, int]:
    return laid.size, laid.align, laid.required
