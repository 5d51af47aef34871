"""Serves by hand: `python -m tests.servers.slack --port 8090 --students 100`."""

import argparse
import asyncio
import json
from contextlib import suppress

from tests.servers.slack.server import SlackServer
from tests.servers.slack.state import BOT_USER, GENERAL, TEAM


async def serve(port: int, students: int, endpoint: str) -> None:
    """Print where everything is, then serve until killed."""
    async with SlackServer(port) as slack:
        slack.courier.endpoint = endpoint
        people = {name: slack.add_user(name) for name in (f"etudiant{place:03d}" for place in range(students))}
        found = {
            "url": slack.url,
            "api_url": slack.api_url,
            "control": f"{slack.url}/control",
            "bot_token": slack.bot_token,
            "app_token": slack.app_token,
            "signing_secret": slack.signing_secret,
            "team": TEAM,
            "bot_user": BOT_USER,
            "channels": {"general": GENERAL},
            "users": {user.name: user.id for user in slack.space.users.values()} | people,
        }
        print(json.dumps(found), flush=True)
        await asyncio.Event().wait()


def main() -> None:
    """Read the options and serve."""
    parser = argparse.ArgumentParser(description="A local Slack for trying Profond without a workspace.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--students", type=int, default=0, help="how many more people are in the workspace")
    parser.add_argument("--endpoint", default="", help="where the app listens in HTTP mode; Socket Mode without it")
    options = parser.parse_args()
    with suppress(KeyboardInterrupt):
        asyncio.run(serve(options.port, options.students, options.endpoint))


if __name__ == "__main__":
    main()
