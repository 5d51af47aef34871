"""What the pictures show, worked out: every number on a picture comes from here."""

import math
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
INT8 = (-128, 127)


def sigmoid(z: Numbers) -> Numbers:
    """Bring every number between 0 and 1."""
    return np.asarray(1 / (1 + np.exp(-z)))


def softmax(scores: Sequence[float] | Numbers, temperature: float = 1) -> Numbers:
    """Turn scores into shares whose sum is 1, along the last axis."""
    scaled = np.asarray(scores, dtype=float) / temperature
    powers = np.exp(scaled - scaled.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))


def correlate(image: Numbers, kernel: Numbers) -> Numbers:
    """Slide a kernel over an image, step 1, no margin."""
    windows = np.lib.stride_tricks.sliding_window_view(image, kernel.shape)
    return np.asarray((windows * kernel).sum(axis=(2, 3)))


def pool(values: Numbers, side: int = 2) -> tuple[Numbers, Numbers]:
    """Return the maximum and the mean of every square of that side."""
    rows, columns = (size // side for size in values.shape)
    squares = values.reshape(rows, side, columns, side)
    return squares.max(axis=(1, 3)), squares.mean(axis=(1, 3))


def output_size(size: int, window: int, margin: int = 0, step: int = 1) -> int:
    """Return the side of what a convolution or a pooling gives."""
    return (size + 2 * margin - window) // step + 1


def conv_weights(filters: int, channels: int, side: int = 3) -> int:
    """Count the weights and biases of a convolution."""
    return filters * (side * side * channels + 1)


def dense_weights(inputs: int, outputs: int) -> int:
    """Count the weights and biases of a dense layer."""
    return inputs * outputs + outputs


class Confusion(NamedTuple):
    """The four counts of a yes-or-no classifier."""

    tp: int
    fp: int
    fn: int
    tn: int

    @property
    def accuracy(self) -> float:
        """The share of right answers."""
        return (self.tp + self.tn) / sum(self)

    @property
    def precision(self) -> float:
        """The share of alarms that are right."""
        return self.tp / (self.tp + self.fp)

    @property
    def recall(self) -> float:
        """The share of true cases that are found."""
        return self.tp / (self.tp + self.fn)

    @property
    def fall_out(self) -> float:
        """The share of false cases that raise an alarm."""
        return self.fp / (self.fp + self.tn)

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall."""
        return 2 * self.tp / (2 * self.tp + self.fp + self.fn)


MATRIX = Confusion(tp=40, fp=20, fn=10, tn=930)
"""The counts of the card `matrice-confusion`."""


def class_scores() -> tuple[Numbers, Numbers]:
    """Return the scores of 50 true and 950 false cases, spread as two bells so that 0.5 gives MATRIX."""
    bell = NormalDist()
    true = [bell.inv_cdf((i + 0.5) / 50) + bell.inv_cdf(MATRIX.recall) for i in range(50)]
    false = [bell.inv_cdf((i + 0.5) / 950) + bell.inv_cdf(MATRIX.fall_out) for i in range(950)]
    return sigmoid(np.array(true)), sigmoid(np.array(false))


def cut(threshold: float) -> Confusion:
    """Count what a threshold gives on `class_scores`."""
    true, false = class_scores()
    tp, fp = int((true >= threshold).sum()), int((false >= threshold).sum())
    return Confusion(tp, fp, len(true) - tp, len(false) - fp)


def quantise(values: Numbers, scale: float, zero: int = 0) -> Numbers:
    """Write reals as 8-bit integers."""
    return np.asarray(np.clip(np.round(values / scale + zero), *INT8))


def restore(integers: Numbers, scale: float, zero: int = 0) -> Numbers:
    """Read 8-bit integers back as reals."""
    return np.asarray(scale * (integers - zero))


def prune(weights: Numbers, share: float) -> tuple[Numbers, float]:
    """Put the smallest weights to zero; return the rest and the least magnitude that was kept."""
    kept = np.sort(np.abs(weights).ravel())[round(share * weights.size) :]
    return np.where(np.abs(weights) >= kept[0], weights, 0), float(kept[0])


def descend(curvature: float, rate: float, start: float, steps: int) -> list[float]:
    """Walk down half of curvature times x squared; return every position."""
    path = [start]
    for _ in range(steps):
        path.append(path[-1] - rate * curvature * path[-1])
    return path


def noisy_wave(count: int, seed: int, noise: float = 0.25) -> tuple[Numbers, Numbers]:
    """Return points of a sine with noise, the same for the same seed."""
    draw = np.random.default_rng(seed)
    x = np.sort(draw.uniform(0, 1, count))
    return x, np.sin(2 * np.pi * x) + noise * draw.standard_normal(count)


def rmse(expected: Numbers, found: Numbers) -> float:
    """Return the root of the mean squared error."""
    return math.sqrt(float(np.mean((expected - found) ** 2)))


def waves(x: Numbers, count: int, fall: float) -> Numbers:
    """Return cosines of growing frequency and falling weight, a column each."""
    order = np.arange(count)
    return np.asarray(np.cos(np.pi * np.outer(x, order)) / (1 + order) ** fall)


class Training(NamedTuple):
    """How many noisy points a small linear model sees, and how many waves it may add up."""

    points: int
    features: int
    fall: float = 0.25
    noise: float = 0.5
    seed: int = 2


def learning_curves(training: Training, epochs: int = 40) -> tuple[Numbers, Numbers]:
    """Train by gradient descent; return the loss on the points and on 200 others, before and after each epoch."""
    x, y = noisy_wave(training.points, training.seed, training.noise)
    other_x, other_y = noisy_wave(200, seed=11, noise=training.noise)
    seen, unseen = (waves(places, training.features, training.fall) for places in (x, other_x))
    weights, losses = np.zeros(training.features), []
    for _ in range(epochs + 1):
        gap = seen @ weights - y
        losses.append((np.mean(gap**2), np.mean((unseen @ weights - other_y) ** 2)))
        weights -= 0.5 * seen.T @ gap / training.points
    both = np.array(losses)
    return both[:, 0], both[:, 1]


def early_stop(losses: Numbers, patience: int) -> tuple[int, int]:
    """Return the best epoch and the one at which the training stops."""
    best = 0
    for epoch, loss in enumerate(losses):
        if loss < losses[best]:
            best = epoch
        if epoch - best == patience:
            break
    return best, epoch


def learn_pieces(words: dict[str, int], merges: int) -> list[str]:
    """Learn a vocabulary by byte pair encoding: letters first, then the pairs that are met most."""
    split = {word: list(word) for word in words}
    vocabulary = sorted({letter for word in words for letter in word})
    for _ in range(merges):
        pairs: Counter[tuple[str, str]] = Counter()
        for word, pieces in split.items():
            pairs.update({pair: words[word] * times for pair, times in Counter(pairwise(pieces)).items()})
        best = max(pairs, key=lambda pair: (pairs[pair], pair))
        vocabulary.append("".join(best))
        split = {word: merged(pieces, best) for word, pieces in split.items()}
    return vocabulary


def merged(pieces: list[str], pair: tuple[str, str]) -> list[str]:
    """Join every occurrence of a pair."""
    out: list[str] = []
    for piece in pieces:
        if out and (out[-1], piece) == pair:
            out[-1] += piece
        else:
            out.append(piece)
    return out


def cut_word(word: str, vocabulary: Sequence[str]) -> list[str]:
    """Cut a word with the merges of a vocabulary, in the order they were learnt."""
    pieces = list(word)
    while len(pieces) > 1:
        pairs = [pair for pair in pairwise(pieces) if "".join(pair) in vocabulary]
        if not pairs:
            break
        pieces = merged(pieces, min(pairs, key=lambda pair: vocabulary.index("".join(pair))))
    return pieces


def group(points: Numbers, centres: Numbers, rounds: int = 10) -> tuple[Numbers, NDArray[np.intp]]:
    """Move centres by k-means; return them and each point's group."""
    for _ in range(rounds):
        nearest = np.argmin(((points[:, None] - centres) ** 2).sum(axis=2), axis=1)
        centres = np.array([points[nearest == number].mean(axis=0) for number in range(len(centres))])
    return centres, nearest


def balanced_weights(counts: Sequence[int]) -> list[float]:
    """Return what one example of each class must weigh for all classes to count the same."""
    return [sum(counts) / (len(counts) * count) for count in counts]


def per_second(images: int, milliseconds: float) -> float:
    """Return the throughput of a batch."""
    return 1000 * images / milliseconds


def mean_wait(hit_rate: float, cached: float, computed: float) -> float:
    """Return the mean time of an answer where some come from a cache."""
    return hit_rate * cached + (1 - hit_rate) * computed
