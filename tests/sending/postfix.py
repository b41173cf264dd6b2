"""A real Postfix for tests: its own folders, a high port of the loopback, gone at the end.

    with running_postfix(needs_program("postfix"), next_hop_port=sink.port) as postfix:
        ...postfix.port, postfix.log()

What it takes it hands on to `next_hop_port` of this host. It must be started by root, because
Postfix's master gives its daemons to the user postfix.
"""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

START_SECONDS = 10.0

DAEMONS = """\
127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"""


@dataclass(frozen=True, slots=True)
class Postfix:
    """A Postfix that runs."""

    port: int
    folder: Path

    def log(self) -> str:
        """Return what it wrote to its log so far."""
        return (self.folder / "maillog").read_text()


@contextlib.contextmanager
def running_postfix(
    program: str,
    *,
    next_hop_port: int,
    refusals: Mapping[str, str] | None = None,
    options: Mapping[str, str] | None = None,
    files: Mapping[str, str] | None = None,
) -> Iterator[Postfix]:
    """Run Postfix for the length of a block.

    `refusals` maps recipients to the words said to their RCPT, such as "550 5.1.1 No such user";
    `options` are further lines of its main.cf. `files` are what is in its folder besides, by name;
    a master.cf among them is added to the daemons. `/etc/postfix` in any of them means that folder.
    """
    # Not below the folder of the test, which the user postfix may not enter.
    folder = Path(tempfile.mkdtemp(prefix="postfix-test-"))
    folder.chmod(0o755)
    postfix = Postfix(free_port(), folder)
    config = folder / "config"
    try:
        _write_config(postfix, config, next_hop_port, refusals or {}, options or {})
        _add_files(config, files or {})
        subprocess.run([program, "-c", config, "start"], check=True, capture_output=True)
        try:
            _wait_for(postfix)
            yield postfix
        finally:
            subprocess.run([program, "-c", config, "abort"], check=False, capture_output=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _write_config(
    postfix: Postfix,
    config: Path,
    next_hop_port: int,
    refusals: Mapping[str, str],
    options: Mapping[str, str],
) -> None:
    folder = postfix.folder
    for name in ("config", "queue", "data"):
        (folder / name).mkdir()
    shutil.chown(folder / "data", "postfix")
    access = config / "access"
    access.write_text("".join(f"{address} {words}\n" for address, words in refusals.items()))
    settings = {
        "compatibility_level": "3.6",
        "queue_directory": f"{folder / 'queue'}",
        "data_directory": f"{folder / 'data'}",
        "maillog_file": f"{folder / 'maillog'}",
        "maillog_file_prefixes": "/",
        "myhostname": "relay.example",
        "mydestination": "",
        "mynetworks": "127.0.0.0/8",
        "inet_protocols": "ipv4",
        "default_database_type": "texthash",
        "alias_maps": "",
        "alias_database": "",
        "smtp_dns_support_level": "disabled",
        "smtp_host_lookup": "native",
        "smtpd_peername_lookup": "no",
        "relayhost": f"[127.0.0.1]:{next_hop_port}",
        "smtpd_relay_restrictions": "permit_mynetworks, reject",
        "smtpd_recipient_restrictions": f"check_recipient_access texthash:{access}",
    } | dict(options)
    lines = (f"{name} = {_at(config, value)}\n" for name, value in settings.items())
    (config / "main.cf").write_text("".join(lines))
    (config / "master.cf").write_text(DAEMONS.format(port=postfix.port))


def _add_files(config: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        with (config / name).open("a") as file:
            file.write(_at(config, text))


def _at(config: Path, text: str) -> str:
    """Return what is written for the usual place of Postfix's configuration as for this one."""
    return text.replace("/etc/postfix", str(config))


def free_port() -> int:
    """Return a port of 127.0.0.1 on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(postfix: Postfix) -> None:
    """Return once it greets."""
    end = time.monotonic() + START_SECONDS
    while True:
        try:
            with socket.create_connection(("127.0.0.1", postfix.port), timeout=5) as connection:
                connection.recv(4)
                connection.sendall(b"QUIT\r\n")
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.02)
        else:
            return
