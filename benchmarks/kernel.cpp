// The algorithm of jfb/engines/fused/kernel.py for dimensions 3 and 3 and the gradient jfb, as a C++
// programmer would write it for the compiler's vectoriser: loops over W samples with constant bounds.
// Its operations and their order are the kernel's, so that it gives the same bits. It is compiled with
// -ffp-contract=off: the only fused multiply-adds are the two of Adam.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

namespace {

constexpr int N = 3, M = 3, W = 32;
constexpr int LATENT_BIAS = N * N, INJECTION = LATENT_BIAS + N, INJECTION_BIAS = INJECTION + N * M;
constexpr int OUTPUT = INJECTION_BIAS + N, OUTPUT_BIAS = OUTPUT + N, P = OUTPUT_BIAS + 1;

// u and d of a sample, filled up with zeros to a register of AVX.
typedef float Row __attribute__((vector_size(32)));

long slots_of(long size) { return (size + W - 1) / W * W; }

struct Batch {
    const float *inputs, *target;
    long slots;
};

struct Iterations {
    long count;
    bool converged;
};

struct Score {
    double loss, accuracy;
};

struct Run {
    float tolerance, threshold;
    long limit;
};

struct Adam {
    double rate, beta1, beta2, epsilon;
    float *mean, *square;
    double *powers;

    // For beta1 above 1/2, as in all studies.
    void step(const float *gradient, float *p) {
        powers[0] *= beta1;
        powers[1] *= beta2;
        const float step = -rate / (1 - powers[0]), root = std::sqrt(1 - powers[1]);
        const float new_mean = 1 - beta1, new_square = 1 - beta2, keep = beta2, small = epsilon;
        for (int i = 0; i < P; ++i) {
            const float g = gradient[i];
            mean[i] = std::fma(new_mean, g - mean[i], mean[i]);
            square[i] = std::fma(new_square * g, g, square[i] * keep);
            p[i] += step * mean[i] / (std::sqrt(square[i]) / root + small);
        }
    }
};

// Sums over samples, in ATen's order: see jfb/engines/fused/sums.py.

// The sums of `rows` rows of L numbers each, of C components at a time; `sums` of C x L.
template <int C, int L>
void cascade(const float *x, long stride, long rows, float (*sums)[L]) {
    float levels[4][C][L] = {};
    for (long first = 0; first < rows; first += 16) {
        const long end = std::min(first + 16, rows);
        float running[C][L] = {};
        for (long row = first; row < end; ++row)
            for (int i = 0; i < C; ++i)
                for (int k = 0; k < L; ++k) running[i][k] += x[i * stride + row * L + k];
        // What does not fill 16 rows is not put aside.
        const bool whole = end == first + 16;
        for (int i = 0; i < C; ++i)
            for (int k = 0; k < L; ++k) levels[whole][i][k] += running[i][k];
        for (int level = 1; level < 3 && whole && end % (16L << 4 * level) == 0; ++level)
            for (int i = 0; i < C; ++i)
                for (int k = 0; k < L; ++k) {
                    levels[level + 1][i][k] += levels[level][i][k];
                    levels[level][i][k] = 0;
                }
    }
    for (int i = 0; i < C; ++i)
        for (int k = 0; k < L; ++k)
            sums[i][k] = ((levels[0][i][k] + levels[1][i][k]) + levels[2][i][k]) + levels[3][i][k];
}

// The sums of C columns of fewer than eight: four partial sums of each take turns.
template <int C>
void sum_columns(const float *x, long stride, long size, float *out) {
    float partial[C][4];
    cascade<C, 4>(x, stride, size / 4, partial);
    for (int i = 0; i < C; ++i) {
        for (long sample = size / 4 * 4; sample < size; ++sample) partial[i][0] += x[i * stride + sample];
        out[i] = ((partial[i][0] + partial[i][1]) + partial[i][2]) + partial[i][3];
    }
}

// The sums of C contiguous vectors: 32 partial sums of each take turns, as four registers of eight.
template <int C>
void sum_contiguous(const float *x, long stride, long size, float *out) {
    if (size < 8) return sum_columns<C>(x, stride, size, out);
    float partial[C][32];
    cascade<C, 32>(x, stride, size / 32, partial);
    for (int i = 0; i < C; ++i) {
        for (long sample = size / 32 * 32; sample < size / 8 * 8; sample += 8)
            for (int k = 0; k < 8; ++k) partial[i][k] += x[i * stride + sample + k];
        for (int part = 8; part < 32; part += 8)
            for (int k = 0; k < 8; ++k) partial[i][k] += partial[i][part + k];
        float value = 0;
        for (long sample = size / 8 * 8; sample < size; ++sample) value += x[i * stride + sample];
        for (int k = 0; k < 8; ++k) value += partial[i][k];
        out[i] = value;
    }
}

// Room for batches of up to `slots` samples, and what is computed of one.
class Work {
  public:
    explicit Work(long slots)
        : slots(slots), room(slots * (M + 1 + 4 * N + 3)), done(slots / W), inputs(room.data()),
          target(inputs + M * slots), injected(target + slots), u(injected + N * slots), image(u + N * slots),
          dh(image + N * slots), error(dh + N * slots), scaled(error + slots) {}

