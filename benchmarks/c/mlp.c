#include <math.h>

/* One step of gradient descent: LAYERS layers, tanh or relu between them, softmax and cross-entropy, products by sgemm.
   Matrices lie by rows; for Fortran's sgemm each is its transpose, so C = A B is asked for as C^T = B^T A^T. */
typedef void gemm(const char *, const char *, const int *, const int *, const int *, const float *, const float *, const int *,
                  const float *, const int *, const float *, float *, const int *);

/* C (m x n) = alpha op(A) op(B) + beta C with inner size k; ta, tb: op transposes the stored matrix */
static void product(gemm *sgemm, int ta, int tb, int m, int n, int k, float alpha, const float *A, const float *B, float beta,
                    float *C)
{
    int lda = ta ? m : k, ldb = tb ? k : n;
    sgemm(tb ? "T" : "N", ta ? "T" : "N", &n, &m, &k, &alpha, B, &ldb, A, &lda, &beta, C, &n);
}

static void activate(float *restrict Z, const float *restrict b, int width)
{
    for (int n = 0; n < BATCH; n++)
        for (int j = 0; j < width; j++) {
            float z = Z[n * width + j] + b[j];
            Z[n * width + j] = TANH ? tanhf(z) : z > 0 ? z : 0;
        }
}

/* Z becomes the probabilities less the labels, divided by BATCH; the loss is returned */
static float entropy(float *restrict Z, const float *restrict b, const float *restrict Y, int width)
{
    double total = 0;
    for (int n = 0; n < BATCH; n++) {
        float *z = Z + n * width, top = z[0] + b[0], sum = 0, hit = 0;
        for (int j = 0; j < width; j++) {
            z[j] += b[j];
            top = z[j] > top ? z[j] : top;
            hit += Y[n * width + j] * z[j];
        }
        for (int j = 0; j < width; j++)
            sum += z[j] = expf(z[j] - top);
        for (int j = 0; j < width; j++)
            z[j] = (z[j] / sum - Y[n * width + j]) / BATCH;
        total += top + logf(sum) - hit;
    }
    return total / BATCH;
}

static void descend_bias(float *restrict b, const float *restrict bar, int width, float rate)
{
    static float sums[WIDEST];
    for (int j = 0; j < width; j++)
        sums[j] = 0;
    for (int n = 0; n < BATCH; n++)
        for (int j = 0; j < width; j++)
            sums[j] += bar[n * width + j];
    for (int j = 0; j < width; j++)
        b[j] -= rate * sums[j];
}

/* parameters W1 b1 W2 b2 ...; values X H1 ... Z; two blocks of bars */
void step(const int *width, float **parameters, float **values, const float *Y, float *bars, float *value, float rate,
          gemm *sgemm)
{
    for (int l = 0; l < LAYERS; l++) {
        product(sgemm, 0, 0, BATCH, width[l + 1], width[l], 1, values[l], parameters[2 * l], 0, values[l + 1]);
        if (l < LAYERS - 1)
            activate(values[l + 1], parameters[2 * l + 1], width[l + 1]);
    }
    *value = entropy(values[LAYERS], parameters[2 * LAYERS - 1], Y, width[LAYERS]);
    const float *bar = values[LAYERS];
    for (int l = LAYERS - 1; l >= 0; l--) {
        float *below = bars + (l % 2) * BATCH * WIDEST;
        if (l > 0) {
            product(sgemm, 0, 1, BATCH, width[l], width[l + 1], 1, bar, parameters[2 * l], 0, below);
            for (int k = 0; k < BATCH * width[l]; k++)
                below[k] *= TANH ? 1 - values[l][k] * values[l][k] : values[l][k] > 0;
        }
        product(sgemm, 1, 0, width[l], width[l + 1], BATCH, -rate, values[l], bar, 1, parameters[2 * l]);
        descend_bias(parameters[2 * l + 1], bar, width[l + 1], rate);
        bar = below;
    }
}
