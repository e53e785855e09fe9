"""A PostgreSQL of our own with PostGIS, on loopback and only for the tests, from the programs that Debian's packages install."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path
from typing import NamedTuple

import pytest

PASSWORD = "Geheim%/@:密 码1"
"""Of the owner; every character that an address has to escape is in it."""

ESCAPED = "Geheim%25%2F%40%3A%E5%AF%86%20%E7%A0%811"
READER_PASSWORD = "reader-secret"


class Server(NamedTuple):
    """Where a server listens, and how its databases are reached."""

    port: int
    folder: Path

    def url(self, database="county", user="planner", password=ESCAPED):
        given = f"{user}:{password}" if password else user
        return f"postgresql://{given}@127.0.0.1:{self.port}/{database}"

    def run(self, *statements, database="county", user="planner", password=ESCAPED):
        """Run statements, each in a transaction of its own."""
        from adbc_driver_postgresql import dbapi

        with (
            dbapi.connect(f"{self.url(database, user, password)}?client_encoding=UTF8", autocommit=True) as connection,
            connection.cursor() as cursor,
        ):
            for statement in statements:
                cursor.execute(statement)


def _programs():
    """Return the folder of initdb and pg_ctl: of PostgreSQL 15 where it is there, else of the latest."""
    folders = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: (path.parent.name == "15", path), reverse=True
    )
    folders += [Path(found).resolve().parent for found in [shutil.which("initdb")] if found]
    if not folders:
        pytest.skip("PostgreSQL missing: no initdb (Debian: apt-get install postgresql-15 postgresql-15-postgis-3)")
    for folder in folders:
        shares = (
            Path("/usr/share/postgresql", folder.parent.name),
            folder.parent / "share/postgresql",
            folder.parent / "share",
        )
        if any((share / "extension/postgis.control").is_file() for share in shares):
            return folder
    return pytest.skip("PostgreSQL missing: its PostGIS is not there (Debian: apt-get install postgresql-15-postgis-3)")


def _free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def _as_server_user(folder, *words):
    """Run a program; as root, as the user postgres, because PostgreSQL refuses to be run by root."""
    command = [str(word) for word in words]
    if os.geteuid() == 0:
        command = ["runuser", "-u", "postgres", "--", *command]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, check=False, timeout=120)
    assert not done.returncode, done.stdout + done.stderr


def _started(programs, folder, data):
    """Start the server and return its port: another one where somebody took the first in the meantime."""
    for attempt in range(3):
        port = _free_port()
        options = (
            f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off -c max_connections=20"
        )
        try:
            _as_server_user(
                folder, programs / "pg_ctl", "-D", data, "-o", options, "-l", folder / "log", "-w", "-t", "60", "start"
            )
        except AssertionError:
            if attempt == 2:
                raise
        else:
            return port
    return None


def serve():
    """Yield a running server, and take it away again."""
    pytest.importorskip("adbc_driver_postgresql", reason="PostgreSQL missing: siteplan[postgis] is not installed")
    programs = _programs()
    if os.geteuid() == 0 and shutil.which("runuser") is None:
        pytest.skip("PostgreSQL missing: root cannot run it, and there is no runuser to be another user")
    folder = Path(tempfile.mkdtemp(prefix="siteplan-postgres-"))
    secret = folder / "secret"
    secret.write_text(PASSWORD, encoding="utf-8")
    if os.geteuid() == 0:
        for path in (folder, secret):
            shutil.chown(path, "postgres", "postgres")
    data = folder / "data"
    try:
        _as_server_user(
            folder, programs / "initdb", "-D", data, "-U", "planner", "-A", "scram-sha-256", f"--pwfile={secret}",
            "-E", "UTF8", "--locale=C.UTF-8", "--no-sync",
        )  # fmt: skip
        port = _started(programs, folder, data)
        try:
            server = Server(port, folder)
            server.run("CREATE DATABASE county", "CREATE DATABASE bare", database="postgres")
            server.run(
                "CREATE SCHEMA gis",
                "CREATE EXTENSION postgis SCHEMA gis",
                f"CREATE ROLE reader LOGIN PASSWORD '{READER_PASSWORD}'",
                "GRANT USAGE ON SCHEMA gis, public TO reader",
            )
            yield server
        finally:
            _as_server_user(folder, programs / "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
