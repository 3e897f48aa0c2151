"""Samples of sums, means, extremes, products and quantiles over axes, with and without NaN, and of running ones."""

from __future__ import annotations

import numpy as np

from tests.coverage.samples import Sample, cases
from tests.coverage.ufuncs import cast

RNG = np.random.default_rng(22)
CUBE = RNG.permutation(np.linspace(-1.7, 2.3, 24)).reshape(2, 3, 4)
MATRIX = CUBE[0]
ROW = CUBE[0, 1]
NUMBER = np.array(1.3)
EMPTY = np.zeros((2, 0, 3))
WEIGHTS, MASK = RNG.uniform(0.2, 1.0, size=4), RNG.uniform(size=(3, 4)) < 0.6
MASK[:, 0] = True
WHOLE, TRUTHS = RNG.integers(-5, 6, size=(3, 4)), RNG.uniform(size=(3, 4)) < 0.5
NANS = np.where(RNG.uniform(size=(2, 3, 4)) < 0.3, np.nan, CUBE)
NANS[0, 0] = np.nan
SOME_NANS = np.where(np.arange(4) == 1, np.nan, CUBE)
LOOSE = {"complex_step": False}

AXES = ((CUBE,), (CUBE, 1), (CUBE, -1), (CUBE, (0, 2)), (CUBE, {"axis": (-1, 0), "keepdims": True}), (NUMBER,))
LAYOUTS = ((CUBE.T[::-1],), (np.asfortranarray(MATRIX), 0), (CUBE[:, ::2], {"axis": 2, "keepdims": True}))


def reduced(function, *more, empty=True, **options):
    nothing = ((EMPTY, 1), (EMPTY, 2)) if empty else ()
    return cases(function, *AXES, *LAYOUTS, *nothing, *more, **options)


WITH_WHERE = ((MATRIX, {"where": MASK}), (MATRIX, {"axis": 1, "where": MASK}))

SUMS = (
    *reduced(np.sum, *WITH_WHERE, (MATRIX, {"axis": 0, "initial": 2.0})),
    *reduced(np.prod, *WITH_WHERE, (MATRIX, {"axis": 0, "initial": 2.0})),
    *reduced(np.mean, *WITH_WHERE, empty=False),
    *reduced(np.var, *WITH_WHERE, (CUBE, {"axis": 1, "ddof": 1}), (ROW, {"correction": 1}), empty=False, **LOOSE),
    *reduced(np.std, *WITH_WHERE, (CUBE, {"axis": 1, "ddof": 1}), (ROW, {"correction": 1}), empty=False, **LOOSE)[:5],
    *cases(np.std, (CUBE, {"axis": 1, "ddof": 1}), *WITH_WHERE, **LOOSE),
    *cases(np.var, (MATRIX, {"axis": 0, "mean": np.full((1, 4), 0.5)}), **LOOSE),
    *cases(np.prod, (np.array([0.0, 2.0, 3.0]),), (np.array([[0.0, 0.0, 3.0], [1.0, 0.0, 2.0]]), 1)),
    *(s for f in (np.sum, np.prod, np.mean, np.max, np.min) for s in cast(f, int, (WHOLE,), (WHOLE, 1))),
    *(s for f in (np.sum, np.prod, np.mean, np.max, np.min, np.var) for s in cast(f, bool, (TRUTHS, 0))),
    *cases(np.sum, (MATRIX, {"dtype": np.float32}), orders=0, value=1e-6),
)
EXTREMES = (
    *reduced(np.max, (CUBE, 1, {"initial": 1.0}), (MATRIX, {"where": MASK, "initial": -1.0}), empty=False, **LOOSE),
    *reduced(np.min, (CUBE, 1, {"initial": 1.0}), (MATRIX, {"where": MASK, "initial": -1.0}), empty=False, **LOOSE),
    *cases(np.max, (EMPTY, {"axis": 1, "initial": 0.5}), orders=0),
    *reduced(np.ptp, empty=False, **LOOSE),
    *cases(
        np.average,
        (CUBE,),
        (CUBE, 1),
        (MATRIX, 1, WEIGHTS),
        (MATRIX, {"weights": np.exp(MATRIX)}),
        (ROW, None, WEIGHTS),
    ),
    *cases(np.average, (MATRIX, {"axis": 1, "weights": WEIGHTS, "returned": True}), (MATRIX, 0, {"returned": True})),
    *cases(np.average, (CUBE, (2, 1), np.exp(MATRIX.T)), (MATRIX, {"axis": 1, "weights": WEIGHTS, "keepdims": True})),
    *cases(np.average, (ROW, {"weights": [1, 2, 3, 4]})),
)
TRUE = (
    *(
        s
        for f in (np.any, np.all)
        for s in cast(f, bool, (TRUTHS,), (TRUTHS, 1), (TRUTHS, {"axis": 0, "keepdims": True}))
    ),
    *(s for f in (np.any, np.all) for s in cast(f, bool, (TRUTHS, {"where": MASK}))),
    *(s for f in (np.any, np.all) for s in cases(f, (MATRIX,), (EMPTY, 1), orders=0)),
    *cases(np.count_nonzero, (MATRIX * MASK,), (MATRIX * MASK, 1), (MATRIX, {"axis": 0, "keepdims": True}), orders=0),
    *cast(np.count_nonzero, bool, (TRUTHS, 1)),
    *(s for f in (np.any, np.all, np.count_nonzero) for s in cases(f, (MATRIX * MASK * 1j,), orders=0)),
    Sample(np.size, (CUBE,), orders=0),
    Sample(np.size, (CUBE, 1), orders=0),
)
METHODS = (
    *(s for m in ("sum", "prod", "mean") for s in cases(f"method {m}", (CUBE,), (CUBE, 1))),
    *(s for m in ("var", "std", "max", "min") for s in cases(f"method {m}", (CUBE,), (CUBE, {"axis": -1}), **LOOSE)),
    *(s for m in ("any", "all") for s in cases(f"method {m}", (MATRIX,), (MATRIX, 1), orders=0)),
    *(s for m in ("cumsum", "cumprod") for s in cases(f"method {m}", (CUBE,), (CUBE, 1))),
)

