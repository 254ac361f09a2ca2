"""`systemextensionsctl`: extensions and their activation, with Apple's verbs and output.

Exit codes: `runtime.commands.shell`. Source: systemextensionsctl(8), its real outputs.
Invariant: decides nothing by itself; a decision repeats the hash and nonce that it read.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence

from runtime.client.blocking import Connection
from runtime.commands import audit, deciding, policy, service, shell, trust
from runtime.commands.plaintext import plain
from runtime.extensions.kind import CATEGORIES
from runtime.linux import places
from runtime.linux.arguments import Parser
from runtime.model.errors import ProblemError
from runtime.model.extension_lifecycle import ExtensionState
from runtime.model.identity import BundleId, RequestId
from runtime.model.records import Extension, Request, RequestState
from runtime.wire import client as wire
from runtime.wire.commands.audit import CollectGarbage, Reset
from runtime.wire.commands.extensions import (
    Activate,
    Deactivate,
    RequestRemoval,
    SetDeveloperMode,
)
from runtime.wire.commands.registry import GetRecords, Subscribe, Topic

PROG = "systemextensionsctl"
NO_TEAM = "-"
_COLUMNS = "enabled\tactive\tteamID\tbundleID (version)\tname\t[state]"
_STATES = {
    ExtensionState.WAITING: "activated waiting for user",
    ExtensionState.ACTIVE: "activated enabled",
    ExtensionState.DISABLED: "activated disabled",
    ExtensionState.UPGRADING: "activated waiting to upgrade",
    ExtensionState.GIVING_WAY: "terminating for upgrade",
    ExtensionState.DENIED: "denied",
    ExtensionState.REVOKED: "activated disabled",
    ExtensionState.INVALID: "invalid",
    ExtensionState.REMOVED: "uninstalling",
}
_ENABLED = frozenset({ExtensionState.ACTIVE, ExtensionState.UPGRADING})
_PRESENT = _ENABLED | {
    ExtensionState.WAITING,
    ExtensionState.DISABLED,
    ExtensionState.REVOKED,
}


def main() -> None:
    """Console script."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run the command; returns the exit code."""
    return shell.main(PROG, _parser(), arguments)


def list_lines(extensions: Sequence[Extension]) -> Iterator[str]:
    """The lines of `list`, as Apple's tool writes them: tabs between columns, by category."""
    yield f"{len(extensions)} extension(s)"
    for category in dict.fromkeys(extension.category for extension in extensions):
        yield f"--- {category}"
        yield _COLUMNS
        for extension in extensions:
            if extension.category == category:
                yield _row(extension)


def _row(extension: Extension) -> str:
    columns = (
        "*" if extension.state in _ENABLED else "",
        "*" if extension.state in _PRESENT else "",
        extension.team_id or NO_TEAM,
        f"{extension.bundle_id} ({plain(extension.short_version)}/{plain(extension.version)})",
        plain(extension.name),
        f"[{_STATES[extension.state]}]",
    )
    return "\t".join(columns)


def _list(runtime: Connection, options: argparse.Namespace) -> int:
    extensions = [
        extension
        for extension in runtime.call(GetRecords()).extensions
        if options.category in (None, extension.category)
        and extension.state is not ExtensionState.REMOVED
    ]
    return shell.say(options, extensions, *list_lines(extensions))


def _developer(runtime: Connection, options: argparse.Namespace) -> int:
    if options.mode:
        status = runtime.call(SetDeveloperMode(options.mode == "on"))
    else:
        status = runtime.call(GetRecords()).status
    said = f"developer mode is {'on' if status.developer else 'off'}"
    return shell.say(options, [{"developer": status.developer}], said)


def _activate(runtime: Connection, options: argparse.Namespace) -> int:
    app = str(places.absolute(options.app))
    request = runtime.call(Activate(app, BundleId(options.bundle_id)))
    if options.wait and request.state is RequestState.WAITING:
        request = _final(runtime, request.id)
    shell.say(options, [request], _line(request))
    if request.state in (RequestState.WAITING, RequestState.COMPLETED):
        return shell.OK
    raise ProblemError(
        f"sx-{request.error}",
        f"request {request.id}: expected it to be completed, found it {request.state.value}"
        f" ({request.reason})",
    )


