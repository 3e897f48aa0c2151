/* Both in one pass; the carried term is the part of a neighbour's derivative that belongs to the next entry. */

void value_and_gradient(const double *restrict x, long n, double *restrict value, double *restrict gradient)
{
    double lanes[8] = {0}, total = 0;
    long i = 0;
    gradient[0] = -400 * (x[1] - x[0] * x[0]) * x[0] - 2 * (1 - x[0]);
    total += 100 * (x[1] - x[0] * x[0]) * (x[1] - x[0] * x[0]) + (1 - x[0]) * (1 - x[0]);
    for (i = 1; i + 8 < n; i += 8)
        for (int k = 0; k < 8; k++) {
            double here = x[i + k], gap = x[i + k + 1] - here * here, rest = 1 - here;
            double before = here - x[i + k - 1] * x[i + k - 1];
            lanes[k] += 100 * gap * gap + rest * rest;
            gradient[i + k] = 200 * before - 400 * gap * here - 2 * rest;
        }
    for (; i < n - 1; i++) {
        double here = x[i], gap = x[i + 1] - here * here, rest = 1 - here;
        total += 100 * gap * gap + rest * rest;
        gradient[i] = 200 * (here - x[i - 1] * x[i - 1]) - 400 * gap * here - 2 * rest;
    }
    gradient[n - 1] = 200 * (x[n - 1] - x[n - 2] * x[n - 2]);
    for (int k = 0; k < 8; k++)
        total += lanes[k];
    *value = total;
}

void hessian_product(const double *restrict x, const double *restrict v, long n, double *restrict product)
{
    product[0] = -400 * ((v[1] - 2 * x[0] * v[0]) * x[0] + (x[1] - x[0] * x[0]) * v[0]) + 2 * v[0];
    for (long i = 1; i < n - 1; i++)
        product[i] = 200 * (v[i] - 2 * x[i - 1] * v[i - 1]) + 2 * v[i]
                     - 400 * ((v[i + 1] - 2 * x[i] * v[i]) * x[i] + (x[i + 1] - x[i] * x[i]) * v[i]);
    product[n - 1] = 200 * (v[n - 1] - 2 * x[n - 2] * v[n - 2]);
}
