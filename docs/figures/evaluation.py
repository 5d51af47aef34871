"""Pictures of the chapters on data and on evaluation."""

import numpy as np

from docs.figures.sheet import BLUE, GREEN, INK, PALE, PURPLE, RED, SMALL, SOFT, WIDTH, Sheet, mark, number
from docs.figures.sums import MATRIX, Confusion, balanced_weights, cut

GROUPS = (("groupe A", Confusion(tp=45, fp=0, fn=5, tn=0)), ("groupe B", Confusion(tp=6, fp=0, fn=4, tn=0)))
PARTS = (
    (0.70, 259, "Entraînement", "les exercices :\nle modèle apprend", BLUE),
    (0.15, 440, "Validation", "l'examen blanc :\non règle", RED),
    (0.15, 622, "Test", "l'examen final :\nune seule fois", GREEN),
)


def percent(share: float, digits: int = 0) -> str:
    """Write a share as a percentage."""
    return f"{number(100 * share, digits)} %"


def matrice_confusion() -> Sheet:
    """The card's four counts, and what each row and column tells."""
    sheet = Sheet("La matrice de confusion", 560)
    cells = (
        ((200, 150), MATRIX.tn, "vrais négatifs", GREEN),
        ((400, 150), MATRIX.fp, "faux positifs", RED),
        ((200, 300), MATRIX.fn, "faux négatifs", RED),
        ((400, 300), MATRIX.tp, "vrais positifs", GREEN),
    )
    for (x, y), count, name, color in cells:
        sheet.box((x, y), (192, 142), hue=color)
        sheet.text((x + 96, y + 56), number(count), size=44, weight="bold")
        sheet.text((x + 96, y + 108), ("✓ " if color == GREEN else "✗ ") + name, size=SMALL, color=color, weight="bold")
    sheet.text((396, 86), "réponse du modèle", weight="bold")
    sheet.text((296, 122), "normal")
    sheet.text((496, 122), "attaque")
    sheet.text((34, 296), "vérité", weight="bold", rotation=90)
    sheet.text((190, 221), "normal", ha="right")
    sheet.text((190, 371), "attaque", ha="right")
    sheet.text((604, 371), f"rappel\n{MATRIX.tp} / {MATRIX.tp + MATRIX.fn}\n= {percent(MATRIX.recall)}", ha="left", size=SMALL, weight="bold")
    sheet.text((496, 482), f"précision {MATRIX.tp} / {MATRIX.tp + MATRIX.fp} ≈ {percent(MATRIX.precision, 1)}", size=SMALL, weight="bold")
    right = MATRIX.tp + MATRIX.tn
    sheet.text((WIDTH / 2, 525), f"exactitude ({MATRIX.tn} + {MATRIX.tp}) / {number(sum(MATRIX))} = {percent(right / sum(MATRIX))}", weight="bold")
    return sheet


def precision_rappel() -> Sheet:
    """Precision and recall for every threshold, on 50 true cases among 1,000."""
    sheet = Sheet("Précision ou rappel : le seuil décide", 480)
    thresholds = np.linspace(0.1, 0.9, 161)
    counts = [cut(float(threshold)) for threshold in thresholds]
    axes = sheet.axes((80, 90), (600, 270), xlim=(0.1, 0.9), ylim=(0, 1.04), xticks=[0.1, 0.3, 0.5, 0.7, 0.9], yticks=[0, 0.5, 1])
    axes.axvline(0.5, color=SOFT, linewidth=2.5, linestyle=":")
    axes.plot(thresholds, [count.recall for count in counts], color=BLUE)
    axes.plot(thresholds, [count.precision for count in counts], color=RED, linestyle=(0, (2.2, 1)))
    here = cut(0.5)
    for value, color, y in ((here.recall, BLUE, 0.87), (here.precision, RED, 0.58)):
        axes.plot(0.5, value, "o", color=color, markersize=15)
        mark(axes, (0.52, y), percent(value, 1 if color == RED else 0), color=color, weight="bold", ha="left")
    mark(axes, (0.27, 0.86), "rappel", color=BLUE, weight="bold", size=24)
    mark(axes, (0.2, 0.33), "précision", color=RED, weight="bold", size=24)
    sheet.text((380, 402), "seuil : bas, on alerte souvent ; haut, rarement", size=SMALL + 1)
    sheet.text((WIDTH / 2, 444), f"Au seuil 0,5 : F1 = {2 * here.tp} / {2 * here.tp + here.fp + here.fn} ≈ {number(here.f1, 3)}", weight="bold")
    return sheet


