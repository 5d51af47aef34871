"""The local Discord by hand: `python -m tests.servers.discord --port 8011`."""

import argparse
import asyncio
from contextlib import suppress

from tests.servers.discord.control import serve
from tests.servers.discord.world import Knobs


def main() -> None:
    """Run the server by hand."""
    parser = argparse.ArgumentParser(description="A local Discord for trying Profond without a token.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--token", default=Knobs.token, help="the only token that is accepted")
    parser.add_argument("--message-content", action="store_true", help="the portal allows the content intent")
    parser.add_argument("--unlimited", action="store_true", help="no rate limits")
    options = parser.parse_args()
    with suppress(KeyboardInterrupt):
        asyncio.run(serve(options.port, token=options.token, message_content=options.message_content, limited=not options.unlimited))


if __name__ == "__main__":
    main()
