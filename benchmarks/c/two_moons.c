/* Gradient descent on N points: network 2-H-H-1, relu, max-margin loss, weight decay. All inner loops run over H contiguous numbers.
   block: 3 N H floats of working memory, one unit's values for all points together (H rows of N). */
#define M(array, row) ((array) + (row) * N)

static float hinge(const float *restrict y, float *restrict score, float *restrict score_bar)
{
    float total = 0;
    for (int n = 0; n < N; n++) {
        float margin = 1 - y[n] * score[n];
        total += margin > 0 ? margin : 0;
        score_bar[n] = margin > 0 ? -y[n] / N : 0;
    }
    return total / N;
}

static void decay_by(float *restrict p, const float *restrict bar, int size, float rate, float decay, float *squares)
{
    for (int k = 0; k < size; k++) {
        *squares += p[k] * p[k];
        p[k] -= rate * (bar[k] + 2 * decay * p[k]);
    }
}

/* gradient of one layer's row of weights: bar[j] = sum_n in_i[n] out_bar_j[n] */
static float dot(const float *restrict a, const float *restrict b)
{
    float lanes[16] = {0};
    int n = 0;
    for (; n + 16 <= N; n += 16)
        for (int k = 0; k < 16; k++)
            lanes[k] += a[n + k] * b[n + k];
    float total = 0;
    for (int k = 0; k < 16; k++)
        total += lanes[k];
    for (; n < N; n++)
        total += a[n] * b[n];
    return total;
}

static float sum(const float *restrict a)
{
    float total = 0;
    for (int n = 0; n < N; n++)
        total += a[n];
    return total;
}

static void layer(const float *restrict in, const float *restrict W, const float *restrict b, int inner, float *restrict out)
{
    for (int j = 0; j < H; j++) {
        float z[N];
        for (int n = 0; n < N; n++)
            z[n] = b[j];
        for (int i = 0; i < inner; i++)
            for (int n = 0; n < N; n++)
                z[n] += W[i * H + j] * M(in, i)[n];
        for (int n = 0; n < N; n++)
            M(out, j)[n] = z[n] > 0 ? z[n] : 0;
    }
}

void descend(float *W1, float *b1, float *W2, float *b2, float *W3, float *b3, const float *X, const float *y, float *value,
             float *block, float rate, float decay, long steps)
{
    float *first = block, *second = block + H * N, *second_bar = block + 2 * H * N;
    float inputs[2 * N], score[N], score_bar[N], W1_bar[2 * H], b1_bar[H], W2_bar[H * H], b2_bar[H], W3_bar[H], b3_bar[1];
    for (int n = 0; n < N; n++)
        for (int i = 0; i < 2; i++)
            M(inputs, i)[n] = X[2 * n + i];
    for (long k = 0; k < steps; k++) {
        layer(inputs, W1, b1, 2, first);
        layer(first, W2, b2, H, second);
        for (int n = 0; n < N; n++)
            score[n] = b3[0];
        for (int j = 0; j < H; j++)
            for (int n = 0; n < N; n++)
                score[n] += W3[j] * M(second, j)[n];
        float total = hinge(y, score, score_bar), squares = 0;
        b3_bar[0] = sum(score_bar);
        for (int j = 0; j < H; j++) {
            W3_bar[j] = dot(M(second, j), score_bar);
            for (int n = 0; n < N; n++)
                M(second_bar, j)[n] = M(second, j)[n] > 0 ? W3[j] * score_bar[n] : 0;
            b2_bar[j] = sum(M(second_bar, j));
        }
        for (int i = 0; i < H; i++) {
            float bar[N];
            for (int n = 0; n < N; n++)
                bar[n] = 0;
            for (int j = 0; j < H; j++) {
                W2_bar[i * H + j] = dot(M(first, i), M(second_bar, j));
                for (int n = 0; n < N; n++)
                    bar[n] += W2[i * H + j] * M(second_bar, j)[n];
            }
            for (int n = 0; n < N; n++)
                bar[n] = M(first, i)[n] > 0 ? bar[n] : 0;
            b1_bar[i] = sum(bar);
            W1_bar[i] = dot(M(inputs, 0), bar);
            W1_bar[H + i] = dot(M(inputs, 1), bar);
        }
        decay_by(W1, W1_bar, 2 * H, rate, decay, &squares);
        decay_by(b1, b1_bar, H, rate, decay, &squares);
        decay_by(W2, W2_bar, H * H, rate, decay, &squares);
        decay_by(b2, b2_bar, H, rate, decay, &squares);
        decay_by(W3, W3_bar, H, rate, decay, &squares);
        decay_by(b3, b3_bar, 1, rate, decay, &squares);
        *value = total + decay * squares;
    }
}
