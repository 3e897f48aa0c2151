"""A trained ridge regression beside scikit-learn's: python examples/ridge.py MODEL

MODEL is what `wengert train examples/linear_regression.txt --data diabetes …` wrote. The equations' loss
(1/N) Σ_n ½ (y_n − t_n)² + λ ½ Σ_j w_j² has its minimum where Ridge(alpha=λN) has it, whose intercept is not penalised.
Ridge gets the same training rows and the same standardisation. The exit status is 1 if an RMSE differs by more than 1 %.
"""

import json
import sys

import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.linear_model import Ridge
from sklearn.preprocessing import StandardScaler

from wengert.train.model_file import load_model
from wengert.train.preparation import split

model = load_model(sys.argv[1])
lam = json.loads(model.context["constants"])["lam"]
data, target = load_diabetes(return_X_y=True, scaled=False)
training, held = split(len(target), float(model.run.test), model.run.seed)

scaler = StandardScaler().fit(data[training])
ridge = Ridge(alpha=lam * len(training)).fit(scaler.transform(data[training]), target[training])


def trained(x: np.ndarray) -> np.ndarray:
    """The prediction of the model file: y = Σ_j w_j x_j + b over standardised inputs."""
    x = (x - model.standardisation.mean["x"]) / model.standardisation.scale["x"]
    return x @ model.parameters["w"] + model.parameters["b"]


def rmse(prediction: np.ndarray, truth: np.ndarray) -> float:
    """√(mean (prediction − truth)²)."""
    return float(np.sqrt(np.mean((prediction - truth) ** 2)))


print(f"RMSE on diabetes       {'wengert':>10} {'Ridge':>10}   difference    (alpha = λN = {lam * len(training):g})")
worst = 0.0
for name, rows in (("training", training), ("test", held)):
    ours, theirs = (
        rmse(trained(data[rows]), target[rows]),
        rmse(ridge.predict(scaler.transform(data[rows])), target[rows]),
    )
    worst = max(worst, abs(ours - theirs) / theirs)
    print(f"{len(rows):5d} {name:<16} {ours:10.4f} {theirs:10.4f} {abs(ours - theirs) / theirs:12.1e}")
sys.exit(worst > 0.01)
