"""Values of any wire type, made from the type itself: random ones, and one fixed example.

Invariant: a new message needs no line here.
"""

from typing import Any

import msgspec
from hypothesis import strategies as st
from msgspec import inspect

from runtime.wire import broker, client, driver, history, methods, user_client, zygote
from runtime.wire.commands import Command

PROTOCOLS: dict[str, Any] = {
    "broker.FromBroker": broker.FromBroker,
    "broker.ToBroker": broker.ToBroker,
    "client.ToRuntime": client.ToRuntime,
    "client.ToClient": client.ToClient,
    "client.Command": Command,
    "driver.FromProvider": driver.FromProvider,
    "driver.ToDriver": driver.ToDriver,
    "driver.ToRuntime": driver.ToRuntime,
    "driver.ToProvider": driver.ToProvider,
    "driver.ToPublisher": driver.ToPublisher,
    "driver.FromWatcher": driver.FromWatcher,
    "driver.ToWatcher": driver.ToWatcher,
    "history.Record": history.Record,
    "methods.Method": methods.Method,
    "user_client.FromProgram": user_client.FromProgram,
    "user_client.ToProgram": user_client.ToProgram,
    "zygote.ToZygote": zygote.ToZygote,
    "zygote.FromZygote": zygote.FromZygote,
}
_LEAVES: dict[type[inspect.Type], tuple[st.SearchStrategy[Any], object]] = {
    inspect.StrType: (st.text(max_size=8), "text"),
    inspect.BytesType: (st.binary(max_size=8), b"\x01\x02"),
    inspect.BoolType: (st.booleans(), True),
    inspect.NoneType: (st.none(), None),
    inspect.RawType: (
        st.binary(max_size=8).map(lambda data: msgspec.Raw(msgspec.msgpack.encode(data))),
        msgspec.Raw(b"\x80"),
    ),
}


def members(protocol: object) -> list[type[msgspec.Struct]]:
    """Return the message classes of one direction of a protocol."""
    info = inspect.type_info(protocol)
    kinds = info.types if isinstance(info, inspect.UnionType) else (info,)
    return [kind.cls for kind in kinds if isinstance(kind, inspect.StructType)]


def messages(protocol: object) -> st.SearchStrategy[Any]:
    """Return any message of one direction of a protocol."""
    return _any(inspect.type_info(protocol))


def example(kind: type[msgspec.Struct]) -> msgspec.Struct:
    """Return the fixed example of a message: every field filled, always with the same."""
    made = _least(inspect.type_info(kind))
    assert isinstance(made, kind)
    return made


def _any(info: inspect.Type) -> st.SearchStrategy[Any]:
    values: st.SearchStrategy[Any]
    match info:
        case inspect.StructType(cls=cls, fields=fields):
            values = st.builds(cls, **{field.name: _any(field.type) for field in fields})
        case inspect.UnionType(types=types):
            values = st.one_of([_any(kind) for kind in types])
        case inspect.VarTupleType(item_type=item):
            values = st.lists(_any(item), max_size=2).map(lambda found: (*found,))
        case inspect.DictType(key_type=key, value_type=value):
            values = st.dictionaries(_any(key), _any(value), max_size=2)
        case inspect.TupleType(item_types=items):
            values = st.tuples(*[_any(item) for item in items])
        case inspect.IntType(ge=low, le=high):
            least, most = (-(1 << 63) if low is None else low), (1 << 63) - 1
            values = st.integers(least, most if high is None else high)
        case inspect.EnumType(cls=choices):
            values = st.sampled_from(choices)
        case _:
            values, _ = _LEAVES[type(info)]
    return values


def _least(info: inspect.Type) -> object:
    made: object
    match info:
        case inspect.StructType(cls=cls, fields=fields):
            made = cls(**{field.name: _least(field.type) for field in fields})
        case inspect.UnionType(types=types):
            made = _least(types[0])
        case inspect.VarTupleType(item_type=item):
            made = (_least(item),)
        case inspect.DictType(key_type=key, value_type=value):
            made = {_least(key): _least(value)}
        case inspect.TupleType(item_types=items):
            made = tuple(_least(item) for item in items)
        case inspect.IntType(ge=low):
            made = low or 7
        case inspect.EnumType(cls=choices):
            made = next(iter(choices))
        case _:
            _, made = _LEAVES[type(info)]
    return made
