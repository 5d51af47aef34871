"""Attempts to make the assistant say or send what it must not, each against a model that obeys the attacker word for word."""
