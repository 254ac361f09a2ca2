"""Commands: what a client can ask of a runtime, and the values that answer.

Each is a value of its own; its docstring says what is done, answered and refused.
Invariant: values only, no I/O; a command that is not in `Command` cannot be asked.
"""

from runtime.wire.commands.audit import CollectGarbage, ReadAudit, Reset, Shown
from runtime.wire.commands.devices import Plug, PlugRecorded, Unplug, UnplugEntry
from runtime.wire.commands.drivers import (
    CrashDriver,
    DebugDriver,
    ListCrashes,
    QuarantineDriver,
    ReadCrash,
    ReadLog,
    ReadProcesses,
    ReleaseDriver,
    RestartDriver,
    SampleDriver,
    StopDriver,
)
from runtime.wire.commands.extensions import (
    Activate,
    Deactivate,
    Decide,
    InstallSample,
    ReadIcon,
    RequestRemoval,
    Revoke,
    SetDeveloperMode,
    Submit,
    Undo,
    Withdraw,
)
from runtime.wire.commands.lifetime import Detach, Quit
from runtime.wire.commands.policy import AddProfile, ListProfiles, RemoveProfile
from runtime.wire.commands.registry import (
    Describe,
    Explain,
    ExplainExtension,
    GetRecords,
    ReadHistory,
    ReadValue,
    Subscribe,
)
from runtime.wire.commands.services import OpenService
from runtime.wire.commands.trust import AddTrust, ListTrust, RemoveTrust

Command = (
    Subscribe
    | Activate
    | Submit
    | Withdraw
    | Deactivate
    | RequestRemoval
    | ReadIcon
    | Revoke
    | Undo
    | Decide
    | SetDeveloperMode
    | ListTrust
    | AddTrust
    | RemoveTrust
    | ListProfiles
    | AddProfile
    | RemoveProfile
    | ReadAudit
    | Shown
    | Reset
    | CollectGarbage
    | GetRecords
    | Plug
    | PlugRecorded
    | UnplugEntry
    | Unplug
    | CrashDriver
    | RestartDriver
    | StopDriver
    | QuarantineDriver
    | ReleaseDriver
    | ReadLog
    | ReadProcesses
    | SampleDriver
    | DebugDriver
    | ListCrashes
    | ReadCrash
    | Describe
    | InstallSample
    | Explain
    | ExplainExtension
    | ReadHistory
    | ReadValue
    | OpenService
    | Quit
    | Detach
)
