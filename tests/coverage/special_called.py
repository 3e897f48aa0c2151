"""Samples of SciPy's special functions that are no ops: elliptic, orthogonal, hypergeometric and others."""

from __future__ import annotations

import numpy as np
from scipy import special as sp

from tests.coverage.samples import cases
from wengert.functions.tracing import special_called
from wengert.scipy import special

RNG = np.random.default_rng(33)
RIGHT = RNG.uniform(0.5, 4.0, size=(2, 3))
UNIT = RNG.uniform(0.15, 0.85, size=(2, 3))
ANY = RNG.uniform(-0.9, 0.9, size=(2, 3))
ROW = RNG.uniform(0.5, 3.0, size=3)
ORDERS = np.array([0, 1, 3])
LOOSE = {"complex_step": False, "single": False}

POLYNOMIALS = (sp.eval_legendre, sp.eval_chebyt, sp.eval_chebyu, sp.eval_hermite, sp.eval_hermitenorm, sp.eval_laguerre)
SPHERICAL = (special.spherical_jn, special.spherical_yn, special.spherical_in, special.spherical_kn)
SEVERAL = (sp.airy, sp.airye, sp.fresnel, sp.sici, sp.shichi)
WITHOUT_ORDER = {"fixed": (0,), **LOOSE}
"""By a real order there is no derivative."""

SAMPLES = (
    *(s for f in (sp.ellipk, sp.ellipe, sp.ellipkm1) for s in cases(f, (UNIT,), (UNIT[0, 0].reshape(()),), **LOOSE)),
    *(s for f in (sp.ellipkinc, sp.ellipeinc) for s in cases(f, (RIGHT, UNIT), (ROW, 0.4), orders=1, **LOOSE)),
    *cases(sp.ellipkinc, (RIGHT, 0.4), **LOOSE),
    *cases(sp.ellipeinc, (RIGHT, 0.4), **LOOSE),
    *cases(sp.ellipj, (RIGHT, 0.4), **LOOSE),
    *cases(sp.hyp2f1, (0.5, 1.5, 2.5, ANY), **LOOSE),
    *cases(sp.hyp1f1, (0.5, 1.5, ANY), **LOOSE),
    *cases(sp.hyp0f1, (1.5, ANY), **LOOSE),
    *cases(sp.hyperu, (1.5, 0.5, RIGHT), first=1e-8, second=1e-6, **LOOSE),
    *(s for f in POLYNOMIALS for s in cases(f, (2, ANY), (ORDERS, ANY), (0, ANY), **LOOSE)),
    *cases(sp.eval_jacobi, (3, 0.5, 1.5, ANY), **LOOSE),
    *cases(sp.eval_gegenbauer, (3, 0.5, ANY), **LOOSE),
    *cases(sp.eval_genlaguerre, (3, 0.5, ANY), **LOOSE),
    *(s for f in SPHERICAL for s in cases(f, (2, RIGHT), (ORDERS, ROW), (1, RIGHT, {"derivative": True}), **LOOSE)),
    *(s for f in SEVERAL for s in cases(f, (RIGHT,), **LOOSE)),
    *cases(sp.spence, (RIGHT,), (np.array([1.0, 1.0005, 0.998]),), **LOOSE),
    *cases(sp.expn, (2, RIGHT), (ORDERS, ROW), **LOOSE),
    *(s for f in (sp.struve, sp.modstruve) for s in cases(f, (1, RIGHT), (0.5, RIGHT), **LOOSE)),
    *cases(sp.binom, (RIGHT + 4, ROW), (7.5, ROW), **LOOSE),
    *cases(sp.poch, (RIGHT, ROW), (RIGHT, 2.5), **LOOSE),
    *cases(sp.wofz, (ANY,), **LOOSE),
    *cases(special.lambertw, (RIGHT,), (-0.2 * UNIT, -1), first=1e-8, second=1e-6, **LOOSE),
    *(
        s
        for name in special_called.WITH_OUTER
        for s in cases(
            (getattr(sp, name), "outer"),
            (ORDERS if "n" in special_called.SLOPES[name] else ROW, UNIT),
            orders=1,
            **LOOSE,
        )
    ),
)
