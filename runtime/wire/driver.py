"""Messages of a driver's process with the runtime and its provider, on three SEQPACKET sockets.

Control socket (the driver's main thread, which is the Default queue, and its senders):
both sides send `Hello`; the runtime sends `Load`, then `Attach`, then `Call`s of
`runtime.wire.methods` (Start, Stop); the driver sends `Staged`, `Call`s that concern its own
entry, `Reply`s. Every `Call` is answered by exactly one `Reply` or `Fail` with its number.
`Goodbye` is the epitaph: an end of file without one counts as a crash.
Provider socket (comes with `Attach`; the other end is a broker's, or whoever's the provider is):
the driver's `Call`s of its provider, their answers, and `Complete`s. Its end of file means that
the provider cannot be reached any more.
Watch socket (the driver's watcher thread): log lines and the queues' pulse.

One packet is one message. From a driver an unknown field, an empty or a truncated packet is
a breach, and the driver is killed.
Invariant: values only, no I/O.
"""

import msgspec

from runtime.model.outcome import Stage
from runtime.wire import methods
from runtime.wire.limits import Handle, Name, Number, Text


class _Strict(
    msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag_field="t"
):
    """Base of every message here: unknown fields are refused."""


class Hello(_Strict, frozen=True, tag="hello"):
    """First message of both sides on both sockets."""

    version: int


class Load(_Strict, frozen=True, tag="load"):
    """Runtime to driver, once: what to run. Beside it comes one descriptor: the bundle, sealed.

    Until it comes the process is locked down and waits: it may have been made in advance.
    """

    bundle_id: Name
    executable: Name  # CFBundleExecutable: module inside the bundle, `X.py`
    user_class: Name  # IOUserClass
    server_name: Name = ""  # IOUserServerName, for ps


class Attach(_Strict, frozen=True, tag="attach"):
    """Runtime to driver, once, after LOADED: its own entry and its provider; Start follows.

    Beside it comes one descriptor: the driver's provider socket. Until it comes the process
    knows no device: it may have been loaded in advance.

    `properties` are the driver's own entry's, `provider_properties` its provider's, both
    encoded by `runtime.model.properties`. `service` and `provider` are entry ids.
    """

    service: Number
    provider: Number
    provider_class: Name
    provider_name: Name
    properties: msgspec.Raw
    provider_properties: msgspec.Raw


class Staged(_Strict, frozen=True, tag="staged"):
    """Driver to runtime: a launch stage was reached."""

    stage: Stage
    applied: tuple[Text, ...] = ()  # with LOCKED_DOWN: what holds, one sentence each
    missing: tuple[Text, ...] = ()  # with LOCKED_DOWN: what this kernel could not give
    classes: tuple[Name, ...] = ()  # with LOADED: the driver's class chain, leaf first
    may: tuple[Text, ...] = ()  # with LOCKED_DOWN: what is left to it, in words
    may_not: tuple[Text, ...] = ()  # with LOCKED_DOWN: what it has lost, and by which means


class Call(_Strict, frozen=True, tag="call"):
    """Call a method of an object of the other side.

    `target` is a handle that the other side gave out; 0 is the driver's service when the
    runtime calls, the provider when the driver calls it on the provider socket.
    """

    number: Number
    target: Handle
    method: methods.Method


class Reply(_Strict, frozen=True, tag="reply"):
    """The result of a call, encoded as the method's RESULT."""

    number: Number
    result: msgspec.Raw


class Fail(_Strict, frozen=True, tag="fail"):
    """A call that failed: a kern_return_t and, where there is more to say, a sentence."""

    number: Number
    code: Number
    text: Text = ""


class Complete(_Strict, frozen=True, tag="complete"):
    """Provider to driver: an OSAction's callback is due.

    Exactly one for each action handed over; after an unplug or a Stop the outstanding ones
    complete with kIOReturnAborted.
    """

    action: Number
    completion: methods.Completion


class CrashYourself(_Strict, frozen=True, tag="crash"):
    """Runtime to driver: dereference null on the Default queue."""


class Goodbye(_Strict, frozen=True, tag="goodbye"):
    """The epitaph. `error` empty: the side ends as it was told to."""

    error: Text = ""
    frames: tuple[Text, ...] = ()  # Python frames, innermost first


ToDriver = Hello | Load | Attach | Call | Reply | Fail | CrashYourself | Goodbye
ToRuntime = Hello | Staged | Call | Reply | Fail | Goodbye
ToProvider = Call
FromProvider = Reply | Fail | Complete


class Log(_Strict, frozen=True, tag="log"):
    """Watcher to runtime: one log line, as IOLog was given it."""

    text: Text


DEFAULT = "Default"
"""The name of the Default queue; it is the first one of a pulse."""


class QueuePulse(_Strict, frozen=True):
    """One dispatch queue's state: what it runs, since when, and whether it waits for us.

    A callback progresses when a call that it made, to the runtime or its provider, returns.
    """

    queue: Name
    callback: Name = ""  # empty: idle
    age_us: Number = 0  # of the callback
    calling: bool = False  # it has a call to the runtime or its provider outstanding
    quiet_us: Number = 0  # since the callback began or last progressed


class Pulse(_Strict, frozen=True, tag="pulse"):
    """Watcher to runtime, once a second and when asked: every queue's state."""

    queues: tuple[QueuePulse, ...]


class ThreadSample(_Strict, frozen=True):
    """Where one thread is: its Python frames, innermost first."""

    name: Name
    frames: tuple[Text, ...] = ()


class Sample(_Strict, frozen=True, tag="sample"):
    """Watcher to runtime, when asked: every thread but the watcher's own."""

    threads: tuple[ThreadSample, ...]


class AskSample(_Strict, frozen=True, tag="ask-sample"):
    """Runtime to watcher: send a Sample now."""


class Debug(_Strict, frozen=True, tag="debug"):
    """Runtime to watcher: a debugger's stream socket comes beside; speak pdb on it."""


class Debugged(_Strict, frozen=True, tag="debugged"):
    """Watcher to runtime: the debugger has left."""


class AskPulse(_Strict, frozen=True, tag="ask-pulse"):
    """Runtime to watcher: send a Pulse now."""


FromWatcher = Hello | Log | Pulse | Sample | Debugged | Goodbye
ToWatcher = Hello | AskPulse | AskSample | Debug | Goodbye
