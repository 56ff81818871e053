// The Node.js binding: plain Node-API, no helper library. Each kernel of kernel_list.h is exported
// under its own name; a template converts the arguments by their C++ types:
//
//   const float*, float*, int32_t*, uint8_t*   a typed array of that element type, or null
//   int32_t, float                             a number
#include <node_api.h>
#include <stdint.h>

#include <mutex>
#include <tuple>
#include <type_traits>
#include <utility>

#include "interrupt.h"
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

// Converts one JavaScript value; throws and returns false when its type is wrong, or an
// integer does not fit (Node-API itself would take it modulo 2^32).
bool convert(napi_env env, napi_value value, int32_t* out) {
  double number = 0;
  if (napi_get_value_double(env, value, &number) != napi_ok) {
    napi_throw_type_error(env, nullptr, "expected an integer");
    return false;
  }
  if (!(number >= INT32_MIN && number <= INT32_MAX)) {
    napi_throw_range_error(env, nullptr, "expected an integer below 2^31");
    return false;
  }
  *out = static_cast<int32_t>(number);
  if (*out == number) return true;
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

// The kernels serve one caller at a time: a second JavaScript thread waits (an uncontended lock
// costs about 20 ns a call).
std::mutex callMutex;

template <typename... Arguments>
auto function_of(void (*KernelTable::*kernel)(Arguments...)) {
  return kernels().*kernel;
}
template <typename Result, typename... Arguments>
auto function_of(Result (*function)(Arguments...)) {
  return function;
}

// Converts the arguments of one call from left to right, then calls `Callee`: a function, or a
// kernel of the chosen instruction set. The last two parameters only name its types.
template <auto Callee, typename Result, typename... Arguments, size_t... Index>
napi_value invoke(napi_env env, napi_callback_info info, Result (*)(Arguments...),
                  std::index_sequence<Index...>) {
  constexpr size_t kCount = sizeof...(Arguments);
  napi_value values[kCount + 1];
  size_t count = kCount;
  napi_get_cb_info(env, info, &count, values, nullptr, nullptr);
  if (count < kCount) {
    napi_throw_type_error(env, nullptr, "too few arguments");
    return nullptr;
  }
  std::tuple<Arguments...> arguments;
  if (!(... && convert(env, values[Index], &std::get<Index>(arguments)))) return nullptr;
  const std::lock_guard<std::mutex> lock(callMutex);
  if constexpr (std::is_void_v<Result>) {
    function_of(Callee)(std::get<Index>(arguments)...);
    return nullptr;
  } else {
    napi_value result = nullptr;
    napi_create_int32(env, function_of(Callee)(std::get<Index>(arguments)...), &result);
    return result;
  }
}

template <auto Callee, typename Result, typename... Arguments>
napi_value invoke(napi_env env, napi_callback_info info, Result (*type)(Arguments...)) {
  return invoke<Callee>(env, info, type, std::index_sequence_for<Arguments...>());
}

template <auto Callee>
napi_value call(napi_env env, napi_callback_info info) {
  return invoke<Callee>(env, info, decltype(function_of(Callee)){});
}

// Vector loads that cross a cache line are slow: JavaScript aligns its buffers by this.
int32_t misalignment(const float* array) { return reinterpret_cast<uintptr_t>(array) % 64; }

// run_plan(words, begin, end, arrays): the calls between two positions of an Int32Array, on the
// memory of the typed arrays.
napi_value call_plan(napi_env env, napi_callback_info info) {
  constexpr uint32_t kMaxSlots = 4096;
  static uint8_t* slots[kMaxSlots];
  napi_value values[4];
  size_t count = 4;
  napi_get_cb_info(env, info, &count, values, nullptr, nullptr);
  napi_typedarray_type type;
  size_t length = 0;
  void* words = nullptr;
  int32_t begin = 0, end = 0;
  uint32_t arrays = 0;
  if (count < 4 ||
      napi_get_typedarray_info(env, values[0], &type, &length, &words, nullptr, nullptr) !=
          napi_ok ||
      type != napi_int32_array || napi_get_array_length(env, values[3], &arrays) != napi_ok) {
    napi_throw_type_error(env, nullptr, "expected an Int32Array, two positions and an array");
    return nullptr;
  }
  if (!convert(env, values[1], &begin) || !convert(env, values[2], &end)) return nullptr;
  if (begin < 0 || begin > end || static_cast<size_t>(end) > length || arrays > kMaxSlots) {
    napi_throw_range_error(env, nullptr, "a position or an array too many");
    return nullptr;
  }
  const std::lock_guard<std::mutex> lock(callMutex);
  for (uint32_t i = 0; i < arrays; ++i) {
    napi_value array;
    void* data = nullptr;
    if (napi_get_element(env, values[3], i, &array) != napi_ok ||
        napi_get_typedarray_info(env, array, &type, nullptr, &data, nullptr, nullptr) != napi_ok) {
      napi_throw_type_error(env, nullptr, "expected typed arrays");
      return nullptr;
    }
    slots[i] = static_cast<uint8_t*>(data);
  }
  run_plan(static_cast<const int32_t*>(words) + begin, end - begin, slots);
  return nullptr;
}

struct Export {
  const char* name;
  napi_callback call;
};

constexpr Export kExports[] = {
#define KERNEL(name, ...) {#name, call<&KernelTable::name>},
#include "kernel_list.h"
    {"set_threads", call<set_threads>},
    {"instruction_set", call<instruction_set>},
    {"set_instruction_set", call<set_instruction_set>},
    {"run_plan", call_plan},
    {"misalignment", call<misalignment>},
    {"say_when_interrupted", call<say_when_interrupted>},
};

}  // namespace

NAPI_MODULE_INIT() {
  for (const Export& entry : kExports) {
    napi_value function = nullptr;
    if (napi_create_function(env, entry.name, NAPI_AUTO_LENGTH, entry.call, nullptr, &function) !=
            napi_ok ||
        napi_set_named_property(env, exports, entry.name, function) != napi_ok) {
      napi_throw_error(env, nullptr, "could not register the kernels");
      return nullptr;
    }
  }
  return exports;
}
