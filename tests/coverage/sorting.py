"""Samples of sorting and of the functions that give places."""

from __future__ import annotations

import numpy as np

from tests.coverage.samples import Sample, cases
from tests.coverage.ufuncs import cast

RNG = np.random.default_rng(23)
CUBE = RNG.permutation(np.linspace(-1.7, 2.3, 24)).reshape(2, 3, 4)
ROW = CUBE[0, 1]
TIES = np.array([[2.0, 1.0, 2.0, 1.0], [0.0, -0.0, 3.0, np.nan]])
WHOLE = RNG.integers(-3, 4, size=(3, 4))
EMPTY = np.zeros((2, 0))
EDGES = np.array([-1.0, 0.0, 0.7, 1.5])
LOOSE = {"complex_step": False}

SORTED = (
    *cases(
        np.sort,
        (CUBE,),
        (CUBE, 0),
        (CUBE, None),
        (CUBE, {"axis": 1, "kind": "stable"}),
        (ROW, {"stable": True}),
        **LOOSE,
    ),
    *cases(np.sort, (TIES,), (TIES, 0), (EMPTY,), orders=0),
    *cast(np.sort, int, (WHOLE,), (WHOLE, 0)),
    *cases(np.partition, (CUBE, 2), (CUBE, [0, 2], 1), (CUBE, 7, None), (ROW, -1), **LOOSE),
    *cases(
        np.argsort, (CUBE,), (CUBE, 0), (CUBE, None), (TIES, {"kind": "stable"}), (TIES, {"stable": True}), orders=0
    ),
    *cases("method argsort", (CUBE,), (CUBE, 1), orders=0),
    *cases(np.argpartition, (CUBE, 2), (ROW, 1), orders=0),
    *cases("method argpartition", (CUBE, 2), orders=0),
    *cases(np.lexsort, ((ROW, np.floor(ROW)),), (TIES[:, :3],), (CUBE, {"axis": 0}), orders=0),
)
PLACES = (
    *(
        s
        for f in (np.argmax, np.argmin)
        for s in cases(f, (CUBE,), (CUBE, 1), (TIES, 1), (CUBE, {"axis": 2, "keepdims": True}), orders=0)
    ),
    *(s for f in (np.argmax, np.argmin) for s in cases(f, (CUBE, {"keepdims": True}), orders=0)),
    *cast(np.argmax, int, (WHOLE, 1)),
    *(s for m in ("argmax", "argmin") for s in cases(f"method {m}", (CUBE,), (CUBE, 0), orders=0)),
    *(s for f in (np.nanargmax, np.nanargmin) for s in cases(f, (TIES,), (TIES, 1), orders=0)),
    *cases(
        np.searchsorted, (EDGES, CUBE), (EDGES, 0.7), (EDGES, ROW, {"side": "right"}), (EDGES, 0.3, "right"), orders=0
    ),
    *cases(np.searchsorted, (EDGES[::-1], ROW, {"sorter": [3, 2, 1, 0]}), orders=0),
    *cases("method searchsorted", (EDGES, ROW), (EDGES, ROW, "right"), orders=0),
    *cases(np.isin, (TIES, [1.0, 3.0]), (TIES, ROW), (CUBE, CUBE[0, 0], {"invert": True}), (TIES, 2.0), orders=0),
    *cases(np.digitize, (CUBE, EDGES), (CUBE, EDGES, True), (CUBE, EDGES[::-1]), (EDGES, EDGES[::-1], True), orders=0),
)

SAMPLES: tuple[Sample, ...] = (*SORTED, *PLACES)
