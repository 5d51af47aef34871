"""The figures of the cards, worked out again: each computed value is looked for at its place in the card's own text."""

import math
import re
from collections.abc import Sequence
from itertools import chain, pairwise
from typing import NamedTuple

import pytest

from core.knowledge import Card, load_course
from core.settings import Settings

NUMBER = r"(?<![\d.])(-?\d+(?:\.\d+)?)"
FLOAT32, FLOAT16, INT8, INT4 = 4, 2, 1, 0.5
ADAM = FLOAT32 + FLOAT32 + 2 * FLOAT32  # weights, gradients, two moments
MEGA, GIGA, MEBI, GIBI = 10**6, 10**9, 2**20, 2**30


class Figure(NamedTuple):
    """A computed value and the words around it in the card; `{}` stands where the number is."""

    card: str
    phrase: str
    value: float
    digits: int = 0


class Cases(NamedTuple):
    """A confusion matrix."""

    tp: int
    fp: int
    fn: int
    tn: int = 0

    def accuracy(self) -> float:
        return (self.tp + self.tn) / sum(self)

    def precision(self) -> float:
        return self.tp / (self.tp + self.fp)

    def recall(self) -> float:
        return self.tp / (self.tp + self.fn)

    def fall_out(self) -> float:
        return self.fp / (self.fp + self.tn)

    def f1(self) -> float:
        return 2 * self.precision() * self.recall() / (self.precision() + self.recall())

    def balanced(self) -> float:
        return (self.recall() + 1 - self.fall_out()) / 2


def detector(positives: int, negatives: int, recall: float, fall_out: float) -> Cases:
    found, alarms = round(positives * recall), round(negatives * fall_out)
    return Cases(found, alarms, positives - found, negatives - alarms)


def dense(*widths: int) -> int:
    """Count a stack of dense layers' weights and biases."""
    return sum(before * after + after for before, after in pairwise(widths))


def conv(filters: int, channels: int, side: int = 3, bias: int = 1) -> int:
    return filters * (side * side * channels + bias)


def separable(filters: int, channels: int, side: int = 3) -> int:
    return conv(channels, 1, side, bias=0) + conv(filters, channels, 1, bias=0)


def pooled(size: int, window: int, stride: int) -> int:
    return (size - window) // stride + 1


def lstm(units: int, inputs: int) -> int:
    """Count four gates, each seeing the input and the previous state."""
    return 4 * dense(units + inputs, units)


def lora(rows: int, columns: int, rank: int) -> int:
    return rows * rank + rank * columns


def kv_cache(layers: int, heads: int, width: int, tokens: int = 1) -> int:
    """Count the bytes of keys and values in 16 bits."""
    return 2 * layers * heads * width * FLOAT16 * tokens


def softmax(scores: Sequence[float], temperature: float = 1) -> list[float]:
    powers = [math.exp(score / temperature) for score in scores]
    return [power / sum(powers) for power in powers]


def sigmoid(z: float) -> float:
    return 1 / (1 + math.exp(-z))


def mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def rmse(errors: Sequence[float]) -> float:
    return math.sqrt(mean([error**2 for error in errors]))


def standard_error(rate: float, count: int) -> float:
    return math.sqrt(rate * (1 - rate) / count)


def at_least_once(rate: float, tries: int) -> float:
    return 1 - (1 - rate) ** tries


def kappa(observed: float, by_chance: float) -> float:
    return (observed - by_chance) / (1 - by_chance)


def stability(now: Sequence[float], before: Sequence[float]) -> float:
    """Return the population stability index."""
    return sum((p - q) * math.log(p / q) for p, q in zip(now, before, strict=True))


def overlap(side: int, shift: int) -> tuple[int, int]:
    """Return the intersection and the union of two squares, one shifted sideways."""
    shared = {(x, y) for x in range(side) for y in range(side)} & {(x + shift, y) for x in range(side) for y in range(side)}
    return len(shared), 2 * side * side - len(shared)


def reading_ease(words: float, syllables: float) -> float:
    return 207 - 1.015 * words - 73.6 * syllables


def bm25_weight(times: float, k1: float = 1.2) -> float:
    """Return a word's weight in a document of average length."""
    return times * (k1 + 1) / (times + k1)


def waits(first: float, count: int) -> float:
    return sum(first * 2.0**attempt for attempt in range(count))


def price(tokens_in: int, tokens_out: int, dollars_in: float, dollars_out: float) -> float:
    """Return a call's price, the tariffs being per million tokens."""
    return (tokens_in * dollars_in + tokens_out * dollars_out) / 10**6


