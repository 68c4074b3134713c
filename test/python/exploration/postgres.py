# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A PostgreSQL server of a test: a new cluster in a temporary folder."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path


class PostgresServer:
    """Runs a server while it is entered; it listens on a Unix socket only.

    PostgreSQL refuses to run as root: its files then belong to the user `postgres`, which its
    packages create.
    """

    @staticmethod
    def programs() -> Path | None:
        """The folder of initdb and pg_ctl; distributions keep it out of PATH."""
        if found := shutil.which("initdb"):
            return Path(found).parent
        folders = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
        return folders[-1].parent if folders else None

    def __enter__(self) -> PostgresServer:
        programs = self.programs()
        if programs is None:
            raise FileNotFoundError("initdb")
        self._programs = programs
        # Short: the path of a socket has at most 107 characters.
        self._folder = Path(tempfile.mkdtemp(prefix="pg"))
        if os.getuid() == 0:
            shutil.chown(self._folder, "postgres")
        try:
            self._command("initdb", "-A", "trust", "-U", "pumice", "--no-sync")
            options = f"-F -c listen_addresses= -k {self._folder}"
            self._command("pg_ctl", "-w", "-l", f"{self._folder}/log", "-o", options, "start")
        except BaseException:
            shutil.rmtree(self._folder, ignore_errors=True)
            raise
        return self

    def __exit__(self, *failure: object) -> None:
        try:
            self._command("pg_ctl", "-m", "immediate", "stop")
        finally:
            shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def url(self) -> str:
        """The address that SQLAlchemy takes."""
        return f"postgresql+psycopg://pumice@/postgres?host={self._folder}"

    def _command(self, name: str, *arguments: str) -> None:
        command = [str(self._programs / name), "-D", str(self._folder / "data"), *arguments]
        user = "postgres" if os.getuid() == 0 else None
        subprocess.run(command, check=True, user=user, cwd=self._folder, stdout=subprocess.DEVNULL)
