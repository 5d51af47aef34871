"""The tables. People, conversations and events are keyed hashes; texts, platform ids and reply addresses are encrypted.

Times are seconds since 1970 (UTC). Columns that hold ciphertext are LargeBinary; the comment beside each names the field
that was authenticated with it.
"""

from sqlalchemy import BigInteger, Boolean, Column, Float, ForeignKey, Index, Integer, LargeBinary, MetaData, String, Table, Text, false

HEAD = "0006"
"""The newest migration; a test holds it equal to what Alembic finds."""

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

keys = Table(
    "keys",
    metadata,
    Column("name", String(20), primary_key=True),
    Column("wrapped", LargeBinary, nullable=False),
)

students = Table(
    "students",
    metadata,
    Column("person", String(32), primary_key=True),
    Column("identity", LargeBinary, nullable=False),  # "identity": platform:id
    Column("level", String(20)),
    Column("is_always_private", Boolean),
    Column("noticed_at", Float),
    Column("created_at", Float, nullable=False),
)

conversations = Table(
    "conversations",
    metadata,
    Column("conversation", String(32), primary_key=True),
    Column("place", LargeBinary, nullable=False),  # "place": the platform's ids
    Column("created_at", Float, nullable=False),
)

turns = Table(
    "turns",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("conversation", String(32), ForeignKey("conversations.conversation"), nullable=False),
    Column("person", String(32), nullable=False),
    Column("question", LargeBinary, nullable=False),  # "question"
    Column("is_private", Boolean, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("retells", String(32)),  # the classmate's turn whose question this is
    Column("had_files", Boolean, nullable=False, server_default=false()),
    Index("ix_turns_conversation", "conversation", "created_at"),
    Index("ix_turns_person", "person", "created_at"),
    Index("ix_turns_created_at", "created_at"),
    Index("ix_turns_retells", "retells"),
)

answers = Table(
    "answers",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("turn", String(32), ForeignKey("turns.id"), nullable=False),
    Column("answer", LargeBinary, nullable=False),  # "answer"
    Column("zone", String(20), nullable=False),
    Column("level", String(20), nullable=False),
    Column("lang", String(5), nullable=False),
    Column("manner", String(20), nullable=False),
    Column("writer", String(20), nullable=False),
    Column("cards", Text, nullable=False),  # ids, separated by spaces
    Column("model", String(80), nullable=False),
    Column("prompt_version", String(40), nullable=False),
    Column("course_version", String(12), nullable=False),
    Column("tokens_input", Integer, nullable=False),
    Column("tokens_cached", Integer, nullable=False),
    Column("tokens_output", Integer, nullable=False),
    Column("cost_micros", Integer, nullable=False),  # millionths of a euro
    Column("milliseconds", Integer, nullable=False),
    Column("is_whole", Boolean, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("shelf", String(32)),  # the key in `shelf` under which the same text is kept for others
    Index("ix_answers_turn", "turn", "created_at"),
    Index("ix_answers_created_at", "created_at"),
)

feedback = Table(
    "feedback",
    metadata,
    Column("answer", String(32), ForeignKey("answers.id"), primary_key=True),
    Column("person", String(32), primary_key=True),
    Column("value", Integer, nullable=False),  # 1 or -1
    Column("created_at", Float, nullable=False),
    Column("done_at", Float),
    Index("ix_feedback_person", "person"),
)

reports = Table(
    "reports",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("answer", String(32), ForeignKey("answers.id"), nullable=False),
    Column("person", String(32), nullable=False),
    Column("report", LargeBinary, nullable=False),  # "report"
    Column("created_at", Float, nullable=False),
    Column("done_at", Float),
    Index("ix_reports_answer", "answer"),
    Index("ix_reports_person", "person"),
)

allowance = Table(
    "allowance",
    metadata,
    Column("person", String(32), primary_key=True),
    Column("tokens", Float, nullable=False),
    Column("at", Float, nullable=False),
    Column("day", String(10), nullable=False),
    Column("used", Integer, nullable=False),
)

seen_events = Table(
    "seen_events",
    metadata,
    Column("event", String(32), primary_key=True),
    Column("at", Float, nullable=False),
    Index("ix_seen_events_at", "at"),
)

inbox = Table(
    "inbox",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("person", String(32), nullable=False),
    Column("question", LargeBinary, nullable=False),  # "inbox": the whole Question
    Column("reply_to", LargeBinary, nullable=False),  # "reply_to"
    Column("placeholder", LargeBinary),  # "placeholder": the message that is being written
    Column("platform", String(20), nullable=False),
    Column("is_private", Boolean, nullable=False),
    Column("is_paid", Boolean, nullable=False),
    Column("day", String(10), nullable=False),
    Column("owner", String(32), nullable=False),
    Column("lease_until", Float, nullable=False),
    Column("is_stopped", Boolean, nullable=False, server_default=false()),  # its asker pressed Stop where another process heard it
    Column("created_at", Float, nullable=False),
    Index("ix_inbox_lease_until", "lease_until"),
    Index("ix_inbox_person", "person"),
)

gates = Table(
    "gates",
    metadata,
    Column("gate", String(32), primary_key=True),  # keyed hash of the model's address and key
    Column("round", Integer, nullable=False),  # of the last one let through
    Column("next_at", Float, nullable=False),
    Column("spacing", Float, nullable=False),
    Column("slowed_at", Float, nullable=False),
    Column("debt", Float, nullable=False),
    Column("debt_at", Float, nullable=False),
)

queue = Table(
    "queue",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("gate", String(32), nullable=False),
    Column("person", String(32), nullable=False),
    Column("model", String(80), nullable=False),
    Column("tokens", Integer, nullable=False),
    Column("round", Integer, nullable=False),
    Column("arrived_at", Float, nullable=False),
    Column("goes_at", Float),
    Column("lease_until", Float, nullable=False),
    Index("ix_queue_gate", "gate", "goes_at"),
)

breakers = Table(
    "breakers",
    metadata,
    Column("gate", String(32), primary_key=True),
    Column("model", String(80), primary_key=True),
    Column("failures", Integer, nullable=False),  # in a row
    Column("openings", Integer, nullable=False),  # in a row
    Column("opened_at", Float, nullable=False),
    Column("open_until", Float, nullable=False),
    Column("trial", String(32)),  # the one question that tries again
    Column("trial_until", Float, nullable=False),
)

shelf = Table(
    "shelf",
    metadata,
    Column("key", String(32), primary_key=True),  # keyed hash of question, level, language and versions
    Column("answer", LargeBinary, nullable=False),  # "shelf"
    Column("model", String(80), nullable=False),
    Column("cost_micros", Integer, nullable=False),
    Column("edition", String(60), nullable=False),  # course and prompt
    Column("created_at", Float, nullable=False),
    Index("ix_shelf_created_at", "created_at"),
)

spending = Table(
    "spending",
    metadata,
    Column("day", String(10), primary_key=True),
    Column("topic", String(80), primary_key=True),
    Column("model", String(80), primary_key=True),  # empty: no model was asked
    Column("questions", Integer, nullable=False),
    Column("shared", Integer, nullable=False),  # of them, answered by another's answer
    Column("tokens_input", BigInteger, nullable=False),
    Column("tokens_cached", BigInteger, nullable=False),
    Column("tokens_output", BigInteger, nullable=False),
    Column("cost_micros", BigInteger, nullable=False),
    Column("saved_micros", BigInteger, nullable=False),
)

facts = Table(
    "facts",
    metadata,
    Column("name", String(80), primary_key=True),
    Column("value", String(200), nullable=False),
)