def history_tokens(system: int, question: int, answer: int, turns: int) -> int:
    """Count the input tokens of a talk that sends everything again at each turn."""
    return sum(system + question * turn + answer * (turn - 1) for turn in range(1, turns + 1))


def descended(start: float, rate: float, steps: int) -> float:
    """Walk down (x - 3) squared."""
    for _ in range(steps):
        start -= rate * 2 * (start - 3)
    return start


def slope(point: float, step: float = 1e-6) -> float:
    """Measure the slope of (3w - 1) squared by central difference."""
    return ((3 * (point + step) - 1) ** 2 - (3 * (point - step) - 1) ** 2) / (2 * step)


MATRIX = Cases(tp=40, fp=20, fn=10, tn=930)
GAPS = (1, 1, 1, 9)
FLOWS = detector(100, 99_900, recall=0.9, fall_out=0.01)
RARE = detector(100, 9_900, recall=0.9, fall_out=0.05)
MOBILENET, RESNET = 3_538_984, 25_636_712

BASICS = [
    Figure("ia-ml-dl", "20 + 1 = {} paramètres", dense(20, 1)),
    Figure("types-apprentissage", "1 / (1 - 0.9) = {}", sum(0.9**step for step in range(1000))),
    Figure("entrainement-inference", "= {} milliards d'opérations par token", 2 * 7),
    Figure("entrainement-inference", "4 × 4 = {} octets par paramètre", ADAM),
    Figure("entrainement-inference", "{} Go contre 14 Go", 7 * ADAM),
    Figure("classification-regression", "soit environ {}", -math.log(1 / 10), 3),
    Figure("classification-regression", "100 / 5 = {}, la médiane", mean((1, 2, 3, 4, 90))),
    Figure("tenseurs", "7 × 24 = {} nombres", math.prod((7, 24))),
    Figure("tenseurs", "× 4 = {} octets", math.prod((32, 3, 224, 224)) * FLOAT32),
    Figure("quand-pas-dl", "= {} multiplications", sum(math.prod(pair) for pair in pairwise((20, 256, 256, 1)))),
    Figure("gpu-cpu", "1008 / 14 = {} tokens par seconde", 1008 / (7 * FLOAT16)),
    Figure("gpu-cpu", "× 0.5 = {} Go en 4 bits", 7 * INT4, 1),
    Figure("gpu-cpu", "3 milliards × 2 octets = {} Go", 3 * FLOAT16),
]

CHATBOT = [
    Figure("composants", "0.5 × 6 = {} requêtes simultanées", 30 / 60 * 6),
    Figure("flux", "soit {} ms", 100 + 1 + 5000 + 10),
    Figure("flux", "5000 / 5111 ≈ {} % de génération", 100 * 5000 / (100 + 1 + 5000 + 10)),
    Figure("flux", "0.99 × 0.99 × 0.99 ≈ {} %", 100 * 0.99**3),
    Figure("base-json", "150 × 6 = {} ko", 150 * 6),
    Figure("niveaux", "207 - 10.15 - 103.04 = {}", reading_ease(10, 1.4), 2),
    Figure("niveaux", "207 - 25.375 - 139.84 = {}", reading_ease(25, 1.9), 3),
    Figure("recherche-texte", "6.6 / 4.2 = {}", bm25_weight(3), 2),
    Figure("recherche-texte", "2.2 / 2.2 = {}, trois", bm25_weight(1)),
    Figure("recherche-texte", "la limite vaut {}", bm25_weight(1e9), 1),
    Figure("mvp", "3 / 30 = {} %", 100 * 3 / 30),
    Figure("suivi-bot", "/ 100 = {} secondes", mean([2] * 95 + [30] * 5), 1),
    Figure("suivi-bot", "0.00054 = {} dollar", 25 * 40 * price(2000, 400, 0.15, 0.60), 2),
]

DATA = [
    Figure("collecte-annotation", "(1 - 0.50) = {}", kappa(0.90, 0.50), 2),
    Figure("collecte-annotation", "100 - 5 = {} %", 100 * (1 - 0.05)),
    Figure("nettoyage", "(65 - 50) / 10 = {}", (65 - 50) / 10, 1),
    Figure("decoupage", "racine de (0.09 / 400) = {}", standard_error(0.90, 400), 3),
    Figure("decoupage", "soit environ ± {} points à 95 %", 100 * 1.96 * standard_error(0.90, 400)),
    Figure("decoupage", "en 70/15/15 donnent {}, 300 et 300", 0.70 * 2000),
    Figure("decoupage", "représente déjà {} exemples", 0.01 * 2 * MEGA),
    Figure("augmentation", "RandomRotation(0.1)`, où 0.1 est une fraction de tour, donc jusqu'à {} degrés", 0.1 * 360),
    Figure("augmentation", "1000 × 50 = {} variantes", 1000 * 50),
    Figure("desequilibre", "1000 / (2 × 10) = {} contre", 1000 / (2 * 10)),
    Figure("desequilibre", "1000 / (2 × 990) ≈ {}", 1000 / (2 * (1000 - 10)), 3),
]