def _final(runtime: Connection, request_id: RequestId) -> Request:
    """Wait, without limit, until a request is decided."""
    runtime.call(Subscribe((Topic.REQUESTS,)))
    for message in runtime.messages():
        if not isinstance(message, wire.Part | wire.Delta):
            continue
        for request in message.requests:
            if request.id == request_id and request.state is not RequestState.WAITING:
                return request
    raise ProblemError("not-found", f"request {request_id}: expected a decision, found none")


def _line(request: Request) -> str:
    return f"{request.id} {request.state.value}"


def _deactivate(runtime: Connection, options: argparse.Namespace) -> int:
    if options.ask:
        request = runtime.call(RequestRemoval(BundleId(options.bundle_id)))
        return shell.say(options, [request], _line(request))
    return _remove(runtime, options)


def _remove(runtime: Connection, options: argparse.Namespace) -> int:
    extension = runtime.call(Deactivate(BundleId(options.bundle_id)))
    return shell.say(options, [extension], f"removed {extension.id}")


def _uninstall(runtime: Connection, options: argparse.Namespace) -> int:
    team = "" if options.team_id == NO_TEAM else options.team_id
    known = runtime.call(GetRecords()).extensions
    if (team, options.bundle_id) not in [(item.team_id, item.bundle_id) for item in known]:
        raise ProblemError(
            "not-found",
            f"extension {options.bundle_id}: expected one of team {options.team_id}, found none",
        )
    return _remove(runtime, options)


def _reset(runtime: Connection, options: argparse.Namespace) -> int:
    removed = runtime.call(Reset())
    lines = [f"removed {extension.id}" for extension in removed.gone]
    lines += [f"kept {extension.id}, as a profile says" for extension in removed.kept]
    records = (*removed.gone, *removed.kept)
    return shell.say(options, records, *(lines or ["there is no extension"]))


def _gc(runtime: Connection, options: argparse.Namespace) -> int:
    count = runtime.call(CollectGarbage())
    said = f"removed {count} staged bundles that nothing refers to"
    return shell.say(options, [{"removed": count}], said)


def _parser() -> Parser:
    parser = shell.parser(PROG, "Show, activate, approve and remove system extensions.")
    verb = shell.verbs(parser)
    listing = verb("list", _list, "list the extensions")
    listing.add_argument(
        "category",
        nargs="?",
        choices=CATEGORIES,
        metavar="CATEGORY",
        help=f"only of one of {', '.join(CATEGORIES)}",
    )
    developer = verb("developer", _developer, "show or set developer mode")
    developer.add_argument("mode", nargs="?", choices=("on", "off"), help="show it without one")
    activate = verb("activate", _activate, "ask for the activation of an app's extension")
    activate.add_argument("app", metavar="APP", help="folder X.app with the extension")
    activate.add_argument(
        "bundle_id", metavar="ID", nargs="?", default="", help="which of its extensions"
    )
    activate.mixes = True
    activate.add_argument("--wait", action="store_true", help="until the request is decided")
    deactivate = verb("deactivate", _deactivate, "stop and remove an extension")
    deactivate.add_argument("bundle_id", metavar="ID", help="its bundle identifier")
    deactivate.add_argument(
        "--ask", action="store_true", help="as an app does: somebody decides, as on a request"
    )
    uninstall = verb("uninstall", _uninstall, "stop and remove an extension of a team")
    uninstall.add_argument("team_id", metavar="TEAM", help=f"team, {NO_TEAM} for none")
    uninstall.add_argument("bundle_id", metavar="ID", help="its bundle identifier")
    reset = verb("reset", _reset, "remove all extensions that no profile keeps")
    collect = verb("gc", _gc, "remove staged bundles that no extension refers to")
    auditing = verb("audit", audit.run, "say who was asked what, and who decided")
    printing = [listing, developer, activate, deactivate, uninstall, reset, collect, auditing]
    printing += deciding.add_verbs(verb)
    policing = verb("policy", None, "say, or change, what configuration profiles decide")
    policy.add_verbs(shell.verbs(policing))
    serving = verb("service", None, "install, remove or look at the system service")
    service.add_options(serving)
    shell.local_verb(serving, service.run)
    trusting = verb("trust", None, "say, or change, whom this machine trusts")
    trust.add_verbs(shell.verbs(trusting))
    for added in printing:
        added.add_argument("--json", action="store_true", help="one array of objects")
    return parser


if __name__ == "__main__":
    main()
