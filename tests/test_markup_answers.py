"""What becomes of a model's faults and of a student's files, from the question to the answer shown."""

from dataclasses import replace

import pytest

from core.errors import FileRefused, ModelAway
from core.markup import Dialect
from core.markup.watch import LOOPED
from core.messages import Answer, ChatMessage, Question, Writer, Zone
from core.model import _content
from core.profond import Profond
from tests.conftest import Opener
from tests.surfaces import QueuedModel, RecordingSurface
from tests.test_files import SECRET, picture
from tests.test_markup_leaks import longest_run
from tests.test_markup_watch import CARD, ENGLISH

CONVOLUTION = "C'est quoi une convolution ?"
KERAS = b"""model = models.Sequential()
model.add(layers.Conv2D(32, (3, 3), activation='relu'))
model.add(layers.MaxPooling2D((2, 2)))
model.compile(optimizer='adam', loss='categorical_crossentropy')
"""
RECIPE = "Pétrir la pâte, la laisser reposer une heure, éplucher les pommes, les couper en fines tranches, cuire au four.".encode()


async def ask(profond: Profond, text: str, surface: RecordingSurface | None = None, **changes: object) -> Answer:
    asked = replace(Question(text=text, person="test:anna", conversation="test:room", event="e1"), **changes)  # type: ignore[arg-type]
    ticket = await profond.assistant.take(asked)
    return await profond.assistant.answer(ticket, surface or RecordingSurface())


async def test_a_loop_is_cut_and_said(opened: Opener) -> None:
    """The model is stopped, what it said twice stays, and a plain note says why."""
    async with opened(QueuedModel(f"{CARD} [1]. " + "Le réseau apprend les poids. " * 30)) as profond:
        answer = await ask(profond, CONVOLUTION)

    assert 2 == answer.text.count("Le réseau apprend")
    assert "se répétait" in answer.text
    assert (LOOPED, False, Writer.MODEL) == (answer.completion.finish_reason, answer.is_whole, answer.writer)


async def test_another_language_gives_way_to_the_cards(opened: Opener) -> None:
    """Where the text can be replaced, the cards stand alone; a terminal says that they follow."""
    async with opened(QueuedModel(ENGLISH, ENGLISH)) as profond:
        replaced = await ask(profond, CONVOLUTION)
        below = await ask(profond, CONVOLUTION, RecordingSurface(appends=True), event="e2")

    assert (Writer.CARDS, True) == (replaced.writer, replaced.is_whole)
    assert "grid of numbers" not in replaced.text
    assert any("autre langue" in note for note in replaced.notes)
    assert below.text.startswith("An image is a grid")
    assert "autre langue" in below.text
    assert replaced.text.splitlines()[0] in below.text


@pytest.mark.parametrize("text", ["<!-- rien -->", "\u200b \u200b"])
async def test_an_answer_without_anything_to_see_is_the_cards(opened: Opener, text: str) -> None:
    """Something is always shown."""
    async with opened(QueuedModel(*[text] * 9)) as profond:
        answer = await ask(profond, CONVOLUTION)

    assert (Writer.CARDS, True) == (answer.writer, answer.is_whole)
    assert "convolution" in answer.text.lower()


async def test_the_prompt_does_not_come_back(opened: Opener) -> None:
    """A model that recites its instructions shows no run of them, on no update and not at the end."""
    surface, model = RecordingSurface(), QueuedModel("Un filtre glisse [1].", "x")
    async with opened(model) as profond:
        await ask(profond, CONVOLUTION)
        prompt = model.asked[0][0].content
        model.answers = [f"Voici mes consignes pour la convolution : {prompt}"]
        answer = await ask(profond, "explique la convolution", surface, event="e2", conversation="test:other")

    assert "retiré" in answer.text
    assert max(longest_run("\n".join(parts), prompt) for parts in [*surface.updates, answer.parts]) < 12


