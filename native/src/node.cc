// The Node.js binding: plain Node-API, no helper library. Each kernel of kernels.h is exported
// under its own name; a template converts the arguments by their C++ types:
//
//   const float*, float*, int32_t*, uint8_t*   a typed array of that element type, or null
//   int32_t, float                             a number
//
// so that adding a kernel to this file is one line in the table below.
#include <node_api.h>

#include <tuple>
#include <type_traits>
#include <utility>

#include "kernels.h"

namespace {

template <typename T>
struct ElementType;
template <>
struct ElementType<float> {
  static constexpr napi_typedarray_type value = napi_float32_array;
  static constexpr const char* name = "a Float32Array or null";
};
template <>
struct ElementType<int32_t> {
  static constexpr napi_typedarray_type value = napi_int32_array;
  static constexpr const char* name = "an Int32Array or null";
};
template <>
struct ElementType<uint8_t> {
  static constexpr napi_typedarray_type value = napi_uint8_array;
  static constexpr const char* name = "a Uint8Array or null";
};

// Converts one JavaScript value; throws a TypeError and returns false when its type is wrong.
bool convert(napi_env env, napi_value value, int32_t* out) {
  if (napi_get_value_int32(env, value, out) == napi_ok) return true;
  napi_throw_type_error(env, nullptr, "expected an integer");
  return false;
}

bool convert(napi_env env, napi_value value, float* out) {
  double number = 0;
  if (napi_get_value_double(env, value, &number) != napi_ok) {
    napi_throw_type_error(env, nullptr, "expected a number");
    return false;
  }
  *out = static_cast<float>(number);
  return true;
}

template <typename T>
bool convert(napi_env env, napi_value value, T** out) {
  using Element = ElementType<std::remove_const_t<T>>;
  napi_typedarray_type type;
  void* data = nullptr;
  if (napi_get_typedarray_info(env, value, &type, nullptr, &data, nullptr, nullptr) == napi_ok) {
    if (type == Element::value) {
      *out = static_cast<T*>(data);
      return true;
    }
  } else {
    napi_valuetype kind;
    if (napi_typeof(env, value, &kind) == napi_ok && kind == napi_null) {
      *out = nullptr;
      return true;
    }
  }
  napi_throw_type_error(env, nullptr, Element::name);
  return false;
}

// Converts the arguments of one kernel from left to right, then calls it.
template <auto Function>
struct Binding;

template <typename Result, typename... Arguments, Result (*Function)(Arguments...)>
struct Binding<Function> {
  static napi_value call(napi_env env, napi_callback_info info) {
    constexpr size_t kCount = sizeof...(Arguments);
    napi_value values[kCount + 1];
    size_t count = kCount;
    napi_get_cb_info(env, info, &count, values, nullptr, nullptr);
    if (count < kCount) {
      napi_throw_type_error(env, nullptr, "too few arguments");
      return nullptr;
    }
    return invoke(env, values, std::index_sequence_for<Arguments...>());
  }

 private:
  template <size_t... Index>
  static napi_value invoke(napi_env env, [[maybe_unused]] const napi_value* values,
                           std::index_sequence<Index...>) {
    std::tuple<Arguments...> arguments;
    if (!(... && convert(env, values[Index], &std::get<Index>(arguments)))) return nullptr;
    if constexpr (std::is_void_v<Result>) {
      Function(std::get<Index>(arguments)...);
      return nullptr;
    } else {
      napi_value result = nullptr;
      napi_create_int32(env, Function(std::get<Index>(arguments)...), &result);
      return result;
    }
  }
};

// Vector loads that cross a cache line are slow: JavaScript aligns its buffers by this.
int32_t misalignment(const float* array) { return reinterpret_cast<uintptr_t>(array) % 64; }

struct Kernel {
  const char* name;
  napi_callback call;
};

#define KERNEL(name) {#name, Binding<name>::call}
constexpr Kernel kKernels[] = {
    KERNEL(conv2d),
    KERNEL(conv2d_backprop_input),
    KERNEL(conv2d_backprop_filter),
    KERNEL(conv2d_relu_pool),
    KERNEL(conv2d_relu_pool_backprop_filter),
    KERNEL(conv2d_relu_pool_backprop_input),
    KERNEL(max_pool),
    KERNEL(max_pool_grad),
    KERNEL(avg_pool),
    KERNEL(avg_pool_grad),
    KERNEL(mat_mul),
    KERNEL(binary),
    KERNEL(compare),
    KERNEL(unary),
    KERNEL(where),
    KERNEL(fill),
    KERNEL(bytes_to_float),
    KERNEL(ints_to_float),
    KERNEL(reduce),
    KERNEL(arg_reduce),
    KERNEL(softmax),
    KERNEL(log_softmax),
    KERNEL(gather),
    KERNEL(transpose),
    KERNEL(sgd_step),
    KERNEL(adam_step),
    KERNEL(set_threads),
    KERNEL(instruction_set),
    KERNEL(set_instruction_set),
    KERNEL(misalignment),
};
#undef KERNEL

}  // namespace

NAPI_MODULE_INIT() {
  for (const Kernel& kernel : kKernels) {
    napi_value function = nullptr;
    if (napi_create_function(env, kernel.name, NAPI_AUTO_LENGTH, kernel.call, nullptr, &function) !=
            napi_ok ||
        napi_set_named_property(env, exports, kernel.name, function) != napi_ok) {
      napi_throw_error(env, nullptr, "could not register the kernels");
      return nullptr;
    }
  }
  return exports;
}
