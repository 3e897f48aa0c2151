"""Derivations as people write them, in the notations that they use; each is right, and has one place where a mistake is planted."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Derivation:
    """A document, and a mistake: what is replaced by what, and the kind that should be named."""

    name: str
    text: str
    right: str
    wrong: str
    kind: str

    @property
    def mistaken(self) -> str:
        """The document with the mistake."""
        assert self.text.count(self.right) == 1, self.name
        return self.text.replace(self.right, self.wrong)

    @property
    def line(self) -> int:
        """The line of the mistake."""
        return self.text[: self.text.index(self.right)].count("\n") + 1


DERIVATIONS = (
    Derivation(
        "softmax and cross-entropy",
        r"""
# Softmax with cross-entropy

The logits are $z = Wx + b$, the classes are one-hot.

$$z_k = \sum_j W_{kj} x_j + b_k$$
$$p_k = \frac{e^{z_k}}{\sum_l e^{z_l}}$$
$$L = -\sum_k t_k \log p_k$$

Because $\sum_k t_k = 1$ the derivative is simple:

$$\frac{\partial L}{\partial z_k} = p_k - t_k$$
$$\frac{\partial L}{\partial W_{kj}} = (p_k - t_k) x_j$$
$$\frac{\partial L}{\partial b_k} = p_k - t_k$$
""",
        r"(p_k - t_k) x_j",
        r"(p_k - t_k) x_k",
        "index",
    ),
    Derivation(
        "batch normalisation",
        r"""
\begin{align}
\mu_j &= \frac{1}{N} \sum_{n=1}^{N} x_{nj} \\
v_j &= \frac{1}{N} \sum_{n=1}^{N} (x_{nj} - \mu_j)^2 \\
\hat{x}_{nj} &= \frac{x_{nj} - \mu_j}{\sqrt{v_j + \epsilon}} \\
y_{nj} &= \gamma_j \hat{x}_{nj} + \beta_j
\end{align}

Rückwärts erhält man

\begin{align}
\frac{\partial L}{\partial \hat{x}_{nj}} &= \frac{\partial L}{\partial y_{nj}} \gamma_j \\
\frac{\partial L}{\partial v_j} &= -\frac{1}{2} \sum_n \frac{\partial L}{\partial \hat{x}_{nj}} (x_{nj} - \mu_j) (v_j + \epsilon)^{-3/2} \\
\frac{\partial L}{\partial \mu_j} &= -\sum_n \frac{\partial L}{\partial \hat{x}_{nj}} \frac{1}{\sqrt{v_j + \epsilon}} - \frac{\partial L}{\partial v_j} \frac{2}{N} \sum_n (x_{nj} - \mu_j) \\
\frac{\partial L}{\partial x_{nj}} &= \frac{\partial L}{\partial \hat{x}_{nj}} \frac{1}{\sqrt{v_j + \epsilon}} + \frac{\partial L}{\partial v_j} \frac{2 (x_{nj} - \mu_j)}{N} + \frac{\partial L}{\partial \mu_j} \frac{1}{N} \\
\frac{\partial L}{\partial \gamma_j} &= \sum_n \frac{\partial L}{\partial y_{nj}} \hat{x}_{nj} \\
\frac{\partial L}{\partial \beta_j} &= \sum_n \frac{\partial L}{\partial y_{nj}}
\end{align}
""",
        r"\frac{\partial L}{\partial \beta_j} &= \sum_n \frac{\partial L}{\partial y_{nj}}",
        r"\frac{\partial L}{\partial \beta_j} &= \frac{\partial L}{\partial y_{nj}}",
        "missing sum",
    ),
    Derivation(
        "layer normalisation, three terms",
        """
μ = 1/C Σ_i x_i
v = 1/C Σ_i (x_i − μ)²
r = (v + ε)^(−1/2)
n_i = (x_i − μ) r
y_i = γ_i n_i + β_i

Backward, with the signal dy from above:

dn_i = dy_i γ_i
dx_i = r (dn_i − 1/C Σ_j dn_j − n_i · 1/C Σ_j dn_j n_j)
dγ_i = dy_i n_i
dβ_i = dy_i
""",
        "dx_i = r (dn_i − 1/C Σ_j dn_j − n_i · 1/C Σ_j dn_j n_j)",
        "dx_i = r (dn_i − n_i · 1/C Σ_j dn_j n_j)",
        "missing path",
    ),
    Derivation(
        "attention, matrices",
        r"""
Attention: with $d$ the width of the keys,

