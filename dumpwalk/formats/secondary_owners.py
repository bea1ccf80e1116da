"""Who writes secondary data under which GUID, and what.

Sources: the names of variables are those of public symbols whose memory, in
a real 19041 dump, holds the GUID; the two WDF ones are in the published WDF
source; the others are from public listings of ``.enumtag`` and from the
contents. WPP recorder GUIDs belong to one driver each: those here are of
drivers that come with Windows and of AmdPPM.
"""

from __future__ import annotations

_LOG, _DRIVER = "WPP recorder log", "WPP recorder driver record"

# GUID, owner, what the blob holds.
_TABLE = (
    ("00000000-0000-0000-0000-000000000000", "null tag", "a placeholder without content"),
    ("00afe9c4-940d-4213-8016-cd3719b5bc20", "nt!PopBlackBoxNtfsGuid", "NTFS black box"),
    ("0f81ec00-9e50-48e6-b899-eb3bbeede741", _LOG, "win32kbase"),
    ("0f81ec00-9e51-48e6-b899-eb3bbeede741", _LOG, "win32kbase"),
    ("0f81ec00-9e52-48e6-b899-eb3bbeede741", _DRIVER, "win32kbase"),
    ("0f81ec00-9e56-48e6-b899-eb3bbeede741", _LOG, "win32kbase_rim"),
    ("10ec8168-313c-488c-afea-272cd2094616", "Realtek rt640x64", "network adapter state"),
    ("21ba7b61-05f8-41f1-9048-c09493dcfe38", _DRIVER, "wdiwifi"),
    ("21ba7b61-05f9-41f1-9048-c09493dcfe38", _LOG, "wdiwifi"),
    ("270a33fd-3da6-460d-ba89-3c1bae21e39b", "watchdog!WdDxgkSecondaryDataGUID", "dxgkrnl state"),
    ("2b4ae195-a64d-4f04-8ede-7e4f981bd42a", "nt!GUID_TRIAGEDUMP_DATA", "index of registered triage data blocks"),
    ("2b88b710-1c93-4f7c-b06c-655ecc50decc", "nt!EtwSecondaryDumpDataGuid", "ETW buffers"),
    ("335d5e04-5638-4e58-aa36-7ed1cfe76fd6", _DRIVER, "win32kfull"),
    ("335d5e04-563a-4e58-aa36-7ed1cfe76fd6", _LOG, "win32kfull"),
    ("335d5e04-563b-4e58-aa36-7ed1cfe76fd6", _LOG, "win32kfull"),
    ("4ee76bd8-3cf4-44a0-a0ac-3937643e37a3", "nt!PopBlackBoxCodeIntegrityGuid", "code integrity black box"),
    ("54c84888-01d1-4c1e-bed6-282c98241303", "Wdf01000!WdfDumpGuid", "KMDF in-flight recorder log"),
    ("65755a40-f146-43ea-8c91-36b85728fd35", "crashdmp!CRASHDUMP_GUID_ID", "crash dump driver"),
    ("67fc721a-2852-4f62-a3b1-2afc53953777", _DRIVER, "AmdPPM"),
    ("67fc721a-2853-4f62-a3b1-2afc53953777", _LOG, "AmdPPM"),
    ("6c7ac389-4313-47dc-9f34-a8800a0fb56c", "mssmbios!SMBiosGuidBios", "processor values of the registry"),
    ("80cc79cf-a719-4af1-bf97-fe29ff76ebc1", "nt!PopBlackBoxWinLogonGuid", "winlogon black box"),
    ("9276c055-eb87-425c-b8b5-04e4d247f6cd", "pci!PCI_CFG_RECORD_GUID", "PCI configuration records"),
    ("9282756a-ab95-4d24-a137-ecddc5de53f5", "nt!PspVsmLogBugCheckCallback", "VSM failure log"),
    ("b0692a5e-6b7b-4073-8a7c-604e35032970", "nt!HvlSkCrashdumpGuid", "secure kernel crash data"),
    ("b7631941-532a-4cd6-b1b1-edb5917d4557", "nt!PopBlackBoxPnpGuid", "plug and play black box"),
    ("bc5c008f-1e3a-44d7-988d-86f6884c6758", "mssmbios!SMBiosGuidSMBios", "SMBIOS tables"),
    ("bf2297dc-34ba-11dc-868a-e19155d89593", "NVIDIA display driver", "NVCD crash data"),
    ("d03dc06f-d88e-44c5-ba2a-fae035172d19", "mssmbios!SMBiosGuidRegisters", "CPUID leaves"),
    ("da82441d-7142-4bc1-b844-0807c5a4b67f", "storport!GUID_DEVICEDUMP_DRIVER_STORAGE_PORT", "storport device dump"),
    ("e83b40d2-b0a0-4842-abea-71c9e3463dd1", "mssmbios!SMBiosGuidAcpi", "ACPI tables, each cut"),
    ("f57308df-cc45-4e01-ad76-29a4ebb010ec", "nt!PopBlackBoxBsdGuid", "boot status data"),
    ("f87e4a4c-c5a1-4d2f-bff0-d5de63a5e4c3", "Wdf01000!WdfDumpGuid2", "KMDF driver list"),
)
OWNERS = {guid: (owner, description) for guid, owner, description in _TABLE}
