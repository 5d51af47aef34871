"""Brings a schema up to date with Alembic. Apart from the rest because Alembic takes long to import."""

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection

from core.errors import SetupError


def alembic_config(connection: Connection | None = None) -> Config:
    """Return Alembic's configuration for the migrations that come with Profond, on an open connection."""
    config = Config()
    config.set_main_option("script_location", "migrations:")
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def newest() -> str | None:
    """Return the newest migration that Alembic finds."""
    return ScriptDirectory.from_config(alembic_config()).get_current_head()


def upgrade(connection: Connection) -> None:
    """Run the migrations that are missing. Raises SetupError when the schema is newer than this program."""
    try:
        command.upgrade(alembic_config(connection), "head")
    except CommandError:
        raise SetupError("setup-schema-newer") from None