TRAINING = [
    Figure("epoque-lot", "une époque fait {} itérations ;", math.ceil(1000 / 32)),
    Figure("epoque-lot", "le dernier lot n'a que {} images", 1000 % 32),
    Figure("epoque-lot", "par lots de 32 : chaque époque fait {} itérations", 3200 / 32),
    Figure("epoque-lot", "trois époques par lots de 100 représentent {} mises", 3 * 10_000 / 100),
    Figure("epoque-lot", "donnent {} itérations", math.ceil(50_000 / 128)),
    Figure("epoque-lot", "50000 / 128 = {}", 50_000 / 128, 1),
    Figure("lire-courbes", r"proche de $\log(C)$, soit environ {} pour dix classes", math.log(10), 2),
    Figure("sous-apprentissage", "3 / 4, soit {} %", 100 * max(mean([(a + b > cut) == (a != b) for a in (0, 1) for b in (0, 1)]) for cut in (0, 1))),
    Figure("regularisation", "1 / 0.8 = {}", 1 / (1 - 0.2), 2),
    Figure("arret-precoce", "12 + 5 = {}", 12 + 5),
    Figure("hyperparametres", "5^4 = {}", 5**4),
    Figure("hyperparametres", "625 × 5 = {}", 5**4 * 5),
    Figure("erreurs-frequentes", "occupent {} Go", 100 * MEGA * ADAM / GIGA, 1),
]

ETHICS = [
    Figure("biais", "0.20 / 0.40 = {}", 20 / 40, 1),
    Figure("rgpd", "0.04 × 1000 = {} millions", max(20, 0.04 * 1000)),
    Figure("pseudonymisation", "numéros, soit {} s", 2e8 / MEGA),
    Figure("ai-act", "0.07 × 1000 = {} millions", max(35, 0.07 * 1000)),
    Figure("integrite", "0.05 × 200 = {} étudiants", 0.05 * 200),
    Figure("explicabilite", "0.20 - 0.05 = {}", math.fsum((0.10, 0.35, 0.20, -0.05)), 2),
    Figure("explicabilite", "10 variables en produisent {}", 2**10),
    Figure("explicabilite", "30 variables environ {} milliard", 2**30 / GIGA, 2),
    Figure("empreinte", "0.3 × 10 × 1.2 = {} kWh", 300 * 10 * 1.2 / 1000, 1),
    Figure("empreinte", "3.6 × 50 = {} g", 300 * 10 * 1.2 / 1000 * 50),
    Figure("empreinte", "à 400 g, {} g", 300 * 10 * 1.2 / 1000 * 400),
]

EVALUATION = [
    Figure("exactitude", "970 / 1000 = {} %", 100 * MATRIX.accuracy()),
    Figure("exactitude", "950 / 1000 = {} %", 100 * (MATRIX.tn + MATRIX.fp) / sum(MATRIX)),
    Figure("exactitude", "/ 2 ≈ {}", MATRIX.balanced(), 3),
    Figure("exactitude", "vaut ici environ {} point", 100 * standard_error(MATRIX.accuracy(), 1000), 1),
    Figure("exactitude", "{} % : 196 bonnes réponses", 100 * Cases(tp=0, fp=0, fn=4, tn=196).accuracy()),
    Figure("matrice-confusion", "40 / 60 ≈ {} %", 100 * MATRIX.precision(), 1),
    Figure("matrice-confusion", "confusions possibles, soit {} pour dix classes", 10 * (10 - 1)),
    Figure("matrice-confusion", "10 × 100 + 20 × 1 = {}", MATRIX.fn * 100 + MATRIX.fp),
    Figure("precision-rappel", "40 / 60 ≈ {} et", MATRIX.precision(), 3),
    Figure("precision-rappel", "40 / 50 = {}", MATRIX.recall(), 2),
    Figure("precision-rappel", "80 / 110 ≈ {}", MATRIX.f1(), 3),
    Figure("precision-rappel", "90 / (90 + 495) ≈ {} %", 100 * RARE.precision(), 1),
    Figure("precision-rappel", "précision 90 %, rappel {} %", 100 * Cases(tp=27, fp=3, fn=13).recall(), 1),
    Figure("seuil-roc", "20 / 950 ≈ {}", MATRIX.fall_out(), 3),
    Figure("seuil-roc", "1 / (1 + 9) = {}", 1 / (1 + 9), 1),
    Figure("seuil-roc", "99900 × 0.01 = {} fausses alertes", FLOWS.fp),
    Figure("erreurs-regression", "MAE = 12 / 4 = {}", mean(GAPS)),
    Figure("erreurs-regression", "racine de 21 (84 / 4), soit environ {}", rmse(GAPS), 2),
    Figure("erreurs-regression", "RMSE d'environ {}", rmse(GAPS), 1),
    Figure("evaluer-llm", "avoisine {} points", 100 * 1.96 * standard_error(0.8, 50)),
    Figure("tests-utilisateurs", "puissance 5 ≈ {} %", 100 * at_least_once(0.31, 5)),
]

