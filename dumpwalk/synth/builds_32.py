"""Structure layouts of 32-bit builds, as the writer keeps them.

A table line is ``field offset size``, in hexadecimal. Sources: public type
listings of the PAE kernel of 7601 (17514), and the ``KDDEBUGGER_DATA64`` block
of a real 17134 ARM dump, whose ``Offset*`` and ``Size*`` fields say it
themselves; ARM fields that the block does not name were located in that dump
by their values.
"""

from __future__ import annotations

from dumpwalk.synth.layouts import MACHINES, Layout, numbers, table

WINDOWS_7_7601_X86 = Layout(
    MACHINES["x86"],
    7601,
    0x340,
    1,
    numbers("""
    OffsetKThreadNextProcessor=58 OffsetKThreadTeb=88 OffsetKThreadKernelStack=30 OffsetKThreadInitialStack=28
    OffsetKThreadApcProcess=50 OffsetKThreadState=68 SizeEProcess=2c0 OffsetEprocessPeb=1a8
    OffsetEprocessParentCID=140 OffsetEprocessDirectoryTableBase=18 SizePrcb=3628 OffsetPrcbDpcRoutine=1932
    OffsetPrcbCurrentThread=4 OffsetPrcbMhz=3c0 OffsetPrcbCpuType=14 OffsetPrcbVendorString=336c
    OffsetPrcbProcStateContext=18 OffsetPrcbNumber=3cc SizeEThread=2b8 SizePcr=3748 OffsetPcrSelfPcr=1c
    OffsetPcrCurrentPrcb=20 OffsetPcrContainedPrcb=120 OffsetPrcbProcStateSpecialReg=2e4 GdtR0Code=8 GdtR0Data=10
    GdtR0Pcr=30 GdtR3Code=1b GdtR3Data=23 GdtR3Teb=3b GdtLdt=48 GdtTss=28 OffsetPrcbContext=3618
    """),
    table("""
    MinorVersion 0 2
    MajorVersion 2 2
    CurrentThread 4 4
    NextThread 8 4
    IdleThread c 4
    LegacyNumber 10 1
    CpuType 14 1
    CpuID 15 1
    CpuStep 16 2
    ProcessorState.SpecialRegisters.Cr0 2e4 4
    ProcessorState.SpecialRegisters.Cr2 2e8 4
    ProcessorState.SpecialRegisters.Cr3 2ec 4
    ProcessorState.SpecialRegisters.Cr4 2f0 4
    MHz 3c0 4
    Number 3cc 4
    DpcRoutineActive 1932 1
    DispatcherReadyListHead 3220 100
    VendorString 336c d
    Context 3618 4
    """),
    table("""
    Pcb.Header.Type 0 1
    DirectoryTableBase 18 4
    CreateTime a0 8
    UniqueProcessId b4 4
    ObjectTable f4 4
    Token f8 4
    SectionBaseAddress 12c 4
    InheritedFromUniqueProcessId 140 4
    Session 168 4
    ImageFileName 16c f
    ActiveThreads 198 4
    Peb 1a8 4
    """),
    table("""
    Header.Type 0 1
    CycleTime 10 8
    InitialStack 28 4
    StackLimit 2c 4
    KernelStack 30 4
    Running 39 1
    ApcState.ApcListHead 40 10
    ApcState.Process 50 4
    Priority 57 1
    NextProcessor 58 4
    ContextSwitches 64 4
    State 68 1
    WaitIrql 6a 1
    WaitMode 6b 1
    WaitTime 80 4
    CombinedApcDisable 84 4
    KernelApcDisable 84 2
    SpecialApcDisable 86 2
    Teb 88 4
    TrapFrame 128 4
    FirstArgument 12c 4
    ApcStateIndex 134 1
    BasePriority 135 1
    SystemCallNumber 13c 4
    Process 150 4
    WaitReason 187 1
    Win32Thread 18c 4
    StackBase 190 4
    KernelTime 198 4
    UserTime 1c4 4
    CreateTime 200 8
    StartAddress 218 4
    Cid.UniqueProcess 22c 4
    Cid.UniqueThread 230 4
    IrpList 24c 8
    Win32StartAddress 260 4
    CrossThreadFlags 280 4
    """),
    True,
)

WINDOWS_10_17134_ARM = Layout(
    MACHINES["ARM"],
    17134,
    0x368,
    0,
    numbers("""
    OffsetKThreadNextProcessor=148 OffsetKThreadTeb=9c OffsetKThreadKernelStack=40 OffsetKThreadInitialStack=20
    OffsetKThreadApcProcess=74 OffsetKThreadState=84 SizeEProcess=400 OffsetEprocessPeb=148
    OffsetEprocessParentCID=140 OffsetEprocessDirectoryTableBase=18 SizePrcb=4900 OffsetPrcbDpcRoutine=6da
    OffsetPrcbCurrentThread=4 OffsetPrcbMhz=3c4 OffsetPrcbCpuType=3c0 OffsetPrcbVendorString=508
    OffsetPrcbProcStateContext=220 OffsetPrcbNumber=14 SizeEThread=478 SizePcr=4e80 OffsetPcrSelfPcr=c
    OffsetPcrCurrentPrcb=10 OffsetPcrContainedPrcb=580 OffsetPrcbProcStateSpecialReg=20 OffsetPrcbContext=518
    OffsetPrcbMaxBreakpoints=510 OffsetPrcbMaxWatchpoints=514 OffsetKThreadStackLimit=24 OffsetKThreadStackBase=28
    OffsetKThreadQueueListEntry=138 OffsetEThreadIrpList=394 OffsetPrcbIdleThread=c OffsetPrcbNormalDpcState=6dc
    OffsetPrcbDpcStack=6c0 OffsetPrcbIsrStack=ff4 SizeKDPC_STACK_FRAME=10 OffsetKPriQueueThreadListHead=194
    OffsetKThreadWaitReason=18b
    """),
    table("""
    CurrentThread 4 4
    NextThread 8 4
    IdleThread c 4
    Number 14 4
    CpuType 3c0 4
    MHz 3c4 4
    VendorString 508 8
    MaxBreakpoints 510 4
    MaxWatchpoints 514 4
    Context 518 4
    DispatcherReadyListHead 800 100
    """),
    table("""
    Pcb.Header.Type 0 1
    DirectoryTableBase 18 4
    UniqueProcessId b4 4
    InheritedFromUniqueProcessId 140 4
    Peb 148 4
    ImageFileName 174 f
    """),
    table("""
    Header.Type 0 1
    InitialStack 20 4
    StackLimit 24 4
    StackBase 28 4
    KernelStack 40 4
    ApcState.ApcListHead 64 10
    ApcState.Process 74 4
    State 84 1
    Teb 9c 4
    CombinedApcDisable 134 4
    KernelApcDisable 134 2
    SpecialApcDisable 136 2
    NextProcessor 148 4
    Process 150 4
    WaitReason 18b 1
    CreateTime 348 8
    Cid.UniqueProcess 374 4
    Cid.UniqueThread 378 4
    IrpList 394 8
    """),
    True,
)
