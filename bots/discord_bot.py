"""Discord: so far, whether the token is accepted."""

import discord


async def check_token(token: str) -> str:
    """Return the catalogue's key for what Discord says of a token."""
    client = discord.Client(intents=discord.Intents.none())
    try:
        await client.login(token)
    except discord.LoginFailure:
        return "doctor-discord-bad"
    except (discord.HTTPException, OSError):
        return "doctor-discord-away"
    finally:
        await client.close()
    return "doctor-discord-good"
