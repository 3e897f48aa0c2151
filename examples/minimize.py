"""The derived backward pass as the gradient of scipy.optimize.minimize: ridge regression on the diabetes data.

The equations are written for one example; `batch` puts all examples in; `function` gives value and gradients over arrays.
The minimum is compared with the solution of the normal equations. It needs SciPy and scikit-learn.
"""

from pathlib import Path

import numpy as np
from scipy.optimize import minimize
from sklearn.datasets import load_diabetes

import wengert as wg

LAM = 0.1

system = wg.equations(Path(__file__).parent / "linear_regression.txt").batch(["x", "t"])
derivation = system.backward(wrt=["w", "b"])
value_and_gradients = derivation.function()

x, t = load_diabetes(return_X_y=True)
x = (x - x.mean(axis=0)) / x.std(axis=0)
n, d = x.shape


def objective(point: np.ndarray) -> tuple[float, np.ndarray]:
    """The loss at (w, b) as one vector, and its gradient as one vector."""
    value, gradients = value_and_gradients(x=x, t=t, w=point[:d], b=point[d], lam=LAM)
    return float(value), np.append(gradients["w"], gradients["b"])


result = minimize(objective, np.zeros(d + 1), jac=True, method="L-BFGS-B", options={"ftol": 1e-15, "gtol": 1e-8})
exact = np.append(np.linalg.solve(x.T @ x / n + LAM * np.eye(d), x.T @ (t - t.mean()) / n), t.mean())
difference = np.abs(result.x - exact).max() / np.abs(exact).max()

print(derivation)
print(derivation.check())
print(f"minimum {result.fun:.6f} after {result.nfev} evaluations of value and gradient")
print(f"largest difference from the normal equations, relative to the largest parameter: {difference:.1e}")
