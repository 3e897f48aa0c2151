"""Hand-written models that satisfy model.Model, and the tasks that build them: what a session needs of an equation system."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from wengert.train.task import Task


class Linear:
    """y = X w + b;  L = ½ (y − t)²;  R = ½ Σ w², by hand: the loss is the mean of L and λ R."""

    logistic = False

    def __init__(self, features: int, decay: float = 0.0) -> None:
        self.decay = decay
        self.sizes = {"d": features}
        self.parameters = {"w": (features,), "b": ()}
        self.fingerprint = f"{type(self).__name__} {features} {decay}"
        self.loss_name = "J"

    def forward(self, params, batch):
        made = {}
        if "x" in batch:
            made["z"] = batch["x"] @ params["w"] + params["b"]
            made["y"] = 1 / (1 + np.exp(-made["z"])) if self.logistic else made["z"]
        made["R"] = np.asarray(0.5 * np.sum(params["w"] ** 2))
        if "y" in made and "t" in batch:
            y, t = made["y"], batch["t"]
            made["L"] = -t * np.log(y) - (1 - t) * np.log(1 - y) if self.logistic else 0.5 * (y - t) ** 2
            made["J"] = np.mean(made["L"]) + self.decay * made["R"]
        return made

    def loss_and_gradients(self, params, batch):
        made = self.forward(params, batch)
        error = (made["y"] - batch["t"]) / len(batch["t"])  # the same for both losses
        gradients = {"w": batch["x"].T @ error + self.decay * params["w"], "b": np.asarray(error.sum())}
        return float(made["J"]), gradients


class Logistic(Linear):
    """The same with y = σ(z) and the cross-entropy of a 0/1 target."""

    logistic = True


class Softmax:
    """z = X Wᵀ + b; y = softmax(z); L = −Σ t log y, by hand."""

    def __init__(self, features: int, classes: int) -> None:
        self.sizes = {"d": features, "k": classes}
        self.parameters = {"W": (classes, features), "b": (classes,)}
        self.fingerprint = f"Softmax {features} {classes}"
        self.loss_name = "J"

    def forward(self, params, batch):
        made = {}
        if "x" in batch:
            made["z"] = batch["x"] @ params["W"].T + params["b"]
            e = np.exp(made["z"] - made["z"].max(axis=1, keepdims=True))
            made["y"] = e / e.sum(axis=1, keepdims=True)
        if "y" in made and "t" in batch:
            made["J"] = np.asarray(-np.mean(np.log(np.sum(batch["t"] * made["y"], axis=1))))
        return made

    def loss_and_gradients(self, params, batch):
        made = self.forward(params, batch)
        error = (made["y"] - batch["t"]) / len(batch["t"])
        return float(made["J"]), {"W": error.T @ batch["x"], "b": error.sum(axis=0)}


def linear_task(decay: float = 0.0) -> Task:
    def build(columns, sizes: Mapping[str, int]):
        return Linear(columns["x"].shape[1], decay)

    return Task("y = Σ_j w_j x_j + b\nL = ½ (y − t)²", ("x", "t"), build)


def logistic_task() -> Task:
    return Task("y = σ(Σ_j w_j x_j + b)", ("x", "t"), lambda columns, sizes: Logistic(columns["x"].shape[1]))


def softmax_task() -> Task:
    def build(columns, sizes: Mapping[str, int]):
        classes = columns["t"].shape[1] if "t" in columns else sizes["k"]
        return Softmax(columns["x"].shape[1], classes)

    return Task("y = softmax(W x + b)", ("x", "t"), build)


@pytest.fixture
def linear():
    return linear_task


@pytest.fixture
def logistic():
    return logistic_task


@pytest.fixture
def softmax():
    return softmax_task