    // Put samples in columns; the last vector is filled up with copies of the last sample.
    Batch fill(const float *points, const float *of_points, const std::int64_t *order, long size) {
        for (long slot = 0; slot < slots_of(size); ++slot) {
            const long row = order[std::min(slot, size - 1)];
            for (int j = 0; j < M; ++j) inputs[j * slots + slot] = points[row * M + j];
            target[slot] = of_points[row];
        }
        return {inputs, target, slots};
    }

    // Picard's iteration by turns of vectors, as batch.solve in jfb/engines/fused.
    Iterations solve(const float *p, const Batch &batch, long size, const Run &run) {
        const long vectors = slots_of(size) / W;
        inject(p, batch, vectors);
        long iterations = 1, agreed = 0, vector = 0;
        bool converged = true;
        while (agreed < vectors) {
            const auto [count, passed] = iterate(p, vector, iterations, run.limit, run.tolerance);
            if (count > iterations) {
                iterations = count;
                agreed = 0;
                converged = true;
            }
            converged &= passed;
            ++agreed;
            vector = vector + 1 < vectors ? vector + 1 : 0;
        }
        if (!converged)
            for (vector = 0; vector < vectors; ++vector)
                iterate(p, vector, run.limit + 1, run.limit + 1, run.tolerance);
        return {iterations, converged};
    }

    // The errors, their squares, and 2 / size times the errors, dL/dy.
    void compare(const float *p, const Batch &batch, long size) {
        const float scale = 2.0 / size;
        for (long slot = 0; slot < slots_of(size); slot += W) {
            // An array by itself, which the compiler knows to overlap with no other.
            float e[W];
            for (int k = 0; k < W; ++k) {
                float y = p[OUTPUT] * image[slot + k];
                for (int i = 1; i < N; ++i) y += p[OUTPUT + i] * image[i * slots + slot + k];
                e[k] = (y + p[OUTPUT_BIAS]) - batch.target[slot + k];
            }
            for (int k = 0; k < W; ++k) error[slot + k] = e[k];
            for (int k = 0; k < W; ++k) scaled[slot + k] = e[k] * e[k];
            for (int k = 0; k < W; ++k) scaled[slots + slot + k] = e[k] * scale;
        }
    }

    // The sums of the squares and of dL/dy.
    void sum_errors(long size, float (&sums)[2]) const { sum_contiguous<2>(scaled, slots, size, sums); }

    Score score(float squares, long size, const Run &run) const {
        int accurate = 0;
        for (long sample = 0; sample < size; ++sample) accurate += std::fabs(error[sample]) <= run.threshold;
        return {squares / float(size), float(accurate) / float(size)};
    }

    void backward(const float *p, const Batch &batch, long size, float (&gradient)[P]) {
        // One operation adds a sample to the sums of all weights of a unit. Left to the vectoriser,
        // the loop would make vectors of samples and take them apart again to add in order.
        Row latent[N] = {};
        float output[N] = {};
        const float *dy = scaled + slots;
        for (long slot = 0; slot < slots_of(size); slot += W) {
            float h[N][W];
            for (int i = 0; i < N; ++i) {
                for (int k = 0; k < W; ++k) {
                    const float active = image[i * slots + slot + k] > 0 ? 1 : 0;
                    h[i][k] = dy[slot + k] * p[OUTPUT + i] * active;
                }
                for (int k = 0; k < W; ++k) dh[i * slots + slot + k] = h[i][k];
            }
            Row rows[W] = {};
            for (int k = 0; k < W; ++k) {
                for (int j = 0; j < N; ++j) rows[k][j] = u[j * slots + slot + k];
                for (int j = 0; j < M; ++j) rows[k][N + j] = batch.inputs[j * slots + slot + k];
            }
            const int count = std::min<long>(W, size - slot);
            for (int k = 0; k < count; ++k)
                for (int i = 0; i < N; ++i) {
                    latent[i] += h[i][k] * rows[k];
                    output[i] += dy[slot + k] * image[i * slots + slot + k];
                }
        }
        sum_columns<N>(dh, slots, size, gradient + LATENT_BIAS);
        for (int i = 0; i < N; ++i) {
            for (int j = 0; j < N; ++j) gradient[i * N + j] = latent[i][j];
            for (int j = 0; j < M; ++j) gradient[INJECTION + i * M + j] = latent[i][N + j];
            gradient[INJECTION_BIAS + i] = gradient[LATENT_BIAS + i];
            gradient[OUTPUT + i] = output[i];
        }
    }

  private:
    long slots;
    std::vector<float> room;
    std::vector<long> done;
    float *inputs, *target, *injected, *u, *image, *dh, *error, *scaled;

