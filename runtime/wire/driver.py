"""Messages of a driver's process with the runtime and its provider, on SEQPACKET sockets.

Control socket (the Default queues and whoever sends):
both sides send `Hello`; the runtime sends `Load`, then for each service `Attach` and `Call`s of
`runtime.wire.methods` (Start, Stop); the driver sends `Staged`, `Compiled`, `Attached`, `Call`s
that concern a service's own entry, `Reply`s. Every `Call` is answered by exactly one `Reply` or
`Fail` with its number. A process has one service, unless `Load` says that it is shared. After Stop,
and after a Start that failed, a service is gone; the process waits for another one or for the
runtime's `Goodbye`. `Goodbye` is the epitaph: an end of file without one counts as a crash.
Provider socket (one a service, comes with `Attach`; the other end is a broker's, or whoever's the
provider is): the service's `Call`s of its provider, their answers, `Begin`s, and `Complete`s. Its
end of file means that the provider cannot be reached any more.
Watch socket (the driver's watcher thread): log lines and the queues' pulse.

One packet is one message. From a driver an unknown field, an empty or a truncated packet is
a breach, and the driver is killed.
Invariant: values only, no I/O.
"""

import msgspec

from runtime.model.outcome import Stage
from runtime.wire import methods
from runtime.wire.limits import Code, Name, Number, Text
from runtime.wire.service import Classes


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
    server_name: Name = ""  # IOUserServerName, for ps
    shared: bool = False  # IOUserServerOneProcess: several services, each with a queue
    content_hash: Name = ""  # of the bundle: where its native modules are
    code: Code = b""  # of the module, from an earlier process's `Compiled`


class Attach(_Strict, frozen=True, tag="attach"):
    """Runtime to driver, after LOADED, once for a service: its entry and its provider.

    Beside it comes one descriptor: the service's provider socket. `Attached` answers it, and
    Start follows. Until the first comes the process knows no device: it may have been loaded in
    advance.

    `properties` are the service's own entry's, `provider_properties` its provider's, both
    encoded by `runtime.model.properties`. `service` and `provider` are entry ids.
    """

    service: Number
    provider: Number
    provider_class: Name
    provider_name: Name
    properties: msgspec.Raw
    provider_properties: msgspec.Raw
    user_class: Name  # IOUserClass
    provider_classes: Classes = ()  # of a provider that a driver published, leaf first
    direct: bool = False  # the provider may lend its device: it is worth asking


class Attached(_Strict, frozen=True, tag="attached"):
    """Driver to runtime: a service was made, of this class chain, leaf first."""

    service: Number
    classes: tuple[Name, ...]


class Staged(_Strict, frozen=True, tag="staged"):
    """Driver to runtime: a launch stage of the process was reached."""

    stage: Stage
    applied: tuple[Text, ...] = ()  # with LOCKED_DOWN: what holds, one sentence each
    missing: tuple[Text, ...] = ()  # with LOCKED_DOWN: what this kernel could not give
    may: tuple[Text, ...] = ()  # with LOCKED_DOWN: what is left to it, in words
    may_not: tuple[Text, ...] = ()  # with LOCKED_DOWN: what it has lost, and by which means


class Compiled(_Strict, frozen=True, tag="compiled"):
    """Driver to runtime, once after a `Load` without code: the module's, for the next `Load`s.

    It is said before anything of the bundle is executed. `code` is MAGIC_NUMBER and the marshalled
    code; empty when it is none of Python's or too long.
    """

    code: Code


class Call(_Strict, frozen=True, tag="call"):
    """Call a method of an object of the other side.

    On the control socket `target` is the entry id of the service that is called, or that speaks
    of its own entry. On a provider socket it is a handle that the provider gave out, 0 for the
    provider itself.
    """

    number: Number
    target: Number
    method: methods.Method


class Begin(_Strict, frozen=True, tag="begin"):
    """Begin a transfer of a pipe of the provider; nothing answers it.

    Its end, that of one that was refused as well, is the `Complete` of its action.
    """

    target: Number  # as of a `Call`
    method: methods.AsyncIO


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


class ServiceNotification(_Strict, frozen=True, tag="service-notification"):
    """Runtime to driver: a service that one of a driver's watches is about has come or gone.

    `properties` are as of now, of one that has gone as of its end.
    """

    service: Number  # whose watch it is
    watch: Number
    matched: bool
    entry: Number
    name: Name
    properties: msgspec.Raw


class CrashYourself(_Strict, frozen=True, tag="crash"):
    """Runtime to driver: dereference null on the main thread."""


class Goodbye(_Strict, frozen=True, tag="goodbye"):
    """The epitaph. `error` empty: the side ends as it was told to."""

    error: Text = ""
    frames: tuple[Text, ...] = ()  # Python frames, innermost first
    service: Number = 0  # on whose queue the error was raised, where that is known


ToDriver = (
    Hello | Load | Attach | Call | Reply | Fail | ServiceNotification | CrashYourself | Goodbye
)
ToRuntime = Hello | Staged | Compiled | Attached | Call | Reply | Fail | Goodbye
ToProvider = Call | Begin
ToPublisher = Call | Goodbye
"""What a driver sends to another driver that is its provider: it says when it ends in order."""
FromProvider = Reply | Fail | Complete


class Log(_Strict, frozen=True, tag="log"):
    """Watcher to runtime: one log line, as IOLog was given it."""

    text: Text
    service: Number = 0  # on whose queue it was written, where that is known


DEFAULT = "Default"
"""The name of the process's first queue, on its main thread; it is the first one of a pulse."""


IDLE_PULSE_SECONDS = 5.0


class QueuePulse(_Strict, frozen=True):
    """One dispatch queue's state: what it runs, since when, and whether it waits for us.

    A callback progresses when a call that it made, to the runtime or its provider, returns.
    """

    queue: Name
    callback: Name = ""  # empty: idle
    age_us: Number = 0  # of the callback
    calling: bool = False  # it has a call to the runtime or its provider outstanding
    quiet_us: Number = 0  # since the callback began or last progressed
    service: Number = 0  # whose Default queue it is


class Pulse(_Strict, frozen=True, tag="pulse"):
    """Watcher to runtime, once a second and when asked: every queue's state.

    One that says the same as the last, which is that nothing runs, is said every
    `IDLE_PULSE_SECONDS` only.
    """

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
