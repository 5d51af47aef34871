"""Pictures of real conversations: what the bot sends to a local Discord, drawn as a phone shows it."""
