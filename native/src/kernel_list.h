// The list of kernels, and the only one: KERNEL(name, parameters...). Everything that goes through
// all kernels defines KERNEL and includes this file: the table of function pointers (kernels.h),
// the kernels' declarations and each instruction set's table (variant.cc), and the Node.js binding
// (node.cc). `native/build/kernels.mjs` writes the same list as TypeScript.
//
// Parameters are float*, int32_t*, uint8_t* (const for inputs), int32_t and float; the bindings
// convert by these types. Optional<pointer> may be null.
//
// Conventions
//   - Tensors are dense, row-major, NHWC; float32 unless the type says otherwise.
//   - Sizes, strides and offsets count elements, not bytes.
//   - Outputs are fully written and never alias inputs, unless the comment says so.
//   - No kernel keeps a pointer after it returns; scratch memory comes from threads.h.
//   - Results do not depend on the number of threads: sums run over a fixed number of groups.
//   - Arguments were validated by the TypeScript side (`native/backend/`); kernels do not check.

// ---- Convolution ----------------------------------------------------------------------------
// geometry (int32 x 16): batch, inH, inW, inC, kernelH, kernelW, outC, outH, outW,
//                        strideH, strideW, padTop, padLeft, dilationH, dilationW, (reserved 0)
// x [batch,inH,inW,inC], w [kernelH,kernelW,inC,outC], y and dy [batch,outH,outW,outC]

// y = activation(conv(x, w) + bias); bias [outC] or null; activation: enum Activation.
KERNEL(conv2d, const float* x, const float* w, Optional<const float*> bias, float* y,
       const int32_t* geometry, int32_t activation)
KERNEL(conv2d_backprop_input, const float* dy, const float* w, float* dx, const int32_t* geometry)
KERNEL(conv2d_backprop_filter, const float* x, const float* dy, float* dw, const int32_t* geometry)

// Fused training block: y = maxpool(relu(conv(x, w) + bias)), square non-overlapping pool of
// 2 <= `pool` <= 15 pixels (floor: odd rests are dropped); y [batch, outH/pool, outW/pool, outC].
// argmax (uint8, shape of y): index of the winner in its window, row-major; 255 where relu gave 0
// (no gradient).
KERNEL(conv2d_relu_pool, const float* x, const float* w, const float* bias, float* y,
       uint8_t* argmax, const int32_t* geometry, int32_t pool)
// Gradients of the block from dy (shape of y) and argmax. dbias may be null.
KERNEL(conv2d_relu_pool_backprop_filter, const float* x, const float* dy, const uint8_t* argmax,
       float* dw, Optional<float*> dbias, const int32_t* geometry, int32_t pool)
KERNEL(conv2d_relu_pool_backprop_input, const float* dy, const uint8_t* argmax, const float* w,
       float* dx, const int32_t* geometry, int32_t pool)

// Depthwise: a filter for each channel, outC = inC. w [kernelH,kernelW,inC], the rest as above.
KERNEL(depthwise_conv2d, const float* x, const float* w, float* y, const int32_t* geometry)
KERNEL(depthwise_conv2d_backprop_input, const float* dy, const float* w, float* dx,
       const int32_t* geometry)
KERNEL(depthwise_conv2d_backprop_filter, const float* x, const float* dy, float* dw,
       const int32_t* geometry)

// ---- Pooling ---------------------------------------------------------------------------------
// geometry (int32 x 16) as above with kernel = window and outC = inC.
// Max pooling treats padding and NaN as -infinity; the first maximum in row-major order wins, as
// in TensorFlow.js. Average pooling divides by the number of real pixels.
KERNEL(max_pool, const float* x, float* y, const int32_t* geometry)
KERNEL(max_pool_grad, const float* x, const float* dy, float* dx, const int32_t* geometry)
KERNEL(avg_pool, const float* x, float* y, const int32_t* geometry)
KERNEL(avg_pool_grad, const float* dy, float* dx, const int32_t* geometry)