$$S = \frac{Q K^\top}{\sqrt{d}}, \qquad P = \operatorname{softmax}(S), \qquad O = P V$$

so that

\begin{aligned}
dV &= P^\top dO \\
dP &= dO\, V^\top \\
dS_{ij} &= P_{ij} \left( dP_{ij} - \sum_k P_{ik}\, dP_{ik} \right) \\
dQ &= dS\, K / \sqrt{d} \\
dK &= dS^\top Q / \sqrt{d}
\end{aligned}
""",
        r"dQ &= dS\, K / \sqrt{d}",
        r"dQ &= dS^\top K / \sqrt{d}",
        "transpose",
    ),
    Derivation(
        "attention, row sums",
        r"""
$$S_{ij} = \sum_c Q_{ic} K_{jc}$$
$$P_{ij} = \frac{e^{S_{ij}}}{\sum_k e^{S_{ik}}}$$
$$O_{ic} = \sum_j P_{ij} V_{jc}$$

$$D_i = \sum_c dO_{ic} O_{ic}$$
$$dV_{jc} = \sum_i P_{ij} dO_{ic}$$
$$dP_{ij} = \sum_c dO_{ic} V_{jc}$$
$$dS_{ij} = P_{ij} (dP_{ij} - D_i)$$
$$dQ_{ic} = \sum_j dS_{ij} K_{jc}$$
$$dK_{jc} = \sum_i dS_{ij} Q_{ic}$$
""",
        r"dS_{ij} = P_{ij} (dP_{ij} - D_i)",
        r"dS_{ij} = P_{ij} (dP_{ij} - D_j)",
        "index",
    ),
    Derivation(
        "low-rank adapter",
        """
Low-rank adapter, rows are tokens.

Y = X W + s X A B

∇_A L = s Xᵀ (∇_Y L) Bᵀ
∇_B L = s (X A)ᵀ (∇_Y L)
∇_X L = (∇_Y L) Wᵀ + s (∇_Y L) Bᵀ Aᵀ
""",
        "(∇_Y L) Wᵀ + s (∇_Y L) Bᵀ Aᵀ",
        "s (∇_Y L) Bᵀ Aᵀ",
        "missing path",
    ),
    Derivation(
        "GRU cell",
        r"""
\documentclass{article}
\usepackage{amsmath}
\begin{document}
\section{A gated recurrent unit}
The cell computes
\begin{align*}
  a &= W x + U h_0 \\        % update gate
  z &= \sigma(a) \\
  b &= R x + S h_0 \\
  r &= \sigma(b) \\
  q &= r \odot h_0 \\
  c &= V x + M q \\
  g &= \tanh(c) \\
  h &= (1 - z) \odot h_0 + z \odot g
\end{align*}
and going back we find
\begin{align*}
  \bar z &= \bar h \odot (g - h_0), & \bar g &= \bar h \odot z \\
  \bar c &= \bar g \odot (1 - g \odot g) \\
  \bar M &= \bar c q^\top, & \bar V &= \bar c x^\top \\
  \bar q &= M^\top \bar c \\
  \bar r &= \bar q \odot h_0 \\
  \bar b &= \bar r \odot r \odot (1 - r) \\
  \bar a &= \bar z \odot z \odot (1 - z) \\
  \bar W &= \bar a x^\top, \quad \bar U = \bar a h_0^\top \\
  \bar h_0 &= \bar h \odot (1 - z) + \bar q \odot r + S^\top \bar b + U^\top \bar a
\end{align*}
\end{document}
""",
        r"\bar q \odot r + S^\top \bar b + U^\top",
        r"\bar q \odot r + U^\top",
        "missing path",
    ),
    Derivation(
        "RMS normalisation",
        r"""
$$r = \left( \frac{1}{N} \sum_i x_i^2 + \epsilon \right)^{-1/2}$$
$$y_i = g_i x_i r$$

反向传播：

$$\bar g_i = \bar y_i x_i r$$
$$\bar r = \sum_i \bar y_i g_i x_i$$
$$\bar x_i = \bar y_i g_i r - \frac{1}{N} \bar r r^3 x_i$$
""",
        r"\frac{1}{N} \bar r r^3 x_i",
        r"\frac{1}{2N} \bar r r^3 x_i",
        "factor",
    ),
    Derivation(
        "reconstruction error of a projection",
        """
Z = X U
E = X − Z Uᵀ
L = ½ tr(Eᵀ E)

