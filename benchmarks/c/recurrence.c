#define _GNU_SOURCE
#include <math.h>

/* x <- x + dt sin(x) a, and its derivative by a beside it */
void recur(float x, float a, float dt, long steps, float *out)
{
    float tangent = 0;
    for (long k = 0; k < steps; k++) {
        float sine, cosine;
        sincosf(x, &sine, &cosine);
        tangent += dt * (cosine * tangent * a + sine);
        x += dt * sine * a;
    }
    out[0] = x;
    out[1] = tangent;
}
