"""What questions cost: the tokens of their prompts over the calibration's questions, and euros at the default model's price.

Tokens are characters by three. Every question is a student's first one; an answer is as long as its level's prompt allows
in words. Nothing is asked of any model.
"""

import re
from dataclasses import replace
from pathlib import Path

from benchmarks.report import Report, Row, Target, median, quantile, show
from core.assistant import worth_reading
from core.evaluation import read_questions
from core.knowledge import Course, load_course
from core.messages import Level, Passage, Question, TokenUsage, Zone
from core.profond import course_template
from core.prompt import PromptTemplate, tokens_in
from core.search import SearchIndex
from core.settings import Settings
from core.traffic.budget import Prices, read_prices
from core.traffic.trip import prompt_tokens
from core.writers import Asked, ModelWriter

HUNDRED = 100
CHARS_PER_WORD = 6.5
"""French words with the space behind them."""


def asked_in(course: Course, index: SearchIndex) -> dict[str, list[Passage]]:
    """Return the questions that the course answers, with what the model reads for each."""
    file: Path = course.folder / "questions" / "calibration.json"
    found = {asked.question: index.search(asked.question) for asked in read_questions(file)}
    return {text: worth_reading(one.passages, compares=one.compares) for text, one in found.items() if one.zone is Zone.SURE}


def answer_tokens(template: PromptTemplate, level: Level) -> int:
    """Return about how many tokens the longest answer takes that the prompt allows at a level."""
    words = max(map(int, re.findall(r"\d+", template.sections[f"{level}_words"])))
    return tokens_in("x" * round(words * CHARS_PER_WORD))


def measure(course: Course, questions: dict[str, list[Passage]], level: Level, prices: Prices, model: str) -> Row:
    """Return the figures of one level."""
    template = course_template(course)
    writer = ModelWriter(None, course, template)  # type: ignore[arg-type]  # its prompts alone: nothing is fetched
    base = Question(text="", person="bench:1", conversation="bench:1", event="bench:1")
    prompts = [writer.prompt(Asked(replace(base, text=text), passages, level)) for text, passages in questions.items()]
    tokens, output = [prompt_tokens(prompt) for prompt in prompts], answer_tokens(template, level)
    costs = [prices.micros(model, TokenUsage(input=number, output=output)) / 1_000_000 for number in tokens]
    return {
        "level": level.value,
        "questions": len(tokens),
        "input_p50": median(list(map(float, tokens))),
        "input_p95": quantile(list(map(float, tokens)), 0.95),
        "input_max": max(tokens),
        "same_for_all": tokens_in(prompts[0][0].content),
        "output_most": output,
        "micros_a_question": round(1_000_000 * sum(costs) / len(costs)),
        "euros_a_hundred": round(HUNDRED * sum(costs) / len(costs), 4),
    }


def main() -> None:
    settings = Settings(_env_file=None)
    course, prices = load_course(settings.course_folder), read_prices()
    questions = asked_in(course, SearchIndex(course))
    rows = [measure(course, questions, level, prices, settings.mistral_model) for level in Level]
    targets = [Target(f"input tokens of a question, p50, {row['level']}", float(row["input_p50"] or 0), 1_500.0, "tokens") for row in rows]
    targets += [Target(f"100 first questions, {row['level']}", float(row["euros_a_hundred"] or 0), 0.10, "€") for row in rows]
    facts = {"model": settings.mistral_model, "prices": prices.dated, "euros_per_dollar": prices.euros_per_dollar.rate}
    show(Report("cost", rows, targets, facts=facts))


if __name__ == "__main__":
    main()
