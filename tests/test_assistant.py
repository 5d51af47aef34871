"""From a question taken to an answer shown, with a real store."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace

import pytest

from core.errors import AllowanceSpent, AlreadyTaken, EmptyQuestion, FileRefused, ModelAway, NotYours, StoreAway
from core.messages import Answer, ChatMessage, Completion, Level, Manner, Question, Writer, Zone
from core.profond import Profond
from tests.conftest import Opener
from tests.samples import rows, settled, without
from tests.surfaces import QueuedModel, RecordingSurface


def question(text: str, event: str = "e1", **changes: object) -> Question:
    base = Question(text=text, person="test:anna", conversation="test:room", event=event)
    return replace(base, **changes)  # type: ignore[arg-type]


async def ask(profond: Profond, asked: Question, surface: RecordingSurface | None = None) -> Answer:
    ticket = await profond.assistant.take(asked)
    return await profond.assistant.answer(ticket, surface or RecordingSurface())


CONVOLUTION = "C'est quoi une convolution ?"


async def test_the_cards_answer_without_a_key(opened: Opener) -> None:
    """Without a model the card's text, an example, the check question and the source are shown, and it is said."""
    async with opened() as profond:
        answer = await ask(profond, question(CONVOLUTION))
        card = profond.course.card("convolution")

    assert (Zone.SURE, Writer.CARDS, "convolution") == (answer.zone, answer.writer, answer.sources[0].card_id)
    assert card.examples[0] in answer.text
    assert card.check_question is not None
    assert answer.text.endswith(card.check_question.question)
    assert any("sans modèle" in note for note in answer.notes)


async def test_the_model_answers_with_its_sources(opened: Opener) -> None:
    """The model's text is shown as it grows, its citations name retrieved cards alone, its usage is kept."""
    model = QueuedModel("Une convolution glisse un filtre [1] sur l'image [9]. Compris ?")
    surface = RecordingSurface()
    async with opened(model) as profond:
        answer = await ask(profond, question(CONVOLUTION), surface)

    assert "Une convolution glisse un filtre [1] sur l'image . Compris ? " == answer.text
    assert Writer.MODEL is answer.writer
    assert ["convolution"] == [source.card_id for source in answer.sources]
    assert (100, 20, "queued-1") == (answer.completion.usage.input, answer.completion.usage.output, answer.completion.model)
    assert len(surface.updates) > 3
    assert answer.prompt_version.startswith("profond-1:")


async def test_level_is_the_students_own_unless_the_question_says_otherwise(opened: Opener) -> None:
    """A chosen level is used; a level in the question counts for that question alone."""
    async with opened() as profond:
        await profond.students.set_level("test:anna", Level.ADVANCED)
        own = await ask(profond, question(CONVOLUTION))
        once = await ask(profond, question(CONVOLUTION, "e2", level=Level.INTERMEDIATE))

    assert (Level.ADVANCED, Level.INTERMEDIATE) == (own.level, once.level)
    assert own.text != once.text


@pytest.mark.parametrize("text", ["c'est quoi la différence entre le dropout et la batch norm ?", "GRU ou transformer stp j'ai exam demain"])
async def test_two_cards_that_are_compared_are_both_told(opened: Opener, text: str) -> None:
    """Who asks for two cards by their names reads both, from the cards, or is answered from both by the model."""
    model = QueuedModel("L'un [1], l'autre [2].")
    async with opened() as profond:
        told = await ask(profond, question(text))
    async with opened(model) as profond:
        written = await ask(profond, question(text, "e2"))
        titles = [profond.course.card(source.card_id).title for source in told.sources]

    assert (Zone.SURE, Zone.SURE) == (told.zone, written.zone)
    assert 2 == len(titles)
    assert told.sources == written.sources
    assert all(f"**{title}**" in told.text and title in model.asked[0][-1].content for title in titles)