Ē = E
Z̄ = −Ē U
Ū = Xᵀ Z̄ − Ēᵀ Z
""",
        "Ū = Xᵀ Z̄ − Ēᵀ Z",
        "Ū = Xᵀ Z̄ − Zᵀ Ē",
        "transpose",
    ),
    Derivation(
        "trace of a quadratic form",
        """
L = tr(Wᵀ S W)

W̄ = (S + Sᵀ) W
S̄ = W Wᵀ
""",
        "W̄ = (S + Sᵀ) W",
        "W̄ = 2 W",
        "",
    ),
    Derivation(
        "Gaussian negative log-likelihood",
        r"""
For observations $x_i$ with $\mu$ and $s = \log \sigma^2$:

$$r_i = x_i - \mu_i$$
$$L = \frac{1}{2} \sum_i \left( s_i + r_i^2 e^{-s_i} \right)$$

$$\nabla_{r_i} L = r_i e^{-s_i}$$
$$\nabla_{\mu_i} L = -r_i e^{-s_i} = (\mu_i - x_i) e^{-s_i}$$
$$\nabla_{s_i} L = \frac{1}{2} \left( 1 - r_i^2 e^{-s_i} \right)$$
""",
        r"\nabla_{s_i} L = \frac{1}{2} \left( 1 - r_i^2",
        r"\nabla_{s_i} L = \frac{1}{2} \left( 1 + r_i^2",
        "sign",
    ),
    Derivation(
        "KL term of a variational autoencoder",
        r"""
The term $D_{KL}(q \| p)$ of the bound is

\[ K = -\frac{1}{2} \sum_j \left( 1 + s_j - \mu_j^2 - e^{s_j} \right) \]

and its derivatives are

\[ \frac{\partial K}{\partial \mu_j} = \mu_j, \qquad \frac{\partial K}{\partial s_j} = \frac{1}{2} \left( e^{s_j} - 1 \right) \]
""",
        r"\frac{1}{2} \left( e^{s_j} - 1 \right)",
        r"e^{s_j} - 1",
        "factor",
    ),
    Derivation(
        "reparametrised sample",
        r"""
$$\sigma_j = e^{s_j / 2}$$
$$z_j = \mu_j + \sigma_j \epsilon_j$$
$$x_i = \sum_j W_{ij} z_j$$
$$L = \frac12 \sum_i (x_i - t_i)^2$$

$$\delta_i = \frac{\partial L}{\partial x_i} = x_i - t_i$$
$$\frac{\partial L}{\partial z_j} = \sum_i \delta_i W_{ij}$$
$$\frac{\partial L}{\partial \mu_j} = \frac{\partial L}{\partial z_j}$$
$$\frac{\partial L}{\partial \sigma_j} = \frac{\partial L}{\partial z_j} \epsilon_j$$
$$\frac{\partial L}{\partial s_j} = \frac12 \frac{\partial L}{\partial \sigma_j} \sigma_j$$
$$\frac{\partial L}{\partial W_{ij}} = \delta_i z_j$$
""",
        r"\sum_i \delta_i W_{ij}",
        r"\sum_i W_{ij}",
        "no incoming signal",
    ),
    Derivation(
        "contrastive loss",
        r"""
Let $s_{ij}$ be the similarities and $\tau$ the temperature.

$$s_{ij} = \frac{1}{\tau} \sum_c u_{ic} v_{jc}$$
$$p_{ij} = \frac{e^{s_{ij}}}{\sum_k e^{s_{ik}}}$$
$$L = -\frac{1}{N} \sum_i \log p_{ii}$$

Then, with $y_{ij} = [i = j]$,

$$\bar s_{ij} = \frac{1}{N} \left( p_{ij} - \mathbb{1}[i = j] \right)$$
$$\bar u_{ic} = \frac{1}{\tau} \sum_j \bar s_{ij} v_{jc}$$
$$\bar v_{jc} = \frac{1}{\tau} \sum_i \bar s_{ij} u_{ic}$$
""",
        r"\bar s_{ij} = \frac{1}{N} \left( p_{ij} - \mathbb{1}[i = j] \right)",
        r"\bar s_{ij} = p_{ij} - \mathbb{1}[i = j]",
        "sum for mean",
    ),
    Derivation(
        "logistic regression over a batch",
        """
z_n = Σ_j X_nj w_j + b
y_n = 1 / (1 + e^(−z_n))
J = −1/N Σ_n (t_n log y_n + (1 − t_n) log(1 − y_n))

