"""Passes as engineers write them in NumPy, right, with changes that make one line wrong: the text that is changed, and for what."""

from __future__ import annotations

PASSES: dict[str, tuple[str, tuple[tuple[str, str], ...]]] = {
    "batchnorm": (
        """
mu = x.mean(axis=0)
xc = x - mu
var = (xc ** 2).mean(axis=0)
std = np.sqrt(var + eps)
xhat = xc / std
out = gamma * xhat + beta

N = x.shape[0]
dbeta = dout.sum(axis=0)
dgamma = (dout * xhat).sum(axis=0)
dxhat = dout * gamma
dstd = -(dxhat * xc).sum(axis=0) / std**2
dvar = 0.5 * dstd / std
dxc = dxhat / std + 2.0 / N * xc * dvar
dmu = -dxc.sum(axis=0)
dx = dxc + dmu / N
""",
        (
            ("dout * xhat", "dout * x"),
            ("-(dxhat * xc)", "(dxhat * xc)"),
            ("2.0 / N", "1.0 / N"),
            ("dmu / N", "dmu"),
            ("dmu = -dxc", "dmu = dxc"),
        ),
    ),
    "layernorm": (
        """
n, d = x.shape
mu = x.mean(axis=-1, keepdims=True)
var = ((x - mu) ** 2).mean(axis=-1, keepdims=True)
rs = 1.0 / np.sqrt(var + eps)
xh = (x - mu) * rs
y = xh * g + b

db = dy.sum(axis=0)
dg = (dy * xh).sum(axis=0)
dxh = dy * g
dx = rs / d * (d * dxh - dxh.sum(axis=-1, keepdims=True) - xh * (dxh * xh).sum(axis=-1, keepdims=True))
""",
        (("d * dxh -", "dxh -"), ("- xh *", "+ xh *"), ("dy * xh", "dy * x")),
    ),
    "softmax_xent": (
        """
z = x @ W + b
z_shift = z - z.max(axis=1, keepdims=True)
e = np.exp(z_shift)
p = e / e.sum(axis=1, keepdims=True)
loss = -np.mean(np.sum(y * np.log(p), axis=1))

dz = (p - y) / len(x)
dW = x.T @ dz
db = dz.sum(axis=0)
dx = dz @ W.T
""",
        (("(p - y)", "(y - p)"), ("dz @ W.T", "dz @ W")),
    ),
    "conv_einsum": (
        """
y = np.einsum('ncij,fcij->nf', patches, w) + b
loss = 0.5 * np.sum((y - t) ** 2)

dy = y - t
dw = np.einsum('nf,ncij->fcij', dy, patches)
db = dy.sum(axis=0)
dpatches = np.einsum('nf,fcij->ncij', dy, w)
""",
        (("'nf,ncij->fcij', dy, patches", "'nf,ncji->fcij', dy, patches"), ("axis=0", "axis=1")),
    ),
    "attention_heads_transpose": (
        """
S = Q @ K.transpose(0, 1, 3, 2) * scale
A = softmax(S, axis=-1)
Y = A @ V

dV = A.transpose(0, 1, 3, 2) @ dY
dA = dY @ V.transpose(0, 1, 3, 2)
dS = A * (dA - np.sum(dA * A, axis=-1, keepdims=True))
dQ = dS @ K * scale
dK = dS.transpose(0, 1, 3, 2) @ Q * scale
""",
        (("dS @ K * scale", "dS @ K"), ("A.transpose(0, 1, 3, 2) @ dY", "A @ dY")),
    ),
    "lstm": (
        """
i = sigmoid(x @ Wi + h @ Ui + bi)
f = sigmoid(x @ Wf + h @ Uf + bf)
o = sigmoid(x @ Wo + h @ Uo + bo)
g = np.tanh(x @ Wg + h @ Ug + bg)
c_new = f * c + i * g
h_new = o * np.tanh(c_new)

do = dh_new * np.tanh(c_new)
dc_new = dh_new * o * (1 - np.tanh(c_new) ** 2)
df = dc_new * c
dc = dc_new * f
di = dc_new * g
dg = dc_new * i
dWi = x.T @ (di * i * (1 - i))
dUf = h.T @ (df * f * (1 - f))
dbo = (do * o * (1 - o)).sum(axis=0)
dWg = x.T @ (dg * (1 - g ** 2))
""",
        (("dc_new * g", "dc_new * i"), ("dg * (1 - g ** 2)", "dg * (1 - g)")),
    ),
    "embedding": (
        """
e = table[tokens]
h = e @ W
loss = np.sum((h - t) ** 2)

dh = 2 * (h - t)
dW = e.T @ dh
de = dh @ W.T
dtable = np.zeros_like(table)
np.add.at(dtable, tokens, de)
""",
        (
            ("2 * (h - t)", "(h - t)"),
            ("np.add.at(dtable, tokens, de)", "dtable[tokens] += de"),
            ("e.T @ dh", "dh.T @ e"),
        ),
    ),
    "rmsnorm": (
        """
ms = np.mean(x ** 2, axis=-1, keepdims=True)
r = 1 / np.sqrt(ms + eps)
xn = x * r
y = xn * g

dg = np.sum(dy * xn, axis=0)
dxn = dy * g
dx = r * (dxn - xn * np.mean(dxn * xn, axis=-1, keepdims=True))
""",
        (("np.mean(dxn", "np.sum(dxn"), ("r * (dxn - xn *", "r * (dxn - x *"), ("dy * xn", "dy * x")),
    ),
    "dropout": (
        """
h = np.tanh(x @ W1)
hd = h * mask / keep
y = hd @ W2
loss = ((y - t) ** 2).sum() / 2

dy = y - t
dW2 = hd.T @ dy
dhd = dy @ W2.T
dh = dhd * mask / keep
dW1 = x.T @ (dh * (1 - h ** 2))
""",
        (("mask / keep\ndW1", "mask\ndW1"), ("hd.T", "h.T")),
    ),
    "gating": (
        """
u = x @ Wu
v = x @ Wv
s = sigmoid(u)
a = u * s
h = a * v
y = h @ Wo

dWo = h.T @ dy
dh = dy @ Wo.T
da = dh * v
dv = dh * a
du = da * (s + u * s * (1 - s))
dWu = x.T @ du
dWv = x.T @ dv
dx = du @ Wu.T + dv @ Wv.T
""",
        (
            ("dv = dh * a", "dv = dh * u"),
            ("(s + u * s * (1 - s))", "(u * s * (1 - s))"),
            ("du @ Wu.T + dv @ Wv.T", "du @ Wu.T"),
        ),
    ),
    "shadow": (
        """
x1 = x @ W1
x1 = np.tanh(x1)
y = x1 @ W2
loss = np.sum(y * g)

dy = g
dW2 = x1.T @ dy
dx1 = dy @ W2.T
dx1 = dx1 * (1 - x1 ** 2)
dW1 = x.T @ dx1
dx = dx1 @ W1.T
""",
        (("(1 - x1 ** 2)", "(1 - x1)"), ("dx1 @ W1.T", "dx1 @ W1"), ("dy @ W2.T\n", "dy @ W2\n")),
    ),
    "tuple_left": (
        """
z1, z2 = x @ W1, x @ W2
a = z1 * np.tanh(z2)
loss = np.sum(a * r)

da = r
dz1, dz2 = da * np.tanh(z2), da * z1 * (1 - np.tanh(z2) ** 2)
dW1, dW2 = x.T @ dz1, x.T @ dz2
dx = dz1 @ W1.T + dz2 @ W2.T
""",
        (("da * z1 * (1", "da * (1"), ("x.T @ dz1,", "x.T @ da,")),
    ),
    "where": (
        """
z = x @ w + b
p = 1 / (1 + np.exp(-z))
loss = -np.sum(y * np.log(p) + (1 - y) * np.log(1 - p))
dz = p - y
dw = x.T @ dz
db = np.sum(dz)
""",
        (("dz = p - y", "dz = p - y * p"), ("db = np.sum(dz)", "db = dz")),
    ),
    "gru": (
        """
z = sigmoid(x @ Wz + h @ Uz)
r = sigmoid(x @ Wr + h @ Ur)
n = np.tanh(x @ Wn + (r * h) @ Un)
h_new = (1 - z) * n + z * h

dz = dh_new * (h - n)
dn = dh_new * (1 - z)
dan = dn * (1 - n**2)
dWn = x.T @ dan
dUn = (r * h).T @ dan
drh = dan @ Un.T
dr = drh * h
dh = dh_new * z + drh * r + (dz * z * (1 - z)) @ Uz.T + (dr * r * (1 - r)) @ Ur.T
""",
        (("(h - n)", "(n - h)"), ("dr = drh * h", "dr = drh")),
    ),
    "vector_outer": (
        """
z = W @ x + b
a = np.tanh(z)
y = v @ a
loss = 0.5 * (y - t) ** 2
dy = y - t
dv = dy * a
da = dy * v
dz = da * (1 - a * a)
dW = np.outer(dz, x)
db = dz
dx = W.T @ dz
""",
        (("np.outer(dz, x)", "np.outer(x, dz)"), ("W.T @ dz", "W @ dz"), ("dv = dy * a", "dv = dy * v")),
    ),
    "self_dict": (
        """
class Linear:
    def forward(self, x):
        self.x = x
        y = x @ self.W + self.b
        return y
    def backward(self, dy):
        self.dW = self.x.T @ dy
        self.db = dy.sum(axis=0)
        return dy @ self.W.T
""",
        (),
    ),
    "bias_rows_mult": (
        """
y = x * g + b
loss = (y ** 2).sum() / 2
dy = y
dg = (dy * x).sum(axis=0)
db = dy.sum(axis=0)
dx = dy * g
""",
        (("dg = (dy * x).sum(axis=0)", "dg = dy * x"), ("db = dy.sum(axis=0)", "db = dy")),
    ),
    "classes": (
        """
class Dense:
    def __init__(self, n, m):
        self.W = np.random.randn(n, m) * 0.01
        self.b = np.zeros(m)

    def forward(self, x):
        self.x = x
        self.z = x @ self.W + self.b
        self.a = np.tanh(self.z)
        return self.a

    def backward(self, da):
        dz = da * (1 - self.a ** 2)
        self.dW = self.x.T @ dz
        self.db = dz.sum(axis=0)
        dx = dz @ self.W.T
        return dx
""",
        (
            ("dz.sum(axis=0)", "dz.sum(axis=1)"),
            ("1 - self.a ** 2", "1 - self.z ** 2"),
            ("dz @ self.W.T", "dz @ self.W"),
        ),
    ),
    "vae": (
        """
mu = h @ Wm
logvar = h @ Wv
std = np.exp(0.5 * logvar)
z = mu + std * noise
x_hat = z @ Wd
rec = 0.5 * np.sum((x_hat - x) ** 2)
kl = -0.5 * np.sum(1 + logvar - mu ** 2 - np.exp(logvar))
loss = rec + kl

dx_hat = x_hat - x
dWd = z.T @ dx_hat
dz = dx_hat @ Wd.T
dmu = dz + mu
dstd = dz * noise
dlogvar = dstd * 0.5 * std - 0.5 * (1 - np.exp(logvar))
dWm = h.T @ dmu
dWv = h.T @ dlogvar
dh = dmu @ Wm.T + dlogvar @ Wv.T
""",
        (("dz + mu", "dz"), ("- 0.5 * (1 -", "+ 0.5 * (1 -"), ("dz * noise", "dz")),
    ),
    "cosine": (
        """
nu = np.sqrt(np.sum(u ** 2))
nv = np.sqrt(np.sum(v ** 2))
s = (u @ v) / (nu * nv)
loss = 1 - s
ds = -1.0
du = ds * (v / (nu * nv) - s * u / nu ** 2)
dv = ds * (u / (nu * nv) - s * v / nv ** 2)
""",
        (("s * u / nu ** 2", "s * u / nu"), ("ds = -1.0", "ds = 1.0")),
    ),
    "rnn_step": (
        """
h_new = np.tanh(Wx @ x + Wh @ h + b)
y = Wy @ h_new + c
p = softmax(y)
loss = -np.log(p[t])
dy = p.copy()
dy[t] -= 1
dWy = np.outer(dy, h_new)
dc = dy
dh_new = Wy.T @ dy
dsum = (1 - h_new * h_new) * dh_new
db = dsum
dWx = np.outer(dsum, x)
dWh = np.outer(dsum, h)
dh = Wh.T @ dsum
dx = Wx.T @ dsum
""",
        (("dy[t] -= 1", "dy[t] += 1"), ("Wy.T @ dy", "Wy @ dy"), ("np.outer(dsum, h)", "np.outer(h, dsum)")),
    ),
    "dropout_rand": (
        """
h = np.maximum(0, x @ W1 + b1)
mask = (np.random.rand(*h.shape) < keep) / keep
d = h * mask
out = d @ W2
loss = ((out - t) ** 2).mean()

dout = 2 * (out - t) / out.size
dW2 = d.T @ dout
dd = dout @ W2.T
dh = dd * mask
dh = dh * (h > 0)
dW1 = x.T @ dh
db1 = dh.sum(axis=0)
""",
        (("dd * mask", "dd"), ("dW2 = d.T", "dW2 = h.T")),
    ),
    "swiglu": (
        """
g = x @ Wg
u = x @ Wu
s = g * sigmoid(g)
h = s * u
y = h @ Wd

dWd = h.T @ dy
dh = dy @ Wd.T
ds = dh * u
du = dh * s
sg = sigmoid(g)
dg = ds * (sg + g * sg * (1 - sg))
dWg = x.T @ dg
dWu = x.T @ du
dx = dg @ Wg.T + du @ Wu.T
""",
        (("sg + g * sg", "sg * g * sg"), ("du = dh * s", "du = dh * g")),
    ),
    "preact_resid": (
        """
a = relu(x)
x1 = x + a @ W1
b = relu(x1)
x2 = x1 + b @ W2
loss = np.sum(x2 * r)
dx2 = r
dW2 = b.T @ dx2
db = dx2 @ W2.T
dx1 = dx2 + db * (x1 > 0)
dW1 = a.T @ dx1
da = dx1 @ W1.T
dx = dx1 + da * (x > 0)
""",
        (("dx1 = dx2 + db", "dx1 = db"), ("dx = dx1 + da * (x > 0)", "dx = dx1 + da"), ("a.T @ dx1", "x.T @ dx1")),
    ),
    "elu": (
        """
z = x @ W
e = np.where(z > 0, z, alpha * (np.exp(z) - 1))
loss = (e * r).sum()
de = r
dz = de * np.where(z > 0, 1, alpha * np.exp(z))
dW = x.T @ dz
""",
        (("alpha * np.exp(z))", "alpha * (np.exp(z) - 1))"),),
    ),
    "logreg_loop": (
        """
w = np.zeros(d)
b = 0.0
for epoch in range(100):
    z = X @ w + b
    p = 1 / (1 + np.exp(-z))
    loss = -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))
    dz = (p - y) / len(y)
    dw = X.T @ dz
    db = dz.sum()
    w = w - lr * dw
    b = b - lr * db
""",
        (("(p - y) / len(y)", "(p - y)"), ("dz.sum()", "dz.mean()")),
    ),
    "huber": (
        """
r = X @ w - y
a = np.abs(r)
loss = np.where(a <= delta, 0.5 * r ** 2, delta * (a - 0.5 * delta)).sum()
dr = np.where(a <= delta, r, delta * np.sign(r))
dw = X.T @ dr
""",
        (("delta * np.sign(r)", "delta"),),
    ),
    "helpers": (
        """
def sigmoid(x):
    return 1 / (1 + np.exp(-x))

def dsigmoid(a):
    return a * (1 - a)

def softmax(z):
    e = np.exp(z - z.max(axis=0))
    return e / e.sum(axis=0)

def forward(W1, W2, X):
    H = sigmoid(W1 @ X)
    P = softmax(W2 @ H)
    return H, P

def backward(W1, W2, X, H, P, Y):
    L = -np.sum(Y * np.log(P))
    dS = P - Y
    dW2 = dS @ H.T
    dH = W2.T @ dS
    dU = dH * dsigmoid(H)
    dW1 = dU @ X.T
""",
        (),
    ),
    "gelu_helper": (
        """
def gelu(x):
    return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x ** 3)))

h = x @ W1
a = gelu(h)
y = a @ W2
dW2 = a.T @ dy
da = dy @ W2.T
""",
        (),
    ),
    "tmp_reuse": (
        """
y = x * np.tanh(w)
z = y * y
L = z.sum()
tmp = 2 * y
dy = tmp
tmp = dy * x
dw = tmp * (1 - np.tanh(w) ** 2)
tmp = dy * np.tanh(w)
dx = tmp
""",
        (),
    ),
    "mean_pool": (
        """
h = x.mean(axis=1)
y = h @ W
dh = dy @ W.T
dW = h.T @ dy
dx = np.repeat(dh[:, None, :], x.shape[1], axis=1) / x.shape[1]
""",
        (),
    ),
    "tied": (
        """
h = np.tanh(x @ W)
y = h @ W.T
loss = 0.5 * np.sum((y - x) ** 2)
dy = y - x
dh = dy @ W
dz = dh * (1 - h ** 2)
dW = x.T @ dz + dy.T @ h
""",
        (("dy.T @ h", "h.T @ dy"),),
    ),
    "scale_bcast": (
        """
y = x @ W
z = y * s[None, :] + c[None, :]
L = np.sum(z ** 2)
dz = 2 * z
ds = np.sum(dz * y, axis=0)
dc = np.sum(dz, axis=0)
dy = dz * s[None, :]
dW = x.T @ dy
""",
        (("np.sum(dz * y, axis=0)", "np.sum(dz, axis=0)"), ("dz * s[None, :]", "dz")),
    ),
    "multihead_reshape": (
        """
q = x @ Wq
k = x @ Wk
s = np.einsum('btc,buc->btu', q, k) / np.sqrt(C)
p = softmax(s)
o = np.einsum('btu,buc->btc', p, x)
dp = np.einsum('btc,buc->btu', do, x)
ds = p * (dp - (dp * p).sum(-1, keepdims=True))
dq = np.einsum('btu,buc->btc', ds, k) / np.sqrt(C)
dk = np.einsum('btu,btc->buc', ds, q) / np.sqrt(C)
dWq = np.einsum('btc,btd->cd', x, dq)
dx = dq @ Wq.T + dk @ Wk.T + np.einsum('btu,btc->buc', p, do)
""",
        (("(dp * p).sum(-1", "(dp * p).sum(1"), ("'btc,btd->cd', x, dq", "'btc,btd->dc', x, dq")),
    ),
    "labels_in_place": (
        """
u = np.maximum(0, np.dot(X, V) + a)
s = np.dot(u, W) + c
e = np.exp(s)
q = e / np.sum(e, axis=1, keepdims=True)
n = X.shape[0]
J = np.sum(-np.log(q[range(n), k])) / n + 0.5 * lam * (np.sum(V * V) + np.sum(W * W))

ds = q.copy()
ds[range(n), k] -= 1
ds /= n
du = np.dot(ds, W.T)
du[u <= 0] = 0
dW = np.dot(u.T, ds) + lam * W
dc = np.sum(ds, axis=0)
dV = np.dot(X.T, du)
dV += lam * V
da = np.sum(du, axis=0)
""",
        (
            ("du[u <= 0] = 0", "du[u > 0] = 0"),
            ("ds /= n", "ds *= n"),
            ("dV += lam * V", "dV += V"),
            ("np.dot(ds, W.T)\ndu[", "np.dot(ds, W)\ndu["),
            ("+ lam * W\n", "- lam * W\n"),
        ),
    ),
}