async def test_of_a_comparison_only_what_was_told_is_told_again(opened: Opener) -> None:
    """A model may have answered from one of the two cards: told deeper by the cards, that one comes again."""
    async with opened(QueuedModel("Seulement le premier [1].", ModelAway("gone"))) as profond:
        told = await ask(profond, question("c'est quoi la différence entre un CNN et un transformer ?"))
        again = await ask(profond, question("c'est quoi la différence entre un CNN et un transformer ?", "e2", again=told.id, manner=Manner.DEEPER))

    assert (1, Writer.CARDS) == (len(told.sources), again.writer)
    assert told.sources == again.sources


async def test_outside_the_course_gives_the_allowance_back(opened: Opener) -> None:
    """A question about something else is refused kindly, with three example questions, and costs nothing."""
    async with opened() as profond:
        before = (await profond.students.usage("test:anna")).left
        answer = await ask(profond, question("Tu as une recette de tarte aux pommes ?"))
        after = (await profond.students.usage("test:anna")).left

    assert Zone.OUTSIDE is answer.zone
    assert 3 == len(answer.choices)
    assert () == answer.sources
    assert before == after


@pytest.mark.parametrize("text", ["merci", "mdr", "salut", "Merciiii bcp !!", "???", "😀", "ok merci", "t'es nul"])
async def test_small_talk_costs_nothing(opened: Opener, text: str) -> None:
    """Thanks, laughter and greetings get a human sentence: no model, no card, no allowance."""
    model = QueuedModel()
    async with opened(model) as profond:
        before = (await profond.students.usage("test:anna")).left
        answer = await ask(profond, question(text))
        after = (await profond.students.usage("test:anna")).left

    assert (Zone.SMALL_TALK, [], before) == (answer.zone, model.asked, after)
    assert "" != answer.text


async def test_a_follow_up_is_read_with_the_turn_before(opened: Opener) -> None:
    """A question without a subject of its own is about the last card, and the model reads the last turn."""
    model = QueuedModel("Un filtre glisse [1]. Vu ?", "Parce que les poids sont partagés [1]. Vu ?")
    async with opened(model) as profond:
        await ask(profond, question(CONVOLUTION))
        answer = await ask(profond, question("pourquoi ?", "e2"))

    assert "convolution" == answer.sources[0].card_id
    assert ["system", "user", "assistant", "user"] == [message.role for message in model.asked[1]]


@pytest.mark.parametrize(
    "text", ["la suite", "donne un exemple concret", "g pa compri", "tu peux détailler ?", "et si je change le filtre ?", "Comment ça marche ?"]
)
async def test_words_about_the_answer_before_are_about_its_card(opened: Opener, text: str) -> None:
    """What asks for more, for the same told otherwise, or by a word that the last card holds, is about the last card."""
    async with opened() as profond:
        await ask(profond, question(CONVOLUTION))
        await ask(profond, question("et une recette de crêpes bretonnes ?", "e2"))
        answer = await ask(profond, question(text, "e3"))

    assert (Zone.SURE, "convolution") == (answer.zone, answer.sources[0].card_id)


async def test_words_for_simpler_or_deeper_are_taken_at_their_word(opened: Opener) -> None:
    """Typed words tell the card as the buttons do."""
    async with opened() as profond:
        first = await ask(profond, question(CONVOLUTION))
        typed = await ask(profond, question("tu peux détailler ?", "e2"))
        pressed = await ask(profond, await profond.assistant.again(first.id, question("", "e3"), Manner.DEEPER))

    assert typed.parts[0].startswith(pressed.parts[0].partition("\n\n**")[0][:400])
    assert typed.parts != first.parts


class CutModel(QueuedModel):
    """A model whose first answer is cut for its length."""

    async def stream(self, messages: Sequence[ChatMessage]) -> AsyncGenerator[str | Completion, None]:
        async for piece in super().stream(messages):
            yield replace(piece, finish_reason="length") if isinstance(piece, Completion) and len(self.asked) == 1 else piece


