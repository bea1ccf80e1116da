"""What every Windows header may use without declaring it: the scalar types, and a few structures.

Names and meanings are those of Microsoft's documentation, "Windows Data Types"
(MS-DTYP), and of the WDK's public headers ntdef.h and wdm.h.
"""

from __future__ import annotations

_WORDS = {
    "Char": "CHAR CCHAR INT8_T",
    "Int1B": "INT8 int8_t",
    "UChar": "UCHAR BYTE BOOLEAN UINT8 uint8_t KIRQL KPROCESSOR_MODE",
    "Wchar": "WCHAR",
    "Int2B": "SHORT CSHORT INT16 int16_t",
    "Uint2B": "USHORT WORD UINT16 uint16_t char16_t RTL_ATOM",
    "Int4B": "LONG INT INT32 LONG32 BOOL NTSTATUS HRESULT KPRIORITY int32_t",
    "Uint4B": "ULONG UINT UINT32 ULONG32 DWORD DWORD32 ACCESS_MASK CLONG LOGICAL LCID DEVICE_TYPE EVENT_TYPE uint32_t",
    "Int8B": "LONGLONG INT64 LONG64 USN int64_t",
    "Uint8B": "ULONGLONG UINT64 ULONG64 DWORD64 DWORDLONG uint64_t",
    "Float": "FLOAT",
    "Double": "DOUBLE",
    "IntP": "INT_PTR LONG_PTR SSIZE_T intptr_t ptrdiff_t",
    "UintP": "UINT_PTR ULONG_PTR DWORD_PTR SIZE_T KAFFINITY KSPIN_LOCK PFN_NUMBER uintptr_t size_t",
    "Void": "VOID",
    "pointer": "PVOID LPVOID HANDLE PSECURITY_DESCRIPTOR PSID HMODULE HINSTANCE",
}
# By name: the base type as dt spells it (a P at the end is as wide as a pointer), or "pointer" for void*.
ALIASES = {alias: base for base, aliases in _WORDS.items() for alias in aliases.split()}

# Pointers to scalars have a P before their names.
_POINTERS = (
    "CHAR UCHAR BOOLEAN WCHAR SHORT USHORT LONG ULONG LONGLONG ULONGLONG LONG64 ULONG64 UINT64 HANDLE SIZE_T ULONG_PTR "
    "LONG_PTR NTSTATUS KSPIN_LOCK ACCESS_MASK KIRQL DWORD BYTE WORD UINT32 KAFFINITY"
)
PRELUDE = (
    "".join(f"typedef {word} *P{word};\n" for word in _POINTERS.split())
    + r"""
typedef WCHAR *PWSTR, *LPWSTR, *PCWSTR, *LPCWSTR, *PWCH; typedef CHAR *PSTR, *PSZ, *PCSTR, *LPSTR, *LPCSTR;
typedef HANDLE *LPHANDLE;
typedef struct _LIST_ENTRY { struct _LIST_ENTRY *Flink, *Blink; } LIST_ENTRY, *PLIST_ENTRY;
typedef struct _SINGLE_LIST_ENTRY { struct _SINGLE_LIST_ENTRY *Next; } SINGLE_LIST_ENTRY, *PSINGLE_LIST_ENTRY;
typedef struct _UNICODE_STRING { USHORT Length, MaximumLength; WCHAR *Buffer; } UNICODE_STRING, *PUNICODE_STRING;
typedef UNICODE_STRING *PCUNICODE_STRING;
typedef struct _STRING { USHORT Length, MaximumLength; CHAR *Buffer; } STRING, *PSTRING, ANSI_STRING, *PANSI_STRING;
typedef union _LARGE_INTEGER {
    struct { ULONG LowPart; LONG HighPart; };
    struct { ULONG LowPart; LONG HighPart; } u;
    LONGLONG QuadPart;
} LARGE_INTEGER, *PLARGE_INTEGER, PHYSICAL_ADDRESS, *PPHYSICAL_ADDRESS;
typedef union _ULARGE_INTEGER {
    struct { ULONG LowPart; ULONG HighPart; };
    struct { ULONG LowPart; ULONG HighPart; } u;
    ULONGLONG QuadPart;
} ULARGE_INTEGER, *PULARGE_INTEGER;
typedef struct _GUID { ULONG Data1; USHORT Data2; USHORT Data3; UCHAR Data4[8]; } GUID, *PGUID, *LPGUID;
typedef struct _LUID { ULONG LowPart; LONG HighPart; } LUID, *PLUID;
typedef struct _CLIENT_ID { HANDLE UniqueProcess; HANDLE UniqueThread; } CLIENT_ID, *PCLIENT_ID;
"""
)
