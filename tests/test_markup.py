"""What a chat is shown of what a model wrote."""

import re
import time
import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.markup import Growing, Rules, blocks, cited, clean, defuse, links_in, plain, settled, visible

RULES = Rules(links=("https://ok.fr/cours",), sources=("convolution", "pourquoi-optimiser"))
NASTY = """` `` ``` ~~~ ```py\\n \\n```\\n \\n~~~\\n \\n \\n\\n * ** _ __ ~~ *a* **gras** $ $$ $x^2$ $a<b$ $$\\n \\( \\) \\[ \\] \\frac{1}{2}
| |a|b|\\n <b> </b> <
<! <!-- --> <br> <script> <a`b> <<b>script> @ @everyone @here @channel @@everyoneeveryone everyone <@123> <@!1> <@&1> <#1> <!channel>
<!here> <!subteam^S1|x> <@U1|name> [ ] ]( ( ) [1] [2] [9] [convolution] [autre-carte] [1,9] [a]( ![x](
[x](https://evil.com) [ok](https://ok.fr/cours/a)
https://ok.fr/cours/a https://ok.fr@evil.com/cours https://ok.fr.evil.com/cours https://evil.com/a?b=1 https: http // / :// www. www.evil.com
<https://evil.com> <https://ok.fr/cours> <https://evil.com|ok> javascript:alert(1)
data:text/html,x \\x1b \\x1b[31m \\x1b]8;;https://evil.com\\x07 \\x1b[ m
\\u200b \\u202e \\ufeff \\u2066 \\ufe0f \\u2028 \\r \\r\\n \\t \\ue000 \\x00 é - # 1. ! \\ 5 $5 à 2*3""".split()
KEPT = ("\\(", "\\)", "\\[", "\\]", "\\frac")
FRAGMENTS = [piece if not piece.isascii() or piece == "\\" or piece.startswith(KEPT) else piece.encode().decode("unicode_escape") for piece in NASTY]
FRAGMENTS += [
    "| a | b |\n",
    "|---|:-:|\n",
    "| `x|y` | [1] @everyone |\n",
    "|",
    "---\n",
    "- - ",
    "***\n",
    "===\n",
    "#### Titre ",
    "+ point\n",
    "a | b\n",
    "*`*",
    "*` ",
    "\n[9] ",
]
FRAGMENTS += ["sk-abcdefghijklmnop1234", " password = 'abcd1234efgh' ", "<#1|x>", "<!subteam^S1>", "\n\n"]
FRAGMENTS += [" vaut $$\n", "x^2\n$$.\n", "\\[\nx", "\n\\]\n", "\n```py\n", "**a $$ b", "mon__var et ton__var "]
PROSE = ["Une image ", "est un tableau de nombres. ", "L'œil voit ; ", "le prix : 5 $ et 10 $ ", "a ", " ", "c'est-à-dire\u00a0: ", "x = a[0] "]
TEXTS = st.lists(st.one_of(st.sampled_from(FRAGMENTS), st.sampled_from(PROSE), st.sampled_from(FRAGMENTS)), max_size=14).map("".join)
OFTEN = settings(max_examples=150, deadline=None, derandomize=True)
PING = re.compile(r"@(everyone|here|channel)|<[@#][!&]?\w|<!(channel|here|everyone|subteam)", re.IGNORECASE)
LINK = re.compile(r"[a-z][a-z0-9+.-]*://[^\s<>`)\]]+|(?<![a-z0-9])www\.\w[^\s<>`)\]]*|(?<![a-z0-9])(?:javascript|data):\w[^\s)]*", re.IGNORECASE)


def outside_code(text: str) -> str:
    prose = [text[block.start : block.end] for block in blocks(text) if block.kind != "fence"]
    return re.sub(r"`[^`\n]*`", "`·`", "".join(prose))


@OFTEN
@given(TEXTS)
def test_no_ping_is_alive(text: str) -> None:
    """No mention of any platform survives, in prose or in code."""
    assert None is PING.search(clean(text, RULES))


@OFTEN
@given(TEXTS)
def test_only_allowed_links_can_be_clicked(text: str) -> None:
    """Every address outside code lies below an allowed one, and every Markdown link points there."""
    shown = outside_code(clean(text, RULES))

    assert [] == [found for found in LINK.findall(shown) if not re.match(r"https://ok\.fr/cours(/|$|[?#.,;:!])", found)]
    assert [] == re.findall(r"\]\((?!https://ok\.fr/cours)", shown)


@OFTEN
@given(TEXTS)
def test_no_tag_and_nothing_invisible(text: str) -> None:
    """Outside code there is no HTML tag; nowhere is there a control, invisible or direction-changing character."""
    shown = clean(text, RULES)

    assert None is re.search(r"<[a-zA-Z/!]", outside_code(shown))
    assert [] == [letter for letter in shown if letter not in "\n\t" and unicodedata.category(letter) in {"Cc", "Cf", "Co", "Cs", "Cn"}]


