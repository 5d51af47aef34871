"""Slack: so far, whether the token is accepted."""

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient


async def check_token(token: str) -> str:
    """Return the catalogue's key for what Slack says of a token."""
    try:
        await AsyncWebClient(token=token, timeout=10).auth_test()
    except SlackApiError as error:
        is_refused = str(error.response.get("error", "")) in {"invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired"}
        return "doctor-slack-bad" if is_refused else "doctor-slack-away"
    except (SlackClientError, aiohttp.ClientError, OSError, TimeoutError):
        return "doctor-slack-away"
    return "doctor-slack-good"