// ---- Matrix products -------------------------------------------------------------------------
// c[i] = activation(op(a[i]) . op(b[i]) + bias) for i < batch; op(a) [m,k], op(b) [k,n], c [m,n];
// transposeA: a is stored [k,m]; transposeB: b is stored [n,k]. strideA / strideB: elements from
// one matrix of the batch to the next (0: the same matrix for all). bias [n] or null.
KERNEL(mat_mul, const float* a, const float* b, Optional<const float*> bias, float* c,
       int32_t batch, int32_t m, int32_t k, int32_t n, int32_t strideA, int32_t strideB,
       int32_t transposeA, int32_t transposeB, int32_t activation)

// ---- Elementwise -----------------------------------------------------------------------------
// shape (int32): rank, dims[rank], strideA[rank], strideB[rank]; stride 0 broadcasts. rank <= 6;
// the TypeScript side merges neighboring dimensions, so most calls have rank 1 or 2.
KERNEL(binary, int32_t op, const float* a, const float* b, float* out, const int32_t* shape)
// out: one byte per element, 0 or 1.
KERNEL(compare, int32_t op, const float* a, const float* b, uint8_t* out, const int32_t* shape)
// alpha, beta: parameters of the op (leaky slope, clip bounds, …).
KERNEL(unary, int32_t op, const float* x, float* out, int32_t count, float alpha, float beta)
// out[i] = condition[i] ? a[i] : b[i]
KERNEL(where, const uint8_t* condition, const float* a, const float* b, float* out, int32_t count)
KERNEL(fill, float* out, int32_t count, float value)
// uint8 or int32 to float32
KERNEL(bytes_to_float, const uint8_t* x, float* out, int32_t count, float scale)
KERNEL(ints_to_float, const int32_t* x, float* out, int32_t count)

// ---- Random numbers ---------------------------------------------------------------------------
// Philox4x32-10 (Salmon et al. 2011): 4 words for each of `blocks` counters, which go up by 1.
// origin (int32 x 4): first counter (low, high; its upper half is 0), key (low, high).
KERNEL(random_words, int32_t* out, int32_t blocks, const int32_t* origin)

// ---- Reductions ------------------------------------------------------------------------------
// x is [outer, middle, inner]; reduces the middle axis: out [outer, inner].
KERNEL(reduce, int32_t op, const float* x, float* out, int32_t outer, int32_t middle, int32_t inner)
// arg_reduce: op 0 = argmax, 1 = argmin; first extremum wins.
KERNEL(arg_reduce, int32_t op, const float* x, int32_t* out, int32_t outer, int32_t middle,
       int32_t inner)
KERNEL(softmax, const float* x, float* y, int32_t rows, int32_t columns)
KERNEL(log_softmax, const float* x, float* y, int32_t rows, int32_t columns)

// ---- Data movement ---------------------------------------------------------------------------
// x [outer, axis, inner] -> out [outer, count, inner]; indices int32 in [0, axis).
KERNEL(gather, const float* x, const int32_t* indices, float* out, int32_t outer, int32_t axis,
       int32_t inner, int32_t count)
// shape: rank, dims[rank] of x, permutation[rank]; rank <= 6.
KERNEL(transpose, const float* x, float* out, const int32_t* shape)

// Copies a box from one array to another; the rest of `to` stays as it is. box: rank of the axes
// before the innermost, length of the innermost, offsets in `from` and `to`, then of those axes the
// sizes, the strides in `from` and the strides in `to`.
KERNEL(copy_box, const float* from, float* to, const int32_t* box)

// ---- Optimizer steps (in place on `weight` and the state arrays) ------------------------------
// velocity = momentum * velocity + gradient; weight -= learningRate * velocity
KERNEL(sgd_step, float* weight, float* velocity, const float* gradient, int32_t count,
       float learningRate, float momentum)
// Adam (Kingma & Ba 2015), bias-corrected: the caller passes 1 - beta1^t and 1 - beta2^t.
KERNEL(adam_step, float* weight, float* m, float* v, const float* gradient, int32_t count,
       float learningRate, float beta1, float beta2, float epsilon, float correction1,
       float correction2)

#undef KERNEL