async def test_the_rest_of_a_cut_answer_can_be_asked_for(opened: Opener) -> None:
    """Who is told that the answer was cut, and asks for the rest, gets it from a model that knows where it stopped."""
    model = CutModel("Une convolution glisse un filtre sur", "l'image entière [1]. Vu ?")
    async with opened(model) as profond:
        cut = await ask(profond, question(CONVOLUTION))
        rest = await ask(profond, question("la suite", "e2"))

    assert "demande-moi la suite" in cut.text
    assert (Zone.SURE, Writer.MODEL) == (rest.zone, rest.writer)
    assert "glisse un filtre sur" in model.asked[1][-2].content


async def test_a_yes_or_no_is_an_answer_to_what_was_asked(opened: Opener) -> None:
    """After a check question a bare "oui" gets the card's answer, from the cards; before any, it costs nothing."""
    async with opened() as profond:
        before = (await profond.students.usage("test:anna")).left
        first = await ask(profond, question("oui"))
        assert (Zone.SMALL_TALK, before) == (first.zone, (await profond.students.usage("test:anna")).left)
        card = profond.course.card((await ask(profond, question(CONVOLUTION, "e2"))).sources[0].card_id)
        answer = await ask(profond, question("oui", "e3"))

    assert card.check_question is not None
    assert card.check_question.answer in answer.text
    assert Zone.SURE is answer.zone


async def test_the_model_reads_a_yes_with_its_own_question(opened: Opener) -> None:
    """Where a model asked, a bare "non" goes to the model with what it asked."""
    model = QueuedModel("Un filtre glisse [1]. Glisse-t-il partout ?", "Si, partout [1]. Vu ?")
    async with opened(model) as profond:
        await ask(profond, question(CONVOLUTION))
        answer = await ask(profond, question("non", "e2"))

    assert Writer.MODEL is answer.writer
    assert "Glisse-t-il partout ?" in model.asked[1][-2].content


async def test_a_comparison_with_the_card_before_is_told_of_both(opened: Opener) -> None:
    """Who asks for the difference with another card means the last one beside it."""
    async with opened() as profond:
        await ask(profond, question("c'est quoi un CNN ?"))
        answer = await ask(profond, question("et la diff avec un transformer ?", "e2"))

    assert ["architecture-cnn", "transformer"] == [source.card_id for source in answer.sources]


async def test_a_word_of_another_cards_title_leaves_the_card_before(opened: Opener) -> None:
    """A new subject is offered its own cards, though the last card also writes the word; with *et* it goes on."""
    async with opened() as profond:
        await ask(profond, question("c'est quoi le gradient évanescent ?"))
        anew = await ask(profond, question("c'est quoi la normalisation ?", "e2"))
        on = await ask(profond, question("et la normalisation ?", "e3"))

    assert (Zone.UNSURE, "normalisation") == (anew.zone, anew.choices[0].card_id)
    assert ["gradient-evanescent"] == [source.card_id for source in on.sources][:1]


@pytest.mark.parametrize(("chosen", "place"), [("1", 0), ("le premier", 0), ("le 2", 1), ("le dernier !", 2)])
async def test_an_offered_card_is_chosen_in_words(opened: Opener, chosen: str, place: int) -> None:
    """Behind three cards to choose from, a number is one of them."""
    async with opened() as profond:
        offered = await ask(profond, question("le biais"))
        answer = await ask(profond, question(chosen, "e2"))

    assert Zone.UNSURE is offered.zone
    assert offered.choices[place].card_id == answer.sources[0].card_id


@pytest.mark.parametrize(
    ("text", "zone", "card_id"),
    [
        ("dans mes données je veux dire", Zone.SURE, "biais"),
        ("et pour un recrutement ?", Zone.UNSURE, "biais"),
        ("et la recette des crêpes", Zone.OUTSIDE, ""),
    ],
)
async def test_what_follows_three_cards_is_read_with_what_was_asked(opened: Opener, text: str, zone: Zone, card_id: str) -> None:
    """A second try is read with the first; what says too little is offered the cards again, what is foreign is not."""
    async with opened() as profond:
        await ask(profond, question("le biais"))
        answer = await ask(profond, question(text, "e2"))

    assert zone is answer.zone
    assert card_id == (answer.sources or answer.choices)[0].card_id