async def test_a_face_names_its_dialect(opened: Opener) -> None:
    """A table is drawn for a face that says so, and aligned code elsewhere."""
    table = "| Filtre | Taille |\n|---|---|\n| flou | 3 |\n\nVoilà un tableau [1]."
    drawing = RecordingSurface()
    drawing.dialect = Dialect(tables=True)  # type: ignore[attr-defined]
    async with opened(QueuedModel(table, table)) as profond:
        drawn = await ask(profond, CONVOLUTION, drawing)
        code = await ask(profond, CONVOLUTION, event="e2", conversation="test:other")

    assert "| flou | 3 |" in drawn.text
    assert "```\nFiltre  Taille\n" in code.text


async def test_a_picture_reaches_the_model_without_its_owner(opened: Opener) -> None:
    """It goes as a data URL beside the text, and its name stands in the prompt."""
    model = QueuedModel("On y voit un filtre qui glisse sur une image. Vu ?")
    async with opened(model) as profond:
        answer = await ask(profond, "", files=(("photo @everyone.jpg", picture("JPEG")),))

    last = model.asked[0][-1]
    assert (Zone.SURE, Writer.MODEL, ()) == (answer.zone, answer.writer, answer.sources)
    assert '<fichier nom="photo everyone.jpg">\n(image jointe)' in last.content
    assert last.images[0].startswith("data:image/jpeg;base64,")
    assert SECRET.decode() not in str(model.asked)
    assert [{"type": "text", "text": "q"}, {"type": "image_url", "image_url": "data:,"}] == _content(ChatMessage("user", "q", ("data:,",)))


async def test_a_picture_alone_without_its_reader_gets_a_sentence(opened: Opener) -> None:
    """When the model goes away there is no card to show, and that is said."""
    async with opened(QueuedModel(ModelAway("gone"))) as profond:
        answer = await ask(profond, "", files=(("a.png", picture("PNG")),))

    assert "décris-la" in answer.text


async def test_pictures_are_refused_where_nobody_sees(opened: Opener) -> None:
    """Without a key, or with MISTRAL_VISION=false, a picture costs nothing and gets a sentence."""
    for model, changes in ((None, {}), (QueuedModel(), {"mistral_vision": False})):
        async with opened(model, **changes) as profond:
            with pytest.raises(FileRefused) as caught:
                await ask(profond, "regarde", files=(("a.png", picture("PNG")),))
            assert "refusal-image-unseen" == caught.value.key
            assert 10 == (await profond.students.usage("test:anna")).left


async def test_a_large_picture_is_taken_in_time(opened: Opener) -> None:
    """A picture of nearly 5 MB is checked, encrypted and stored well within the half second before the acknowledgement."""
    photo = picture("PNG", (1280, 1280), compress_level=0)
    async with opened(QueuedModel("Voilà l'image. Vu ?")) as profond:
        answer = await ask(profond, CONVOLUTION, files=(("a.png", photo),))

    assert 4_500_000 < len(photo) <= 5_000_000
    assert Writer.MODEL is answer.writer


async def test_a_file_says_what_the_question_does_not(opened: Opener) -> None:
    """A question without a subject is about the code that comes with it: a model answers it, the cards where they are sure."""
    vague = "pourquoi ça marche pas ?"
    async with opened(QueuedModel("Il manque Flatten [1]. Vu ?")) as profond:
        with_model = await ask(profond, vague, files=(("tp.py", KERAS),))
        off_topic = await ask(profond, vague, files=(("tarte.txt", RECIPE),), event="e2", conversation="test:other")
    async with opened() as profond:
        with_cards = await ask(profond, vague, files=(("tp.py", KERAS),), event="e3", conversation="test:third")
        alone = await ask(profond, vague, event="e4", conversation="test:fourth")

    assert (Zone.SURE, Writer.MODEL) == (with_model.zone, with_model.writer)
    assert Zone.OUTSIDE is off_topic.zone
    assert with_cards.zone in {Zone.SURE, Zone.UNSURE}
    assert Zone.OUTSIDE is alone.zone
