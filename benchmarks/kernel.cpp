// The algorithm of jfb/engines/fused/kernel.py for dimensions 3 and 3, as a C++ programmer would
// write it for the compiler's vectoriser: loops over W samples with constant bounds.

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace {

constexpr int N = 3, M = 3, W = 32;
constexpr int LATENT_BIAS = N * N, INJECTION = LATENT_BIAS + N, INJECTION_BIAS = INJECTION + N * M;
constexpr int OUTPUT = INJECTION_BIAS + N, OUTPUT_BIAS = OUTPUT + N, P = OUTPUT_BIAS + 1;

struct Batch {
    float *inputs, *target, *weight;
    long slots;
};

struct FixedPoint {
    float *injected, *u, *image;
    std::int64_t *iterations;
    long slots;
};

struct Iterations {
    long count;
    bool converged;
};

struct Scores {
    float squares, accurate;
};

long slots_of(long size) { return (size + W - 1) / W * W; }

void fill(const float *points, const float *target, const std::int64_t *order, long size, Batch &batch) {
    for (long slot = 0; slot < slots_of(size); ++slot) {
        const long row = order[std::min(slot, size - 1)];
        for (int j = 0; j < M; ++j) batch.inputs[j * batch.slots + slot] = points[row * M + j];
        batch.target[slot] = target[row];
        batch.weight[slot] = slot < size;
    }
}

void inject(const float *p, const Batch &batch, long slots, FixedPoint &fixed) {
    for (long slot = 0; slot < slots; slot += W) {
        for (int i = 0; i < N; ++i) {
            float value[W];
            for (int k = 0; k < W; ++k) value[k] = p[LATENT_BIAS + i] + p[INJECTION_BIAS + i];
            for (int j = 0; j < M; ++j)
                for (int k = 0; k < W; ++k)
                    value[k] += p[INJECTION + i * M + j] * batch.inputs[j * batch.slots + slot + k];
            for (int k = 0; k < W; ++k) {
                fixed.injected[i * fixed.slots + slot + k] = value[k];
                fixed.image[i * fixed.slots + slot + k] = 0;
            }
        }
        fixed.iterations[slot / W] = 0;
    }
}

Iterations iterate(const float *p, FixedPoint &fixed, long slot, long least, long most, float tolerance) {
    float weight[N][N], injected[N][W], u[N][W], image[N][W];
    for (int i = 0; i < N; ++i) {
        for (int j = 0; j < N; ++j) weight[i][j] = p[i * N + j];
        for (int k = 0; k < W; ++k) {
            injected[i][k] = fixed.injected[i * fixed.slots + slot + k];
            image[i][k] = fixed.image[i * fixed.slots + slot + k];
        }
    }
    long done = fixed.iterations[slot / W];
    bool passed = false;
    while (done < most && !passed) {
        for (int i = 0; i < N; ++i)
            for (int k = 0; k < W; ++k) u[i][k] = image[i][k];
        for (int i = 0; i < N; ++i) {
            float value[W];
            for (int k = 0; k < W; ++k) value[k] = injected[i][k];
            for (int j = 0; j < N; ++j)
                for (int k = 0; k < W; ++k) value[k] += weight[i][j] * u[j][k];
            for (int k = 0; k < W; ++k) image[i][k] = value[k] < 0 ? 0 : value[k];
        }
        ++done;
        if (done >= least) {
            int unmet = 0;
            for (int i = 0; i < N; ++i)
                for (int k = 0; k < W; ++k) unmet += !(std::fabs(image[i][k] - u[i][k]) < tolerance);
            passed = unmet == 0;
        }
    }
    for (int i = 0; i < N; ++i)
        for (int k = 0; k < W; ++k) {
            fixed.u[i * fixed.slots + slot + k] = u[i][k];
            fixed.image[i * fixed.slots + slot + k] = image[i][k];
        }
    fixed.iterations[slot / W] = done;
    return {done, passed};
}

Iterations solve(const float *p, const Batch &batch, long slots, FixedPoint &fixed, float tolerance, long limit) {
    inject(p, batch, slots, fixed);
    const long vectors = slots / W;
    long iterations = 1, agreed = 0, vector = 0;
    bool converged = true;
    while (agreed < vectors) {
        const auto [done, passed] = iterate(p, fixed, vector * W, iterations, limit, tolerance);
        if (done > iterations) {
            iterations = done;
            agreed = 0;
            converged = true;
        }
        converged &= passed;
        ++agreed;
        vector = vector + 1 < vectors ? vector + 1 : 0;
    }
    if (!converged)
        for (long slot = 0; slot < slots; slot += W) iterate(p, fixed, slot, limit + 1, limit + 1, tolerance);
    return {iterations, converged};
}

void error_of(const float *p, const Batch &batch, const FixedPoint &fixed, long slot, float *error) {
    for (int k = 0; k < W; ++k) error[k] = p[OUTPUT_BIAS];
    for (int i = 0; i < N; ++i)
        for (int k = 0; k < W; ++k) error[k] += p[OUTPUT + i] * fixed.image[i * fixed.slots + slot + k];
    for (int k = 0; k < W; ++k) error[k] = (error[k] - batch.target[slot + k]) * batch.weight[slot + k];
}

void score(const float *error, const float *weight, float threshold, float *squares, float *accurate) {
    for (int k = 0; k < W; ++k) {
        squares[k] += error[k] * error[k];
        accurate[k] += std::fabs(error[k]) <= threshold ? weight[k] : 0;
    }
}

float total(const float *x) {
    float sum[W];
    for (int k = 0; k < W; ++k) sum[k] = x[k];
    for (int width = W / 2; width; width /= 2)
        for (int k = 0; k < width; ++k) sum[k] += sum[k + width];
    return sum[0];
}

Scores backward(const float *p, const Batch &batch, long size, float threshold, const FixedPoint &fixed, float *gradient) {
    float sums[P][W] = {}, squares[W] = {}, accurate[W] = {};
    const float scale = 2.0f / size;
    for (long slot = 0; slot < slots_of(size); slot += W) {
        float error[W], dy[W], dh[W];
        error_of(p, batch, fixed, slot, error);
        score(error, batch.weight + slot, threshold, squares, accurate);
        for (int k = 0; k < W; ++k) sums[OUTPUT_BIAS][k] += dy[k] = error[k] * scale;
        for (int i = 0; i < N; ++i) {
            const float *image = fixed.image + i * fixed.slots + slot;
            for (int k = 0; k < W; ++k) {
                sums[OUTPUT + i][k] += dy[k] * image[k];
                dh[k] = image[k] > 0 ? dy[k] * p[OUTPUT + i] : 0;
                sums[LATENT_BIAS + i][k] += dh[k];
            }
            for (int j = 0; j < N; ++j)
                for (int k = 0; k < W; ++k) sums[i * N + j][k] += dh[k] * fixed.u[j * fixed.slots + slot + k];
            for (int j = 0; j < M; ++j)
                for (int k = 0; k < W; ++k)
                    sums[INJECTION + i * M + j][k] += dh[k] * batch.inputs[j * batch.slots + slot + k];
        }
    }
    for (int parameter = 0; parameter < P; ++parameter) gradient[parameter] = total(sums[parameter]);
    for (int i = 0; i < N; ++i) gradient[INJECTION_BIAS + i] = gradient[LATENT_BIAS + i];
    return {total(squares), total(accurate)};
}

}  // namespace