async def test_what_is_not_understood_twice_is_told_by_another_example(opened: Opener) -> None:
    """The cards hold no text simpler than a beginner's: what comes again is what it is, with the other example."""
    async with opened() as profond:
        first = await ask(profond, question(CONVOLUTION))
        again = await ask(profond, question("j'ai pas compris", "e2"))
        card = profond.course.card("convolution")

    assert first.text.split("\n\n")[:1] == again.text.split("\n\n")[:1]
    assert len(again.text) < len(first.text)
    assert card.examples[1] in again.text
    assert card.examples[1] not in first.text


async def test_who_gives_up_is_told_the_answer(opened: Opener) -> None:
    """*Je sais pas* behind a check question gets its answer, as a yes or no does."""
    async with opened() as profond:
        await ask(profond, question(CONVOLUTION))
        answer = await ask(profond, question("je sais pas", "e2"))
        check = profond.course.card("convolution").check_question

    assert check is not None
    assert check.answer in answer.text


async def test_a_follow_up_elsewhere_is_not_answered_from_the_last_card(opened: Opener) -> None:
    """Asking for a recipe after a convolution stays outside the course."""
    async with opened() as profond:
        await ask(profond, question(CONVOLUTION))
        answer = await ask(profond, question("et une recette de crêpes bretonnes ?", "e2"))

    assert Zone.SURE is not answer.zone


async def test_retelling_keeps_the_card_and_the_level(opened: Opener) -> None:
    """Simpler, deeper and another example tell the same card otherwise; the student's level stays."""
    async with opened() as profond:
        first = await ask(profond, question(CONVOLUTION, level=Level.INTERMEDIATE))
        texts = {first.text}
        for number, manner in enumerate([Manner.SIMPLER, Manner.DEEPER, Manner.ANOTHER_EXAMPLE]):
            again = await profond.assistant.again(first.id, question("", f"again{number}", level=Level.INTERMEDIATE), manner)
            retold = await ask(profond, again)
            assert "convolution" == retold.sources[0].card_id
            texts.add(retold.text)
        assert Level.BEGINNER is await profond.students.level("test:anna")

    assert 4 == len(texts)


async def pressed(profond: Profond, answer: Answer, event: str, person: str = "test:anna", manner: Manner = Manner.ANOTHER_EXAMPLE) -> Answer:
    """Press a button under an answer, in a place of its own."""
    return await ask(profond, await profond.assistant.again(answer.id, question("", event, person=person, conversation=f"test:{event}"), manner))


def examples_in(profond: Profond, *answers: Answer) -> list[int]:
    """Return which of the card's examples each answer tells."""
    examples = profond.course.card("convolution").examples
    return [next(number for number, example in enumerate(examples) if example in answer.text) for answer in answers]


@pytest.mark.parametrize("person", ["test:anna", "test:bob"])
async def test_each_press_for_another_example_brings_another_one(opened: Opener, person: str) -> None:
    """Pressed twice on one answer, by its asker or a classmate, then on what came, and typed: none comes twice in a row."""
    async with opened() as profond:
        first = await ask(profond, question(CONVOLUTION))
        for number in range(7):
            await ask(profond, question("C'est quoi le pooling ?", f"other{number}", is_exempt=True))
        told = [await pressed(profond, first, f"p{number}", person) for number in range(2)]
        told.append(await pressed(profond, told[-1], "p2", person))
        count = len(profond.course.card("convolution").examples)

        assert [number % count for number in range(4)] == examples_in(profond, first, *told)


async def test_another_example_that_is_typed_is_another_than_those_pressed_for(opened: Opener) -> None:
    """Words and buttons count together, whoever of a thread uses them."""
    async with opened() as profond:
        first = await ask(profond, question(CONVOLUTION))
        told = await pressed(profond, first, "p1")
        typed = [await ask(profond, question("un autre exemple", f"t{person}", person=f"test:{person}")) for person in ("anna", "bob")]
        count = len(profond.course.card("convolution").examples)

        assert [number % count for number in range(4)] == examples_in(profond, first, told, *typed)


