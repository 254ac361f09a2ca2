"""A terminal's two streams and a socket, each copied to the other.

Invariant: ends when the socket does; an end of the input only shuts that direction.
"""

import os
import select
import socket

_BYTES = 64 << 10


def relay(sock: socket.socket, input_: int, output: int) -> None:
    """Copy `input_` to the socket and the socket to `output` until the peer closes it."""
    sources = [sock.fileno(), input_]
    while True:
        readable, _, _ = select.select(sources, [], [])
        if sock.fileno() in readable:
            data = sock.recv(_BYTES)
            if not data:
                return
            os.write(output, data)
        if input_ in readable:
            typed = os.read(input_, _BYTES)
            if typed:
                sock.sendall(typed)
            else:
                sources.remove(input_)
                sock.shutdown(socket.SHUT_WR)