// Train for `epochs` epochs; `state` holds parameters, means and squares, P numbers each, and
// `powers` those of beta1 and beta2. A row of `log` gets the two losses, the two accuracies and the
// mean number of iterations.
extern "C" void train_epochs(const float *points, const float *target, long count, const std::int64_t *orders,
                             long epochs, float *validation_inputs, float *validation_target,
                             float *validation_weight, long validation_size, long batch_size, double tolerance,
                             long limit, double threshold, double rate, double beta1, double beta2, double epsilon,
                             float *state, double *powers, double *log) {
    const long most = slots_of(std::max(batch_size, validation_size));
    float *room = new float[most * (M + 2 + 3 * N)];
    std::int64_t *iterations_of = new std::int64_t[most / W];
    Batch batch{room, room + M * most, room + (M + 1) * most, most};
    FixedPoint fixed{room + (M + 2) * most, room + (M + 2 + N) * most, room + (M + 2 + 2 * N) * most, iterations_of,
                     most};
    const Batch validation{validation_inputs, validation_target, validation_weight, slots_of(validation_size)};
    float *p = state, *mean = state + P, *square = state + 2 * P;
    for (long epoch = 0; epoch < epochs; ++epoch) {
        double loss = 0, accuracy = 0;
        long batches = 0, iterations = 0;
        for (long start = 0; start < count; start += batch_size) {
            const long size = std::min(batch_size, count - start);
            fill(points, target, orders + epoch * count + start, size, batch);
            iterations += solve(p, batch, slots_of(size), fixed, tolerance, limit).count;
            float gradient[P];
            const auto [squares, accurate] = backward(p, batch, size, threshold, fixed, gradient);
            powers[0] *= beta1;
            powers[1] *= beta2;
            const float step = -rate / (1 - powers[0]), correction = 1 / std::sqrt(1 - powers[1]);
            const float new_mean = 1 - beta1, new_square = 1 - beta2, keep = beta2, small = epsilon;
            for (int i = 0; i < P; ++i) {
                mean[i] += (gradient[i] - mean[i]) * new_mean;
                square[i] = gradient[i] * gradient[i] * new_square + square[i] * keep;
                p[i] += step * (mean[i] / (std::sqrt(square[i]) * correction + small));
            }
            loss += squares;
            accuracy += accurate / size;
            ++batches;
        }
        iterations += solve(p, validation, validation.slots, fixed, tolerance, limit).count;
        float squares[W] = {}, accurate[W] = {};
        for (long slot = 0; slot < validation.slots; slot += W) {
            float error[W];
            error_of(p, validation, fixed, slot, error);
            score(error, validation.weight + slot, threshold, squares, accurate);
        }
        double *row = log + 5 * epoch;
        row[0] = loss / count;
        row[1] = total(squares) / validation_size;
        row[2] = accuracy / batches;
        row[3] = total(accurate) / validation_size;
        row[4] = double(iterations) / (batches + 1);
    }
    delete[] room;
    delete[] iterations_of;
}
