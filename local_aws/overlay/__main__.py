"""Run MiniStack with its patches on a loopback port of its own: `python -m local_aws.overlay ADDRESS_FILE [PORT]`."""

import asyncio
import os
import socket
import sys
from pathlib import Path


def serve(address_file: Path, port: int) -> None:
    """Serve until the process is told to end; the port (0 takes a free one) is announced in `address_file`."""
    listener = socket.create_server(("127.0.0.1", port))
    # MiniStack's modules read the port when they are imported, so it must be known before.
    os.environ["GATEWAY_PORT"] = str(listener.getsockname()[1])

    from hypercorn.asyncio import serve as run_server  # noqa: PLC0415 - see above
    from hypercorn.config import Config  # noqa: PLC0415
    from ministack.app import app  # noqa: PLC0415

    from local_aws.announcement import announce  # noqa: PLC0415
    from local_aws.overlay.patches import apply_patches  # noqa: PLC0415

    apply_patches(os.environ.get("LOCAL_AWS_OVERLAY"))
    config = Config()
    config.bind = [f"fd://{listener.fileno()}"]
    config.loglevel = os.environ.get("LOG_LEVEL", "WARNING")
    config.keep_alive_timeout = 75
    config.graceful_timeout = 0.5
    address = announce(address_file, listener.getsockname()[1])
    try:
        asyncio.run(run_server(app, config))
    finally:
        address.close()


if __name__ == "__main__":
    serve(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0)  # noqa: PLR2004 - the second argument