FRAMEWORKS = [
    Figure("keras", "20 × 32 + 32 = {}", dense(20, 32)),
    Figure("keras", "soit {} au total", dense(20, 32, 3)),
    Figure("keras", "32 × 3 + 3 = {}", dense(32, 3)),
    Figure("pytorch", "donc {} Mo pour 10 millions", 10 * ADAM),
    Figure("pytorch", "4 × 4 = {} octets par paramètre", ADAM),
    Figure("hugging-face", "7 milliards × 2 octets = {} Go", 7 * FLOAT16),
    Figure("scikit-learn", "5 plis = {} entraînements", 3 * 4 * 5),
    Figure("tensorboard", r": {} points pour", 1 / (1 - 0.9)),
    Figure("modele-js", "14 × 8 / 10 = {} s", 3.5 * FLOAT32 * 8 / 10, 1),
    Figure("modele-js", "× 4 octets = {} Mo", 3.5 * FLOAT32),
]

LANGUAGE = [
    Figure("tokenisation", "1 symbole spécial = {} entrées", 256 + 50_000 + 1),
    Figure("tokenisation", "32000 × 4096 = {}", 32_000 * 4096),
    Figure("embeddings", "1024 × 4 = {} octets", 1024 * FLOAT32),
    Figure("embeddings", "soit environ {} Mo pour 1000 fiches", 1000 * 1024 * FLOAT32 / MEGA, 1),
    Figure("rnn-lstm", "(64 + 32) + 64) = {}", lstm(64, 32)),
    Figure("attention", "2000 tokens en produisent {}", 2000**2),
    Figure("transformer", "12 × 12 × 768 × 768 = {}", 12 * (4 * 768**2 + 2 * 768 * (4 * 768))),
    Figure("transformer", "30522 × 768 = {} pour le vocabulaire", 30_522 * 768),
    Figure("fenetre-contexte", "128 × 2 = {} octets par token", kv_cache(32, 8, 128)),
    Figure("fenetre-contexte", "soit {} Gio pour 32768 tokens", kv_cache(32, 8, 128, 32_768) / GIBI),
    Figure("hallucination", r"\approx {}", 1 - at_least_once(0.05, 20), 2),
    Figure("audio", "/ 100 = {}", (6 + 3 + 1) / 100, 2),
    Figure("audio", "log-Mel de {} trames", 30 * 16_000 / 160),
    Figure("audio", "un vecteur toutes les {} ms", 1000 * 5 * 2**6 / 16_000),
]

