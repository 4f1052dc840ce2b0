"""SSH servers inside the test's process, and the ssh_config that leads to them."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path

import asyncssh


class Servers:
    """Servers on 127.0.0.1 in a thread of their own, and the ssh_config that leads to them."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        self.host_key, self.user_key = (asyncssh.generate_private_key("ssh-ed25519") for _ in range(2))
        self.user_key.write_private_key(directory / "id")
        (directory / "id").chmod(0o600)
        self.user_key.write_public_key(directory / "authorized")
        asyncssh.generate_private_key("ssh-ed25519").write_public_key(directory / "somebody_else")
        self.config, self.known, self.servers = "", "", []

    @property
    def ssh_config(self) -> Path:
        """Written anew each time."""
        self.known_hosts.write_text(self.known)
        (self.directory / "ssh_config").write_text(self.config)
        return self.directory / "ssh_config"

    @property
    def known_hosts(self) -> Path:
        return self.directory / "known"

    def _listen(self, starting) -> int:
        server = asyncio.run_coroutine_threadsafe(starting, self.loop).result(30)
        self.servers.append(server)
        return server.get_port() if hasattr(server, "get_port") else server.sockets[0].getsockname()[1]

    def ssh(self, name: str, handler, *, known: bool = True, authorized: bool = True, **options) -> None:
        """A real SSH server whose command is `handler`."""
        options |= {
            "server_host_keys": [self.host_key],
            "authorized_client_keys": str(self.directory / ("authorized" if authorized else "somebody_else")),
            "process_factory": handler,
            "encoding": None,
            "keepalive_interval": 0,
        }
        port = self._listen(self._start(options))
        self.leads(name, port, self.host_key if known else asyncssh.generate_private_key("ssh-ed25519"))

    async def _start(self, options):
        return await asyncssh.listen("127.0.0.1", 0, **options)

    def tcp(self, name: str, talk: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]) -> None:
        """Something that listens and is no SSH server."""

        async def talking(reader, writer):
            try:
                await talk(reader, writer)
            except OSError:
                pass
            finally:
                writer.transport.abort()

        self.leads(name, self._listen(self._start_tcp(talking)), self.host_key)

    async def _start_tcp(self, talking):
        return await asyncio.start_server(talking, "127.0.0.1", 0)

    def leads(self, name: str, port: int, key) -> None:
        """Have the ssh_config lead `name` to a port, with that key pinned."""
        self.known += f"[127.0.0.1]:{port} {key.export_public_key().decode()}"
        self.config += (
            f"Host {name}\n HostName 127.0.0.1\n Port {port}\n User yiyun\n IdentityFile {self.directory}/id\n"
            f" UserKnownHostsFile {self.directory}/known\n StrictHostKeyChecking yes\n"
        )

    def close(self) -> None:
        async def end() -> None:
            for server in self.servers:
                server.close()
            for task in asyncio.all_tasks() - {asyncio.current_task()}:
                task.cancel()

        asyncio.run_coroutine_threadsafe(end(), self.loop).result(30)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(30)
