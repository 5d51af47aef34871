"""The privacy papers: filled from the settings, true to the installation, and shown in the documents as they are made."""

from pathlib import Path

import pytest

from bots.privacy import BLANK, fill
from core.knowledge import load_course
from core.settings import Settings, shipped_course
from core.store.keeping import DAY, SEEN_SECONDS
from core.store.tables import metadata
from tests.test_terminal import profond

SHOWN = Path(__file__).resolve().parents[1] / "docs" / "rgpd"
LONGEST_MESSAGE = 2_000
SCHOOL = {
    "SCHOOL_NAME": "Lycée Ada-Lovelace, 1 rue du Port, Lyon",
    "SCHOOL_CONTACT": "bureau 214",
    "DPO_CONTACT": "le délégué du rectorat",
    "HOSTED_BY": "une machine du lycée",
}
CLASS = {"MISTRAL_API_KEY": "k", "DISCORD_TOKEN": "t", "SLACK_BOT_TOKEN": "xoxb-1", "SLACK_APP_TOKEN": "xapp-1"}
BY_HAND = {
    "notice-a-epingler.md": 0,
    "politique-de-confidentialite.md": 3,
    "registre-des-traitements.md": 10,
    "note-au-chef-d-etablissement.md": 10,
}
"""How many places of each paper no setting can fill."""

TOLD = {"students", "turns", "feedback", "reports", "allowance", "inbox", "queue"}
"""The tables in which a person's hash stands, each a line of the policy."""


def papers(**variables: str) -> dict[str, str]:
    """Return every paper's text for these variables."""
    settings = Settings(_env_file=None, **{name.lower(): value for name, value in variables.items()})  # type: ignore[arg-type]  # fields by name
    return {paper.name: paper.text for paper in fill(settings, load_course(shipped_course()).info)}


def test_a_school_fills_its_papers(tmp_path: Path) -> None:
    """With the school's settings every paper is written, and nothing is left but what only a hand can write."""
    done = profond(tmp_path, "privacy", "--output", "papiers", **SCHOOL, **CLASS, RETENTION_DAYS="21")
    made = {path.name: path.read_text(encoding="utf-8") for path in (tmp_path / "papiers").iterdir()}

    assert 0 == done.returncode
    assert BY_HAND == {name: len({blank[0] for blank in BLANK.finditer(text)}) for name, text in made.items()}
    for name, text in made.items():
        assert not any(blank[2] for blank in BLANK.finditer(text)), name
        assert "21 jours" in text
        assert "$" not in text
        assert "<!--" not in text
    for value in SCHOOL.values():
        assert value in made["registre-des-traitements.md"]
    assert not (tmp_path / "profond.db").exists()


def test_what_is_missing_is_listed(tmp_path: Path) -> None:
    """Without a setting the place stays visible in the paper, the error stream names it, and the exit code is 0."""
    done = profond(tmp_path, "privacy")

    assert 0 == done.returncode
    assert "[à compléter : adresse où écrire (SCHOOL_CONTACT)]" in done.stdout
    assert all(name in done.stderr for name in (*SCHOOL, *BY_HAND, "DISCORD_TOKEN"))


def test_papers_are_never_overwritten_by_chance(tmp_path: Path) -> None:
    """A second run refuses, and says how; with --force it writes."""
    runs = [profond(tmp_path, "privacy", "--output", "p", *more) for more in ([], [], ["--force"])]

    assert [0, 1, 0] == [run.returncode for run in runs]
    assert "--force" in runs[1].stderr


def test_what_a_hand_completed_is_kept(tmp_path: Path) -> None:
    """Written anew, a paper that stood otherwise is kept beside, each time under another name, and that is said; one that did not is not."""
    note = tmp_path / "p" / "note-au-chef-d-etablissement.md"
    profond(tmp_path, "privacy", "--output", "p")
    texts = [f"{note.read_text(encoding='utf-8')}Complété par {name}.\n" for name in ("Anna", "Ben")]
    told = []
    for text in texts:
        note.write_text(text, encoding="utf-8")
        told.append(profond(tmp_path, "privacy", "--output", "p", "--force").stdout)
    told.append(profond(tmp_path, "privacy", "--output", "p", "--force").stdout)

    assert texts == [note.with_name(f"{note.name}{end}").read_text(encoding="utf-8") for end in (".bak", ".bak1")]
    assert "Complété par" not in note.read_text(encoding="utf-8")
    assert [f"{note.name}.bak)" in told[0], f"{note.name}.bak1)" in told[1], "gardé" in told[2]] == [True, True, False]
    assert len(BY_HAND) + 2 == len([*note.parent.iterdir()])


def test_the_documents_show_what_the_command_makes() -> None:
    """docs/rgpd holds the papers as they are filled for Discord, Slack and Mistral; `just papers` writes them anew."""
    assert papers(**CLASS) == {name: (SHOWN / name).read_text(encoding="utf-8") for name in BY_HAND}


def test_the_notice_fits_one_message() -> None:
    """The notice is pinned whole, also with the school's own words."""
    assert len(papers(**SCHOOL, **CLASS)["notice-a-epingler.md"]) <= LONGEST_MESSAGE


@pytest.mark.parametrize(
    ("variables", "said", "unsaid"),
    [
        ({}, "Aucun modèle d'intelligence artificielle", "Mistral"),
        ({"MISTRAL_API_KEY": "k"}, "point d'accès européen", "serveur choisi"),
        ({"MISTRAL_API_KEY": "k", "MISTRAL_SERVER_URL": "https://api.mistral.ai"}, "n'est pas le point d'accès réservé", "point d'accès européen"),
        ({"MISTRAL_API_KEY": "k", "MISTRAL_SERVER_URL": "https://mistral.ai.example"}, "pays du serveur", "offre gratuite"),
        ({"DISCORD_TOKEN": "t"}, "Il ne\ndemande pas le droit de lire", "Slack"),
        ({"DISCORD_TOKEN": "t", "DISCORD_MESSAGE_CONTENT": "true"}, "« Message Content »", "Il ne\ndemande pas"),
        ({"SLACK_BOT_TOKEN": "xoxb-1"}, "/profond forget", "Sur Discord"),
        ({"MISTRAL_API_KEY": "k", "BUDGET_MONTH_EUR": "12"}, "12 € par mois", "5 €"),
    ],
)
def test_papers_say_what_this_installation_does(variables: dict[str, str], said: str, unsaid: str) -> None:
    """Model, address, platforms, intents and budget change the sentences."""
    text = "\n".join(papers(**variables).values())

    assert said in text
    assert unsaid not in text.replace("par DISCORD_TOKEN ou SLACK_BOT_TOKEN", "").replace("Discord ou Slack", "")


def test_no_secret_is_told(tmp_path: Path) -> None:
    """No secret of the settings stands in any paper."""
    done = profond(tmp_path, "privacy", MISTRAL_API_KEY="canari-1", DISCORD_TOKEN="canari-2", SLACK_BOT_TOKEN="xoxb-canari-3")

    assert "canari" not in done.stdout + done.stderr


def test_the_policy_tells_every_place_where_a_person_stands() -> None:
    """A table that knows a person is one of those that the policy tells; a new one is to be told, then named here."""
    assert {table.name for table in metadata.sorted_tables if "person" in table.columns} == TOLD
    assert f"| {SEEN_SECONDS / DAY:.0f} jours |" in papers(**CLASS)["politique-de-confidentialite.md"]