API = [
    Figure("roles-messages", "500 + 10 × 300 = {} tokens", 500 + 10 * 300),
    Figure("requete-api", "400 / 50 = {} secondes", 400 / 50),
    Figure("modeles-mistral", "1.50 / 0.40 = {} fois plus", 1.50 / 0.40, 2),
    *(
        Figure("temperature", f"{{}} pour $T$ = {shown}", softmax((2, 1, 0), temperature)[0], 3)
        for shown, temperature in (("0.5", 0.5), ("1", 1), ("2", 2))
    ),
    Figure("max-tokens-stop", "/ 1000000 = {} dollar", price(0, 400, 0.15, 0.60), 5),
    Figure("prompt-systeme", "soit {} dollar à 0.15 dollar le million", 1000 * price(400, 0, 0.15, 0.60), 2),
    Figure("prompt-engineering", "vaut environ {}", standard_error(0.8, 50), 3),
    Figure("prompt-engineering", "soit environ {} points de marge", 100 * 1.96 * standard_error(0.8, 50)),
    Figure("few-shot-json", "3 × 120 = {} tokens", 3 * 120),
    Figure("historique", "6000 + 300 × 45 = {} tokens d'entrée", history_tokens(500, 100, 200, 10)),
    Figure("cout-api", "0.0003 + 0.00024 = {} dollar", price(2000, 400, 0.15, 0.60), 5),
    Figure("cout-api", "soit {} dollar pour 1000 questions", 1000 * price(2000, 400, 0.15, 0.60), 2),
    Figure("cout-api", "0.003 + 0.003 = {} dollar", price(2000, 400, 1.50, 7.50), 3),
    Figure("erreurs-api", "1 + 2 + 4 + 8 = {} secondes", waits(1, 4)),
    Figure("rag", "0.90 × 0.95 = {} %", 100 * 0.90 * 0.95, 1),
    Figure("incertitude", "3 / (1 + 3) = {}", 3 / (1 + 3), 2),
]

TRADES = [
    Figure("support-client", "10000 × 0.30 × 4 = {} €", 10_000 * 0.30 * 4),
    Figure("analyse-donnees", r"\approx {}", at_least_once(0.05, 20), 2),
    Figure("recherche-semantique", "× 4 octets = {} Mo", 10_000 * 384 * FLOAT32 / MEGA, 1),
    Figure("cas-slam", "1 - 2/5 = {}", 1 - 2 / 5, 1),
    Figure("cas-sisr", "90 / 1089 ≈ {} % de précision", 100 * FLOWS.precision(), 1),
    Figure("cas-sisr", "99900 × 0.01 = {} fausses", FLOWS.fp),
    Figure("portfolio", r"\approx {}", 1.96 * standard_error(0.92, 100), 3),
    Figure("portfolio", "soit ± {} points", 100 * 1.96 * standard_error(0.92, 100), 1),
]

OPTIMISATION = [
    Figure("pourquoi-optimiser", "100 / 3.5 ≈ {}", 100 / (7 * INT4)),
    Figure("pourquoi-optimiser", "100 / 14 ≈ {} tokens", 100 / (7 * FLOAT16)),
    Figure("pourquoi-optimiser", "soit environ {} fois", 1 / (0.4 + 0.6 / 4), 1),
    Figure("quantification", "1.27 / 127 = {}", 1.27 / 127, 2),
    Figure("quantification", "0.523 devient {}", round(0.523 / (1.27 / 127))),
    Figure("quantification", "erreur {}", abs(0.523 - round(0.523 / 0.01) * 0.01), 3),
    Figure("quantification", "4 + 16 / 32 = {} bits par poids", (32 * 4 + 16) / 32, 1),
    Figure("quantification", "Environ {} Mo", 80 * INT8 / FLOAT32),
    Figure("elagage", "d'indice) = {} Mo", MEGA * (1 - 0.9) * (FLOAT32 + 4) / MEGA, 1),
    Figure("elagage", "soit {} fois moins", FLOAT32 / (0.1 * (FLOAT32 + 4))),
    Figure("elagage", "9 × 128 × 128 = {} poids", conv(128, 128, bias=0)),
    Figure("elagage", "9 × 64 × 64 = {} avec", conv(64, 64, bias=0)),
    Figure("distillation", "probabilités {}", softmax((4, 2, 0))[0], 3),
    Figure("distillation", "0.867, {} et", softmax((4, 2, 0))[1], 3),
    Figure("distillation", "et {} pour $T = 1$", softmax((4, 2, 0))[2], 3),
    Figure("distillation", "mais {}", softmax((4, 2, 0), 4)[0], 3),
    Figure("distillation", "0.506, {} et", softmax((4, 2, 0), 4)[1], 3),
    Figure("distillation", "et {} pour $T = 4$", softmax((4, 2, 0), 4)[2], 3),
    Figure("architectures-legeres", "9 × 128 × 256 = {} poids", conv(256, 128, bias=0)),
    Figure("architectures-legeres", "128 × 256 = {} (≈", separable(256, 128)),
    Figure("architectures-legeres", "(≈ {} fois moins)", conv(256, 128, bias=0) / separable(256, 128), 1),
    Figure("architectures-legeres", "1.15² ≈ {})", 1.2 * 1.1**2 * 1.15**2, 2),
    Figure("tflite", "octets ≈ {} Mo", MOBILENET * FLOAT32 / MEGA, 1),
    Figure("tflite", "deviennent environ {} Mo", MOBILENET * INT8 / MEGA, 1),
    Figure("onnx", "/ 4 ≈ {} millions", 2 * GIBI / FLOAT32 / MEGA),
    Figure("tensorrt-tvm", "× 4 ≈ {} Mo", 64 * 112 * 112 * FLOAT32 / MEGA, 1),
    Figure("tensorrt-tvm", "économisent environ {} Mo", 4 * 64 * 112 * 112 * FLOAT32 / MEGA, 1),
    Figure("latence-debit", "8 / 0.080 = {}", 8 / 0.080),
    Figure("latence-debit", "1 / 0.020 = {} images", 1 / 0.020),
    Figure("latence-debit", "gagne : {} images par seconde", 10 / 0.200),
    Figure("latence-debit", "par seconde au lieu de {}. La", 1 / 0.040),
    Figure("latence-debit", "20 / 0.2 = {} ms", 20 / (1 - 0.8)),
    Figure("latence-debit", "≈ {} %", 100 * at_least_once(0.01, 10), 1),
    Figure("taille-memoire", "25636712 × 4 = {} octets", RESNET * FLOAT32),
    Figure("taille-memoire", "ou {} Mio", RESNET * FLOAT32 / MEBI, 1),
    Figure("taille-memoire", "soit {} Mo ou", RESNET * FLOAT32 / MEGA, 1),
    Figure("taille-memoire", "moments 8 = {} octets", ADAM),
    Figure("taille-memoire", "128 × 2 = {} octets", kv_cache(32, 8, 128)),
    Figure("taille-memoire", "7 milliards × 2 octets = {} Go", 7 * FLOAT16),
    Figure("taille-memoire", "3 milliards × 2 octets = {} Go", 3 * FLOAT16),
    Figure("taille-memoire", "soit {} Gio à 8192 tokens", kv_cache(32, 8, 128, 8192) / GIBI),
    Figure("compromis", "environ {} fois plus petit", 528 / 14),
    Figure("compromis", "donc environ ± {} point", 100 * 1.96 * standard_error(0.90, 1000), 1),
    Figure("compromis", "sur 1000 exemples, {}, donc", standard_error(0.90, 1000), 4),
]

