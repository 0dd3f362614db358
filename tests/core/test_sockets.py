"""Connections are told apart, and named alike at both of their ends."""

from __future__ import annotations

import socket
from contextlib import ExitStack

from hedgerow.core.sockets import socket_pair


def test_two_connections_of_one_port_have_two_names_which_their_servers_know() -> None:
    with ExitStack() as opened:
        servers = [opened.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(2)]
        port, names = 0, []
        for server in servers:
            client = opened.enter_context(socket.socket())
            client.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            client.bind(("127.0.0.1", port))
            client.connect(server.getsockname())
            port = client.getsockname()[1]
            there = opened.enter_context(server.accept()[0])
            names.append(socket_pair(client.getsockname(), client.getpeername()))
            assert names[-1] == socket_pair(there.getpeername(), there.getsockname())
    assert len(set(names)) == 2


def test_a_connection_that_is_gone_has_a_name_that_nobody_has() -> None:
    assert socket_pair(None, None) == "0-0"