    void inject(const float *p, const Batch &batch, long vectors) {
        for (long slot = 0; slot < vectors * W; slot += W)
            for (int i = 0; i < N; ++i) {
                float value[W];
                for (int k = 0; k < W; ++k) {
                    value[k] = p[INJECTION + i * M] * batch.inputs[slot + k];
                    for (int j = 1; j < M; ++j)
                        value[k] += p[INJECTION + i * M + j] * batch.inputs[j * batch.slots + slot + k];
                }
                for (int k = 0; k < W; ++k) {
                    injected[i * slots + slot + k] = value[k] + p[INJECTION_BIAS + i];
                    image[i * slots + slot + k] = 0;
                }
            }
        std::fill_n(done.begin(), vectors, 0);
    }

    // Apply T to one vector until it passes, between `least` and `most` times in all.
    Iterations iterate(const float *p, long vector, long least, long most, float tolerance) {
        const long slot = vector * W;
        long count = done[vector];
        float weight[N][N], bias[N], constant[N][W], states[2][N][W];
        if (count >= most) return {count, false};
        for (int i = 0; i < N; ++i) {
            for (int j = 0; j < N; ++j) weight[i][j] = p[i * N + j];
            bias[i] = p[LATENT_BIAS + i];
            for (int k = 0; k < W; ++k) {
                constant[i][k] = injected[i * slots + slot + k];
                states[count % 2][i][k] = image[i * slots + slot + k];
            }
        }
        bool passed = false;
        while (count < most && !passed) {
            const float(*__restrict point)[W] = states[count % 2];
            ++count;
            float(*__restrict next)[W] = states[count % 2];
            for (int k = 0; k < W; ++k)
                for (int i = 0; i < N; ++i) {
                    float value = weight[i][0] * point[0][k];
                    for (int j = 1; j < N; ++j) value += weight[i][j] * point[j][k];
                    value = (value + bias[i]) + constant[i][k];
                    next[i][k] = value < 0 ? 0 : value;
                }
            if (count >= least) {
                int unmet = 0;
                for (int k = 0; k < W; ++k)
                    for (int i = 0; i < N; ++i) unmet |= !(std::fabs(next[i][k] - point[i][k]) < tolerance);
                passed = unmet == 0;
            }
        }
        for (int i = 0; i < N; ++i)
            for (int k = 0; k < W; ++k) {
                u[i * slots + slot + k] = states[(count + 1) % 2][i][k];
                image[i * slots + slot + k] = states[count % 2][i][k];
            }
        done[vector] = count;
        return {count, passed};
    }
};

}  // namespace

// Train for `epochs` epochs, or until the training loss is not finite; returns how many. `state`
// holds parameters, means and squares, P numbers each, and `powers` those of beta1 and beta2. The
// validation points stand in columns, filled up as a batch. A row of `log` gets the two losses, the
// two accuracies and the mean number of iterations.
extern "C" long train_epochs(const float *points, const float *target, long count, const std::int64_t *orders,
                             long epochs, const float *validation_inputs, const float *validation_target,
                             long validation_size, long batch_size, float tolerance, long limit,
                             float threshold, double rate, double beta1, double beta2, double epsilon,
                             float *state, double *powers, double *log) {
    const Run run{tolerance, threshold, limit};
    const Batch validation{validation_inputs, validation_target, slots_of(validation_size)};
    Work work(slots_of(std::max(batch_size, validation_size)));
    float *p = state;
    Adam adam{rate, beta1, beta2, epsilon, state + P, state + 2 * P, powers};
    float sums[2];
    for (long epoch = 0; epoch < epochs; ++epoch) {
        double loss = 0, accuracy = 0;
        long batches = 0, iterations = 0;
        for (long start = 0; start < count; start += batch_size) {
            const long size = std::min(batch_size, count - start);
            const Batch batch = work.fill(points, target, orders + epoch * count + start, size);
            iterations += work.solve(p, batch, size, run).count;
            work.compare(p, batch, size);
            work.sum_errors(size, sums);
            float gradient[P];
            work.backward(p, batch, size, gradient);
            gradient[OUTPUT_BIAS] = sums[1];
            const Score score = work.score(sums[0], size, run);
            adam.step(gradient, p);
            loss += score.loss * size;
            accuracy += score.accuracy;
            ++batches;
        }
        iterations += work.solve(p, validation, validation_size, run).count;
        work.compare(p, validation, validation_size);
        work.sum_errors(validation_size, sums);
        const Score score = work.score(sums[0], validation_size, run);
        double *row = log + 5 * epoch;
        row[0] = loss / count;
        row[1] = score.loss * validation_size / validation_size;
        row[2] = accuracy / batches;
        row[3] = score.accuracy;
        row[4] = double(iterations) / (batches + 1);
        if (!std::isfinite(row[0])) return epoch + 1;
    }
    return epochs;
}
