"""Samples of special functions: SciPy's ufuncs, and those of `wengert.scipy.special`."""

from __future__ import annotations

import numpy as np
from scipy import special as sp

from tests.coverage.samples import Sample, cases
from wengert.functions.tracing import special_called
from wengert.functions.tracing.tracer import FUNCTIONS
from wengert.scipy import special

RNG = np.random.default_rng(21)
RIGHT = RNG.uniform(0.5, 6.0, size=(2, 3))
UNIT = RNG.uniform(0.15, 0.85, size=(2, 3))
ANY = RNG.uniform(-2.0, 2.0, size=(2, 3))
ROW = RNG.uniform(0.5, 3.0, size=3)
ORDERS = np.array([0, 1, 3])
LOOSE = {"complex_step": False}
"""Most of them have no complex form, or one that loses an imaginary part of 1e-30."""

ON_THE_LINE = (sp.erf, sp.erfc, sp.erfcx, sp.erfi, sp.dawsn, sp.expit, sp.log_expit, sp.ndtr, sp.log_ndtr, sp.exp2)
ON_THE_LINE += (sp.expm1, sp.cbrt, sp.exp10, sp.j0, sp.j1, sp.i0, sp.i1, sp.i0e, sp.i1e, sp.rgamma)
ON_THE_RIGHT = (sp.gamma, sp.gammaln, sp.loggamma, sp.digamma, sp.psi, sp.y0, sp.y1, sp.k0, sp.k1, sp.k0e, sp.k1e)
ON_THE_RIGHT += (sp.exp1, sp.expi, sp.log1p, sp.entr)
IN_THE_UNIT = (sp.logit, sp.erfinv, sp.ndtri, sp.erfcinv)
PAIRS = (sp.beta, sp.betaln, sp.xlogy, sp.xlog1py, sp.rel_entr, sp.kl_div)
OF_ORDER = (sp.jv, sp.jn, sp.yv, sp.yn, sp.iv, sp.kv, sp.ive, sp.kve)

BY_SHAPE = (sp.gammainc, sp.gammaincc, sp.chdtr, sp.chdtrc, sp.stdtr)
INVERSES = (sp.gammaincinv, sp.gammainccinv, sp.stdtrit)
BETAS = (sp.betainc, sp.betaincc, sp.betaincinv)
OF_F = (sp.fdtr, sp.fdtrc, sp.gdtr, sp.gdtrc)
POWERS = (sp.boxcox, sp.boxcox1p, sp.inv_boxcox, sp.inv_boxcox1p, sp.powm1)


def unary():
    for functions, x in ((ON_THE_LINE, ANY), (ON_THE_RIGHT, RIGHT), (IN_THE_UNIT, UNIT)):
        for f in dict.fromkeys(functions):
            yield from cases(f, (x,), (x[0, 0].reshape(()),), (x[:, ::-2],), (x[:0],), **LOOSE)


ORDERED = (
    *(s for f in OF_ORDER for s in cases(f, (2, RIGHT), (ORDERS, RIGHT), (ORDERS[:, None], ROW), **LOOSE)),
    *(s for f in (sp.jv, sp.yv, sp.iv, sp.kv, sp.ive, sp.kve) for s in cases(f, (1.5, RIGHT), **LOOSE)),
    *(s for f in BY_SHAPE for s in cases(f, (2.5, RIGHT), (1, RIGHT), **LOOSE)),
    *(s for f in BY_SHAPE for s in cases(f, (ROW, RIGHT), orders=1, **LOOSE)),
    *(s for f in INVERSES for s in cases(f, (2.5, UNIT), **LOOSE)),
    *(s for f in INVERSES for s in cases(f, (ROW, UNIT), orders=1, **LOOSE)),
    *(s for f in BETAS for s in cases(f, (2.5, 1.5, UNIT), **LOOSE)),
    *(s for f in BETAS for s in cases(f, (ROW, 2, UNIT), orders=1, **LOOSE)),
    *(s for f in OF_F for s in cases(f, (2.5, 1.5, RIGHT), **LOOSE)),
    *(s for f in OF_F for s in cases(f, (ROW, 2, RIGHT), orders=1, **LOOSE)),
    *cases(sp.fdtri, (2.5, 1.5, UNIT), **LOOSE),
    *(s for f in (sp.pdtr, sp.pdtrc) for s in cases(f, (2, RIGHT), (ORDERS, RIGHT), **LOOSE)),
    *(s for f in POWERS for s in cases(f, (RIGHT, ROW), (ROW, RIGHT), (RIGHT, 0.0), **LOOSE)),
    *cases(sp.cosm1, (ANY,), **LOOSE),
)

