"""The sandbox of a driver or broker: what the zygote prepares once, what each child gives up.

Every step that fails aborts the launch; what this kernel does not have is named instead and
shown on the driver.
Invariant: a child that returns from `Sandbox.enter` holds nothing but what `policy` lists.
"""

import contextlib
import os
import resource
from dataclasses import dataclass, field
from pathlib import Path

from runtime.host import confinement, native, policy
from runtime.host.confinement import Confinement, Layer
from runtime.linux import bindroot, landlock, namespaces, privileges, scheduling, seccomp, title
from runtime.model.errors import SpawnError
from runtime.wire.zygote import Role, Spawn

_STAGE = Path("/tmp")  # noqa: S108 - any folder serves: it is covered in a namespace of our own
_SHARED = namespaces.NEWNS | namespaces.NEWNET | namespaces.NEWIPC | namespaces.NEWUTS
_OWN = namespaces.NEWPID | namespaces.NEWIPC | namespaces.NEWUTS


@dataclass
class Sandbox:
    """What all drivers share, prepared in the zygote.

    Attributes:
        root: Whether drivers get a user of their own; else they get a user namespace.
        elevated: Whether drivers can be scheduled before ordinary processes.
        flags: CLONE_* for each child.
        programs: The seccomp filters by what a child becomes; empty where there is none.
        calls: How many system calls each of them lets through.
        native: A descriptor by which native modules are put into `native.FOLDER`.
        missing: What no driver gets here, one sentence each.
    """

    root: bool
    elevated: bool
    flags: int
    proc: int
    ruleset: int
    landlock_abi: int
    programs: dict[Role, bytes]
    calls: int
    uid: int
    gid: int
    title: title.Area
    native: int
    missing: tuple[str, ...] = field(default=())

    @property
    def descriptors(self) -> set[int]:
        """Descriptors that a child needs until it is locked down."""
        return {self.proc, self.ruleset} - {-1}

    def enter(self, spawn: Spawn) -> Confinement:
        """Lock the calling process down; it must be a fresh child with one thread.

        Returns:
            What holds now.

        Raises:
            SpawnError: A step failed; the process must end.
        """
        try:
            return self._enter(spawn)
        except OSError as error:
            raise SpawnError(f"lock-down of {spawn.name}: {error}") from error

    def _enter(self, spawn: Spawn) -> Confinement:
        layers = {Layer.ROOT, Layer.NETWORK, Layer.PID, Layer.IPC}
        applied = ["sees no other process (PID namespace)", "empty network namespace"]
        applied += ["own IPC and host name (namespaces)"]
        applied += ["file system: read-only interpreter and libraries (private root)"]
        scheduling.precise_timers()
        if self.root:
            privileges.become(spawn.uid)
            layers.add(Layer.USER)
            applied.append(f"user {spawn.uid} of its own")
        else:
            namespaces.map_self(self.proc, self.uid, self.gid)
            applied.append("user namespace of its own")
        privileges.drop_capabilities()
        privileges.forbid_new_privileges()
        layers |= {Layer.CAPABILITIES, Layer.PRIVILEGES, Layer.LIMITS}
        applied.append("no capabilities, no new privileges")
        bounds = _limit(spawn)
        applied.append(f"{bounds}, no core file")
        # A change of user forgets the first and resets the second: both come after it.
        if spawn.role is Role.DRIVER:
            privileges.die_with_parent()
        privileges.set_dumpable(spawn.dumpable)
        if spawn.dumpable:
            applied.append("debuggers may attach (developer mode)")
        if self.ruleset >= 0:
            landlock.restrict(self.ruleset)
            layers.add(Layer.LANDLOCK)
            applied.append(f"Landlock ABI {self.landlock_abi}: reads below its root only")
        for fd in self.descriptors:
            os.close(fd)
        if program := self.programs[spawn.role]:
            seccomp.load(program)
            layers.add(Layer.SECCOMP)
            applied.append(f"seccomp: {self.calls} system calls, all others refused")
        return confinement.told(applied, layers, self.landlock_abi, bounds)