dJ/dz_n = (y_n − t_n) / N
dJ/dw_j = 1/N Σ_n (y_n − t_n) X_nj
dJ/db = 1/N Σ_n (y_n − t_n)
""",
        "dJ/db = 1/N Σ_n (y_n − t_n)",
        "dJ/db = Σ_n (y_n − t_n)",
        "sum for mean",
    ),
    Derivation(
        "layers with δ",
        r"""
\begin{align}
z^{(1)} &= W^{(1)} x + b^{(1)} && \leftarrow \text{first layer} \\
a^{(1)} &= \sigma(z^{(1)}) \\
z^{(2)} &= W^{(2)} a^{(1)} + b^{(2)} \\
C &= \frac12 \| z^{(2)} - t \|^2
\end{align}

Die Fehlersignale:

\begin{align}
\delta^{(2)} &= \frac{\partial C}{\partial z^{(2)}} = z^{(2)} - t \\
\delta^{(1)} &= \frac{\partial C}{\partial z^{(1)}} = W^{(2)\top} \delta^{(2)} \odot \sigma'(z^{(1)}) \\
\frac{\partial C}{\partial W^{(2)}} &= \delta^{(2)} (a^{(1)})^\top \\
\frac{\partial C}{\partial W^{(1)}} &= \delta^{(1)} x^\top \\
\frac{\partial C}{\partial b^{(1)}} &= \delta^{(1)}
\end{align}
""",
        r"W^{(2)\top} \delta^{(2)} \odot \sigma'(z^{(1)})",
        r"W^{(2)\top} \delta^{(2)} \odot \sigma'(z^{(2)})",
        "",
    ),
    Derivation(
        "tied weights",
        """
h = tanh(W x)
y = Wᵀ h
L = ½ ‖y − x‖²

ȳ = y − x
h̄ = W ȳ
W̄ = h ȳᵀ + (h̄ ∘ (1 − h²)) xᵀ
""",
        "W̄ = h ȳᵀ + (h̄ ∘ (1 − h²)) xᵀ",
        "W̄ = (h̄ ∘ (1 − h²)) xᵀ",
        "missing path",
    ),
    Derivation(
        "linear regression, rows are examples",
        r"""
$$\hat{\mathbf{y}} = \mathbf{X} \mathbf{w}$$
$$L = \frac{1}{2} \|\hat{\mathbf{y}} - \mathbf{y}\|^2 + \frac{\lambda}{2} \|\mathbf{w}\|^2$$

$$\nabla_{\mathbf{w}} L = \mathbf{X}^\top (\hat{\mathbf{y}} - \mathbf{y}) + \lambda \mathbf{w}$$
""",
        r"\mathbf{X}^\top (\hat{\mathbf{y}} - \mathbf{y})",
        r"\mathbf{X} (\hat{\mathbf{y}} - \mathbf{y})",
        "transpose",
    ),
    Derivation(
        "swish unit by accumulation",
        """
s_i = σ(b x_i)
y_i = x_i s_i

s̄_i = ȳ_i x_i
x̄_i = ȳ_i s_i + s̄_i s_i (1 − s_i) b
b̄ = Σ_i s̄_i s_i (1 − s_i) x_i
""",
        "b̄ = Σ_i s̄_i s_i (1 − s_i) x_i",
        "b̄ = Σ_i s̄_i x_i",
        "activation derivative",
    ),
    Derivation(
        "cosine similarity",
        """
a = √(Σ_i u_i²)
b = √(Σ_i v_i²)
p = Σ_i u_i v_i
c = p / (a b)

p̄ = c̄ / (a b)
ā = −c̄ c / a
ū_i = p̄ v_i + ā u_i / a
      = c̄ (v_i / (a b) − c u_i / a²)
""",
        "ā = −c̄ c / a",
        "ā = c̄ c / a",
        "sign",
    ),
    Derivation(
        "margin loss",
        r"""
$$m_n = t_n \left( \sum_j w_j x_{nj} + b \right)$$
$$L = \frac{1}{N} \sum_n \max(0, 1 - m_n) + \frac{\lambda}{2} \sum_j w_j^2$$

Subgradients:

$$\bar m_n = -\frac{1}{N} \mathbb{1}[m_n < 1]$$
$$\bar w_j = \sum_n \bar m_n t_n x_{nj} + \lambda w_j$$
$$\bar b = \sum_n \bar m_n t_n$$
""",
        r"\bar w_j = \sum_n \bar m_n t_n x_{nj} + \lambda w_j",
        r"\bar w_j = \sum_n \bar m_n t_n x_{nj} - \lambda w_j",
        "sign",
    ),
)
"""All right."""