def seuil_roc() -> Sheet:
    """The ROC curve of the same scores, with the card's point, and the formula of the best threshold."""
    sheet = Sheet("La courbe ROC : tous les seuils à la fois", 590)
    counts = [cut(float(threshold)) for threshold in [0, *np.geomspace(1e-4, 0.999, 240)]]
    axes = sheet.axes((105, 92), (560, 330), xlim=(-0.01, 1), ylim=(0, 1.04), xticks=[0, 0.5, 1], yticks=[0, 0.5, 1])
    axes.plot([0, 1], [0, 1], color=SOFT, linewidth=2.5, linestyle=":")
    axes.plot([count.fall_out for count in counts], [count.recall for count in counts], color=BLUE)
    for threshold, words, spot in ((0.5, "seuil 0,5", (0.06, 0.74)), (0.2, "seuil 0,2", (0.3, 0.9)), (0.8, "seuil 0,8", (0.05, 0.3))):
        at = cut(threshold)
        axes.plot(at.fall_out, at.recall, "o", color=RED, markersize=14)
        point = "" if threshold == 0.8 else f" : ({number(at.fall_out, 3)} ; {number(at.recall, 2)})"
        mark(axes, spot, words + point, ha="left", weight="bold")
    mark(axes, (0.7, 0.6), "hasard", color=SOFT, size=22)
    sheet.text((385, 462), "taux de faux positifs", size=SMALL + 1)
    sheet.text((32, 257), "taux de vrais positifs", size=SMALL + 1, rotation=90)
    sheet.text((40, 530), "Seuil optimal si\nrater coûte 9 fois\nune fausse alerte :", ha="left", size=SMALL)
    sheet.formula((390, 530), r"\tau=\dfrac{c_{FP}}{c_{FP}+c_{FN}}", size=32)
    sheet.formula((595, 530), r"\dfrac{1}{1+9}=0{,}1", size=32)
    return sheet


def decoupage() -> Sheet:
    """The card's 2,000 tickets, cut 70, 15, 15."""
    sheet, x = Sheet("Trois tas, trois rôles", 410), 24.0
    sheet.text((WIDTH / 2, 86), "2 000 tickets mélangés")
    for share, spot, name, role, color in PARTS:
        width = share * 672
        sheet.box((x, 120), (width - 6, 110), f"{percent(share)}\n{number(share * 2000)}", hue=color, weight="bold", size=24)
        sheet.line((x + width / 2, 232), (spot, 262), color)
        sheet.text((spot, 284), name, weight="bold", color=color)
        sheet.text((spot, 332), role, size=SMALL)
        x += width
    sheet.text((WIDTH / 2, 384), "Aucun exemple ne doit être dans deux tas.", weight="bold", size=SMALL + 1)
    return sheet


def desequilibre() -> Sheet:
    """The card's 990 and 10 examples, before and after weighting."""
    sheet = Sheet("Donner du poids à la classe rare", 520)
    counts = (990, 10)
    weights = balanced_weights(counts)
    for row, (title, values) in enumerate((("sans poids", counts), ("avec poids", [n * w for n, w in zip(counts, weights, strict=True)]))):
        y = 84 + 170 * row
        sheet.text((24, y), title, ha="left", weight="bold")
        for line, (name, value, color) in enumerate(zip(("normal", "attaque"), values, (BLUE, RED), strict=True)):
            sheet.text((130, y + 42 + 50 * line), name, ha="right")
            sheet.bar((145, y + 22 + 50 * line), (max(4, value * 0.36), 40), color, hatch="/" if color == RED else "")
            sums = f"{number(counts[line])} × {number(weights[line], 0 if line else 3)} = " if row else ""
            sheet.text((157 + value * 0.36, y + 42 + 50 * line), sums + number(value), ha="left", weight="bold")
    sheet.formula((215, 458), r"w_k=\dfrac{N}{K\cdot n_k}", size=34)
    sheet.text((360, 458), "N exemples, K classes,\ndont n dans la classe k", ha="left", size=SMALL)
    return sheet


def biais() -> Sheet:
    """A global recall that hides a group which is served worse."""
    sheet = Sheet("Un bon total peut cacher un biais", 500)
    total = Confusion(*(sum(counts) for counts in zip(*(cases for _, cases in GROUPS), strict=True)))
    for line, (name, cases) in enumerate([("total", total), *GROUPS]):
        y, color = 112 + 84 * line, (SOFT, BLUE, RED)[line]
        sheet.text((150, y), name, ha="right", weight="bold")
        sheet.bar((165, y - 26), (300, 52), PALE[SOFT])
        sheet.bar((165, y - 26), (300 * cases.recall, 52), color, hatch="/" if color == RED else "")
        words = f"{cases.tp} / {cases.tp + cases.fn} = {percent(cases.recall)}"
        sheet.text((480, y), words, ha="left", weight="bold", color=INK if not line else color)
    sheet.text((WIDTH / 2, 352), "Rappel : cas trouvés / cas réels (nombres inventés).", size=SMALL + 1)
    sheet.formula((WIDTH / 2, 432), r"R_g=\dfrac{VP_g}{VP_g+FN_g}", size=34, color=PURPLE)
    return sheet