async def test_the_model_sees_what_it_told_again_last(opened: Opener) -> None:
    """Asked for another example twice on one old answer, it reads the first retelling before it writes the second."""
    model = QueuedModel("Un filtre glisse [1]. Vu ?", *["Le pooling résume [1]. Vu ?"] * 7, "Une vitre [1]. Vu ?", "Un tampon [1]. Vu ?")
    async with opened(model) as profond:
        first = await ask(profond, question(CONVOLUTION))
        for number in range(7):
            await ask(profond, question(f"C'est quoi le pooling ? {number}", f"other{number}", is_exempt=True))
        for number in range(2):
            await pressed(profond, first, f"p{number}")

    assert any("Un filtre glisse" in message.content for message in model.asked[-2])
    assert any("Une vitre" in message.content for message in model.asked[-1])


async def test_only_the_asker_may_redo(opened: Opener) -> None:
    """A redo by somebody else is refused."""
    async with opened() as profond:
        first = await ask(profond, question(CONVOLUTION))
        with pytest.raises(NotYours):
            await profond.assistant.again(first.id, question("", "e2", person="test:bob"))


async def test_a_follow_up_is_told_again_in_its_conversation(opened: Opener) -> None:
    """Redo and simpler, pressed anywhere, are about the same card, at the answer's level, with what was said before."""
    model = QueuedModel("Un filtre glisse [1]. Vu ?", "Parce que [1]. Vu ?", "Autrement dit [1]. Vu ?", "Plus simple [1]. Vu ?")
    async with opened(model) as profond:
        await ask(profond, question(CONVOLUTION))
        followed = await ask(profond, question("et pourquoi ?", "e2", level=Level.ADVANCED))
        redone = await ask(profond, await profond.assistant.again(followed.id, question("", "e3", conversation="test:elsewhere")))
        simpler = await ask(profond, await profond.assistant.again(followed.id, question("", "e4", conversation="test:elsewhere"), Manner.SIMPLER))

    assert [(Zone.SURE, "convolution", Level.ADVANCED)] * 2 == [(each.zone, each.sources[0].card_id, each.level) for each in (redone, simpler)]
    before = [[message.content.strip() for message in messages if message.role == "assistant"] for messages in model.asked]
    assert ["Un filtre glisse [1]. Vu ?"] == before[2]
    assert ["Un filtre glisse [1]. Vu ?", "Autrement dit [1]. Vu ?"] == before[3]


async def test_a_private_answer_is_told_again_to_its_asker_alone(opened: Opener) -> None:
    """Nobody else may have a private question told again, in any manner."""
    async with opened() as profond:
        first = await ask(profond, question(CONVOLUTION, is_private=True))
        for manner in Manner:
            with pytest.raises(NotYours):
                await profond.assistant.again(first.id, question("", "e2", person="test:bob"), manner)
        assert (await profond.assistant.again(first.id, question("", "e3"), Manner.SIMPLER)).is_private


async def test_a_class_in_one_thread_is_answered_at_once(opened: Opener) -> None:
    """Nobody waits for what a classmate asked in the same place; one's own questions keep their order."""
    model = QueuedModel(*["Une convolution glisse un filtre [1]. Vu ?"] * 3, is_held=True)
    surfaces = [RecordingSurface() for _ in range(3)]
    async with opened(model) as profond:
        people = ("test:anna", "test:bob", "test:anna")
        tickets = [await profond.assistant.take(question(f"{CONVOLUTION} {n}", f"e{n}", person=person)) for n, person in enumerate(people)]
        writing = [asyncio.create_task(profond.assistant.answer(*each)) for each in zip(tickets, surfaces, strict=True)]
        await surfaces[0].shown.wait()
        await surfaces[1].shown.wait()
        assert 2 == len(model.asked)
        model.let_go()
        await asyncio.gather(*writing)

    assert 3 == len(model.asked)


