"""Cox's partial likelihood with a sorted risk set, and a Weibull fit with dictionaries of parameters."""

import numpy as np

rng = np.random.default_rng(8)
time = rng.exponential(size=14)
event = rng.uniform(size=14) > 0.3
covariates = rng.normal(size=(14, 2))


def cox(beta):
    order = np.argsort(-time)
    eta = covariates[order] @ beta
    risk = np.cumsum(np.exp(eta))
    return -np.sum((eta - np.log(risk))[event[order]])


def weibull(params):
    k, lam = params["shape"], params["scale"]
    ll = 0
    for t, d in zip(time, event):
        z = (t / lam) ** k
        ll += d * (np.log(k / lam) + (k - 1) * np.log(t / lam)) - z
    return -ll


def objective(p):
    params = dict(shape=np.exp(p[2]), scale=np.exp(p[3]))
    return cox(p[:2]) + weibull(params)


START = np.array([0.2, -0.4, 0.1, 0.3])
