"""What Discord answers to a request that it does not carry out: status, code, sentence, and what is wrong in which field."""

from typing import Any

Json = dict[str, Any]

SENTENCES: dict[int, tuple[int, str]] = {
    0: (401, "401: Unauthorized"),
    10003: (404, "Unknown Channel"),
    10004: (404, "Unknown Guild"),
    10007: (404, "Unknown Member"),
    10008: (404, "Unknown Message"),
    10013: (404, "Unknown User"),
    10015: (404, "Unknown Webhook"),
    10062: (404, "Unknown interaction"),
    10063: (404, "Unknown application command"),
    20012: (403, "You are not authorized to perform this action on this application"),
    40005: (413, "Request entity too large"),
    40060: (400, "Interaction has already been acknowledged."),
    50001: (403, "Missing Access"),
    50005: (403, "Cannot edit a message authored by another user"),
    50006: (400, "Cannot send an empty message"),
    50007: (403, "Cannot send messages to this user"),
    50013: (403, "Missing Permissions"),
    50024: (400, "Cannot execute action on this channel type"),
    50027: (401, "Invalid Webhook Token"),
    50035: (400, "Invalid Form Body"),
    50083: (400, "Thread is archived"),
    50109: (400, "The request body contains invalid JSON."),
    160002: (400, "Cannot reply without permission to read message history"),
    160004: (400, "A thread has already been created for this message"),
}
"""The code of each refusal with its status and its sentence."""


class Refused(Exception):
    """A request that breaks one of Discord's rules; Discord's own client is told why in its own shape."""

    def __init__(self, code: int, errors: Json | None = None) -> None:
        self.status, sentence = SENTENCES[code]
        self.code = code
        self.body: Json = {"message": sentence, "code": code} | ({"errors": errors} if errors else {})
        super().__init__(f"{code} {sentence} {errors or ''}")


class Offences:
    """What is wrong with a form, field by field."""

    def __init__(self) -> None:
        self.found: Json = {}

    def add(self, where: str, code: str, sentence: str) -> None:
        """Note an offence at a dotted place, such as `components.0.label`."""
        node = self.found
        for step in where.split("."):
            node = node.setdefault(step, {})
        node.setdefault("_errors", []).append({"code": code, "message": sentence})

    def length(self, where: str, value: object, least: int, most: int) -> None:
        """Note a text that is too short or too long, or that is no text."""
        if not isinstance(value, str):
            self.add(where, "BASE_TYPE_REQUIRED" if value is None else "STRING_TYPE_CONVERT", "This field is required")
        elif not least <= len(value) <= most:
            code = "BASE_TYPE_MAX_LENGTH" if not least else "BASE_TYPE_BAD_LENGTH"
            self.add(where, code, f"Must be {most} or fewer in length." if not least else f"Must be between {least} and {most} in length.")

    def size(self, where: str, value: object, least: int, most: int) -> bool:
        """Note a list that is too short or too long; return whether it is a list at all."""
        if not isinstance(value, list):
            self.add(where, "BASE_TYPE_REQUIRED", "This field is required")
            return False
        if not least <= len(value) <= most:
            self.add(where, "BASE_TYPE_BAD_LENGTH", f"Must be between {least} and {most} in length.")
        return True

    def close(self) -> None:
        """Refuse the form if anything was noted."""
        if self.found:
            raise Refused(50035, self.found)
