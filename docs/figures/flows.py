"""Pictures of the roads a question takes."""

import numpy as np

from docs.figures.sheet import BLUE, GOLD, GREEN, INK, PURPLE, RED, SMALL, SOFT, WIDTH, Sheet, mark, number, short
from docs.figures.sums import mean_wait, per_second

STEPS_MS = (("réseau", 100), ("recherche", 1), ("génération", 5000), ("contrôles", 10))
WEB_MS = (("réseau", 60, SOFT), ("backend", 20, BLUE), ("base", 20, GREEN), ("modèle", 700, RED))


def rag() -> Sheet:
    """Search first, then write with what was found."""
    sheet = Sheet("Le RAG : chercher, puis rédiger", 610)
    sheet.box((24, 84), (200, 84), "question", hue=BLUE, weight="bold")
    sheet.box((260, 84), (200, 84), "1. chercher", hue=GOLD, weight="bold")
    sheet.box((496, 84), (200, 84), "base de\nfiches", hue=GREEN)
    sheet.arrow((226, 126), (256, 126))
    sheet.arrow((494, 126), (464, 126))
    sheet.box((260, 220), (200, 84), "2 à 4 fiches", hue=GREEN)
    sheet.arrow((360, 170), (360, 216))
    sheet.box((85, 356), (550, 84), "2. prompt : consigne + fiches + question", hue=GOLD, weight="bold", size=20)
    sheet.arrow((360, 306), (360, 352))
    sheet.arrow((124, 170), (140, 352))
    sheet.box((24, 492), (220, 90), "3. modèle", hue=PURPLE, weight="bold")
    sheet.arrow((190, 442), (150, 488))
    sheet.box((316, 492), (380, 90), "réponse\n+ sources citées [1]", hue=BLUE)
    sheet.arrow((248, 537), (312, 537))
    return sheet


def flux() -> Sheet:
    """The chatbot's road, with the card's times."""
    sheet = Sheet("Le trajet d'une question", 676)
    steps = (
        ("interface", "l'élève écrit", BLUE, ""),
        ("backend", "vérifie le texte", GOLD, ""),
        ("base de fiches", "donne la bonne fiche", GREEN, f"{STEPS_MS[1][1]} ms"),
        ("modèle (API)", "rédige", PURPLE, f"{number(STEPS_MS[2][1])} ms"),
        ("backend", "contrôle la réponse", GOLD, f"{STEPS_MS[3][1]} ms"),
        ("interface", "affiche", BLUE, ""),
    )
    for place, (name, role, color, cost) in enumerate(steps):
        y = 72 + 92 * place
        sheet.box((150, y), (420, 66), hue=color)
        sheet.text((360, y + 22), name, weight="bold")
        sheet.text((360, y + 48), role, size=SMALL)
        sheet.text((704, y + 33), cost, weight="bold", ha="right", color=color)
        if place:
            sheet.arrow((360, y - 26), (360, y - 2))
    sheet.text((704, 151), f"réseau\n{STEPS_MS[0][1]} ms", weight="bold", ha="right", color=SOFT)
    sheet.line((146, 381), (84, 381), RED)
    sheet.line((84, 381), (84, 565), RED)
    sheet.arrow((84, 565), (146, 565), RED)
    sheet.text((44, 473), "panne : la fiche seule", rotation=90, size=SMALL, color=RED, weight="bold")
    total = sum(cost for _, cost in STEPS_MS)
    sheet.text((WIDTH / 2, 642), f"{number(total)} ms, dont {number(100 * STEPS_MS[2][1] / total)} % de rédaction", weight="bold")
    return sheet


def latence_web() -> Sheet:
    """The card's 800 ms, laid end to end."""
    sheet = Sheet("Où passent les 800 ms d'une réponse ?", 400)
    x, total = 40.0, sum(cost for _, cost, _ in WEB_MS)
    for place, (name, cost, color) in enumerate(WEB_MS):
        width = 640 * cost / total
        sheet.bar((x, 150), (width - 2, 90), color)
        if color == RED:
            sheet.text((x + width / 2, 195), f"{name} : {cost} ms", color="#FFFFFF", weight="bold", size=26)
        else:
            spot = (90, 205, 330)[place]
            sheet.text((spot, 92), f"{name}\n{cost} ms", color=color, weight="bold", size=SMALL)
            sheet.line((spot, 120), (x + width / 2, 148), color)
        x += width
    share = number(100 * WEB_MS[-1][1] / total, 1)
    sheet.text((WIDTH / 2, 280), f"{' + '.join(str(cost) for _, cost, _ in WEB_MS)} = {total} ms, dont {share} % de modèle", size=SMALL + 1)
    sheet.formula((WIDTH / 2, 345), r"T=T_{\mathrm{réseau}}+T_{\mathrm{backend}}+T_{\mathrm{base}}+T_{\mathrm{modèle}}", size=26)
    return sheet