# ---------------------------------------------------------------- without NaN

SKIPPED = (
    *cases(np.nansum, (NANS,), (NANS, 1), (CUBE, {"axis": (0, 2), "keepdims": True}), (NUMBER,)),
    *cases(np.nanprod, (NANS,), (NANS, 1), (CUBE, {"axis": (0, 2), "keepdims": True})),
    *cases(np.nanmean, (NANS,), (SOME_NANS, 2), (CUBE, {"axis": 1, "keepdims": True})),
    *cases(np.nanvar, (NANS,), (SOME_NANS, 2), (SOME_NANS, {"axis": 2, "ddof": 1}), (CUBE, {"axis": 1}), **LOOSE),
    *cases(np.nanstd, (NANS,), (SOME_NANS, 2), (SOME_NANS, {"axis": 2, "ddof": 1}), (CUBE, {"axis": 1}), **LOOSE),
    *cases(np.nanmax, (NANS,), (SOME_NANS, 2), (CUBE, {"axis": 1, "keepdims": True}), **LOOSE),
    *cases(np.nanmin, (NANS,), (SOME_NANS, 2), (CUBE, {"axis": 1, "keepdims": True}), **LOOSE),
    *cases(np.nancumsum, (NANS,), (NANS, 1)),
    *cases(np.nancumprod, (NANS,), (NANS, 1)),
    *(
        s
        for f in (
            np.nansum,
            np.nanprod,
            np.nanmean,
            np.nanmax,
            np.nanmin,
            np.nanvar,
            np.nanstd,
            np.nancumsum,
            np.nancumprod,
        )
        for s in cast(f, int, (WHOLE, 1))
    ),
)

# ---------------------------------------------------------------- quantiles

METHODS_OF_QUANTILES = (
    *("inverted_cdf", "averaged_inverted_cdf", "closest_observation", "interpolated_inverted_cdf", "hazen", "weibull"),
    *("linear", "median_unbiased", "normal_unbiased", "lower", "higher", "midpoint", "nearest"),
)
LEVELS = np.array([0.0, 0.12, 0.25, 0.5, 0.625, 0.9, 1.0])

