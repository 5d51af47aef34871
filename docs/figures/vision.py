"""Pictures of the chapter on vision."""

import numpy as np

from docs.figures.sheet import BLUE, GREEN, INK, LARGE, PALE, PLAIN, PURPLE, RED, SMALL, SOFT, WIDTH, Sheet, number
from docs.figures.sums import Numbers, conv_weights, correlate, dense_weights, output_size, pool

CABLE = np.array([[0, 0, 1, 0, 0]] * 3 + [[0, 0, 0, 0, 0]] * 2, dtype=float)
UPRIGHT = np.array([[-1, 2, -1]] * 3, dtype=float)
NOTES = np.array([[1, 3, 2, 1], [4, 6, 5, 0], [2, 1, 9, 7], [0, 3, 4, 8]], dtype=float)
KEPT = (1, 0.7, 0.3, 0.02)


def written(values: Numbers) -> list[list[str]]:
    """Write a table of numbers."""
    return [[number(value, 0 if value == int(value) else 1) for value in row] for row in values]


def signed(value: float) -> str:
    """Write a number, in brackets where it is negative."""
    return f"({number(value)})" if value < 0 else number(value)


def convolution() -> Sheet:
    """A 3 × 3 filter that looks for upright lines, laid on a 5 × 5 image."""
    sheet = Sheet("La convolution, pas à pas", 575)
    found = correlate(CABLE, UPRIGHT)
    for x, words in ((140, "image 5 × 5"), (379, "filtre 3 × 3"), (602, "carte 3 × 3")):
        sheet.text((x, 85), words, weight="bold")
    sheet.grid((20, 108), written(CABLE), 48, lambda row, column: PALE[BLUE] if CABLE[row, column] else "#FFFFFF")
    sheet.grid((304, 153), written(UPRIGHT), 50, lambda _row, _column: PALE[RED])
    sheet.grid((512, 138), written(found), 60, lambda row, column: PALE[GREEN] if (row, column) == (0, 1) else "#FFFFFF")
    sheet.frame((68, 108), (144, 144), RED)
    sheet.frame((572, 138), (60, 60), GREEN)
    sheet.text((282, 228), "×", size=34)
    sheet.text((483, 228), "=", size=34)
    row = " + ".join(f"{number(pixel)} × {signed(weight)}" for pixel, weight in zip(CABLE[0, 1:4], UPRIGHT[0], strict=True))
    sheet.text((WIDTH / 2, 392), f"une ligne : {row} = {number(found[0, 1] / 3)}", size=LARGE - 2)
    sheet.text((WIDTH / 2, 430), f"trois lignes pareilles : note {number(found[0, 1])}, le trait est là", color=GREEN, weight="bold")
    sheet.text((WIDTH / 2, 466), "Puis le cadre glisse d'une case, et on recommence.")
    sheet.formula((WIDTH / 2, 525), r"y_{i,j}=b+\sum_{c,u,v}w_{c,u,v}\cdot x_{c,\,i+u,\,j+v}", size=28)
    return sheet