def prepare() -> Sandbox:
    """Move this process, the zygote, into the shared part of the sandbox.

    The process must be single-threaded, and must have imported what it needs from outside. It
    loses its environment.

    Raises:
        SpawnError: A step failed: no driver can run.
    """
    root = os.geteuid() == 0
    uid, gid = os.geteuid(), os.getegid()
    try:
        proc = os.open("/proc", os.O_PATH | os.O_CLOEXEC)
        arguments, environment = title.areas(proc)
        os.environ.clear()
        environment.fill("")  # it may hold the user's secrets, and a driver reads its own stack
        os.environ["LANG"] = "C.UTF-8"
        namespaces.unshare(_SHARED if root else _SHARED | namespaces.NEWUSER)
        if not root:
            namespaces.map_self(proc, uid, gid)
        roots = policy.roots()
        folder = bindroot.enter(roots, _STAGE, native.FOLDER, native.BYTES)
        abi = landlock.abi()
        readable = [path for path in roots if path.exists()]
        named = [path for path in (native.FOLDER,) if path.exists()]
        ruleset = landlock.read_only(readable, named, abi) if abi else -1
    except OSError as error:
        raise SpawnError(f"sandbox: expected to make namespaces and a private root, {error}") from (
            error
        )
    rules = {role: policy.rules(role) for role in Role}
    known = bool(rules[Role.DRIVER])
    elevated = root and scheduling.may_go_first()
    return Sandbox(
        root=root,
        elevated=elevated,
        flags=_OWN if root else _OWN | namespaces.NEWUSER,
        proc=proc,
        ruleset=ruleset,
        landlock_abi=abi,
        programs={
            role: seccomp.assemble(policy.architecture(), each) if known else b""
            for role, each in rules.items()
        },
        calls=len(rules[Role.DRIVER]),
        uid=uid,
        gid=gid,
        title=arguments,
        native=folder,
        missing=(
            *_missing(abi, known=known),
            *_closed(roots if root else []),
            *([] if elevated else [confinement.NOT_ELEVATED]),
            *_allow_locking(),
        ),
    )


def _limit(spawn: Spawn) -> str:
    privileges.limit(resource.RLIMIT_AS, spawn.memory_bytes)
    privileges.limit(resource.RLIMIT_NOFILE, spawn.open_files)
    privileges.limit(resource.RLIMIT_NPROC, policy.THREADS)
    privileges.limit(resource.RLIMIT_FSIZE, policy.FILE_BYTES)
    privileges.limit(resource.RLIMIT_CORE, 0)
    privileges.limit(resource.RLIMIT_MEMLOCK, policy.LOCKED_BYTES)
    return (
        f"at most {spawn.memory_bytes >> 20} MiB of address space, {_locked() >> 10} KiB of it "
        f"locked into memory, {spawn.open_files} open files, {policy.THREADS} threads"
    )


def _locked() -> int:
    return resource.getrlimit(resource.RLIMIT_MEMLOCK)[1]


def _allow_locking() -> tuple[str, ...]:
    """Have drivers lock more memory than ordinary processes may; why not, if not."""
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_MEMLOCK, (policy.LOCKED_BYTES, policy.LOCKED_BYTES))
    if _locked() >= policy.LOCKED_BYTES:
        return ()
    return (f"increased capabilities: a driver locks {_locked() >> 10} KiB of memory, like others",)


def _missing(abi: int, *, known: bool) -> list[str]:
    missing = []
    if abi == 0:
        missing.append("Landlock: this kernel has none; the private root stands alone")
    elif abi < 6:
        missing.append(f"Landlock ABI {abi} has no rules for signals and abstract sockets")
    if not known:
        missing.append("seccomp: the system calls of this machine are not known")
    return missing


def _closed(roots: list[Path]) -> list[str]:
    """Folders that drivers with users of their own cannot read: modules imported late fail."""
    return [
        f"{path}: closed to other users, so a driver cannot import further modules from it"
        for path in roots
        if path.is_dir() and path.stat().st_mode & 0o005 != 0o005
    ]
