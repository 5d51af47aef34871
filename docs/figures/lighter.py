"""Pictures of the chapters on lighter models and on borrowed ones."""

import numpy as np

from docs.figures.sheet import BLUE, GREEN, INK, PALE, PURPLE, RED, SMALL, SOFT, WIDTH, Sheet, bars, number, short
from docs.figures.sums import Numbers, dense_weights, prune, quantise, restore, softmax

SCALE = 1.27 / 127
WEIGHTS = np.array([0.523, -1.27, 0.084, 0.9961])
WIDTHS = (4, 6, 3)
FROZEN = 2_257_984
"""MobileNetV2's parameters without its head, as the card `extraction` tells them."""


def quantification() -> Sheet:
    """Four weights written on 8 bits with the card's scale, and read again."""
    sheet = Sheet("De float32 à int8", 560)
    integers = quantise(WEIGHTS, SCALE)
    again = restore(integers, SCALE)
    columns = ((100, "float32", BLUE), (275, "int8", RED), (450, "retrouvé", GREEN), (620, "erreur", SOFT))
    for x, name, color in columns:
        sheet.text((x, 92), name, weight="bold", size=25, color=color)
    for row, (weight, integer, back) in enumerate(zip(WEIGHTS, integers, again, strict=True)):
        y = 148 + 58 * row
        sheet.box((24, y - 24), (150, 48), short(weight), hue=BLUE)
        sheet.box((225, y - 24), (100, 48), short(integer), hue=RED, weight="bold")
        sheet.box((380, y - 24), (140, 48), number(back, 2), hue=GREEN)
        sheet.text((620, y), number(abs(weight - back), 4 if 0 < abs(weight - back) < 0.001 else 3))
        sheet.arrow((178, y), (221, y))
        sheet.arrow((329, y), (376, y))
    sheet.text((WIDTH / 2, 386), f"échelle 1,27 / 127 = {short(SCALE)} : on divise, on arrondit.", size=SMALL + 1)
    sheet.text((24, 440), "4 octets", ha="left", weight="bold", color=BLUE)
    for place in range(4):
        sheet.bar((150 + 132 * place, 420), (128, 40), BLUE)
    sheet.text((24, 496), "1 octet", ha="left", weight="bold", color=RED)
    sheet.bar((150, 476), (128, 40), RED)
    sheet.text((292, 496), "quatre fois moins de place", ha="left")
    sheet.text((WIDTH / 2, 540), f"Erreur au plus {short(SCALE / 2)} hors saturation.", size=SMALL, color=SOFT)
    return sheet


def spots(left: float) -> list[list[tuple[float, float]]]:
    """Return where the neurons of each layer stand."""
    return [[(left + 130 * layer, 268 + 56 * (place - (count - 1) / 2)) for place in range(count)] for layer, count in enumerate(WIDTHS)]


def wire(sheet: Sheet, left: float, layers: list[Numbers]) -> None:
    """Draw a network whose links are as thick as their weights; a link at zero is not drawn."""
    places = spots(left)
    for layer, weights in enumerate(layers):
        for (start, end), weight in np.ndenumerate(weights):
            if weight:
                sheet.line(places[layer][start], places[layer + 1][end], BLUE, 1 + 4 * abs(float(weight)))
    for place in (spot for layer in places for spot in layer):
        sheet.page.plot(*place, "o", color=PALE[SOFT], markeredgecolor=INK, markersize=26, markeredgewidth=3, zorder=5)


def elagage() -> Sheet:
    """A small network that loses the half of its links that weigh least."""
    sheet = Sheet("L'élagage : couper les liens faibles", 520)
    draw = np.random.default_rng(4)
    flat = draw.normal(0, 0.6, WIDTHS[0] * WIDTHS[1] + WIDTHS[1] * WIDTHS[2])
    kept, least = prune(flat, 0.5)
    for left, values, name in ((45, flat, "avant"), (415, kept, "après")):
        first, second = np.split(values, [WIDTHS[0] * WIDTHS[1]])
        wire(sheet, left, [first.reshape(WIDTHS[:2]), second.reshape(WIDTHS[1:])])
        sheet.text((left + 130, 84), f"{name} : {int(np.count_nonzero(values))} liens", weight="bold")
    sheet.arrow((335, 268), (385, 268))
    sheet.text((WIDTH / 2, 450), f"On garde les poids d'au moins {number(least, 2)} (sans le signe),", size=SMALL + 1)
    sheet.text((WIDTH / 2, 480), "les traits épais, puis on réentraîne un peu.", size=SMALL + 1)
    return sheet