def pooling() -> Sheet:
    """A 4 × 4 map made 2 × 2, by maximum and by mean."""
    sheet = Sheet("Le pooling : un nombre par carré", 430)
    grounds = [[PALE[BLUE], PALE[RED]], [PALE[GREEN], PALE[PURPLE]]]
    highest, mean = pool(NOTES)
    sheet.text((158, 88), "carte 4 × 4", weight="bold")
    sheet.grid((30, 112), written(NOTES), 64, lambda row, column: grounds[row // 2][column // 2])
    for row, column in np.ndindex(2, 2):
        sheet.frame((30 + 128 * column, 112 + 128 * row), (128, 128), INK, width=4)
    for x, name, values in ((370, "maximum", highest), (560, "moyenne", mean)):
        sheet.text((x + 64, 152), name, weight="bold")
        sheet.grid((x, 176), written(values), 64, lambda row, column: grounds[row][column])
    sheet.arrow((302, 240), (354, 240))
    sheet.text((WIDTH / 2, 400), f"Sortie : ({4} − {2}) / {2} + 1 = {output_size(4, 2, step=2)} cases de côté.")
    return sheet


def feature_sizes() -> list[tuple[int, int]]:
    """Return side and channels after each layer of the card's network."""
    sizes = [(32, 3)]
    for filters in (32, 64):
        side = output_size(sizes[-1][0], 3, margin=1)
        sizes += [(side, filters), (output_size(side, 2, step=2), filters)]
    return sizes


def stack(sheet: Sheet, middle: tuple[float, float], size: tuple[int, int], color: str) -> None:
    """Draw maps one behind the other, as large as they are."""
    side, layers = 22 + 3.1 * size[0], 1 + size[1] // 12
    for layer in reversed(range(layers)):
        shift = 7 * (layer - layers / 2)
        corner = (middle[0] - side / 2 + shift, middle[1] - side / 2 - shift)
        sheet.shape([corner, (corner[0] + side, corner[1]), (corner[0] + side, corner[1] + side), (corner[0], corner[1] + side)], color)


def architecture_cnn() -> Sheet:
    """The card's network, with the size of what each layer gives and its weights."""
    sheet = Sheet("Un CNN : moins de « où », plus de « quoi »", 640)
    sizes = feature_sizes()
    names = ("image", "convolution", "pooling", "convolution", "pooling")
    counts = (0, conv_weights(32, 3), 0, conv_weights(64, 32), 0)
    colors = (SOFT, BLUE, GREEN, BLUE, GREEN)
    for place, ((side, channels), name, count, color) in enumerate(zip(sizes, names, counts, colors, strict=True)):
        x, y = 120 + 240 * (place % 3), 170 + 270 * (place // 3)
        stack(sheet, (x, y), (side, channels), color)
        sheet.text((x, y - 92), name, weight="bold", color=color if color != SOFT else INK)
        sheet.text((x, y + 94), f"{side} × {side} × {channels}")
        if count:
            sheet.text((x, y + 122), f"{number(count)} paramètres", size=SMALL, color=SOFT)
        if place % 3 != 2:
            sheet.arrow((x + 98, y), (x + 138, y))
    flat, dense = sizes[-1][0] ** 2 * sizes[-1][1], dense_weights(sizes[-1][0] ** 2 * sizes[-1][1], 10)
    sheet.text((600, 348), "aplatir, Dense", weight="bold", color=PURPLE)
    sheet.box((520, 385), (160, 110), f"{number(flat)}\n→ 10 notes", hue=PURPLE)
    sheet.text((600, 534), "une par classe")
    sheet.text((600, 562), f"{number(dense)} paramètres", size=SMALL, color=SOFT)
    sheet.text((WIDTH / 2, 608), f"En tout : {number(sum(counts) + dense)} paramètres.", weight="bold")
    return sheet


def smile(side: int = 28) -> Numbers:
    """Return a small picture of a face."""
    y, x = np.mgrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j]
    face = (np.hypot(x, y) < 0.9).astype(float)
    face[(np.hypot(np.abs(x) - 0.33, y + 0.25) < 0.14) | ((np.abs(np.hypot(x, y) - 0.55) < 0.09) & (y > 0.15))] = 0
    return np.asarray(face)


def noised(picture: Numbers, kept: float) -> Numbers:
    """Mix a picture with noise as diffusion does: the variance that goes is replaced by noise."""
    noise = np.random.default_rng(7).standard_normal(picture.shape)
    return np.asarray(np.sqrt(kept) * (2 * picture - 1) + np.sqrt(1 - kept) * noise)


def diffusion() -> Sheet:
    """A face that goes under noise, and the way back that the network learns."""
    sheet = Sheet("La diffusion : bruiter, puis débruiter", 440)
    for place, kept in enumerate(KEPT):
        x = 24 + 172 * place
        shades = np.round(np.clip((noised(smile(), kept) + 2) / 4, 0, 1) * 12) / 12
        sheet.picture((x, 128), 156, shades)
        sheet.formula((x + 78, 310), rf"\alpha_t={number(kept, 2 if kept < 0.1 else 1 if kept < 1 else 0).replace(',', '{,}')}", size=PLAIN)
    sheet.text((24, 92), "on ajoute du bruit", ha="left", color=RED, weight="bold")
    sheet.arrow((270, 92), (696, 92), RED)
    sheet.text((696, 348), "le réseau l'enlève", ha="right", color=BLUE, weight="bold")
    sheet.arrow((450, 348), (24, 348), BLUE)
    sheet.formula((200, 402), r"x_t=\sqrt{\alpha_t}\,x_0+\sqrt{1-\alpha_t}\,\epsilon", size=27)
    sheet.formula((545, 402), r"\min\ \Vert\epsilon-\epsilon_\theta(x_t,t)\Vert^2", size=27)
    return sheet