def chargement() -> Sheet:
    """The mean time of an answer where the model is loaded once for N requests."""
    sheet = Sheet("Charger une fois, servir mille fois", 515)
    load, infer = 8.0, 0.1
    requests = np.geomspace(1, 1000, 200)
    axes = sheet.axes((95, 90), (590, 250), xscale="log", xlim=(0.9, 1150), ylim=(0, 9), yticks=[0, 4, 8])
    axes.set_xticks([1, 10, 100, 1000])
    axes.set_xticks([], minor=True)
    axes.axhline(load + infer, color=RED, linestyle=(0, (2.2, 1)))
    axes.plot(requests, infer + load / requests, color=BLUE)
    axes.plot(1000, infer + load / 1000, "o", color=BLUE, markersize=15, clip_on=False)
    mark(axes, (60, 7.1), f"rechargé à chaque appel : {number(load + infer, 1)} s", color=RED, weight="bold")
    mark(axes, (130, 1.6), f"chargé une fois : {number(infer + load / 1000, 3)} s", color=BLUE, weight="bold")
    sheet.text((390, 382), "nombre N de requêtes servies", size=SMALL + 1)
    sheet.text((34, 215), "secondes, en moyenne", size=SMALL, rotation=90)
    sheet.formula((WIDTH / 2, 452), r"t_{\mathrm{moyen}}=t_{\mathrm{inf}}+\dfrac{t_{\mathrm{charge}}}{N}", size=30)
    return sheet


def cache() -> Sheet:
    """The card's cache: 4 answers in 10 are ready."""
    sheet = Sheet("Le lot et le cache soulagent le serveur", 590)
    lots = ((1, 10, BLUE), (32, 80, GREEN))
    for line, (images, cost, color) in enumerate(lots):
        y = 100 + 62 * line
        sheet.text((24, y), f"lot de {images}", ha="left", weight="bold")
        sheet.bar((150, y - 22), (per_second(images, cost) * 0.62, 44), color)
        sheet.text((160 + per_second(images, cost) * 0.62, y), f"{number(per_second(images, cost))}/s en {cost} ms", ha="left")
    sheet.formula((WIDTH / 2, 238), r"D=\dfrac{B}{t_B}\qquad(B\ \mathrm{images\ en\ } t_B)", size=28)
    sheet.line((24, 292), (696, 292), SOFT, 2)
    hit, quick, slow = 0.4, 5.0, 800.0
    mean = mean_wait(hit, quick, slow)
    for y, name, wait, color in ((340, "sans cache", slow, RED), (402, "avec cache", mean, GREEN)):
        sheet.text((24, y), name, ha="left", weight="bold")
        sheet.bar((172, y - 22), (wait * 0.52, 44), color, hatch="/" if color == RED else "")
        sheet.text((182 + wait * 0.52, y), f"{number(wait)} ms", ha="left", weight="bold")
    sheet.formula((WIDTH / 2, 470), r"t=h\cdot t_c+(1-h)\cdot t_m", size=30)
    sheet.text((WIDTH / 2, 522), f"{short(hit)} × {short(quick)} + {short(1 - hit)} × {short(slow)} = {number(mean)} ms", weight="bold")
    sheet.text((WIDTH / 2, 560), "h : part des réponses déjà prêtes", size=SMALL, color=INK)
    return sheet


def latence_debit() -> Sheet:
    """The same 80 ms: four images one by one, or eight at once."""
    sheet = Sheet("Un par un, ou par lot de huit ?", 480)
    for line, (name, size, cost, color) in enumerate((("un par un", 1, 20, BLUE), ("lot de 8", 8, 80, GREEN))):
        y, trips = 118 + 160 * line, 80 // cost
        sheet.text((24, y - 26), name, ha="left", weight="bold", color=color, size=24)
        for trip in range(trips):
            width = 672 / trips
            sheet.box((24 + trip * width, y), (width - 6, 60), "■ " * size, hue=color, size=26)
        speed = number(per_second(size, cost))
        sheet.text((696, y - 26), f"attente {cost} ms, débit {speed}/s", ha="right", weight="bold", size=SMALL + 1)
    for tick in range(0, 81, 20):
        x = 24 + 672 * tick / 80
        sheet.line((x, 356), (x, 368), INK)
        sheet.text((x, 388), str(tick), size=SMALL, ha={0: "left", 80: "right"}.get(tick, "center"))
    sheet.line((24, 356), (696, 356), INK)
    sheet.text((WIDTH / 2, 416), "millisecondes", size=SMALL)
    sheet.text((WIDTH / 2, 450), "Débit doublé, attente quadruplée.", weight="bold")
    return sheet
