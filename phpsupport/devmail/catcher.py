"""An SMTP server for one machine that keeps what it receives as files and sends nothing on.

python -m phpsupport.devmail.catcher PORT FOLDER
"""

import secrets
import signal
import sys
import time
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller

KEPT = 500


class Keeper:
    """Writes each received letter into a folder, newest names last."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        name = f"{time.time_ns()}-{secrets.token_hex(4)}"
        to = ", ".join(envelope.rcpt_tos)
        fresh = self.folder / f"{name}.part"
        fresh.touch(mode=0o600)
        fresh.write_bytes(f"X-Envelope-To: {to}\r\n".encode() + envelope.original_content)
        fresh.replace(self.folder / f"{name}.eml")
        for old in sorted(self.folder.glob("*.eml"))[:-KEPT]:
            old.unlink(missing_ok=True)
        print(f"caught a letter, /dev/mail/{name}/", flush=True)  # noqa: T201 - its log
        return "250 OK"


def main(port: int, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    controller = Controller(Keeper(folder), hostname="127.0.0.1", port=port)
    controller.start()
    stop = signal.sigwait({signal.SIGTERM, signal.SIGINT})
    controller.stop()
    sys.exit(0 if stop else 1)


if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    main(int(sys.argv[1]), Path(sys.argv[2]))