COUNTS = np.array([[1.0, 0.0, 2.0], [-1.0, 1.0, 3.0]])
FUNCTIONS_OF = (
    *cases(special.polygamma, (1, RIGHT), (0, RIGHT), (3, RIGHT), (np.array([0, 1, 2]), RIGHT), **LOOSE),
    *cases(special.multigammaln, (RIGHT + 2, 3), (RIGHT + 2, 1), **LOOSE),
    *cases(special.zeta, (2.5, RIGHT), (np.array([2.0, 3.0, 4.5]), RIGHT), fixed=(0,), **LOOSE),
    *cases(special.softmax, (ANY,), (ANY, 0), (ANY, {"axis": -1}), (ANY, {"axis": (0, 1)}), **LOOSE),
    *cases(special.log_softmax, (ANY,), (ANY, 0), (ANY, {"axis": -1}), **LOOSE),
    *cases(special.logsumexp, (ANY,), (ANY, 0), (ANY, {"axis": (0, 1), "keepdims": True}), **LOOSE),
    *cases(special.logsumexp, (ANY, 1, RIGHT), (ANY, {"b": ROW, "axis": 0}), (ANY, {"b": 2.0}), **LOOSE),
    *cases(
        special.logsumexp, (ANY, {"b": COUNTS, "axis": 1, "return_sign": True}), (ANY, {"return_sign": True}), **LOOSE
    ),
    *cases(np.i0, (ANY,), (RIGHT,), (np.array(0.0),), **LOOSE),
    *cases(sp.huber, (ROW, ANY), (1.0, ANY), **LOOSE),
    *cases(sp.pseudo_huber, (ROW, ANY), (1.0, ANY), **LOOSE),
)

EDGES = (
    *cases(sp.entr, (np.array([0.0, -1.0, np.nan, np.inf]),), orders=0),
    *cases(sp.xlogy, (np.array([0.0, 0.0, 1.0]), np.array([0.0, np.nan, 0.0])), orders=0),
    *cases(sp.xlog1py, (np.array([0.0, 0.0, 1.0]), np.array([-1.0, np.nan, -1.0])), orders=0),
    *cases(sp.gammasgn, (ANY,), (RIGHT,), orders=0),
    *cases(sp.logit, (np.array([0.0, 1.0, 0.5, 0.5 + 1e-12, 1.5]),), orders=0),
    *cases(special.logsumexp, (np.array([-np.inf, -np.inf]),), (np.array([1e4, 0.0]),), orders=0),
    *cases(sp.gamma, (np.array([0.5, -1.5, 20.0]),), orders=0),
)


def outers():
    """x ∘ y for every pair, of the ufuncs of SciPy."""
    for ufunc in (e[0] for e in FUNCTIONS if isinstance(e, tuple) and e[1] == "outer"):
        if getattr(np, ufunc.__name__, None) is not ufunc and ufunc.__name__ not in special_called.WITH_OUTER:
            first = ORDERS if ufunc in OF_ORDER else ROW
            orders = 1 if ufunc in (*BY_SHAPE, *INVERSES) else 2
            yield Sample((ufunc, "outer"), (first, UNIT), orders=orders, complex_step=False)


TWO = tuple(s for f in PAIRS for s in cases(f, (RIGHT, ROW), (ROW, RIGHT), (2, RIGHT), **LOOSE))
SAMPLES = (*unary(), *TWO, *ORDERED, *FUNCTIONS_OF, *EDGES, *outers())
