// Times each kernel alone at the shapes of the two reference networks and prints its rate and its
// share of the machine's measured peak.
//
//   bench [batch = 128] [instruction set = all] [threads = 1 and 2] [filter on the kernel's name]
//
// Rates count the operations of the dense computation. Kernels that skip zeros can therefore
// show more than 100 %. Each time is the fastest of the samples taken within a tenth of a second.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "kernels.h"

#define PEAK(name)                                      \
  namespace name {                                      \
  extern double (*const kPeak)(int steps, float* sink); \
  }
#if defined(__x86_64__)
PEAK(portable)
PEAK(avx2)
PEAK(avx512)
#elif defined(__aarch64__)
PEAK(neon)
#endif

namespace {

// 64-byte aligned, as the backend allocates tensors.
template <class T>
struct Aligned {
  using value_type = T;
  Aligned() = default;
  template <class U>
  Aligned(const Aligned<U>&) {}
  T* allocate(size_t count) {
    return static_cast<T*>(std::aligned_alloc(64, (count * sizeof(T) + 63) / 64 * 64));
  }
  void deallocate(T* p, size_t) { std::free(p); }
  bool operator==(const Aligned&) const { return true; }
  bool operator!=(const Aligned&) const { return false; }
};
using Floats = std::vector<float, Aligned<float>>;
// xorshift64: cheap, so that preparing inputs does not drown a profile of the kernels
uint64_t state = 88172645463325252u;
uint32_t generator() {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return uint32_t(state >> 32);
}

double seconds() {
  using Clock = std::chrono::steady_clock;
  return std::chrono::duration<double>(Clock::now().time_since_epoch()).count();
}

Floats random_floats(size_t count) {
  Floats out(count + 64);
  for (float& x : out) x = float(int32_t(generator())) * 0x1p-31f;
  return out;
}

// Seconds of one call: the fastest of many short samples, since other work on the machine can
// only add to a sample.
double time_call(const std::function<void()>& call) {
  call();
  double start = seconds();
  call();
  const int calls = std::max(1, int(3e-4 / std::max(1e-7, seconds() - start)));
  const double begin = seconds();
  double best = 1e9;
  for (int i = 0; i < 500 && seconds() - begin < 0.1; ++i) {
    start = seconds();
    for (int j = 0; j < calls; ++j) call();
    best = std::min(best, (seconds() - start) / calls);
  }
  return best;
}

double peak_of(int isa) {
  double (*run)(int, float*) = nullptr;
#if defined(__x86_64__)
  run = isa == 2 ? avx512::kPeak : isa == 1 ? avx2::kPeak : portable::kPeak;
#elif defined(__aarch64__)
  run = neon::kPeak;
#endif
  if (run == nullptr) return 0;
  float sink[12] = {0.5f, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
  const double operations = run(1000, sink);
  double best = 0;
  for (int i = 0; i < 200; ++i) {
    const double start = seconds();
    for (int j = 0; j < 100; ++j) run(1000, sink);
    best = std::max(best, 100 * operations / (seconds() - start));
  }
  return best;
}

struct Report {
  int isa, threads;
  double peak;
  const char* filter;
  double total = 0;

  void measure(const char* name, double operations, const std::function<void()>& call) {
    if (filter != nullptr && std::strstr(name, filter) == nullptr) return;
    const double time = time_call(call);
    total += time;
    if (operations > 0) {
      std::printf("%-4d%-9d%-34s%10.4f%10.1f%9.0f %%\n", isa, threads, name, time * 1e3,
                  operations / time / 1e9, 100 * operations / time / peak / threads);
    } else {
      std::printf("%-4d%-9d%-34s%10.4f\n", isa, threads, name, time * 1e3);
    }
  }
};

// A valid 3x3 convolution with ReLU, and the pool of 2 after it if there is one.
struct Layer {
  const char* name;
  int size, inC, outC;
  bool pooled;
};

void measure_layer(Report& report, const Layer& layer, int batch) {
  const int out = layer.size - 2, half = out / 2;
  const int32_t geometry[16] = {batch, layer.size, layer.size, layer.inC, 3, 3, layer.outC, out,
                                out,   1,          1,          0,         0, 1, 1,          0};
  const Floats x = random_floats(size_t(batch) * layer.size * layer.size * layer.inC);
  const Floats w = random_floats(size_t(9) * layer.inC * layer.outC),
               bias = random_floats(layer.outC);
  const Floats dy = random_floats(size_t(batch) * out * out * layer.outC);
  Floats y(dy.size()), dx(x.size()), dw(w.size()), dbias(bias.size());
  const double operations = 2.0 * batch * out * out * 9 * layer.inC * layer.outC;
  const std::string name = layer.name;
  if (!layer.pooled) {
    report.measure((name + " forward").c_str(), operations, [&] {
      kernels().conv2d(x.data(), w.data(), bias.data(), y.data(), geometry, kRelu);
    });
    Floats sparse = dy;  // what ReLU lets through: half of it
    for (float& v : sparse) v = generator() & 1 ? v : 0;
    report.measure((name + " input gradient").c_str(), operations, [&] {
      kernels().conv2d_backprop_input(sparse.data(), w.data(), dx.data(), geometry);
    });
    report.measure((name + " filter gradient").c_str(), operations, [&] {
      kernels().conv2d_backprop_filter(x.data(), sparse.data(), dw.data(), geometry);
    });
    return;
  }
  const size_t pooled = size_t(batch) * half * half * layer.outC;
  std::vector<uint8_t> argmax(pooled + 64);
  report.measure((name + " forward + pool").c_str(), operations, [&] {
    kernels().conv2d_relu_pool(x.data(), w.data(), bias.data(), y.data(), argmax.data(), geometry,
                               2);
  });
  // About half of the pooled outputs of a trained network have no gradient.
  for (uint8_t& a : argmax) a = generator() & 1 ? uint8_t(generator() & 3) : 255;
  report.measure((name + " pooled input gradient").c_str(), operations, [&] {
    kernels().conv2d_relu_pool_backprop_input(dy.data(), argmax.data(), w.data(), dx.data(),
                                              geometry, 2);
  });
  report.measure((name + " pooled filter gradient").c_str(), operations, [&] {
    kernels().conv2d_relu_pool_backprop_filter(x.data(), dy.data(), argmax.data(), dw.data(),
                                               dbias.data(), geometry, 2);
  });
}

void measure_dense(Report& report, const char* layer, int batch, int in, int out) {
  const Floats x = random_floats(size_t(batch) * in), w = random_floats(size_t(in) * out);
  const Floats bias = random_floats(out), dy = random_floats(size_t(batch) * out);
  Floats y(dy.size()), dx(x.size()), dw(w.size());
  const double operations = 2.0 * batch * in * out;
  const std::string name = layer;
  report.measure((name + " forward").c_str(), operations, [&] {
    kernels().mat_mul(x.data(), w.data(), bias.data(), y.data(), 1, batch, in, out, 0, 0, 0, 0,
                      kRelu);
  });
  report.measure((name + " input gradient").c_str(), operations, [&] {
    kernels().mat_mul(dy.data(), w.data(), nullptr, dx.data(), 1, batch, out, in, 0, 0, 0, 1, 0);
  });
  report.measure((name + " weight gradient").c_str(), operations, [&] {
    kernels().mat_mul(x.data(), dy.data(), nullptr, dw.data(), 1, in, batch, out, 0, 0, 1, 0, 0);
  });
}

void measure_rest(Report& report, int batch) {
  const int count = batch * 1600;
  const Floats a = random_floats(count), b = random_floats(count);
  Floats out(count + 64);
  const int32_t flat[] = {1, count, 1, 1}, rows[] = {2, batch, 1600, 1600, 1, 0, 1};
  const int32_t pool[16] = {batch, 10, 10, 64, 2, 2, 64, 5, 5, 2, 2, 0, 0, 1, 1, 0};
  const int32_t turned[] = {2, batch, 1600, 1, 0};
  const Floats image = random_floats(size_t(batch) * 6400);
  Floats gradient(image.size());
  report.measure("max_pool 10x10x64", 0,
                 [&] { kernels().max_pool(image.data(), out.data(), pool); });
  report.measure("max_pool_grad 10x10x64", 0,
                 [&] { kernels().max_pool_grad(image.data(), a.data(), gradient.data(), pool); });
  report.measure("add [batch, 1600]", 0,
                 [&] { kernels().binary(kAdd, a.data(), b.data(), out.data(), flat); });
  report.measure("add a row to [batch, 1600]", 0,
                 [&] { kernels().binary(kAdd, a.data(), b.data(), out.data(), rows); });
  report.measure("exp [batch, 1600]", 0,
                 [&] { kernels().unary(kExp, a.data(), out.data(), count, 0, 0); });
  report.measure("sum [batch, 1600] over batch", 0,
                 [&] { kernels().reduce(kSum, a.data(), out.data(), 1, batch, 1600); });
  report.measure("sum [batch, 1600] over columns", 0,
                 [&] { kernels().reduce(kSum, a.data(), out.data(), batch, 1600, 1); });
  report.measure("softmax [batch, 10]", 0,
                 [&] { kernels().softmax(a.data(), out.data(), batch, 10); });
  report.measure("transpose [batch, 1600]", 0,
                 [&] { kernels().transpose(a.data(), out.data(), turned); });
  const int weights = 225034;  // of the whole network
  Floats w(weights), m(weights), v(weights, 1.0f), g(weights, 0.1f);
  report.measure("adam_step 225,034 weights", 0, [&] {
    kernels().adam_step(w.data(), m.data(), v.data(), g.data(), weights, 1e-3f, 0.9f, 0.999f, 1e-7f,
                        0.1f, 0.001f);
  });
}

}  // namespace

int main(int argc, char** argv) {
  const int batch = argc > 1 ? std::atoi(argv[1]) : 128;
  const int onlyIsa = argc > 2 ? std::atoi(argv[2]) : -1;
  const int onlyThreads = argc > 3 ? std::atoi(argv[3]) : 0;
  const char* filter = argc > 4 ? argv[4] : nullptr;
  std::printf("batch %d; instruction sets: 0 portable, 1 AVX2+FMA, 2 AVX-512, 3 NEON\n", batch);
  for (int isa : {2, 1, 0, 3}) {
    if ((onlyIsa >= 0 && isa != onlyIsa) || !set_instruction_set(isa)) continue;
    const double peak = peak_of(isa);
    std::printf(
        "\nisa threads  kernel                                    ms   GFLOP/s     peak"
        "      (%.1f GFLOP/s a core)\n",
        peak / 1e9);
    for (int threads : {1, 2}) {
      if (onlyThreads > 0 && threads != onlyThreads) continue;
      set_threads(threads);
      Report report = {isa, threads, peak, filter};
      measure_layer(report, {"cnn conv1 28x28x1->32", 28, 1, 32, true}, batch);
      measure_layer(report, {"cnn conv2 13x13x32->64", 13, 32, 64, true}, batch);
      measure_dense(report, "cnn dense 1600->128", batch, 1600, 128);
      measure_dense(report, "cnn dense 128->10", batch, 128, 10);
      measure_layer(report, {"papernot conv1 28x28x1->32", 28, 1, 32, false}, batch);
      measure_layer(report, {"papernot conv2 26x26x32->32", 26, 32, 32, true}, batch);
      measure_layer(report, {"papernot conv3 12x12x32->64", 12, 32, 64, false}, batch);
      measure_layer(report, {"papernot conv4 10x10x64->64", 10, 64, 64, true}, batch);
      measure_dense(report, "papernot dense 1024->200", batch, 1024, 200);
      measure_rest(report, batch);
    }
  }
  set_threads(1);
}
