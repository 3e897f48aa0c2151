#include <math.h>

/* value and gradients of 0.5 (sigma(w x + b) - t)^2 + 0.5 decay w^2 by w and b */
void unit(double w, double b, double x, double t, double decay, double *out)
{
    double y = 1 / (1 + exp(-(w * x + b)));
    double z_bar = (y - t) * y * (1 - y);
    out[0] = 0.5 * (y - t) * (y - t) + 0.5 * decay * w * w;
    out[1] = z_bar * x + decay * w;
    out[2] = z_bar;
}

void descend(float w, float b, float x, float t, float decay, float rate, long steps, float *out)
{
    for (long k = 0; k < steps; k++) {
        float y = 1 / (1 + expf(-(w * x + b)));
        float z_bar = (y - t) * y * (1 - y);
        w -= rate * (z_bar * x + decay * w);
        b -= rate * z_bar;
    }
    out[0] = w;
    out[1] = b;
}
