"""What the names of a user's function mean while it runs on traced values: its own `np`, `math` and `scipy` answer for them.

    function ──▶ codes: which names it reads ──▶ functions: itself, where no stand-in is needed
                                                     └──▶ a copy whose globals are a view of its module's
    view: np, math, scipy ──▶ library, numbers, sequences (stand-ins) · the user's own ──▶ objects, functions (copies likewise)

In goes a function as its author wrote it; out comes one that can be called with traced values. The module, its objects and NumPy are left
as they are. Read `functions.py` first, then `views.py`; `owners.py` says whose a module is.
"""

from wengert.functions.namespaces.functions import standing as standing