@OFTEN
@given(TEXTS)
def test_only_retrieved_sources_are_numbered(text: str) -> None:
    """Outside code a number in brackets names one of the retrieved cards."""
    assert {"1", "2"} >= set(re.findall(r"\[(\d+)\]", outside_code(clean(text, RULES))))


@OFTEN
@given(TEXTS)
@example("L'horaire *`*  * * * *` veut dire")
@example("Le mot *`* args`")
@example("Un **mot `en** code` ici")
@example("[9] #### T")
@example("[9] ---")
def test_what_was_shown_is_never_contradicted(text: str) -> None:
    """At every prefix the rendering of what is settled begins the final rendering, as Markdown and as plain text."""
    final = clean(text, RULES)
    for size in range(len(text) + 1):
        shown = clean(text[: settled(text[:size])], RULES)
        assert final.startswith(shown)
        assert plain(final).startswith(plain(shown))


@OFTEN
@given(TEXTS)
def test_an_open_fence_is_shown_closed(text: str) -> None:
    """With `keeps_fences` the same holds, but for the closing line of the last fence."""
    final = clean(text, RULES)
    for size in range(len(text) + 1):
        shown = clean(text[: settled(text[:size], keeps_fences=True)], RULES)
        assert final.startswith((shown, shown.removesuffix("```\n")))


@OFTEN
@given(st.lists(st.sampled_from(PROSE[:3]), min_size=1, max_size=8).map("".join))
def test_plain_prose_waits_for_its_last_word_alone(text: str) -> None:
    """Everything up to the last space of plain prose is settled."""
    assert text.rfind(" ") + 1 == settled(text)


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        ("x", "<<b>script>x"),
        ("@@ everyoneeveryone", "@@everyoneeveryone"),
        ("@ everyone", "@\u200beveryone"),
        ("`< @123>`", "`<@123>`"),
        ("`evil.com/x` y", "ht<b>tps://evil.com/x y"),
        ("ici", "[ici](https://ok.fr@evil.com/cours)"),
        ("[ici](https://ok.fr/cours/a)", "[ici](https://ok.fr/cours/a)"),
        ("`evil.com`", "<https://evil.com>"),
        ("5 $ et 10 $, ou 5$, puis 10$ fin", "5 $ et 10 $, ou 5$, puis 10$ fin"),
        ("x² et 1 / 2", r"$x^2$ et \(\frac{1}{2}\)"),
        ("1 / 2\nfin", "$$\n\\frac{1}{2}\n$$\nfin"),
        ("La perte L = 1 / n.\nEn code :\n```py\nx\n```\n", "La perte $$\nL = \\frac{1}{n}\n$$.\nEn code :\n```py\nx\n```\n"),
        ("La perte L = 1\nfin", "La perte $$L =\n1$$\nfin"),
        ("- Où x² + 1\nfin", "- Où \\[\nx^2\n+ 1\n\\]\nfin"),
        ("Le prix x = 5 $,\nfin", "Le prix $$\nx = 5 \\$\n$$,\nfin"),
        ("Vu \\[a]\nfin\n\\]\n", "Vu \\[a]\nfin\n\\]\n"),
        ("La perte $$\n```py\nx\n```\n$$\n", "La perte $$\n```py\nx\n```\n$$\n"),
        ("`$$` est un PID\n```\nx\n```\n", "`$$` est un PID\n```\nx\n```\n"),
        ("Vu [1][2].", "Vu [convolution][2][9]."),
        ("```html\n<b>https://evil.com</b> x[9]\n```\n", "```html\n<b>https://evil.com</b> x[9]\n```"),
        ("```py\nprint(1)\n```\n", "~~~py\nprint(1)"),
        ("**Titre gras**\n### Titre\n", "#### Titre **gras**\n### Titre\n"),
        ("a\n\nb\n", "a\n\n---\n\nb\n"),
        ("Titre\na\n", "Titre\n=====\na\n"),
        ("a | b\n1 | 2\n", "a | b\n--- | ---\n1 | 2\n"),
        ("- a\n  - b\n", "+ a\n  + b\n"),
        ("1 + 2 = 3\n- a + b\n", "1 + 2 = 3\n+ a + b\n"),
        ("`https://evil.com` et C:`x`", "\\`https://evil.com` et C:\\`x`"),
        ("`chat.gg/abc` ou et/ou 1.5/x", "chat.gg/abc ou et/ou 1.5/x"),
        ("|x| est positif\n|y| aussi\n", "|x| est positif\n|y| aussi\n"),
    ],
)
def test_renders(expected: str, text: str) -> None:
    """A text has one rendering."""
    assert expected == clean(text, RULES)


