"""A question as an inbox row holds it: JSON, whole, so that another process can answer it."""

import json
from base64 import b64decode, b64encode
from dataclasses import asdict, replace

from core.messages import Level, Manner, Question


def dump_question(question: Question) -> str:
    """Return a question as text."""
    files = [(name, b64encode(content).decode()) for name, content in question.files]
    return json.dumps({**asdict(question), "files": files}, ensure_ascii=False)


def load_question(text: str) -> Question:
    """Return the question that was dumped."""
    fields = json.loads(text)
    question = Question(**{**fields, "files": (), "manner": Manner(fields["manner"]), "level": fields["level"] and Level(fields["level"])})
    return replace(question, files=tuple((name, b64decode(content)) for name, content in fields["files"]))
