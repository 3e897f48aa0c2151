#include <math.h>

#define BLOCK 64

/* mean of log(1 + e^z) - y z with z = X w, and its gradient by w; X is read once, in blocks of rows that stay in the cache */
void value_and_gradient(const double *restrict w, const double *restrict X, const double *restrict y, long rows,
                        double *restrict value, double *restrict gradient)
{
    double total = 0, sums[COLUMNS] = {0};
    for (long begin = 0; begin < rows; begin += BLOCK) {
        long count = rows - begin < BLOCK ? rows - begin : BLOCK;
        const double *block = X + begin * COLUMNS;
        double z[BLOCK] = {0}, bar[BLOCK];
        for (long n = 0; n < count; n++) {
            double sum = 0;
            for (int j = 0; j < COLUMNS; j++)
                sum += block[n * COLUMNS + j] * w[j];
            z[n] = sum;
        }
        for (long n = 0; n < count; n++) {
            double e = exp(-fabs(z[n]));
            total += (z[n] > 0 ? z[n] : 0) + log(1 + e) - y[begin + n] * z[n];
            bar[n] = (z[n] > 0 ? 1 : e) / (1 + e) - y[begin + n];
        }
        for (long n = 0; n < count; n++)
            for (int j = 0; j < COLUMNS; j++)
                sums[j] += block[n * COLUMNS + j] * bar[n];
    }
    *value = total / rows;
    for (int j = 0; j < COLUMNS; j++)
        gradient[j] = sums[j] / rows;
}
