"""Documents of people who write kernels and models, each with a right backward pass, and mistakes to be planted in them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "data" / "engineering"


@dataclass(frozen=True)
class Mistake:
    """A place in a document, what is written there instead, and the text that begins the line where it shows: the same one where it is empty."""

    old: str
    new: str
    shows: str = ""


@dataclass(frozen=True)
class Document:
    """A file, how many of its claims are right, and mistakes, each of which makes one line wrong."""

    file: str
    right: int
    mistakes: tuple[Mistake, ...]

    @property
    def text(self) -> str:
        return (FOLDER / self.file).read_text("utf-8")


DOCUMENTS = (
    Document(
        "flash_attention.tex",
        6,
        (
            Mistake(r"dP = dO\, V^\top", r"dP = dO\, V"),
            Mistake("P_{ij} (dP_{ij} - D_i)", "P_{ij} (dP_{ij} + D_i)"),
            Mistake(r"\tau\, dS^\top Q", r"dS^\top Q"),
        ),
    ),
    Document(
        "flash_attention_in_text.md",
        5,
        (
            Mistake("dV = P^T dO", "dV = P dO"),
            Mistake("P ∘ (dP − D)", "P ∘ dP"),
            Mistake("rowsum(dO ∘ O)", "rowsum(dO)", "dS = P"),
        ),
    ),
    Document(
        "causal_attention.md",
        5,
        (
            Mistake("Σ_i dS_ij Q_ik", "Σ_i dS_ji Q_ik"),
            Mistake("dO_ik V_jk", "dO_ik P_jk"),
            Mistake("(dP_ij − D_i)", "(dP_ij − D_j)"),
        ),
    ),
    Document(
        "layer_norm.md",
        4,
        (
            Mistake(r"\text{dout}_i\, w_i", r"\text{dout}_i\, b_i"),
            Mistake(r"\text{dw}_i &= \text{dout}_i\, \text{norm}_i", r"\text{dw}_i &= \text{dout}_i\, x_i"),
            Mistake(r"- \text{norm}_i \frac{1}{C}", r"- \text{norm}_i"),
        ),
    ),
    Document(
        "layer_norm_of_a_vector.md",
        4,
        (
            Mistake("dw = dout ∘ norm", "dw = dout ∘ x"),
            Mistake("− mean(dnorm) −", "−"),
            Mistake("rstd * (dnorm", "(dnorm"),
        ),
    ),
    Document(
        "rms_norm.md",
        2,
        (
            Mistake("dw_i = dy_i x_i / RMS", "dw_i = dy_i x_i"),
            Mistake("(1 / RMS^2)", "(1 / RMS)"),
        ),
    ),
    Document(
        "rms_norm_of_a_vector.md",
        2,
        (
            Mistake("(1 / N) * (1 / RMS^2)", "(1 / RMS^2)"),
            Mistake("dw = dy * (x / RMS)", "dw = dy * x * RMS"),
        ),
    ),
    Document(
        "swiglu.md",
        7,
        (
            Mistake("db = dc ∘ a ∘ σ(a)", "db = dc ∘ σ(a)"),
            Mistake("dx = W_1ᵀ da + W_2ᵀ db", "dx = W_1ᵀ da"),
            Mistake("(1 − σ(a))", "σ(a)"),
        ),
    ),
    Document(
        "swiglu_in_latex.tex",
        2,
        (
            Mistake(r"dc_i\, \mathrm{silu}(a_i)", r"dc_i\, \sigma(a_i)"),
            Mistake(r"(1 - \sigma(a_i))", r"(1 + \sigma(a_i))"),
        ),
    ),
    Document(
        "geglu_tanh.md",
        3,
        (
            Mistake(r"\frac{\partial L}{\partial y_i}\, g_i", r"\frac{\partial L}{\partial y_i}\, b_i"),
            Mistake(r"(1 - \tanh^2 u_i)", r"(1 - \tanh u_i)"),
            Mistake(r"(1 + 3 \cdot 0.044715", "(1 + 0.044715"),
        ),
    ),
    Document(
        "gelu.md",
        1,
        (
            Mistake("√(2π)", "√π"),
            Mistake("+ x exp", "+ exp"),
        ),
    ),
    Document(
        "label_smoothing.md",
        2,
        (
            Mistake(r"- \frac{\epsilon}{V}", r"- \epsilon"),
            Mistake(r"+ 2\lambda", r"+ \lambda"),
        ),
    ),
    Document("rotary.md", 2, (Mistake("dx_1 = dy_1 cos θ + dy_2", "dx_1 = dy_1 cos θ − dy_2"),)),
    Document(
        "lora.tex",
        3,
        (
            Mistake(r"s\, B^\top \bar h", r"s\, B \bar h"),
            Mistake(r"s\, \bar h\, (A x)^\top", r"\bar h\, (A x)^\top"),
            Mistake(r" + s\, A^\top B^\top \bar h", ""),
        ),
    ),
    Document(
        "lora_by_rows.md",
        3,
        (
            Mistake("dX = dY Wᵀ +", "dX = dY W +"),
            Mistake("dB = s (X A)ᵀ", "dB = s (A X)ᵀ"),
        ),
    ),
    Document(
        "fused_cross_entropy.md",
        3,
        (
            Mistake("/ N\ndX", "\ndX"),
            Mistake("Σ_n dZ_nv X_nh", "Σ_n P_nv X_nh"),
        ),
    ),
    Document(
        "group_norm.tex",
        3,
        (
            Mistake(
                "\\gamma_{gk} \\]\n\\[ \\frac{\\partial L}{\\partial \\gamma",
                "\\beta_{gk} \\]\n\\[ \\frac{\\partial L}{\\partial \\gamma",
            ),
            Mistake(r"\frac{s_g}{M} \left(", r"\frac{1}{M} \left("),
        ),
    ),
    Document(
        "batch_norm.tex",
        6,
        (
            Mistake(r"\cdot \frac{-1}{2} (", r"\cdot \frac{1}{2} ("),
            Mistake(r"\cdot \frac{1}{m} \\", r"\\"),
            Mistake(
                r"\sum_{i=1}^{m} \frac{\partial \ell}{\partial y_i} \cdot \hat{x}_i",
                r"\sum_{i=1}^{m} \frac{\partial \ell}{\partial y_i} \cdot x_i",
            ),
        ),
    ),
    Document(
        "embedding.md",
        3,
        (
            Mistake("dQ_pd = dH_pd", "dQ_pd = −dH_pd"),
            Mistake("⟦k_p = v⟧ dH_pd", "⟦k_p = v⟧ H_pd"),
        ),
    ),
    Document(
        "conv1d.md",
        3,
        (
            Mistake(r"{\partial y_{o,s-k}}", r"{\partial y_{o,s+k}}"),
            Mistake(
                "\\, x_{c,t+k} $$\n\n$$ \\frac{\\partial L}{\\partial x",
                "\\, x_{c,t} $$\n\n$$ \\frac{\\partial L}{\\partial x",
            ),
        ),
    ),
    Document(
        "im2col.md",
        3,
        (
            Mistake("dC = Wᵀ dY", "dC = W dY"),
            Mistake("db = dY 𝟏", "db = dYᵀ 𝟏"),
        ),
    ),
    Document(
        "depthwise.md",
        3,
        (
            Mistake("dy_{c,s−k}", "dy_{c,s+k}"),
            Mistake("Σ_t dy_{c,t}\n", "dy_{c,t}\n"),
        ),
    ),
    Document(
        "selective_scan.md",
        6,
        (
            Mistake("a_{t+1} dh_{t+1}", "a_t dh_{t+1}"),
            Mistake("dh_t h_{t−1}", "dh_t h_t"),
            Mistake("dc_t = dy_t h_t", "dc_t = dy_t h_{t−1}"),
        ),
    ),
    Document(
        "mixture_of_experts.md",
        3,
        (
            Mistake("g_e (dg_e − Σ_f g_f dg_f)", "dg_e − Σ_f g_f dg_f"),
            Mistake("dE_ed = g_e dy_d", "dE_ed = dy_d"),
        ),
    ),
    Document(
        "preference_loss.md",
        4,
        (
            Mistake(r"\ell_w} = -\beta", r"\ell_w} = -"),
            Mistake(r"\sigma(m) - 1", r"\sigma(m)"),
        ),
    ),
    Document("clipped_policy_loss.md", 2, (Mistake("dl = dr r", "dl = dr"),)),
    Document(
        "vae.md",
        4,
        (
            Mistake(r"\bar z_i + \mu_i", r"\bar z_i"),
            Mistake(r"\tfrac12 \bar\sigma_i \sigma_i", r"\bar\sigma_i \sigma_i"),
        ),
    ),
    Document("marginal_likelihood.tex", 1, (Mistake(r"(K^{-1} - \alpha", r"(K^{-1} + \alpha"),)),
    Document(
        "normal_likelihood.md",
        2,
        (
            Mistake(r"-\Lambda r", r"\Lambda r"),
            Mistake(r"- \Lambda^{-1})", r"- \Lambda)"),
        ),
    ),
    Document(
        "kalman.md",
        5,
        (
            Mistake(r"-H^\top", r"H^\top"),
            Mistake(r"v v^\top S^{-1}) \\", r"v v^\top) \\"),
        ),
    ),
    Document(
        "principal_components.tex",
        2,
        (
            Mistake(r"-2 (X^\top R W + R^\top X W)", r"-2 X^\top R W"),
            Mistake("2R", "R"),
        ),
    ),
    Document(
        "matrix_factorisation.md",
        2,
        (
            Mistake(r"-E V + \lambda U", "-E V"),
            Mistake(r"-E^\top U", "-E U"),
        ),
    ),
    Document(
        "adjoint_method.tex",
        2,
        (
            Mistake(r"-\lambda x^\top", r"\lambda x^\top"),
            Mistake(r"A^\top \lambda", r"A \lambda", r"\[ \frac{\partial J}"),
        ),
    ),
    Document(
        "ridge.md",
        1,
        (
            Mistake(r"\frac1m X^\top", r"X^\top"),
            Mistake(r"+ \lambda \beta", r"+ \beta"),
        ),
    ),
    Document(
        "logistic_offset.md",
        2,
        (
            Mistake("σ(η_i) − y_i\n∂", "η_i − y_i\n∂"),
            Mistake("(σ(η_i) − y_i) X_ij", "(σ(η_i) − o_i) X_ij"),
        ),
    ),
    Document(
        "poisson.tex",
        2,
        (
            Mistake(r"X^\top (y - \mu)", r"X^\top (y + \mu)"),
            Mistake(r"&= y - \mu", r"&= y - \eta"),
        ),
    ),
    Document(
        "temperature.md",
        2,
        (
            Mistake("dz_i = (p_i − q_i) / T", "dz_i = p_i − q_i"),
            Mistake("−(1/T²)", "(1/T²)"),
        ),
    ),
    Document(
        "contrastive_loss.md",
        3,
        (
            Mistake(r"\frac1N (p_{ij} - \delta_{ij})", r"p_{ij} - \delta_{ij}"),
            Mistake(r"\bar s_{ij} u_{id}", r"\bar s_{ij} v_{id}"),
        ),
    ),
    Document(
        "triplet.md",
        3,
        (
            Mistake("2 (a − q) ⟦", "−2 (a − q) ⟦"),
            Mistake("da = 2 (q − p)", "da = 2 (a − p)"),
        ),
    ),
    Document(
        "cosine.md",
        2,
        (
            Mistake(r"- c \frac{u}{\|u\|^2}", r"- c \frac{u}{\|u\|}"),
            Mistake(r"- c \frac{v}{\|v\|^2}", r"+ c \frac{v}{\|v\|^2}"),
        ),
    ),
    Document(
        "unit_vector.md",
        1,
        (
            Mistake(r"(I - \hat x", r"(I + \hat x"),
            Mistake(r"\frac{1}{\|x\|} (I", "(I"),
        ),
    ),
    Document(
        "unit_vector_in_text.md",
        2,
        (
            Mistake("dx = (I − n nᵀ) dn / ‖x‖", "dx = (I − x xᵀ) dn / ‖x‖"),
            Mistake("(dn − n (nᵀ dn)) / ‖x‖", "(dn − n (nᵀ dn))"),
        ),
    ),
    Document(
        "softmax.md",
        2,
        (
            Mistake("dz = (diag(p) − p pᵀ) dp", "dz = diag(p) dp"),
            Mistake(r"\operatorname{diag}(p) - p p^\top $$", r"\operatorname{diag}(p) + p p^\top $$"),
        ),
    ),
    Document("kernel_comment.txt", 1, (Mistake("(p_v − t_v)", "(p_v + t_v)"),)),
    Document(
        "numpy_docstring.txt",
        2,
        (
            Mistake("dw = dy ∘ x * r", "dw = dy ∘ x"),
            Mistake("r**3", "r**2"),
        ),
    ),
    Document(
        "markdown_list.md",
        3,
        (
            Mistake(r"E^\top \bar z", r"E \bar z"),
            Mistake(r"\bar z h^\top", r"h \bar z^\top"),
        ),
    ),
    Document("inner_product.md", 1, (Mistake(r"(A + A^\top) X", r"A^\top X"),)),
    Document(
        "trace.md",
        2,
        (
            Mistake(r"= X X^\top $$", r"= 2 X X^\top $$"),
            Mistake(r"(A + A^\top) X", "A X"),
        ),
    ),
    Document("trace_inverse.md", 1, (Mistake(r"-(X^{-1} B A X^{-1})^\top", r"-(X^{-1} A B X^{-1})^\top"),)),
    Document("log_determinant.md", 1, (Mistake("2 X (X", "X (X"),)),
    Document(
        "gp_hyper.tex",
        2,
        (
            Mistake(r"C \right)", r"D \right)"),
            Mistake(r"\ell}{\partial v} = \tfrac12", r"\ell}{\partial v} = "),
        ),
    ),
    Document(
        "divergence_of_gaussians.tex",
        4,
        (
            Mistake(r"= -\frac{\mu_i - m_i}", r"= \frac{\mu_i - m_i}"),
            Mistake(r"- \frac{1}{\sigma_i}", r"+ \frac{1}{\sigma_i}"),
        ),
    ),
    Document(
        "logistic_irls.md",
        2,
        (
            Mistake("p_i - y_i,", "p_i,"),
            Mistake(r"X^\top (p - y)", r"X^\top (y - p)"),
        ),
    ),
    Document(
        "self_attention.md",
        9,
        (
            Mistake("Σ_l dP_il P_il)", "Σ_l dP_il)"),
            Mistake("+ dV @ W_V^T", ""),
            Mistake("dQ = dS @ K / sqrt(d)", "dQ = dS @ K"),
        ),
    ),
    Document("gelu_by_phi.md", 1, (Mistake(r"\frac{x}{\sqrt{2\pi}}", r"\frac{1}{\sqrt{2\pi}}"),)),
    Document("dropout.txt", 1, (Mistake("dx = m ∘ dy / (1 − p)", "dx = dy / (1 − p)"),)),
    Document(
        "residual.txt",
        2,
        (
            Mistake("dx = dh_1 + W_1ᵀ", "dx = W_1ᵀ"),
            Mistake("relu(W_1 x)ᵀ", "xᵀ"),
        ),
    ),
    Document(
        "huber.md",
        2,
        (
            Mistake(r"-\frac{\partial L}{\partial r} x", r"\frac{\partial L}{\partial r} x"),
            Mistake(r"c \operatorname{sign}(r)", "c"),
        ),
    ),
    Document("hinge_loss.md", 1, (Mistake(r"\lambda w_j - \frac1N", r"\lambda w_j + \frac1N"),)),
    Document("softplus.txt", 2, (Mistake("= dy σ(x)", "= dy (1 − σ(x))"),)),
    Document(
        "weight_norm.md",
        3,
        (
            Mistake(r"- \frac{g \nabla_g L}{\|v\|^2} v", ""),
            Mistake(r"\bar y\, x", r"\bar y\, v"),
        ),
    ),
    Document(
        "spectral_norm.md",
        3,
        (
            Mistake("+ ds u vᵀ", "+ ds v uᵀ"),
            Mistake("/ s²", "/ s"),
        ),
    ),
    Document(
        "linear_layer_with_bias.md",
        3,
        (
            Mistake("2/N (Z − Y)", "1/N (Z − Y)"),
            Mistake("dZᵀ 𝟏", "dZ 𝟏"),
        ),
    ),
    Document("attention_with_heads.md", 2, (Mistake("P_{bhqk} dO_{bhqd}", "P_{bhkq} dO_{bhqd}"),)),
    Document("logsumexp.txt", 1, (Mistake("dlse exp(x_i − lse)", "dlse exp(x_i)"),)),
    Document("normalised_vector.md", 1, (Mistake("n^2}", "n}"),)),
    Document(
        "cuda_file.txt",
        1,
        (
            Mistake("y_i (dy_i − s)", "y_i (dy_i + s)"),
            Mistake("s    = Σ_j dy_j y_j", "s    = Σ_j dy_j", " *   dz_i"),
        ),
    ),
    Document(
        "autograd_function.txt",
        4,
        (
            Mistake("−½ r³ dr", "−½ r² dr"),
            Mistake("+ 2/N x_i dq", "+ 1/N x_i dq"),
        ),
    ),
    Document(
        "gate_in_rust.txt",
        2,
        (
            Mistake("g ∘ (1 − g)", "(1 − g)"),
            Mistake("db = dy ∘ g", "db = dy ∘ a"),
        ),
    ),
    Document(
        "mahalanobis.md",
        3,
        (
            Mistake("∂q/∂μ = −(M", "∂q/∂μ = (M"),
            Mistake("r rᵀ\n", "2 r rᵀ\n"),
        ),
    ),
    Document(
        "contrastive_pairs.txt",
        3,
        (
            Mistake("dv = −dD", "dv = dD"),
            Mistake("dD = 2 y D − 2", "dD = 2 y D + 2"),
        ),
    ),
    Document("average_pooling.md", 1, (Mistake("du_i / 2\n", "du_i\n"),)),
    Document("scatter.md", 2, (Mistake("dE_{k_p,d} += dH_pd", "dE_{k_p,d} += 2 dH_pd"),)),
    Document(
        "conv_loop.md",
        2,
        (
            Mistake("dx_{i+k} += w_k dy_i", "dx_{i+k} += x_k dy_i"),
            Mistake("dw_k += x_{i+k} dy_i", "dw_k += x_k dy_i"),
        ),
    ),
    Document(
        "max_pooling.md", 1, (Mistake(r"\frac{\partial L}{\partial y_i} \,", r"2 \frac{\partial L}{\partial y_i} \,"),)
    ),
)
