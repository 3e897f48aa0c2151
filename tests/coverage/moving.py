"""Samples of functions that move entries along axes, and of paddings."""

from __future__ import annotations

import numpy as np

from tests.coverage.samples import cases

RNG = np.random.default_rng(5)
X, V, N, E = RNG.normal(size=(3, 4)), RNG.normal(size=5), np.float64(0.7), np.zeros((0, 3))
B = RNG.normal(size=(2, 3, 4))

SAMPLES = (
    *cases(np.flip, X, (X, 1), (X, (0, -1)), E, N),
    *cases(np.flipud, X, V),
    *cases(np.fliplr, X, B),
    *cases(np.lib.stride_tricks.sliding_window_view, (V, 3), (X, 2, 0), (X, (2, 2)), (B, 2, -1)),
    *cases(np.rot90, X, (X, 2), (X, -1), (X, 4), (B, 1, (1, 2)), (B, 3, (2, 0)), (B, 7, (-1, 0))),
    *cases(np.roll, (V, 2), (X, 5), (X, -1, 1), (X, (1, 2), (0, 1)), (X, 1, (0, 1)), (X, (1, 1), 0), (E, 3), (V, 0)),
    *cases(np.repeat, (X, 2), (X, 3, 1), (V, [0, 2, 1, 0, 3]), (X, [1, 2, 0], 0), (N, 3), (X, 0, 0), (X, [2], -1)),
    *cases("method repeat", (X, 2), (X, 2, {"axis": 0})),
    *cases(np.tile, (V, 2), (X, (2, 3)), (X, (2, 1, 2)), (B, 2), (N, (2, 2)), (V, 0), (V, (1, 1)), (X, [2])),
    *cases(np.resize, (V, (2, 4)), (X, 3), (X, (7, 2)), (N, (2,)), (E, (2, 2))),
    *cases(np.delete, (V, 1), (V, [0, -1]), (X, slice(None, None, 2), 1), (X, 3), (X, [True, False, True], 0), (V, [])),
    *cases(
        np.insert,
        (V, 1, 2.0),
        (V, [0, 3], [N, N]),
        (X, 1, V[:4], 0),
        (X, [0, 2], X[:, :2], 1),
        (X, 2, N),
        (X, slice(2), N, 0),
    ),
    *cases(np.array_split, (V, 3), (X, [1, 3], 1), (V, 7), (X, [2, 1, 9])),
    *cases(np.split, (X, 3), (X, 2, 1), (X, [1], 1), (X, 2, {"axis": -1})),
    *cases(np.hsplit, (X, 2), (V, [1, 3])),
    *cases(np.vsplit, (X, 3), (B, [1])),
    *cases(np.dsplit, (B, 2), (B, [1, 2])),
    *cases(np.unstack, X, (B, {"axis": 1}), V),
    *cases(np.pad, (X, 1), (X, ((0, 2), (1, 0))), (V, (1, 2)), (X, 0), (B, {"pad_width": 1})),
    *cases(np.pad, (X, 1, "constant", {"constant_values": 2.5}), (V, 2, {"constant_values": (1.0, 2.0)})),
    *cases(
        np.pad, (X, 1, "constant", {"constant_values": ((1.0, 2.0), (3.0, N))}), (V, (2, 0), {"constant_values": N})
    ),
    *cases(np.pad, (X, 2, "edge"), (X, ((1, 2), (0, 3)), "edge"), (V, (7, 1), "reflect"), (X, 1, "reflect")),
    *cases(np.pad, (X, ((2, 1), (5, 9)), "symmetric"), (V, 3, "wrap"), (X, (7, 3), "wrap"), (V[:1], 2, "reflect")),
    *cases(
        np.pad, *((X, w, m, {"reflect_type": "odd"}) for m in ("reflect", "symmetric") for w in (1, ((5, 2), (0, 9))))
    ),
    *cases(np.pad, (V, 12, "reflect", {"reflect_type": "odd"}), (V[:1], 2, "reflect", {"reflect_type": "odd"})),
    *cases(
        np.pad,
        (X, 2, "linear_ramp"),
        (X, ((1, 2), (3, 0)), "linear_ramp", {"end_values": (1.0, N)}),
        (V, 1, "linear_ramp"),
    ),
    *cases(np.pad, *((X, ((1, 2), (2, 0)), m) for m in ("maximum", "minimum", "mean")), complex_step=False),
    *cases(np.pad, *((X, 1, m, {"stat_length": ((2, 1), (3, 9))}) for m in ("maximum", "mean")), complex_step=False),
    *cases(
        np.pad, (V, 2, "mean", {"stat_length": 2}), (V, (0, 3), "minimum", {"stat_length": (1, 2)}), complex_step=False
    ),
)
