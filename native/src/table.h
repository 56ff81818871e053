// One table of function pointers per instruction set. The entry points of kernels.h
// (dispatch.cc) jump through the table that was chosen at load.
#pragma once
#include "kernels.h"

#define FOR_EACH_KERNEL(X)                                                                       \
  X(conv2d)                                                                                      \
  X(conv2d_backprop_input)                                                                       \
  X(conv2d_backprop_filter)                                                                      \
  X(conv2d_relu_pool)                                                                            \
  X(conv2d_relu_pool_backprop_filter) X(conv2d_relu_pool_backprop_input) X(max_pool)             \
      X(max_pool_grad) X(avg_pool) X(avg_pool_grad) X(mat_mul) X(binary) X(compare) X(unary)     \
          X(where) X(fill) X(bytes_to_float) X(ints_to_float) X(reduce) X(arg_reduce) X(softmax) \
              X(log_softmax) X(gather) X(transpose) X(sgd_step) X(adam_step)

struct KernelTable {
#define FIELD(name) decltype(&::name) name;
  FOR_EACH_KERNEL(FIELD)
#undef FIELD
};