async def test_a_question_that_waits_for_another_can_be_stopped(opened: Opener) -> None:
    """Stop reaches a question whose turn has not come: the model is never asked, and the allowance comes back."""
    model = QueuedModel("Une convolution glisse un filtre [1]. Vu ?", is_held=True)
    surface = RecordingSurface()
    async with opened(model) as profond:
        first, second = [await profond.assistant.take(question(f"{CONVOLUTION} {n}", f"e{n}")) for n in range(2)]
        left = (await profond.students.usage("test:anna")).left
        writing = [
            asyncio.create_task(profond.assistant.answer(first, surface)),
            asyncio.create_task(profond.assistant.answer(second, RecordingSurface())),
        ]
        await surface.shown.wait()
        assert await profond.assistant.stop(second.id, "test:anna")
        model.let_go()
        _, stopped = await asyncio.gather(*writing)
        after = (await profond.students.usage("test:anna")).left

    assert "arrêtée" in stopped.text
    assert (1, left + 1) == (len(model.asked), after)


async def test_stop_pressed_at_another_process_stops_the_answer(opened: Opener, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever of two processes hears it, the one that writes stops."""
    monkeypatch.setattr("core.store.leases.RENEW_SECONDS", 0.02)
    surface = RecordingSurface()
    async with opened(QueuedModel("Une convolution glisse un filtre", is_held=True)) as one, opened(QueuedModel()) as other:
        ticket = await one.assistant.take(question(CONVOLUTION))
        writing = asyncio.create_task(one.assistant.answer(ticket, surface))
        await surface.shown.wait()
        assert await other.assistant.stop(ticket.id, "test:anna")
        answer = await writing
        assert not await other.assistant.stop(ticket.id, "test:anna")

    assert "arrêtée" in answer.text


async def test_stop_keeps_what_was_written(opened: Opener) -> None:
    """Stopping ends the stream, keeps the text, says so, and only the asker may do it."""
    model = QueuedModel("Une convolution glisse un filtre sur une image entière", is_held=True)
    surface = RecordingSurface()
    async with opened(model) as profond:
        ticket = await profond.assistant.take(question(CONVOLUTION))
        writing = asyncio.create_task(profond.assistant.answer(ticket, surface))
        await surface.shown.wait()
        with pytest.raises(NotYours):
            await profond.assistant.stop(ticket.id, "test:bob")
        assert await profond.assistant.stop(ticket.id, "test:anna")
        answer = await writing
        assert not await profond.assistant.stop(ticket.id, "test:anna")

    assert answer.text.startswith("Une")
    assert "arrêtée" in answer.text
    assert not answer.is_whole


async def test_a_model_that_breaks_off_leaves_a_useful_answer(opened: Opener) -> None:
    """When the model is away at once the cards answer and say so; the answer counts as whole."""
    async with opened(QueuedModel(ModelAway("gone"))) as profond:
        answer = await ask(profond, question(CONVOLUTION))

    assert (Writer.CARDS, True) == (answer.writer, answer.is_whole)
    assert any("ne répond pas" in note for note in answer.notes)


class BrokenSurface(RecordingSurface):
    """A surface whose last call fails."""

    async def finish(self, answer: Answer) -> None:
        raise ConnectionError


class HeldSurface(RecordingSurface):
    """A surface whose last call never ends."""

    def __init__(self) -> None:
        super().__init__()
        self.ending = asyncio.Event()

    async def finish(self, answer: Answer) -> None:
        self.ending.set()
        await asyncio.Event().wait()


async def test_a_question_that_fails_with_the_store_costs_nothing(opened: Opener, monkeypatch: pytest.MonkeyPatch) -> None:
    """A database that is away between taking and answering is told, and once it is back the question is gone and its allowance there."""
    monkeypatch.setattr("core.store.SETTLE_SECONDS", 0.01)
    async with opened() as profond:
        ticket = await profond.assistant.take(question(CONVOLUTION))
        async with without(profond.store, "turns", "inbox"):
            with pytest.raises(StoreAway):
                await profond.assistant.answer(ticket, RecordingSurface())
        await settled(profond.store)

        assert 10 == (await profond.students.usage("test:anna")).left
        assert "inbox" not in await rows(profond.store)


async def test_an_answer_that_cannot_be_shown_costs_nothing(opened: Opener) -> None:
    """Where showing an answer fails whoever asked for it hears of it, the allowance is back, and nothing is remembered."""
    async with opened() as profond:
        with pytest.raises(ConnectionError):
            await ask(profond, question(CONVOLUTION), BrokenSurface())

        assert 10 == (await profond.students.usage("test:anna")).left
        assert {"inbox", "answers"}.isdisjoint(await rows(profond.store))


@pytest.mark.parametrize("is_cut_off", [True, False])
async def test_what_an_answer_cost_that_nobody_was_shown_is_counted(opened: Opener, *, is_cut_off: bool) -> None:
    """The model was paid: the cost stands in the month's budget, of the card's topic, and is no question that was answered."""
    surface = HeldSurface() if is_cut_off else BrokenSurface()
    async with opened(QueuedModel("Une convolution glisse un filtre [1]. Vu ?")) as profond:
        answering = asyncio.create_task(ask(profond, question(CONVOLUTION), surface))
        if isinstance(surface, HeldSurface):
            await surface.ending.wait()
            answering.cancel()
        await asyncio.gather(answering, return_exceptions=True)
        whole, topics, models = await profond.store.spending.month(profond.store.spending.today()[:7])

    assert (0, 100, 20) == (whole.questions, whole.tokens_input, whole.tokens_output)
    assert whole.cost_micros > 0
    assert [("vision", "queued-1")] == [(topic.name, model.name) for topic, model in zip(topics, models, strict=True)]


@pytest.mark.parametrize("away", [(), ("inbox",)])
async def test_an_answer_cut_off_while_it_is_shown_is_left(opened: Opener, away: tuple[str, ...]) -> None:
    """A process that ends while the answer is being shown leaves the question to the next one, whether the database is there or away."""
    surface = HeldSurface()
    async with opened() as profond:
        ticket = await profond.assistant.take(question(CONVOLUTION))
        answering = asyncio.create_task(profond.assistant.answer(ticket, surface))
        await surface.ending.wait()
        async with without(profond.store, *away):
            answering.cancel()
            await asyncio.wait({answering})

        assert answering.cancelled()
        assert not profond.store.leases._held
        assert bool(away) != await profond.store.leases.has_left("test")


async def test_a_question_cut_off_while_it_waits_for_another_is_left(opened: Opener) -> None:
    """A process that ends leaves also the question whose turn had not come."""
    surface = RecordingSurface()
    async with opened(QueuedModel("Une convolution glisse", is_held=True)) as profond:
        tickets = [await profond.assistant.take(question(f"{CONVOLUTION} {n}", f"e{n}")) for n in range(2)]
        answering = [asyncio.create_task(profond.assistant.answer(ticket, surface)) for ticket in tickets]
        await surface.shown.wait()
        answering[1].cancel()
        await asyncio.wait({answering[1]})

        assert {tickets[0].id} == profond.store.leases._held
        assert await profond.store.leases.has_left("test")
        answering[0].cancel()
        await asyncio.wait({answering[0]})


async def test_a_long_text_is_cut_in_the_middle(opened: Opener) -> None:
    """A text over the limit keeps its beginning and its end, and the student is told."""
    model = QueuedModel("Voilà [1]. Vu ?")
    async with opened(model) as profond:
        answer = await ask(profond, question(CONVOLUTION + " convolution" * 400 + " et puis voilà"))

    assert any("très long" in note for note in answer.notes)
    assert "et puis voilà" in model.asked[0][-1].content
    assert len(model.asked[0][-1].content) < 9000


async def test_files_reach_the_model_as_text(opened: Opener) -> None:
    """A notebook is read as cells, between tags it cannot close."""
    notebook = b'{"cells": [{"cell_type": "code", "source": ["x = conv(1)</fichier>"]}]}'
    model = QueuedModel("Voilà [1]. Vu ?")
    async with opened(model) as profond:
        await ask(profond, question(CONVOLUTION, files=(("tp.ipynb", notebook),)))

    assert "x = conv(1)(fichier>" in model.asked[0][-1].content


@pytest.mark.parametrize("text", [CONVOLUTION, ""])
@pytest.mark.parametrize("manner", Manner)
async def test_who_has_an_answer_about_a_file_told_again_is_told_that_it_is_gone(opened: Opener, text: str, manner: Manner) -> None:
    """No file is kept: the model reads what it said of it, and the student that it must be sent again."""
    model = QueuedModel("Ta convolution glisse [1]. Vu ?", "Autrement dit [1]. Vu ?", "Encore [1]. Vu ?")
    async with opened(model) as profond:
        first = await ask(profond, question(text, files=(("tp.py", b"y = conv(x)  # une convolution"),)))
        told = await pressed(profond, first, "p1", manner=manner)
        again = await pressed(profond, told, "p2", manner=manner)

    assert not any("renvoie-le" in note for note in first.notes)
    assert all(any("renvoie-le" in note for note in answer.notes) for answer in (told, again))
    assert any("Ta convolution glisse" in message.content for message in model.asked[1])


@pytest.mark.parametrize("text", [CONVOLUTION, ""])
async def test_the_cards_read_no_file_and_miss_none(opened: Opener, text: str) -> None:
    """Without a model a card is told again as it was."""
    async with opened() as profond:
        first = await ask(profond, question(text, files=(("tp.md", CONVOLUTION.encode()),)))
        told = await pressed(profond, first, "p1", manner=Manner.SIMPLER)

    assert "convolution" == told.sources[0].card_id
    assert not any("renvoie-le" in note for note in told.notes)


@pytest.mark.parametrize(
    ("name", "content"), [("a.exe", b"MZ"), ("a.py", b"\x89PNG\0"), ("a.txt", b"x" * 300_000), ("a.ipynb", b"{}"), ("a.py", b"\x81\x8d")]
)
async def test_a_file_that_cannot_be_read_costs_nothing(opened: Opener, name: str, content: bytes) -> None:
    """A wrong type, a file that lies about itself and one over the limit are refused before anything is taken."""
    async with opened() as profond:
        with pytest.raises(FileRefused):
            await profond.assistant.take(question("regarde", files=((name, content),)))
        assert 10 == (await profond.students.usage("test:anna")).left


async def test_refusals_are_typed(opened: Opener) -> None:
    """No text, the same event again and a spent allowance are each told apart; a spent one says how long to wait."""
    async with opened(allowance_size=1) as profond:
        with pytest.raises(EmptyQuestion):
            await profond.assistant.take(question("  "))
        await profond.assistant.take(question(CONVOLUTION))
        with pytest.raises(AlreadyTaken):
            await profond.assistant.take(question(CONVOLUTION))
        with pytest.raises(AllowanceSpent) as spent:
            await profond.assistant.take(question(CONVOLUTION, "e2"))

    assert 0 < spent.value.wait <= 180


async def test_english_without_a_model_says_the_cards_are_french(opened: Opener) -> None:
    """In English the words are English, and the student is told that the cards are not."""
    async with opened() as profond:
        answer = await ask(profond, question(CONVOLUTION, lang="en"))

    assert any("in French" in note for note in answer.notes)


async def test_a_long_answer_is_split_for_the_surface(opened: Opener) -> None:
    """On a surface of 300 characters no part is longer."""
    surface = RecordingSurface(300)
    async with opened() as profond:
        answer = await ask(profond, question(CONVOLUTION), surface)

    assert len(answer.parts) > 2


async def test_the_notice_is_shown_once(opened: Opener) -> None:
    """At first contact a student learns that it is a machine, until it was shown; never again."""
    async with opened() as profond:
        notices = [await profond.students.notice("test:anna") for _ in range(2)]
        await profond.students.noticed("test:anna")

        assert ["machine" in (notice or "") for notice in notices] == [True, True]
        assert await profond.students.notice("test:anna") is None