PRETRAINED = [
    Figure("avantages-pre-entraine", "donc environ {} ans", 6 * 7e9 * 2e12 / 4e14 / (365.25 * 24 * 3600), 1),
    Figure("avantages-pre-entraine", "2e12 = {}e22", 6 * 7 * 2 / 10, 1),
    Figure("avantages-pre-entraine", "soit {}e8 secondes", 6 * 7e9 * 2e12 / 4e14 / 1e8, 1),
    Figure("avantages-pre-entraine", "1280 × 5 + 5 = {} paramètres", dense(1280, 5)),
    Figure("extraction", "1280 × 3 + 3 = {}", dense(1280, 3)),
    Figure("extraction", "1280 × 5 + 5 = {}", dense(1280, 5)),
    Figure("extraction", "soit environ {} % de l'ensemble", 100 * dense(1280, 5) / (2_257_984 + dense(1280, 5)), 1),
    Figure("extraction", "1280 × 4 octets = {} Mo", 10_000 * 1280 * FLOAT32 / MEGA, 1),
    Figure("fine-tuning", "7 milliards × 16 = {} Go", 7 * (2 + 2 + 3 * FLOAT32)),
    Figure("fine-tuning", "soit {} octets par paramètre", 2 + 2 + 3 * FLOAT32),
    Figure("lora", "8 × 8192 = {} au lieu de", lora(4096, 4096, 8)),
    Figure("lora", "16777216, soit {} %", 100 * lora(4096, 4096, 8) / 4096**2, 2),
    Figure("lora", "4096 × 4096 = {}, soit", 4096**2),
    Figure("lora", "0.5 octet = {} Go", 7 * INT4, 1),
    Figure("lora", "1000000, soit {} %", 100 * lora(1000, 1000, 4) / 1000**2, 1),
    Figure("lora", "4 × (1000 + 1000) = {}, au lieu de", lora(1000, 1000, 4)),
    Figure("choisir-modele", "{} Go en 4 bits", 7 * INT4, 1),
]

