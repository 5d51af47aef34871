"""Pictures of the chapters on networks and on how they learn."""

import math

import numpy as np

from docs.figures.sheet import BLUE, GREEN, INK, PALE, RED, SMALL, SOFT, WIDTH, Sheet, bars, mark, number, short
from docs.figures.sums import Training, descend, early_stop, group, learning_curves, noisy_wave, rmse, sigmoid, softmax

LOGITS = (2.0, 1.0, 0.0)
CURVATURE = 4.0
RATES = ((0.01, "trop petit"), (0.1, "bon"), (0.6, "trop grand"))


def activations() -> Sheet:
    """ReLU, sigmoid and tanh as curves, softmax as bars."""
    sheet = Sheet("Quatre fonctions d'activation", 640)
    z = np.linspace(-4, 4, 161)
    curves = (
        ("ReLU", np.maximum(0, z), RED, (-0.4, 4.2), "max(0, z)"),
        ("Sigmoïde", sigmoid(z), BLUE, (-0.1, 1.1), "entre 0 et 1"),
        ("tanh", np.tanh(z), GREEN, (-1.2, 1.2), "entre −1 et 1"),
    )
    for place, (name, values, color, limits, note) in enumerate(curves):
        x, y = 60 + 350 * (place % 2), 112 + 280 * (place // 2)
        axes = sheet.axes((x, y), (270, 185), xlim=(-4, 4), ylim=limits, xticks=[-4, 0, 4], yticks=sorted({round(limits[0]), 0, round(limits[1])}))
        axes.axhline(0, color=SOFT, linewidth=1.5)
        axes.axvline(0, color=SOFT, linewidth=1.5)
        axes.plot(z, values, color=color)
        sheet.text((x + 135, y - 24), f"{name} : {note}", color=color, weight="bold")
    axes = sheet.axes((410, 392), (270, 185), xlim=(-0.6, 2.6), ylim=(0, 0.85), xticks=[0, 1, 2], yticks=[0, 0.5])
    axes.set_xticklabels([f"{logit:.0f}" for logit in LOGITS])
    bars(axes, softmax(LOGITS), INK, 3)
    sheet.text((545, 368), "Softmax : somme 1", weight="bold")
    sheet.text((545, 618), "scores d'entrée", size=SMALL)
    sheet.text((195, 618), "z", size=SMALL)
    return sheet


def entropie_croisee() -> Sheet:
    """What a prediction costs, by the chance that it gave to the right class."""
    sheet = Sheet("L'entropie croisée punit l'assurance à tort", 480)
    chance = np.linspace(0.006, 1, 400)
    axes = sheet.axes((80, 90), (600, 270), xlim=(0, 1.02), ylim=(0, 5.2), xticks=[0, 0.5, 0.9], yticks=[0, 2, 4])
    axes.plot(chance, -np.log(chance), color=BLUE)
    for p, words, spot in ((0.01, "sûr et faux", (0.21, 4.6)), (0.1, "hasard, 10 classes", (0.36, 2.5)), (0.9, "sûr et juste", (0.78, 1.0))):
        axes.plot(p, -math.log(p), "o", color=RED, markersize=15)
        mark(axes, spot, f"{words} : {number(-math.log(p), 3)}", weight="bold", ha="left" if p < 0.5 else "center")
    axes.texts[0].set_x(0.04)
    axes.texts[1].set_x(0.14)
    sheet.text((380, 402), "chance donnée à la bonne classe", size=SMALL + 1)
    sheet.formula((380, 446), r"L=-\log\,p", size=30)
    return sheet


def taux_apprentissage() -> Sheet:
    """Three walks down the card's bowl, of curvature 4."""
    sheet = Sheet("Le taux d'apprentissage : la taille du pas", 470)
    theta = np.linspace(-2.4, 2.4, 121)
    for place, (rate, name) in enumerate(RATES):
        x, path = 20 + 234 * place, np.array(descend(CURVATURE, rate, 1.6 if rate < 0.5 else 0.6, 8 if rate < 0.5 else 4))
        color = (SOFT, GREEN, RED)[place]
        axes = sheet.axes((x, 140), (212, 210), xlim=(-2.5, 2.5), ylim=(-0.6, 11.5), xticks=[], yticks=[])
        axes.spines[:].set_visible(False)
        axes.plot(theta, CURVATURE * theta**2 / 2, color=PALE[BLUE], linewidth=7)
        axes.plot(path, CURVATURE * path**2 / 2, color=color, linewidth=2.5)
        axes.plot(path, CURVATURE * path**2 / 2, "o", color=color, markersize=10)
        axes.plot(path[0], CURVATURE * path[0] ** 2 / 2, "D", color=INK, markersize=14)
        sheet.text((x + 106, 88), f"η = {short(rate)}", weight="bold", color=color, size=26)
        sheet.text((x + 106, 120), name, color=color, weight="bold")
        sheet.text((x + 106, 376), f"écart × {short(round(1 - rate * CURVATURE, 2))}", weight="bold")
    sheet.text((WIDTH / 2, 412), "à chaque pas, depuis le losange", size=SMALL + 1)
    sheet.text((WIDTH / 2, 444), f"Ici (courbure {short(CURVATURE)}), au-delà de {short(2 / CURVATURE)} l'erreur grandit.", size=SMALL + 1)
    return sheet


def courbes_de_perte() -> Sheet:
    """Three real trainings: sound, over-fitted, under-fitted."""
    sheet = Sheet("Lire une courbe de perte", 430)
    runs = (("Tout va bien", Training(100, 8)), ("Surapprentissage", Training(15, 24)), ("Sous-apprentissage", Training(100, 1)))
    notes = ("les deux descendent", "la validation remonte", "les deux stagnent")
    for place, (name, training) in enumerate(runs):
        x = 22 + 234 * place
        train, validation = learning_curves(training)
        axes = sheet.axes((x + 14, 120), (194, 183), xlim=(0, 40), ylim=(0, 1), xticks=[], yticks=[])
        axes.plot(train, color=BLUE)
        axes.plot(validation, color=RED, linestyle=(0, (2.2, 1)))
        sheet.text((x + 106, 92), name, weight="bold", size=20)
        sheet.text((x + 106, 332), notes[place], size=SMALL)
    sheet.text((18, 212), "perte →", size=SMALL, rotation=90, color=SOFT)
    sheet.text((WIDTH / 2, 364), "époques →", size=SMALL, color=SOFT)
    sheet.line((120, 402), (180, 402), BLUE, 5)
    sheet.text((192, 402), "entraînement", ha="left", color=BLUE, weight="bold")
    for dash in range(3):
        sheet.line((400 + 22 * dash, 402), (412 + 22 * dash, 402), RED, 5)
    sheet.text((472, 402), "validation", ha="left", color=RED, weight="bold")
    return sheet


def surapprentissage() -> Sheet:
    """Three curves through the same ten points: too stiff, right, too supple."""
    sheet = Sheet("Trop simple, juste, trop souple", 470)
    (x, y), (other_x, other_y) = noisy_wave(10, seed=11), noisy_wave(40, seed=99)
    line = np.linspace(x[0], x[-1], 200)
    for place, (degree, name, color) in enumerate(((1, "Sous-apprend", SOFT), (3, "Apprend", GREEN), (8, "Apprend par cœur", RED))):
        left, curve = 20 + 234 * place, np.polynomial.Polynomial.fit(x, y, degree)
        axes = sheet.axes((left, 115), (212, 190), xlim=(-0.03, 1.03), ylim=(-2, 2), xticks=[], yticks=[])
        axes.spines[["left", "bottom"]].set_color("#FFFFFF00")
        axes.plot(other_x, other_y, "x", color=BLUE, markersize=8, markeredgewidth=1.8, alpha=0.55)
        axes.plot(line, curve(line), color=color, linewidth=4.5)
        axes.plot(x, y, "o", color=INK, markersize=10)
        sheet.text((left + 106, 92), name, weight="bold", color=color, size=21)
        sheet.text((left + 106, 332), f"● {number(rmse(y, curve(x)), 2)}", weight="bold")
        sheet.text((left + 106, 368), f"× {number(rmse(other_y, curve(other_x)), 2)}", weight="bold", color=BLUE)
    sheet.text((WIDTH / 2, 410), "Erreur sur les points appris (●) et sur des points neufs (×).", size=SMALL + 1)
    sheet.text((WIDTH / 2, 442), "Seule la seconde dit si le modèle est bon.", size=SMALL + 1)
    return sheet


def arret_precoce() -> Sheet:
    """A real training whose validation is best at epoch 12."""
    sheet = Sheet("L'arrêt précoce", 450)
    train, validation = learning_curves(Training(15, 8, fall=0, noise=0.4, seed=1))
    best, last = early_stop(validation, 5)
    axes = sheet.axes((70, 90), (610, 250), xlim=(0, 30), ylim=(0, 0.8), xticks=[0, best, last, 30], yticks=[0, 0.4, 0.8])
    axes.axvspan(last, 30, color="#E9E7E0")
    axes.axvspan(best, last, color="#FDF0C4")
    axes.plot(train[: last + 1], color=BLUE)
    axes.plot(validation[: last + 1], color=RED, linestyle=(0, (2.2, 1)))
    axes.plot(range(last, 31), validation[last:31], color=SOFT, linewidth=2.5, linestyle=":")
    axes.plot(best, validation[best], "o", color=RED, markersize=15)
    mark(axes, (3.5, 0.42), "validation", color=RED, weight="bold", ha="left")
    mark(axes, (1.2, 0.08), "entraînement", color=BLUE, weight="bold", ha="left")
    mark(axes, ((best + last) / 2, 0.68), f"patience\n{last - best}", weight="bold", linespacing=1.2)
    mark(axes, ((last + 30) / 2, 0.68), "jamais calculé", color=SOFT)
    sheet.text((375, 384), "époques", size=SMALL)
    sheet.text(
        (WIDTH / 2, 420), f"Meilleure époque : {best}. Arrêt : {best} + {last - best} = {last}. On reprend la {best}.", size=SMALL + 1, weight="bold"
    )
    return sheet


def types_apprentissage() -> Sheet:
    """With labels, without labels, with rewards."""
    sheet = Sheet("Trois façons d'apprendre", 470)
    draw = np.random.default_rng(5)
    points = np.concatenate([centre + 0.55 * draw.standard_normal((14, 2)) for centre in ((-1.2, -0.8), (1.2, 0.9))])
    centres, nearest = group(points, points[[0, 1]])
    panes = [sheet.axes((20 + 234 * n, 130), (212, 200), xlim=(-2.9, 2.9), ylim=(-2.6, 2.6), xticks=[], yticks=[]) for n in range(2)]
    for number_, (form, color) in enumerate((("o", BLUE), ("s", RED))):
        known = points[14 * number_ : 14 * number_ + 14]
        panes[0].plot(*known.T, form, color=color, markersize=11)
        panes[1].plot(*points[nearest == number_].T, "o", color=SOFT, markersize=10)
    border = np.linalg.lstsq(np.c_[points, np.ones(28)], np.repeat([-1.0, 1.0], 14), rcond=None)[0]
    sides = np.array([-2.9, 2.9])
    panes[0].plot(sides, -(border[0] * sides + border[2]) / border[1], color=INK, linewidth=3)
    panes[1].plot(*centres.T, "*", color=GREEN, markersize=34, markeredgecolor=INK, markeredgewidth=2, zorder=5)
    axes = sheet.axes((494, 130), (206, 200), xlim=(-0.7, 14.7), ylim=(0, 1.15), xticks=[], yticks=[])
    axes.bar(range(15), 0.9 ** np.arange(15), color=GREEN)
    mark(axes, (9, 0.98), f"γ = 0,9\nsomme : {number(1 / (1 - 0.9))}", weight="bold", linespacing=1.2)
    for place, (name, note, formula) in enumerate(
        (
            ("Supervisé", "avec le corrigé", r"\dfrac{1}{n}\sum_i L(f(x_i),y_i)"),
            ("Non supervisé", "sans le corrigé", r"\sum_i\Vert x_i-\mu_{(i)}\Vert^2"),
            ("Renforcement", "des points gagnés", r"\sum_t\gamma^t\,r_t"),
        )
    ):
        sheet.text((126 + 234 * place, 86), name, weight="bold", size=23)
        sheet.text((126 + 234 * place, 114), note, size=SMALL)
        sheet.formula((126 + 234 * place, 375), formula, size=25)
        sheet.text((126 + 234 * place, 432), ("à réduire", "à réduire", "à augmenter")[place], size=SMALL + 1, weight="bold")
    return sheet