def distillation() -> Sheet:
    """The card's teacher, sharp and softened, and the student's loss."""
    sheet = Sheet("Distiller : les doutes du professeur", 520)
    for place, (heat, note, color) in enumerate(((1, "presque tout sur « câble »", BLUE), (4, "les ressemblances se voient", PURPLE))):
        x = 40 + 340 * place
        axes = sheet.axes((x, 148), (300, 200), xlim=(-0.6, 2.6), ylim=(0, 1), xticks=[0, 1, 2], yticks=[])
        axes.spines["left"].set_visible(False)
        axes.set_xticklabels(["câble", "pilote", "écran"])
        bars(axes, softmax((4.0, 2.0, 0.0), heat), color, 3)
        sheet.text((x + 150, 92), f"T = {heat}", weight="bold", size=26, color=color)
        sheet.text((x + 150, 124), note, size=SMALL)
    sheet.text((WIDTH / 2, 406), "L'élève apprend des étiquettes et de ces parts :", size=SMALL + 1)
    sheet.formula((WIDTH / 2, 462), r"L=\alpha\,L_d+(1-\alpha)\,T^2L_s", size=30)
    return sheet


def transfert() -> Sheet:
    """A frozen body and a new head, with the card's counts."""
    sheet = Sheet("Le transfert : corps gardé, tête neuve", 540)
    sheet.box((24, 195), (92, 100), "image", hue=SOFT)
    sheet.shape([(156, 110), (366, 175), (366, 315), (156, 380)], BLUE)
    sheet.text((255, 205), "corps gelé", weight="bold", color=BLUE)
    sheet.formula((255, 245), r"f_\theta", size=34, color=BLUE)
    sheet.text((255, 290), f"{number(FROZEN)}\nparamètres", size=SMALL)
    sheet.box((464, 175), (116, 140), hue=RED)
    sheet.text((522, 200), "tête", weight="bold", color=RED)
    sheet.formula((522, 238), r"g_\phi", size=34, color=RED)
    sheet.text((522, 284), f"{number(dense_weights(1280, 5))}\nparamètres", size=SMALL)
    for start, end in ((120, 152), (370, 460), (584, 616)):
        sheet.arrow((start, 245), (end, 245))
    sheet.formula((414, 210), r"h", size=30)
    sheet.text((414, 284), "1 280\nnombres", size=SMALL)
    sheet.text((661, 245), "une des\n5 classes", size=SMALL)
    sheet.text((255, 408), "ne bouge pas", color=BLUE, weight="bold")
    sheet.text((522, 346), "apprend", color=RED, weight="bold")
    sheet.formula((150, 474), r"h=f_\theta(x)", size=28)
    sheet.formula((480, 474), r"\min_\phi\ \sum_i L(g_\phi(f_\theta(x_i)),\,y_i)", size=28)
    return sheet


def lora() -> Sheet:
    """A frozen matrix and its two thin additions, with the card's sizes."""
    sheet = Sheet("LoRA : deux petites matrices en plus", 580)
    d, rank = 4096, 8
    sheet.box((50, 120), (230, 230), hue=BLUE)
    sheet.formula((165, 200), r"W_0", size=40, color=BLUE)
    sheet.text((165, 250), "gelée", weight="bold", color=BLUE)
    sheet.text((165, 290), f"{number(d)} × {number(d)}", size=SMALL)
    sheet.text((325, 235), "+", size=44)
    sheet.shape([(385, 120), (421, 120), (421, 350), (385, 350)], RED)
    sheet.formula((403, 235), "B", size=32, color=RED)
    sheet.text((448, 235), "×", size=34)
    sheet.shape([(475, 217), (695, 217), (695, 253), (475, 253)], RED)
    sheet.formula((585, 235), "A", size=32, color=RED)
    sheet.text((403, 376), f"{number(d)} × {rank}", size=SMALL)
    sheet.text((585, 280), f"{rank} × {number(d)}", size=SMALL)
    sheet.text((165, 376), f"{number(d * d)} poids", weight="bold", color=BLUE, size=SMALL)
    sheet.text((585, 330), f"{number(2 * rank * d)} poids\nsoit {number(100 * 2 * rank / d, 2)} %", weight="bold", color=RED, size=SMALL)
    sheet.formula((WIDTH / 2, 454), r"W=W_0+\dfrac{\alpha}{r}\,B\,A", size=32)
    sheet.formula((WIDTH / 2, 534), r"W_0\in R^{d\times k}\qquad B\in R^{d\times r}\qquad A\in R^{r\times k}", size=26)
    return sheet