NETWORKS = [
    Figure("perceptron", "donne environ {}", sigmoid(1 * 0.5 + 2 * -0.25 + 0.1), 3),
    Figure("couches-mlp", "au total {} paramètres", dense(784, 128, 10)),
    Figure("couches-mlp", "101770 × 4 = {} octets", dense(784, 128, 10) * FLOAT32),
    Figure("couches-mlp", "24 × 16 + 16 + 16 + 1 = {} paramètres", dense(24, 16, 1)),
    Figure("couches-mlp", "plus 3 biais : {} paramètres", dense(4, 3)),
    Figure("activation", "donnent environ {}", softmax((2, 1, 0))[0], 3),
    Figure("activation", "0.245 et {}", softmax((2, 1, 0))[2], 3),
    Figure("fonction-perte", r"de $\log K$, soit environ {} pour 10 classes", -math.log(1 / 10), 3),
    Figure("fonction-perte", "(1 + 4 + 9) / 3, soit environ {}", mean([error**2 for error in (1, 2, 3)]), 2),
    Figure("fonction-perte", "0.9 coûte environ {}", -math.log(0.9), 3),
    Figure("fonction-perte", ", 0.01 environ {}", -math.log(0.01), 3),
    Figure("descente-gradient", "gradient -6, donc {}", descended(0, 0.1, 1), 1),
    Figure("descente-gradient", "gradient -4.8, donc {}", descended(0, 0.1, 2), 2),
    Figure("descente-gradient", "multiplié par {} à chaque pas", (3 - descended(0, 0.1, 2)) / (3 - descended(0, 0.1, 1)), 1),
    Figure("optimiseurs", "1 / (1 - 0.9) = {} fois", sum(0.9**step for step in range(1000))),
    Figure("optimiseurs", "soit {} Go pour 7 milliards", 7 * 2 * FLOAT32),
    Figure("taux-apprentissage", "0.1 le facteur est {}", 1 - 0.1 * 4, 1),
    Figure("taux-apprentissage", "avec 0.6 il devient {}", 1 - 0.6 * 4, 1),
    Figure("taux-apprentissage", "8192 / 256 = {}", 0.1 * 8192 / 256, 1),
    Figure("retropropagation", "(3 × 2 - 1) × 3 = {}", slope(2)),
    Figure("retropropagation", "soit {} pour 101770 paramètres", dense(784, 128, 10) + 1),
    Figure("gradient-evanescent", r"écart-type $\sqrt{2/512}$, soit {}.", math.sqrt(2 / 512), 4),
    Figure("gradient-evanescent", "{} × 10⁻⁷", 0.25**10 * 1e7, 1),
    Figure("gradient-evanescent", "{} × 10⁸", 1.5**50 / 1e8, 1),
    Figure("normalisation", "Keras affiche {}", (2 + 2) * 64),
]

SECURITY = [
    Figure("cle-api", r"\approx {}", 32 * math.log2(26 + 26 + 10)),
    Figure("validation-entrees", "3 octets = {} Go", 20_000**2 * 3 / GIGA, 1),
    Figure("injection-invite", "≈ {} %", 100 * at_least_once(0.01, 100)),
    Figure("rate-limiting", "10 + 60 / 2 = {} par minute", 10 + 60 / 2),
    Figure("journaux-surs", "demandent environ {} secondes", 2**32 / (100 * MEGA)),
    Figure("journaux-surs", "$2^{32}$ = {} adresses", 2**32),
    Figure("exposer-modele", "20 + 1 = {} requêtes", dense(20, 1)),
]

VISION = [
    Figure("image-pixels", "224 × 224 × 3 = {} valeurs", 224 * 224 * 3),
    Figure("image-pixels", "soit {} octets", 224 * 224 * 3 * FLOAT32),
    Figure("convolution", "64 × (3 × 3 × 3 + 1) = {} paramètres", conv(64, 3)),
    Figure("architecture-cnn", "trois couvrent 7 × 7, avec {} poids contre 49", 3 * 3 * 3),
    Figure("convolution", "224 × 224 × 64 × 27 = {} multiplications", 224 * 224 * conv(64, 3, bias=0)),
    Figure("pooling", "une carte 224 × 224 devient {} ×", pooled(224, 2, 2)),
    Figure("pooling", "7 × 7 × 2048 = {} valeurs", 7 * 7 * 2048),
    Figure("architecture-cnn", "64 × (288 + 1) = {}", conv(64, 32)),
    Figure("architecture-cnn", "soit {} paramètres", conv(32, 3) + conv(64, 32) + dense(pooled(pooled(32, 2, 2), 2, 2) ** 2 * 64, 10)),
    Figure("architecture-cnn", "donc le total à {}", conv(32, 3) + conv(64, 32) + dense(64, 10)),
    Figure("resnet", "2 × 64 × 64 × 9 = {} poids", 2 * conv(64, 64, bias=0)),
    Figure("resnet", "soit environ {} Mo", 25_557_032 * FLOAT32 / MEGA),
    Figure("detection-yolo", "une intersection de {}", overlap(10, 5)[0]),
    Figure("detection-yolo", "un IoU de 1/{}", overlap(10, 5)[1] / overlap(10, 5)[0]),
    Figure("gan-diffusion", "soit {} fois moins", 512 * 512 * 3 / (64 * 64 * 4)),
]

