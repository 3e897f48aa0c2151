"""Systems in which a weight is used more than once, activations whose slopes are written out, and batches; with their derivations."""

SHARED: dict[str, tuple[str, str]] = {
    "tied autoencoder": (
        "h = tanh(W x)\ny = Wᵀ h\nL = ½ ‖y − x‖²",
        "ȳ = y − x\nh̄ = W ȳ\nW̄ = h ȳᵀ + (h̄ ∘ (1 − h²)) xᵀ",
    ),
    "two branches": (
        "a = tanh(W x)\nb = tanh(W y)\nL = ½ ‖a − b‖²",
        "ā = a − b\nb̄ = b − a\nW̄ = (ā ∘ (1 − a²)) xᵀ + (b̄ ∘ (1 − b²)) yᵀ",
    ),
    "two steps": (
        "h₁ = tanh(W x₁ + U h₀)\nh₂ = tanh(W x₂ + U h₁)\nL = ½ ‖h₂ − t‖²",
        (
            "h̄₂ = h₂ − t\nh̄₁ = Uᵀ (h̄₂ ∘ (1 − h₂²))\n"
            "W̄ = (h̄₂ ∘ (1 − h₂²)) x₂ᵀ + (h̄₁ ∘ (1 − h₁²)) x₁ᵀ\nŪ = (h̄₂ ∘ (1 − h₂²)) h₁ᵀ + (h̄₁ ∘ (1 − h₁²)) h₀ᵀ"
        ),
    ),
    "one weight for all": (
        "z_i = w x_i + b\ny_i = σ(z_i)\nL = ½ Σ_i (y_i − t_i)²",
        "ȳ_i = y_i − t_i\nz̄_i = ȳ_i y_i (1 − y_i)\nw̄ = Σ_i z̄_i x_i\nb̄ = Σ_i z̄_i",
    ),
    "batch by index": (
        "N = size of n\nZ_nk = Σ_j X_nj W_jk + b_k\nH_nk = max(0, Z_nk)\nY_nm = Σ_k H_nk V_km + c_m\nL = 1/(2N) Σ_nm (Y_nm − T_nm)²",
        (
            "Ȳ_nm = 1/N (Y_nm − T_nm)\nV̄_km = Σ_n H_nk Ȳ_nm\nc̄_m = Σ_n Ȳ_nm\nH̄_nk = Σ_m Ȳ_nm V_km\n"
            "Z̄_nk = H̄_nk ⟦Z_nk > 0⟧\nW̄_jk = Σ_n X_nj Z̄_nk\nb̄_k = Σ_n Z̄_nk"
        ),
    ),
    "batch as matrices": (
        "N = size of n\nX ∈ ℝ^(n×d)\nZ = X W + 𝟏 bᵀ\nH = tanh(Z)\nL = 1/(2N) ‖H − T‖_F²",
        "H̄ = 1/N (H − T)\nZ̄ = H̄ ∘ (1 − H²)\nW̄ = Xᵀ Z̄\nb̄ = Z̄ᵀ 𝟏\nX̄ = Z̄ Wᵀ",
    ),
    "mean of examples": (
        "N = size of n\nz_n = Σ_j w_j x_nj + b\ny_n = σ(z_n)\nl_n = −t_n log y_n − (1 − t_n) log(1 − y_n)\nL = 1/N Σ_n l_n",
        "l̄_n = 1/N\nz̄_n = l̄_n (y_n − t_n)\nw̄_j = Σ_n z̄_n x_nj\nb̄ = Σ_n z̄_n",
    ),
    "softplus and softmax": (
        "z = W x + b\nh = log(1 + e^z)\na = V h\ny_k = e^(a_k) / Σ_l e^(a_l)\nL = Σ_k c_k y_k",
        "ȳ_k = c_k\nā_k = y_k (ȳ_k − Σ_l ȳ_l y_l)\nV̄ = ā hᵀ\nh̄ = Vᵀ ā\nz̄ = h̄ ∘ σ(z)\nW̄ = z̄ xᵀ\nb̄ = z̄",
    ),
    "mean over positions": (
        "N = size of i\nm_k = 1/N Σ_i x_ik\ny_j = Σ_k V_jk m_k\nL = ½ Σ_j (y_j − t_j)²",
        "ȳ_j = y_j − t_j\nV̄_jk = ȳ_j m_k\nm̄_k = Σ_j ȳ_j V_jk\nx̄_ik = 1/N m̄_k",
    ),
    "variance": (
        "N = size of i\nμ = 1/N Σ_i x_i\nv = 1/N Σ_i (x_i − μ)²\nL = log v",
        "v̄ = 1 / v\nx̄_i = 2/N v̄ (x_i − μ)",
    ),
}
"""By name, forward and backward lines."""
