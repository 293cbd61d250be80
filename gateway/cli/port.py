"""Why the port could not be opened, who holds it, and what to do. For Linux, by /proc."""

from __future__ import annotations

import errno
import os
import socket
from pathlib import Path

LISTEN = "0A"
PORT = "--port {port} (GATEWAY_PORT={port})"


def explain_bind_error(host: str, port: int, error: OSError, setting: str = PORT) -> str:
    """Return a message of a few lines; quick, and silent about what it cannot find out.

    `setting` is how another port is given, with `{port}` in the place of its number.
    """
    match error.errno:
        case errno.EADDRINUSE:
            return _in_use(host, port, setting)
        case errno.EACCES | errno.EPERM:
            return (
                f"Port {port} needs more rights than this user has.\n"
                f"-> use a port above 1023, e.g. {setting.format(port=8080)}"
            )
        case errno.EADDRNOTAVAIL:
            return (
                f"This machine has no address {host}.\n"
                "-> use --host 127.0.0.1, or --host 0.0.0.0 for all addresses"
            )
    if isinstance(error, socket.gaierror):
        return f"The host name {host} is not known.\n-> use an address, e.g. --host 127.0.0.1"
    return f"Cannot listen on {host}:{port}: {os.strerror(error.errno or 0).lower()}."


def _in_use(host: str, port: int, setting: str) -> str:
    lines = [f"Port {port} on {host} is in use."]
    holder = find_holder(port)
    if holder is not None:
        lines.append(f"It is held by {holder[1]} (pid {holder[0]}).")
    free = free_port(host, port)
    other = setting.format(port=free if free is not None else "N")
    lines.append(f"-> stop that process, or use another port: {other}")
    return "\n".join(lines)


def find_holder(port: int) -> tuple[int, str] | None:
    """Return pid and name of the process that listens on a port, if this user may know it."""
    inodes = {f"socket:[{inode}]" for inode in _listening(port)}
    if not inodes:
        return None
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if any(os.readlink(link) in inodes for link in (folder / "fd").iterdir()):
                return int(folder.name), _name_of(folder)
        except OSError:
            continue
    return None


def free_port(host: str, port: int) -> int | None:
    """Return one of the next ports that is free on the host."""
    for candidate in range(port + 1, min(port + 20, 65536)):
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, candidate))
            except OSError:
                continue
            return candidate
    return None


def _listening(port: int) -> set[str]:
    found = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            rows = Path(table).read_text().splitlines()[1:]
        except OSError:
            continue
        for row in rows:
            fields = row.split()
            if int(fields[1].rpartition(":")[2], 16) == port and fields[3] == LISTEN:
                found.add(fields[9])
    return found


def _name_of(folder: Path) -> str:
    """Return the program's name; arguments may hold secrets and are left out."""
    words = (folder / "cmdline").read_bytes().split(b"\0")
    names = [os.path.basename(word.decode(errors="replace")) for word in words if word]
    if len(names) > 2 and names[0].startswith("python") and names[1] == "-m":
        return f"{names[0]} -m {names[2]}"
    return names[0] if names else (folder / "comm").read_text().strip()
