"""The readings: in which ways a name or a sign may be meant, from the usual one to the surprising ones.

Each is a record. `example` is a document that holds under it, `counter` one that must not be said to hold; both are tests.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wengert.notes.reading.facts import Facts

Options = tuple[tuple[Any, float], ...]
RANKS = ("a number", "a vector", "a matrix", "an array with three axes", "an array with four axes")


def rank_word(rank: int) -> str:
    return RANKS[rank] if rank < len(RANKS) else f"an array with {rank} axes"


@dataclass(frozen=True)
class Reading:
    """One question that a formula can leave open.

    says         the sentence about the answer; "" where it goes without saying
    options      the answers besides the prior, each with its surprise
    conditional  whether an answer is a condition ("holds if …") rather than a way to read
    shared       whether an answer that was accepted becomes the scope's
    """

    name: str
    says: Callable[[str, Any], str]
    options: Callable[[Any, str, Facts], Options]
    conditional: Callable[[Any, Any, str], bool] = lambda value, prior, subject: False
    shared: bool = True
    example: tuple[str, ...] = ()
    counter: tuple[str, ...] = ()


def _always(value: Any, prior: Any, subject: str) -> bool:
    return True


def _ranks(prior: Any, subject: str, facts: Facts) -> Options:
    """Other numbers of axes; a bold name and one that is transposed somewhere is no number, a bold capital beside a ᵀ a matrix."""
    least = 1 if subject in facts.bold | facts.turned else 0
    if subject in facts.bold and subject[:1].isupper() and facts.transposes:
        least = 2
    lower = 0.25 if subject[:1].isupper() else 0.0
    return tuple(
        (rank, abs(rank - prior) + (lower if rank < prior else 0.0)) for rank in range(least, 3) if rank != prior
    )


def _lowered(value: Any, prior: Any, subject: str) -> bool:
    return prior is not None and value < prior


def _unless_turned(*options: tuple[Any, float]) -> Callable[[Any, str, Facts], Options]:
    """What would repair a missing ᵀ: offered only in scopes in which no ᵀ is written."""
    return lambda prior, subject, facts: () if facts.transposes else options


def _products(prior: Any, subject: str, facts: Facts) -> Options:
    if facts.transposes:
        return (("entries", 1.0),)
    return (("inner", 0.5), ("entries", 1.0), ("outer", 1.5))


def _fixed(*options: tuple[Any, float]) -> Callable[[Any, str, Facts], Options]:
    return lambda prior, subject, facts: options


def _other(surprise: float) -> Callable[[Any, str, Facts], Options]:
    return lambda prior, subject, facts: ((not prior, surprise),)


PRODUCTS = {
    "inner": "two vectors side by side are their inner product",
    "entries": "a product is taken entry by entry",
    "outer": "two vectors side by side are their outer product",
}

TABLE = (
    Reading(
        "rank",
        lambda name, rank: f"{name} is {rank_word(rank)}",
        _ranks,
        conditional=_lowered,
        example=(r"y = W x", r"\frac{\partial y}{\partial x} = W"),
        counter=(r"y = W x", r"\frac{\partial y}{\partial x} = W^T"),
    ),
    Reading(
        "further axis",
        lambda name, more: f"{name} has {'an axis' if more else 'no axis'} besides its indices",
        lambda prior, subject, facts: ((1 - prior, 1.0),),
        example=(r"L = \sum_i (w^T x_i)^2", r"\frac{\partial L}{\partial w} = \sum_i 2 (w^T x_i) x_i"),
        counter=(r"L = \sum_i (w^T x_i)^2", r"\frac{\partial L}{\partial w} = \sum_i (w^T x_i) x_i"),
    ),
    Reading(
        "numbered",
        lambda name, value: f"the lower numbers of {name} tell names apart",
        _fixed((True, 0.5)),
        example=(r"y_i = w_1 x_i + w_2", r"\frac{\partial y_i}{\partial w_1} = x_i"),
        counter=(r"y_i = w_1 x_i + w_2", r"\frac{\partial y_i}{\partial w_2} = x_i"),
    ),
    Reading(
        "raised",
        lambda name, value: f"the raised numbers of {name} are labels",
        _fixed((True, 0.5)),
        example=(r"z^2 = w a^1", r"\frac{\partial z^2}{\partial a^1} = w"),
        counter=(r"z^2 = w a^1", r"\frac{\partial z^2}{\partial a^1} = 2 w"),
    ),
    Reading(
        "call",
        lambda name, value: f"{name}(…) is {'a call' if value else 'a product'}",
        lambda prior, subject, facts: () if subject in facts.turned else ((not prior, 1.5),),
        example=(r"y = f(x)", r"\frac{\partial y}{\partial x} = f'(x)"),
        counter=(r"y = a (b + c)", r"\frac{\partial y}{\partial b} = b"),
    ),
    Reading(
        "bias",
        lambda _, value: "a vector beside a matrix is added to each row",
        _fixed(("rows", 0.5)),
        example=(
            r"Z = X W + b",
            r"L = \sum_{ij} Z_{ij}",
            r"\frac{\partial L}{\partial b_j} = \sum_i \frac{\partial L}{\partial Z_{ij}}",
        ),
        counter=(
            r"Z = X W + b",
            r"L = \sum_{ij} Z_{ij}",
            r"\frac{\partial L}{\partial b_j} = \frac{\partial L}{\partial Z_{ij}}",
        ),
    ),
    Reading(
        "product",
        lambda _, value: PRODUCTS[value],
        _products,
        conditional=lambda value, prior, subject: value == "outer",
        shared=False,
        example=(r"L = \frac12 \|a - y\|^2", r"a = \sigma(z)", r"\frac{\partial L}{\partial z} = (a - y) \sigma'(z)"),
        counter=(r"L = \frac12 \|a - y\|^2", r"a = \sigma(z)", r"\frac{\partial L}{\partial z} = (a - y) \sigma(z)"),
    ),
    Reading(
        "turned vector",
        lambda _, value: "a vector lies down or stands up where a product needs it",
        _unless_turned((True, 1.5)),
        conditional=_always,
        shared=False,
        example=(r"y = x W", r"\frac{\partial y_j}{\partial x_i} = W_{ij}"),
        counter=(r"y = W x", r"L = c^T y", r"\frac{\partial L}{\partial x} = W c"),
    ),
    Reading(
        "lying",
        lambda _, value: "a derivative by a vector lies as a row or stands as a column",
        _fixed((True, 0.5)),
        conditional=_always,
        shared=False,
        example=(r"y = W x", r"L = c^T y", r"\frac{\partial L}{\partial x} = c^T W"),
        counter=(r"y = W x", r"L = c^T y", r"\frac{\partial L}{\partial x} = W c"),
    ),
    Reading(
        "reach of ∂",
        lambda _, value: "∂/∂v reaches over the " + ("next factor only" if value == "next" else "whole sum"),
        _fixed(("next", 0.5), ("sum", 0.75)),
        shared=False,
        example=(r"y = a x^2", r"z = \frac{\partial}{\partial x} y x = 2 a x^2"),
        counter=(r"y = a x^2", r"z = \frac{\partial}{\partial x} y x = 5 a x"),
    ),
    Reading(
        "partial",
        lambda _, value: "∂f(x, y)/∂x keeps y as it is",
        _fixed((True, 0.5)),
        shared=False,
        example=(
            r"y = x^2",
            r"\frac{d f(x, y)}{d x} = \frac{\partial f(x, y)}{\partial x} + \frac{\partial f(x, y)}{\partial y} \frac{d y}{d x}",
        ),
        counter=(
            r"y = x^2",
            r"\frac{d f(x, y)}{d x} = \frac{\partial f(x, y)}{\partial x} - \frac{\partial f(x, y)}{\partial y} \frac{d y}{d x}",
        ),
    ),
    Reading(
        "layout",
        lambda _, value: "the Jacobian lies the other way",
        _fixed(("turned", 0.5)),
        conditional=_always,
        shared=False,
        example=(r"\mathbf{y} = W \mathbf{x}", r"\frac{\partial \mathbf{y}}{\partial \mathbf{x}} = W^T"),
        counter=(r"\mathbf{y} = W \mathbf{x}", r"\frac{\partial \mathbf{y}}{\partial \mathbf{x}} = 2 W^T"),
    ),
    Reading(
        "sum of entries",
        lambda name, value: f"{name} is the sum of its entries",
        _fixed((True, 1.0)),
        conditional=_always,
        shared=False,
        example=(r"Y = X W", r"E = \frac12 (Y - T)^2", r"\frac{\partial E}{\partial Y} = Y - T"),
        counter=(r"Y = X W", r"E = \frac12 (Y - T)^2", r"\frac{\partial E}{\partial Y} = Y + T"),
    ),
    Reading(
        "simplex",
        lambda name, value: f"the entries of {name} sum to one",
        _fixed((True, 1.0)),
        conditional=_always,
        shared=False,
        example=(
            r"p_i = \frac{e^{z_i}}{\sum_k e^{z_k}}",
            r"L = -\sum_i y_i \log p_i",
            r"\frac{\partial L}{\partial z_i} = p_i - y_i",
        ),
        counter=(
            r"p_i = \frac{e^{z_i}}{\sum_k e^{z_k}}",
            r"L = -\sum_i y_i \log p_i",
            r"\frac{\partial L}{\partial z_i} = p_i + y_i",
        ),
    ),
    Reading(
        "empty sign",
        lambda _, value: "names are numbers, or do not have the index, so that a sign changes nothing",
        _fixed((True, 1.25)),
        conditional=_always,
        shared=False,
        example=(r"y = w^T x", r"\frac{\partial y}{\partial w} = x"),
        counter=(r"\nabla_x x^T A x = 2 A x",),
    ),
    Reading(
        "summed letter",
        lambda name, value: f"the sum over {name} is meant over the index of its term",
        _fixed((True, 1.25)),
        conditional=_always,
        shared=False,
        example=(
            r"p_i = \frac{e^{z_i}}{\sum_j e^{z_i}}",
            r"\frac{\partial p_i}{\partial z_k} = p_i (\mathbb{1}[i = k] - p_k)",
        ),
        counter=(
            r"p_i = \frac{e^{z_i}}{\sum_j e^{z_i}}",
            r"\frac{\partial p_i}{\partial z_k} = p_i (\mathbb{1}[i = k] + p_k)",
        ),
    ),
    Reading(
        "whole set",
        lambda name, value: (
            f"every index that is meant lies in {name}" if name else "every index that is meant lies in the set"
        ),
        _fixed((True, 1.0)),
        conditional=_always,
        shared=False,
        example=(r"E = \frac12 \sum_{i \in S} (t_i - y_i)^2", r"\frac{\partial E}{\partial y_j} = -(t_j - y_j)"),
        counter=(r"E = \frac12 \sum_{i \in S} (t_i - y_i)^2", r"\frac{\partial E}{\partial y_j} = t_j - y_j"),
    ),
    Reading(
        "differential",
        lambda _, value: "d is a differential" if value else "dv is the derivative of the loss by v",
        _other(0.7),
        example=(r"C = A B", r"dC = dA B + A dB"),
        counter=(r"C = A B", r"dC = dA B + dB A"),
    ),
    Reading(
        "reach of d",
        lambda _, value: "d is the differential of all that stands behind it",
        _fixed((True, 0.75)),
        conditional=_always,
        shared=False,
        example=(r"f = x^T x", r"df = d(x^T x)", r"df = d x^T x = d(x^T) x + x^T dx"),
        counter=(r"C = A B", r"dC = A dB + dB A"),
    ),
    Reading(
        "later line",
        lambda _, value: "names are not what a later line says that they are",
        _fixed((False, 0.5)),
        shared=False,
        example=(r"y = f(x)", r"\frac{\partial y}{\partial x} = f'(x)", r"f(u) = u^T A u"),
        counter=(r"y = f(x)", r"\frac{\partial y}{\partial x} = f(x)", r"f(u) = u^T A u"),
    ),
    Reading(
        "example",
        lambda _, value: "names have the values that the text writes out",
        _fixed((True, 0.5)),
        conditional=_always,
        shared=False,
        example=(r"w = 2", r"x = 3", r"y = w x", r"\frac{\partial y}{\partial w} = w + 1"),
        counter=(r"w = 2", r"x = 3", r"y = w x", r"\frac{\partial y}{\partial w} = w + 2"),
    ),
    Reading(
        "as stated",
        lambda _, value: "derivatives of what has no line are what their lines state",
        _fixed((True, 2.0)),
        conditional=_always,
        shared=False,
        example=(
            r"E = y^2",
            r"u = h \tanh(c)",
            r"\frac{dE}{du} = 2 y",
            r"\frac{dE}{dh} = \frac{dE}{du} \frac{du}{dh}",
            r"\frac{dE}{dh} = 2 y \tanh(c)",
        ),
        counter=(
            r"E = y^2",
            r"u = h \tanh(c)",
            r"\frac{dE}{du} = 2 y",
            r"\frac{dE}{dh} = \frac{dE}{du} \frac{du}{dh}",
            r"\frac{dE}{dh} = y \tanh(c)",
        ),
    ),
    Reading(
        "symmetric",
        lambda name, value: f"{name} is symmetric",
        lambda prior, subject, facts: () if subject in facts.turned else ((True, 1.25),),
        conditional=_always,
        shared=False,
        example=(r"f = \mathbf{x}^T A \mathbf{x}", r"\nabla_{\mathbf{x}} f = 2 A \mathbf{x}"),
        counter=(r"f = \mathbf{x}^T A \mathbf{x}", r"\nabla_{\mathbf{x}} f = A \mathbf{x}"),
    ),
)
READINGS = {reading.name: reading for reading in TABLE}
