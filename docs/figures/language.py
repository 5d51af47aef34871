"""Pictures of the chapters on language and on models behind an API."""

import numpy as np

from docs.figures.sheet import BLUE, GREEN, INK, PURPLE, RED, SMALL, SOFT, WIDTH, Sheet, bars, number, short
from docs.figures.sums import cut_word, learn_pieces, softmax

CORPUS = {
    "du": 20, "le": 20, "switch": 9, "réseau": 8, "utilisation": 6, "réponse": 5, "station": 5, "initial": 4, "réparation": 4,
    "réinitialiser": 3, "relation": 3, "réalisation": 3, "tokenisation": 2, "visualisation": 2,
}  # fmt: skip
MERGES = 30
SENTENCE = ("Le", "serveur", "tombe", "car", "il", "chauffe")
SCORES = np.array(
    [
        [1.0, 2.2, 0.2, 0.0, 0.4, 0.2],
        [1.2, 1.6, 1.8, 0.2, 0.6, 1.2],
        [0.2, 2.2, 1.2, 1.0, 0.6, 0.8],
        [0.0, 0.4, 1.8, 0.8, 0.4, 1.8],
        [0.4, 3.0, 0.6, 0.4, 0.8, 1.4],
        [0.2, 1.8, 0.6, 0.8, 2.0, 1.0],
    ]
)
LOGITS = (2.0, 1.0, 0.0)


def tokenisation() -> Sheet:
    """Three words cut by a vocabulary that was really learnt, on fourteen words."""
    sheet = Sheet("Du texte aux tokens, puis aux numéros", 440)
    vocabulary = learn_pieces(CORPUS, MERGES)
    words = ("réinitialisation", "du", "switch")
    sheet.text((WIDTH / 2, 100), " ".join(words), size=30)
    pieces = [(piece, word) for word in words for piece in cut_word(word, vocabulary)]
    widths = [len(piece) * 17 + 44 for piece, _ in pieces]
    x = (WIDTH - sum(widths) - 10 * (len(widths) - 1)) / 2
    for (piece, word), width in zip(pieces, widths, strict=True):
        color = (BLUE, GREEN, PURPLE)[words.index(word)]
        sheet.box((x, 172), (width, 68), piece, hue=color, size=26)
        sheet.arrow((x + width / 2, 246), (x + width / 2, 282), color)
        sheet.text((x + width / 2, 308), str(vocabulary.index(piece)), weight="bold", size=28, color=color)
        x += width + 10
    sheet.arrow((WIDTH / 2, 128), (WIDTH / 2, 164))
    sheet.text((WIDTH / 2, 366), "Un mot courant : un token. Un mot rare : plusieurs.", weight="bold", size=SMALL + 1)
    sheet.text((WIDTH / 2, 404), f"Petit vocabulaire de {len(vocabulary)} tokens, appris sur {len(CORPUS)} mots.", size=SMALL + 1)
    return sheet


def attention() -> Sheet:
    """The weights of one attention head, from invented scores."""
    sheet = Sheet("L'attention : qui regarde qui ?", 725)
    weights, side = softmax(SCORES), 86
    for row, word in enumerate(SENTENCE):
        sheet.text((148, 150 + side * (row + 0.5)), word, ha="right", weight="bold" if word == "il" else "normal")
        sheet.text((160 + side * (row + 0.5), 128), word, size=SMALL, weight="bold" if word == "serveur" else "normal")
        for column, weight in enumerate(weights[row]):
            shade = float(weight) / float(weights.max())
            ground = tuple(1 - shade * (1 - part) for part in (0.0, 0.447, 0.698))
            at = (160 + side * column, 150 + side * row)
            sheet.bar(at, (side - 3, side - 3), "#" + "".join(f"{round(255 * part):02x}" for part in ground))
            sheet.text((at[0] + side / 2, at[1] + side / 2), f"{number(100 * weight)} %", size=20, color="#FFFFFF" if shade > 0.6 else INK)
    sheet.frame((157, 147 + side * 4), (side * 6 + 3, side + 3), RED)
    sheet.text((420, 86), "mots regardés", color=SOFT)
    sheet.text((WIDTH / 2, 696), "Poids d'exemple ; une ligne fait 100 %, aux arrondis près.", size=SMALL + 1)
    sheet.text((26, 408), "mots qui regardent", color=SOFT, rotation=90, size=SMALL)
    return sheet


def temperature() -> Sheet:
    """The card's three logits at three temperatures."""
    sheet = Sheet("La température : plus ou moins de hasard", 430)
    for place, (heat, name, color) in enumerate(((0.5, "froid", BLUE), (1, "normal", SOFT), (2, "chaud", RED))):
        x = 22 + 234 * place
        axes = sheet.axes((x, 140), (208, 200), xlim=(-0.6, 2.6), ylim=(0, 1), xticks=[0, 1, 2], yticks=[])
        axes.spines["left"].set_visible(False)
        axes.set_xticklabels(["A", "B", "C"])
        bars(axes, softmax(LOGITS, heat), color, 3)
        sheet.text((x + 104, 94), f"T = {short(heat)}", weight="bold", size=26, color=color)
        sheet.text((x + 104, 124), name, size=SMALL)
    sheet.text((WIDTH / 2, 396), "Chances de tirer A, B ou C (scores 2, 1 et 0).", size=SMALL + 1)
    return sheet


def pre_entrainement() -> Sheet:
    """Each word of a raw text is the answer to guess from those before it."""
    sheet = Sheet("Le texte donne lui-même le corrigé", 565)
    words = ("Le", "serveur", "ne", "répond", "plus")
    widths = [len(word) * 14 + 34 for word in words]
    for line in range(1, len(words)):
        x, y = 24.0, 90 + 76 * (line - 1)
        for place in range(line + 1):
            if place < line:
                sheet.box((x, y), (widths[place], 54), words[place], hue=BLUE)
            else:
                sheet.arrow((x + 4, y + 27), (x + 44, y + 27))
                sheet.box((x + 54, y), (widths[place] + 28, 54), words[place] + " ?", hue=RED, weight="bold")
            x += widths[place] + 8
    sheet.text((270, 412), "déjà lu", color=BLUE, weight="bold")
    sheet.text((450, 412), "à deviner", color=RED, weight="bold")
    sheet.text((WIDTH / 2, 450), "Personne n'annote. On réduit la somme des erreurs :", size=SMALL + 1)
    sheet.formula((WIDTH / 2, 512), r"-\sum_t\,\log\,p(x_t\,|\,x_{<t})", size=32)
    return sheet