WEB = [
    Figure("architecture-web", "700 / 800 = {} %", 100 * 700 / (60 + 20 + 20 + 700), 1),
    Figure("architecture-web", "60 + 20 + 20 + 700 = {} ms", 60 + 20 + 20 + 700),
    Figure("frontend", "soit environ {} fois moins", 4000 * 3000 / 224**2),
    Figure("frontend", "224 × 224 = {} pour", 224**2),
    Figure("flask", "2 × 4 = {} requêtes", 2 * 4),
    Figure("flask", "2 × 600 = {} Mo", 2 * 600),
    Figure("fastapi", "10 × 2 = {} s en série", 10 * 2),
    Figure("django-express", "1 + 100 = {} requêtes", 1 + 100),
    Figure("charger-une-fois", "8 / 1000 = {} s", mean([8 + 0.1] + [0.1] * 999), 3),
    Figure("charger-une-fois", "4 processus × 500 Mo = {} Mo", 4 * 500),
    Figure("lots-cache", "32 / 0.080 = {} images/s", 32 / 0.080),
    Figure("lots-cache", "1 / 0.010 = {} images/s", 1 / 0.010),
    Figure("lots-cache", "0.6 × 800 = {} ms", 0.4 * 5 + (1 - 0.4) * 800),
    Figure("repli-delais", "(1 + 2 + 4) = {} s", 4 * 10 + waits(1, 3)),
    Figure("stockage", "soit {} Mo", 2000 * 2 * 90 / 1000),
    Figure("stockage", "90 jours = {} ko", 2000 * 2 * 90),
    Figure("ux-ia", "300 / 50 = {} s", 300 / 50),
    Figure("deploiement", "10 × 8 kbit/s = {} kbit/s", 10 * 8),
    Figure("deploiement", "10 caméras × 4 Mbit/s = {} Mbit/s", 10 * 4),
    Figure("mlops", "0.2 × 0.511 ≈ {}", stability((0.7, 0.3), (0.5, 0.5)), 2),
]

ROOMS = (BASICS, CHATBOT, DATA, TRAINING, ETHICS, EVALUATION, FRAMEWORKS, LANGUAGE, API)
FIGURES = list(chain(*ROOMS, TRADES, OPTIMISATION, PRETRAINED, NETWORKS, SECURITY, VISION, WEB))


def normalised(text: str) -> str:
    """Write French numbers as Python does: no thousands space, a decimal point, a plain minus."""
    plain = re.sub(r"[\u00a0\u202f]", " ", text).replace("\u2212", "-").replace("\u2019", "'")
    plain = re.sub(r"(?<=\d) (?=\d{3}(?!\d))", "", plain)
    return re.sub(r"(?<=\d),(?=\d)", ".", plain)


def told(card: Card) -> str:
    """Return all that a card explains: its levels, its examples and the answer to its question."""
    answer = [card.check_question.answer] if card.check_question else []
    return normalised("\n".join([*card.levels.values(), *card.examples, *answer]))


@pytest.fixture(scope="module")
def cards() -> dict[str, Card]:
    course = load_course(Settings(_env_file=None).course_folder)
    return {card.id: card for topic in course.topics for card in topic.subtopics}


@pytest.mark.parametrize("figure", FIGURES, ids=lambda figure: f"{figure.card}: {figure.phrase}")
def test_the_card_tells_the_computed_value(cards: dict[str, Card], figure: Figure) -> None:
    """Every number that stands at the phrase's place in the card is the one that the computation gives."""
    before, after = map(re.escape, figure.phrase.split("{}"))
    found = re.findall(before + NUMBER + after, told(cards[figure.card]))

    assert [f"{figure.value:.{figure.digits}f}"] == found


def test_most_chapters_of_the_course_are_worked_out() -> None:
    """Over a hundred cards have a figure here, and no figure is there twice."""
    assert len({figure.card for figure in FIGURES}) > 100
    assert len(FIGURES) == len({(figure.card, figure.phrase) for figure in FIGURES})
