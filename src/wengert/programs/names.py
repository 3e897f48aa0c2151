"""Which quantity the name of a gradient speaks of: dW1, grad_W1, grads['W1'], self.dW1, W1_grad -> W1."""

from __future__ import annotations

import re

PREFIX = re.compile(
    r"^(dJ_?d_?|dL_?d_?|dLoss_?d?|dloss_?d?|dE_?d_?|dC_?d_|grads?_wrt_|gradients?_|grads?_|d_|g_|nabla_|delta_|delta|D|d)(?=\w)"
)
SUFFIX = re.compile(r"(_grads?|_gradient|_bar|_delta|grad)$")
HOLDER = re.compile(r"^_?(d|g|grads?|gradients?|nabla|derivatives?|deltas?)$")
ENTRY = re.compile(r"\[([^\[\]]*)\]$")
LOSS = re.compile(
    r"^(self\.)?(loss|Loss|J|L|cost|Cost|error|err|E|nll|total_loss|data_loss|loss_val|objective|mse|ce|lossi)$"
)
TARGET = re.compile(r"^(y|t|Y|T|targets?|labels?|y_true|ys|y_batch|Yb|ytrue|target_idx|tgt)$")
"""Arguments of a loss that it is not differentiated by."""
OF = re.compile(r"^(?:step|gradient) of (.+)$")
"""How a result is called whose quantity is known: a step of a parameter, a result in the order of the inputs."""
RATE = ("lr", "learning_rate", "eta", "alpha", "step_size", "rate", "epsilon")


def last_part(name: str) -> tuple[str, str]:
    """A dotted name as its path and its last part: ('self.layers[0].', 'dW') of self.layers[0].dW."""
    head, dot, tail = name.rpartition(".")
    return head + dot, tail


def entry_of(part: str) -> tuple[str, str]:
    """(base, text of the last index) of base['W1'] or base[0]; the index is empty where there is none."""
    found = ENTRY.search(part)
    return (part[: found.start()], found[1]) if found else (part, "")


def quoted(index: str) -> str:
    return index[1:-1] if len(index) > 1 and index[0] in "'\"" and index[-1] == index[0] else ""


def stripped(name: str) -> str | None:
    """The name without what makes it the name of a gradient; None where it is none."""
    if PREFIX.match(name):
        return PREFIX.sub("", name, count=1)
    rest = SUFFIX.sub("", name)
    return rest if rest and rest != name else None


def quantity(name: str) -> tuple[str, str] | None:
    """(path, name) of the quantity whose gradient `name` is; the path is empty where it says nothing. None: no name of a gradient."""
    if known := OF.match(name):
        return "", known[1]
    path, part = last_part(name)
    base, index = entry_of(part)
    key = quoted(index)
    if key:
        inner = stripped(key)
        if HOLDER.match(base):
            return path, inner if inner and key[0] == "d" else key
        return (path, inner) if inner else None
    found = stripped(base)
    if found is None or base.endswith("()"):
        return None
    return path, found + (f"[{index}]" if index.lstrip("-").isdigit() else "")


def plain(name: str) -> str:
    """The name of a quantity without path, dictionary and index: W1 of self.params['W1'], x of xs[t] stays xs."""
    _, part = last_part(name)
    base, index = entry_of(part)
    return quoted(index) or base


def same(wanted: str, name: str) -> bool:
    """Whether two names say the same quantity: letter case, a plural of a list over steps, a missing underscore."""
    a, b = entry_of(wanted)[0].lower(), name.lower()
    return a == b or a.rstrip("s") == b.rstrip("s") or a == b.replace("_", "") or a.replace("_", "") == b


def inputs_named(name: str, inputs: list[str]) -> list[str]:
    """The inputs that a gradient of this name speaks of, the nearest first: those in its place, then of its name."""
    if known := OF.match(name):
        return [i for i in inputs if i == known[1]]
    about = quantity(name)
    if about is None:
        return []
    path, wanted = about
    base, index = entry_of(wanted)
    if index:  # an entry of a list of gradients: nabla_w[0] beside self.weights[0]
        hits = [i for i in inputs if entry_of(i)[1] == index and _begins(last_part(entry_of(i)[0])[1], base)]
        if hits:
            return hits
    exact = [i for i in inputs if plain(i) == base] or [i for i in inputs if same(base, plain(i))]
    near = [i for i in exact if path and last_part(i)[0] == path]
    return near or exact


def _begins(holder: str, base: str) -> bool:
    """Whether a list is named like its entries: weights and w."""
    return same(base, holder) or holder.lower().startswith(base.lower())