QUANTILES = (
    *cases(np.median, (CUBE,), (CUBE, 1), (CUBE, -1), (CUBE, {"axis": (0, 2), "keepdims": True}), (NUMBER,), **LOOSE),
    *cases(np.nanmedian, (NANS,), (SOME_NANS, 2), (CUBE, {"axis": 1, "keepdims": True}), **LOOSE),
    *cases(np.median, (SOME_NANS, 1), orders=0),
    *cast(np.median, int, (WHOLE, 1)),
    *cases(np.quantile, (CUBE, 0.3), (CUBE, [0.3, 0.71], 1), (CUBE, 0.9, {"axis": (0, 2), "keepdims": True}), **LOOSE),
    *(
        s
        for m in METHODS_OF_QUANTILES
        for s in cases(np.quantile, (CUBE, LEVELS, 2, {"method": m}), (ROW, LEVELS, {"method": m}), fixed=(1,), **LOOSE)
    ),
    *cases(np.quantile, (ROW, np.array([[0.3, 0.6]])), (MATRIX, np.array(0.41), 0), **LOOSE),
    *cases(np.quantile, (SOME_NANS, 0.4, 1), orders=0),
    *cases(np.percentile, (CUBE, 30), (CUBE, [30, 71.5], 1), (MATRIX, 50.0, {"axis": 1, "method": "lower"}), **LOOSE),
    *cases(
        np.nanquantile, (NANS, 0.3), (SOME_NANS, [0.3, 0.71], 2), (CUBE, 0.9, {"axis": 1, "keepdims": True}), **LOOSE
    ),
    *cases(np.nanquantile, *((SOME_NANS, 0.37, {"axis": 2, "method": m}) for m in METHODS_OF_QUANTILES), **LOOSE),
    *cases(np.nanpercentile, (NANS, 30), (SOME_NANS, [30.0, 71.0], 2), **LOOSE),
)

# ---------------------------------------------------------------- running

ZEROS = np.array([[1.5, 0.0, 2.0, -1.0], [0.0, 0.0, 3.0, 0.5], [2.0, 1.0, -1.0, 0.0]])
UNEVEN = np.array([0.0, 0.5, 1.2, 1.5])
RUNNING = (
    *cases(np.cumsum, (CUBE,), (CUBE, 1), (CUBE.T, -1), (EMPTY, 1), (NUMBER,)),
    *cases(np.cumprod, (CUBE,), (CUBE, 1), (ZEROS, 1), (EMPTY, 1)),
    *cases(np.cumulative_sum, (ROW,), (CUBE, {"axis": 1, "include_initial": True})),
    *cases(np.cumulative_prod, (ROW,), (CUBE, {"axis": 1, "include_initial": True}), (ZEROS, {"axis": 1})),
    *(s for f in (np.cumsum, np.cumprod) for s in cast(f, int, (WHOLE,), (WHOLE, 0))),
    *cast(np.cumsum, bool, (TRUTHS, 1)),
)
DIFFERENCES = (
    *cases(np.diff, (CUBE,), (CUBE, 2), (CUBE, 1, 0), (ROW, {"prepend": 0.5, "append": ROW}), (ROW, 0), (ROW, 7)),
    *cast(np.diff, int, (WHOLE, 2)),
    *cast(np.diff, bool, (TRUTHS,)),
    *cases(np.ediff1d, (CUBE,), (ROW, {"to_end": ROW, "to_begin": 1.0})),
    *cases(np.trapezoid, (ROW,), (CUBE, {"dx": 0.5}), (CUBE, UNEVEN), (CUBE, RNG.uniform(size=(2, 3, 4)), {"axis": 1})),
    *cases(np.trapezoid, (CUBE, np.array([0.0, 1.0, 3.0]), {"axis": 1})),
    *cases(np.gradient, (ROW,), (MATRIX,), (MATRIX, 0.5), (MATRIX, 0.5, UNEVEN), (ROW, UNEVEN), (ROW[:2],)),
    *cases(
        np.gradient,
        (ROW, {"edge_order": 2}),
        (ROW, UNEVEN, {"edge_order": 2}),
        (CUBE, {"axis": 1}),
        (CUBE, 2.0, {"axis": (2, 0)}),
    ),
)

SAMPLES = (*SUMS, *EXTREMES, *TRUE, *METHODS, *SKIPPED, *QUANTILES, *RUNNING, *DIFFERENCES)