KEYS = [
    "sk-proj-abcdefghijkl1234567890",
    "xoxb-1234567890-abcdefghijkl",
    "ghp_abcdefghijklmnop1234",
    "hf_abcdefghijklmnopqrst",
    "AKIAIOSFODNN7EXAMPLE",
    "AIzaSyA1234567890abcdefghijklmnop",
    "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6",
    "MTk4NjIyNDgzNDcxOTI1MjQ4.Cl2FMQ.ZnCjm1XVW7vRze4b7Cq4se7kKWs",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
    "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj",
]


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize(
    "around", ["La clé est {} voilà.", "`{}`", "```py\nkey = '{}'\n```\n", "| clé |\n|---|\n| {} |\n", "[{}](https://ok.fr/cours)", "($x$ {})"]
)
def test_a_key_is_shown_nowhere(key: str, around: str) -> None:
    """What has the form of a real key is a mark in prose, in code and in tables."""
    shown = clean(around.format(key), RULES)

    assert key[:12] not in shown
    assert "[clé]" in shown


@pytest.mark.parametrize(
    "text", ["api_key = abc123def456ghi", "token: abc123def456ghi", "Authorization: Bearer abc123def456ghi", "mot de passe : abcdef123456"]
)
def test_what_follows_the_name_of_a_secret_is_masked(text: str) -> None:
    """In prose, a value named as a secret goes and its name stays, so that a stream need not take anything back."""
    name = text[: text.rfind(" ") + 1]

    assert f"{name}[clé]" == clean(text)


@pytest.mark.parametrize(
    "text",
    [
        "Mistral-Small-24B-Instruct-2501 et BertForSequenceClassification",
        "max_tokens=1000000000000 et learning_rate=0.001",
        "8a3f5c1e9b7d2046a1c3e5f7092b4d6e",
        "`model.load_weights('/content/drive/TP3/poids_2026.h5')`",
        "task-specific-finetuning, risk-management-101",
        "550e8400-e29b-41d4-a716-446655440000",
    ],
)
def test_long_names_are_no_keys(text: str) -> None:
    """Names of models, settings, hashes, paths and numbers stay."""
    assert text == clean(text)


def test_code_stays_true() -> None:
    """In a fence nothing changes but pings and keys."""
    code = "```py\n# @decor <b>x</b> https://evil.com [9] | a |\n---\n#### t\ntoken = tokenizer2.encode_plus\n+ 1\n```\n"

    assert code == clean(code, RULES)


@OFTEN
@given(TEXTS)
def test_growing_shows_what_settled_says(text: str) -> None:
    """A text that grows letter by letter is rendered as its settled beginning is in one go."""
    for keeps_fences in (False, True):
        growing = Growing(RULES, keeps_fences=keeps_fences)
        for size in range(len(text) + 1):
            assert clean(text[: settled(text[:size], keeps_fences=keeps_fences)], RULES) == growing.shown(text[:size])


@OFTEN
@given(TEXTS, st.lists(st.integers(1, 30), min_size=1, max_size=4))
def test_growing_does_not_depend_on_the_pieces(text: str, sizes: list[int]) -> None:
    """However the pieces come, the last of a whole line that is shown is the one-shot rendering."""
    text, growing, at = text + "\n\nfin\n", Growing(RULES), 0
    for number in range(len(text)):
        at += sizes[number % len(sizes)]
        growing.shown(text[:at])

    final = clean(text, RULES)
    assert final.startswith(growing.shown(text))
    assert growing.shown(text) == clean(text[: settled(text)], RULES)


def test_is_fast_enough() -> None:
    """Three thousand letters in three hundred pieces take a twentieth of a second, on a machine that does nothing else."""
    text = ("Une **convolution** glisse un filtre sur l'image `x[0]` et calcule une somme $w_k x$ à chaque position [1].\n\n" * 30)[:3000]
    growing, start = Growing(RULES), time.process_time()
    for size in range(10, 3001, 10):
        growing.shown(text[:size])

    assert time.process_time() - start < 0.3


def test_sources_are_not_read_in_code() -> None:
    """An index in code names no source."""
    assert (2,) == cited("Vu [2].\n```py\nx[1]\n```\n`y[1]`\n", 2)


def test_small_ones() -> None:
    """Escapes go, line ends are one character, pings get a space, plain text has no marks, links are found once."""
    assert "rouge\n" == visible("\x1b[31mrouge\x1b[0m\r\n")
    assert "< !channel>" == defuse("<!channel>")
    assert "svc__C et svc__gamma, gras" == plain("svc__C et svc__gamma, __gras__")
    assert "• gras x\nTitre\n" == plain("- **gras** `x`\n# Titre\n")
    assert ("https://ok.fr/a",) == links_in(["Voir https://ok.fr/a.", "https://ok.fr/a"])
