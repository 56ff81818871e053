// Generated from @tensorflow/tfjs-core 4.22.0 by native/build/gradients.mjs.
// Copyright Google LLC, licensed under the Apache License, Version 2.0.
var __create = Object.create;
var __defProp = Object.defineProperty;
var __getOwnPropDesc = Object.getOwnPropertyDescriptor;
var __getOwnPropNames = Object.getOwnPropertyNames;
var __getProtoOf = Object.getPrototypeOf, __hasOwnProp = Object.prototype.hasOwnProperty;
var __commonJS = (cb, mod) => function() {
  try {
    return mod || (0, cb[__getOwnPropNames(cb)[0]])((mod = { exports: {} }).exports, mod), mod.exports;
  } catch (e) {
    throw mod = 0, e;
  }
};
var __copyProps = (to, from, except, desc) => {
  if (from && typeof from == "object" || typeof from == "function")
    for (let key of __getOwnPropNames(from))
      !__hasOwnProp.call(to, key) && key !== except && __defProp(to, key, { get: () => from[key], enumerable: !(desc = __getOwnPropDesc(from, key)) || desc.enumerable });
  return to;
};
var __toESM = (mod, isNodeMode, target) => (target = mod != null ? __create(__getProtoOf(mod)) : {}, __copyProps(
  // If the importer is in node compatibility mode or this is not an ESM
  // file that has been converted to a CommonJS file using a Babel-
  // compatible transform (i.e. "__esModule" has not been set), then set
  // "default" to the CommonJS "module.exports" for node compatibility.
  isNodeMode || !mod || !mod.__esModule ? __defProp(target, "default", { value: mod, enumerable: !0 }) : target,
  mod
));

// public-namespace:ops/broadcast_util.js
var require_broadcast_util = __commonJS({
  "public-namespace:ops/broadcast_util.js"(exports2, module2) {
    module2.exports = require("@tensorflow/tfjs-core").broadcast_util;
  }
});

// public-namespace:environment.js
var require_environment = __commonJS({
  "public-namespace:environment.js"(exports2, module2) {
    module2.exports = require("@tensorflow/tfjs-core");
  }
});

// public-namespace:util.js
var require_util = __commonJS({
  "public-namespace:util.js"(exports2, module2) {
    module2.exports = require("@tensorflow/tfjs-core").util;
  }
});

// public-namespace:ops/conv_util.js
var require_conv_util = __commonJS({
  "public-namespace:ops/conv_util.js"(exports2, module2) {
    module2.exports = require("@tensorflow/tfjs-core").backend_util;
  }
});

// public-namespace:ops/axis_util.js
var require_axis_util = __commonJS({
  "public-namespace:ops/axis_util.js"(exports2, module2) {
    module2.exports = require("@tensorflow/tfjs-core").backend_util;
  }
});

// public-namespace:base.js
var require_base = __commonJS({
  "public-namespace:base.js"(exports2, module2) {
    module2.exports = require("@tensorflow/tfjs-core");
  }
});

// public-namespace:ops/slice_util.js
var require_slice_util = __commonJS({
  "public-namespace:ops/slice_util.js"(exports2, module2) {
    module2.exports = require("@tensorflow/tfjs-core").slice_util;
  }
});

// public:kernel_names.js
var import_tfjs_core = require("@tensorflow/tfjs-core");

// public:ops/cast.js
var import_tfjs_core2 = require("@tensorflow/tfjs-core");

// public:ops/mul.js
var import_tfjs_core3 = require("@tensorflow/tfjs-core");

// public:ops/step.js
var import_tfjs_core4 = require("@tensorflow/tfjs-core");

// gradients/Abs_grad.js
var absGradConfig = {
  kernelName: import_tfjs_core.Abs,
  inputsToSave: ["x"],
  gradFunc: (dy, saved) => {
    let [x] = saved;
    return { x: () => (0, import_tfjs_core3.mul)(dy, (0, import_tfjs_core4.step)((0, import_tfjs_core2.cast)(x, "float32"), -1)) };
  }
};

// public:ops/div.js
var import_tfjs_core5 = require("@tensorflow/tfjs-core");

// public:ops/neg.js
var import_tfjs_core6 = require("@tensorflow/tfjs-core");

// public:ops/scalar.js
var import_tfjs_core7 = require("@tensorflow/tfjs-core");

// public:ops/sqrt.js
var import_tfjs_core8 = require("@tensorflow/tfjs-core");

// public:ops/square.js
var import_tfjs_core9 = require("@tensorflow/tfjs-core");

// public:ops/sub.js
var import_tfjs_core10 = require("@tensorflow/tfjs-core");

// gradients/Acos_grad.js
var acosGradConfig = {
  kernelName: import_tfjs_core.Acos,
  inputsToSave: ["x"],
  gradFunc: (dy, saved) => {
    let [x] = saved;
    return {
      x: () => {
        let a = (0, import_tfjs_core9.square)((0, import_tfjs_core2.cast)(x, "float32")), b = (0, import_tfjs_core8.sqrt)((0, import_tfjs_core10.sub)((0, import_tfjs_core7.scalar)(1), a));
        return (0, import_tfjs_core6.neg)((0, import_tfjs_core5.div)(dy, b));
      }
    };
  }
};

// gradients/Acosh_grad.js
var acoshGradConfig = {
  kernelName: import_tfjs_core.Acosh,
  inputsToSave: ["x"],
  gradFunc: (dy, saved) => {
    let [x] = saved;
    return {
      x: () => {
        let a = (0, import_tfjs_core8.sqrt)((0, import_tfjs_core10.sub)((0, import_tfjs_core9.square)((0, import_tfjs_core2.cast)(x, "float32")), 1));
        return (0, import_tfjs_core5.div)(dy, a);
      }
    };
  }
};

// gradients/Add_grad.js
var broadcast_util = __toESM(require_broadcast_util());

// public:ops/reshape.js
var import_tfjs_core11 = require("@tensorflow/tfjs-core");

// public:ops/sum.js
var import_tfjs_core12 = require("@tensorflow/tfjs-core");

// gradients/Add_grad.js
var addGradConfig = {
  kernelName: import_tfjs_core.Add,
  inputsToSave: ["a", "b"],
  gradFunc: (dy, saved) => {
    let [a, b] = saved, outShape = broadcast_util.assertAndGetBroadcastShape(a.shape, b.shape);
    return { a: () => {
      let res = dy, reduceAxes = broadcast_util.getReductionAxes(a.shape, outShape);
      return reduceAxes.length > 0 && (res = (0, import_tfjs_core12.sum)(res, reduceAxes)), (0, import_tfjs_core11.reshape)(res, a.shape);
    }, b: () => {
      let res = dy, reduceAxes = broadcast_util.getReductionAxes(b.shape, outShape);
      return reduceAxes.length > 0 && (res = (0, import_tfjs_core12.sum)(res, reduceAxes)), (0, import_tfjs_core11.reshape)(res, b.shape);
    } };
  }
};

// gradients/AddN_grad.js
var addNGradConfig = {
  kernelName: import_tfjs_core.AddN,
  saveAllInputs: !0,
  gradFunc: (dy, saved) => {
    let ders = {};
    return saved.forEach((_, i) => {
      ders[i] = () => dy.clone();
    }), ders;
  }
};

// public:ops/zeros_like.js
var import_tfjs_core13 = require("@tensorflow/tfjs-core");

// gradients/ArgMax_grad.js
var argMaxGradConfig = {
  kernelName: import_tfjs_core.ArgMax,
  inputsToSave: ["x"],
  gradFunc: (dy, saved) => {
    let [x] = saved;
    return { x: () => (0, import_tfjs_core13.zerosLike)(x) };
  }
};

// gradients/ArgMin_grad.js
var argMinGradConfig = {
  kernelName: import_tfjs_core.ArgMin,
  inputsToSave: ["x"],
  gradFunc: (dy, saved) => {
    let [x] = saved;
    return { x: () => (0, import_tfjs_core13.zerosLike)(x) };
  }
};

// gradients/Asin_grad.js
var asinGradConfig = {
  kernelName: import_tfjs_core.Asin,
  inputsToSave: ["x"],
  gradFunc: (dy, saved) => {
    let [x] = saved;
    return { x: () => (0, import_tfjs_core5.div)(dy, (0, import_tfjs_core8.sqrt)((0, import_tfjs_core10.sub)((0, import_tfjs_core7.scalar)(1), (0, import_tfjs_core9.square)((0, import_tfjs_core2.cast)(x, "float32"))))) };
  }
};

// public:ops/add.js
var import_tfjs_core14 = require("@tensorflow/tfjs-core");

// gradients/Asinh_grad.js
var asinhGradConfig = {
  kernelName: import_tfjs_core.Asinh,
  inputsToSave: ["x"],
  gradFunc: (dy, saved) => {
    let [x] = saved;
    return {
      x: () => {
        let a = (0, import_tfjs_core8.sqrt)((0, import_tfjs_core14.add)((0, import_tfjs_core7.scalar)(1), (0, import_tfjs_core9.square)((0, import_tfjs_core2.cast)(x, "float32"))));
        return (0, import_tfjs_core5.div)(dy, a);
      }
    };
  }
};

// gradients/Atan2_grad.js
var import_broadcast_util = __toESM(require_broadcast_util());
var atan2GradConfig = {
  kernelName: import_tfjs_core.Atan2,
  inputsToSave: ["a", "b"],
  gradFunc: (dy, saved) => {
    let [a, b] = saved, outShape = (0, import_broadcast_util.assertAndGetBroadcastShape)(a.shape, b.shape);
    return { a: () => {
      let d = (0, import_tfjs_core14.add)((0, import_tfjs_core9.square)(a), (0, import_tfjs_core9.square)(b)), res = (0, import_tfjs_core3.mul)(dy, (0, import_tfjs_core5.div)(b, d)), reduceAxes = (0, import_broadcast_util.getReductionAxes)(a.shape, outShape);
      return reduceAxes.length > 0 && (res = (0, import_tfjs_core12.sum)(res, reduceAxes)), (0, import_tfjs_core11.reshape)(res, a.shape);
    }, b: () => {
      let d = (0, import_tfjs_core14.add)((0, import_tfjs_core9.square)(a), (0, import_tfjs_core9.square)(b)), res = (0, import_tfjs_core6.neg)((0, import_tfjs_core3.mul)(dy, (0, import_tfjs_core5.div)(a, d))), reduceAxes = (0, import_broadcast_util.getReductionAxes)(b.shape, outShape);
      return reduceAxes.length > 0 && (res = (0, import_tfjs_core12.sum)(res, reduceAxes)), (0, import_tfjs_core11.reshape)(res, b.shape);
    } };
  }
};

// gradients/Atan_grad.js
var atanGradConfig = {
  kernelName: import_tfjs_core.Atan,
  inputsToSave: ["x"],
  gradFunc: (dy, saved) => {
    let [x] = saved;
    return { x: () => (0, import_tfjs_core5.div)(dy, (0, import_tfjs_core14.add)((0, import_tfjs_core9.square)((0, import_tfjs_core2.cast)(x, "float32")), 1)) };
  }
};

// gradients/Atanh_grad.js
var atanhGradConfig = {
  kernelName: import_tfjs_core.Atanh,
  inputsToSave: ["x"],
  gradFunc: (dy, saved) => {
    let [x] = saved;
    return { x: () => (0, import_tfjs_core5.div)(dy, (0, import_tfjs_core10.sub)((0, import_tfjs_core7.scalar)(1), (0, import_tfjs_core9.square)((0, import_tfjs_core2.cast)(x, "float32")))) };
  }
};

// engine.js
var import_tfjs_core15 = require("@tensorflow/tfjs-core"), ENGINE = (0, import_tfjs_core15.engine)();

// tensor_util_env.js
var import_environment = __toESM(require_environment());

// global_util.js
var globalNameSpace;
function getGlobalNamespace() {
  if (globalNameSpace == null) {
    let ns;
    if (typeof window < "u")
      ns = window;
    else if (typeof global < "u")
      ns = global;
    else if (typeof process < "u")
      ns = process;
    else if (typeof self < "u")
      ns = self;
    else
      throw new Error("Could not find a global object");
    globalNameSpace = ns;
  }
  return globalNameSpace;
}
function getGlobalMap() {
  let ns = getGlobalNamespace();
  return ns._tfGlobals == null && (ns._tfGlobals = /* @__PURE__ */ new Map()), ns._tfGlobals;
}
function getGlobal(key, init) {
  let globalMap = getGlobalMap();
  if (globalMap.has(key))
    return globalMap.get(key);
  {
    let singleton = init();
    return globalMap.set(key, singleton), globalMap.get(key);
  }
}

// tensor_format.js
var import_util = __toESM(require_util());
var FORMAT_LIMIT_NUM_VALS = 20, FORMAT_NUM_FIRST_LAST_VALS = 3, FORMAT_NUM_SIG_DIGITS = 7;
function tensorToString(vals, shape, dtype, verbose) {
  let strides = (0, import_util.computeStrides)(shape), padPerCol = computeMaxSizePerColumn(vals, shape, dtype, strides), rank = shape.length, valsLines = subTensorToString(vals, shape, dtype, strides, padPerCol), lines = ["Tensor"];
  return verbose && (lines.push(`  dtype: ${dtype}`), lines.push(`  rank: ${rank}`), lines.push(`  shape: [${shape}]`), lines.push("  values:")), lines.push(valsLines.map((l) => "    " + l).join(`
`)), lines.join(`
`);
}
function computeMaxSizePerColumn(vals, shape, dtype, strides) {
  let n = (0, import_util.sizeFromShape)(shape), numCols = strides[strides.length - 1], padPerCol = new Array(numCols).fill(0), rank = shape.length, valuesOrTuples = dtype === "complex64" ? createComplexTuples(vals) : vals;
  if (rank > 1)
    for (let row = 0; row < n / numCols; row++) {
      let offset = row * numCols;
      for (let j = 0; j < numCols; j++)
        padPerCol[j] = Math.max(padPerCol[j], valToString(valuesOrTuples[offset + j], 0, dtype).length);
    }
  return padPerCol;
}
function valToString(val, pad2, dtype) {
  let valStr;
  return Array.isArray(val) ? valStr = `${parseFloat(val[0].toFixed(FORMAT_NUM_SIG_DIGITS))} + ${parseFloat(val[1].toFixed(FORMAT_NUM_SIG_DIGITS))}j` : (0, import_util.isString)(val) ? valStr = `'${val}'` : dtype === "bool" ? valStr = boolNumToString(val) : valStr = parseFloat(val.toFixed(FORMAT_NUM_SIG_DIGITS)).toString(), (0, import_util.rightPad)(valStr, pad2);
}
function boolNumToString(v) {
  return v === 0 ? "false" : "true";
}
function subTensorToString(vals, shape, dtype, strides, padPerCol, isLast = !0) {
  let storagePerElement = dtype === "complex64" ? 2 : 1, size = shape[0], rank = shape.length;
  if (rank === 0) {
    if (dtype === "complex64") {
      let complexTuple = createComplexTuples(vals);
      return [valToString(complexTuple[0], 0, dtype)];
    }
    return dtype === "bool" ? [boolNumToString(vals[0])] : [vals[0].toString()];
  }
  if (rank === 1) {
    if (size > FORMAT_LIMIT_NUM_VALS) {
      let firstValsSize = FORMAT_NUM_FIRST_LAST_VALS * storagePerElement, firstVals = Array.from(vals.slice(0, firstValsSize)), lastVals = Array.from(vals.slice((size - FORMAT_NUM_FIRST_LAST_VALS) * storagePerElement, size * storagePerElement));
      return dtype === "complex64" && (firstVals = createComplexTuples(firstVals), lastVals = createComplexTuples(lastVals)), [
        "[" + firstVals.map((x, i) => valToString(x, padPerCol[i], dtype)).join(", ") + ", ..., " + lastVals.map((x, i) => valToString(x, padPerCol[size - FORMAT_NUM_FIRST_LAST_VALS + i], dtype)).join(", ") + "]"
      ];
    }
    return [
      "[" + (dtype === "complex64" ? createComplexTuples(vals) : Array.from(vals)).map((x, i) => valToString(x, padPerCol[i], dtype)).join(", ") + "]"
    ];
  }
  let subshape = shape.slice(1), substrides = strides.slice(1), stride = strides[0] * storagePerElement, lines = [];
  if (size > FORMAT_LIMIT_NUM_VALS) {
    for (let i = 0; i < FORMAT_NUM_FIRST_LAST_VALS; i++) {
      let start = i * stride, end = start + stride;
      lines.push(...subTensorToString(
        vals.slice(start, end),
        subshape,
        dtype,
        substrides,
        padPerCol,
        !1
        /* isLast */
      ));
    }
    lines.push("...");
    for (let i = size - FORMAT_NUM_FIRST_LAST_VALS; i < size; i++) {
      let start = i * stride, end = start + stride;
      lines.push(...subTensorToString(
        vals.slice(start, end),
        subshape,
        dtype,
        substrides,
        padPerCol,
        i === size - 1
        /* isLast */
      ));
    }
  } else
    for (let i = 0; i < size; i++) {
      let start = i * stride, end = start + stride;
      lines.push(...subTensorToString(
        vals.slice(start, end),
        subshape,
        dtype,
        substrides,
        padPerCol,
        i === size - 1
        /* isLast */
      ));
    }
  let sep = rank === 2 ? "," : "";
  lines[0] = "[" + (size > 0 ? lines[0] + sep : "");
  for (let i = 1; i < lines.length - 1; i++)
    lines[i] = " " + lines[i] + sep;
  let newLineSep = `,
`;
  for (let i = 2; i < rank; i++)
    newLineSep += `
`;
  return lines[lines.length - 1] = " " + lines[lines.length - 1] + "]" + (isLast ? "" : newLineSep), lines;
}
function createComplexTuples(vals) {
  let complexTuples = [];
  for (let i = 0; i < vals.length; i += 2)
    complexTuples.push([vals[i], vals[i + 1]]);
  return complexTuples;
}

// tensor.js
var util = __toESM(require_util()), import_util2 = __toESM(require_util());
var trackerFn = null, opHandler = null;
var Tensor = class {
  constructor(shape, dtype, dataId, id) {
    this.kept = !1, this.isDisposedInternal = !1, this.shape = shape.slice(), this.dtype = dtype || "float32", this.size = util.sizeFromShape(shape), this.strides = (0, import_util2.computeStrides)(shape), this.dataId = dataId, this.id = id, this.rankType = this.rank < 5 ? this.rank.toString() : "higher";
  }
  get rank() {
    return this.shape.length;
  }
  /**
   * Returns a promise of `tf.TensorBuffer` that holds the underlying data.
   *
   * @doc {heading: 'Tensors', subheading: 'Classes'}
   */
  async buffer() {
    let vals = await this.data();
    return opHandler.buffer(this.shape, this.dtype, vals);
  }
  /**
   * Returns a `tf.TensorBuffer` that holds the underlying data.
   * @doc {heading: 'Tensors', subheading: 'Classes'}
   */
  bufferSync() {
    return opHandler.buffer(this.shape, this.dtype, this.dataSync());
  }
  /**
   * Returns the tensor data as a nested array. The transfer of data is done
   * asynchronously.
   *
   * @doc {heading: 'Tensors', subheading: 'Classes'}
   */
  async array() {
    let vals = await this.data();
    return (0, import_util2.toNestedArray)(this.shape, vals, this.dtype === "complex64");
  }
  /**
   * Returns the tensor data as a nested array. The transfer of data is done
   * synchronously.
   *
   * @doc {heading: 'Tensors', subheading: 'Classes'}
   */
  arraySync() {
    return (0, import_util2.toNestedArray)(this.shape, this.dataSync(), this.dtype === "complex64");
  }
  /**
   * Asynchronously downloads the values from the `tf.Tensor`. Returns a
   * promise of `TypedArray` that resolves when the computation has finished.
   *
   * @doc {heading: 'Tensors', subheading: 'Classes'}
   */
  async data() {
    this.throwIfDisposed();
    let data = trackerFn().read(this.dataId);
    if (this.dtype === "string") {
      let bytes = await data;
      try {
        return bytes.map((b) => util.decodeString(b));
      } catch {
        throw new Error("Failed to decode the string bytes into utf-8. To get the original bytes, call tensor.bytes().");
      }
    }
    return data;
  }
  /**
   * Copy the tensor's data to a new GPU resource. Comparing to the `dataSync()`
   * and `data()`, this method prevents data from being downloaded to CPU.
   *
   * For WebGL backend, the data will be stored on a densely packed texture.
   * This means that the texture will use the RGBA channels to store value.
   *
   * For WebGPU backend, the data will be stored on a buffer. There is no
   * parameter, so can not use a user-defined size to create the buffer.
   *
   * @param options:
   *     For WebGL,
   *         - customTexShape: Optional. If set, will use the user defined
   *     texture shape to create the texture.
   *
   * @returns For WebGL backend, a GPUData contains the new texture and
   *     its information.
   *     {
   *        tensorRef: The tensor that is associated with this texture,
   *        texture: WebGLTexture,
   *        texShape: [number, number] // [height, width]
   *     }
   *
   *     For WebGPU backend, a GPUData contains the new buffer.
   *     {
   *        tensorRef: The tensor that is associated with this buffer,
   *        buffer: GPUBuffer,
   *     }
   *
   *     Remember to dispose the GPUData after it is used by
   *     `res.tensorRef.dispose()`.
   *
   * @doc {heading: 'Tensors', subheading: 'Classes'}
   */
  dataToGPU(options) {
    return this.throwIfDisposed(), trackerFn().readToGPU(this.dataId, options);
  }
  /**
   * Synchronously downloads the values from the `tf.Tensor`. This blocks the
   * UI thread until the values are ready, which can cause performance issues.
   *
   * @doc {heading: 'Tensors', subheading: 'Classes'}
   */
  dataSync() {
    this.throwIfDisposed();
    let data = trackerFn().readSync(this.dataId);
    if (this.dtype === "string")
      try {
        return data.map((b) => util.decodeString(b));
      } catch {
        throw new Error("Failed to decode the string bytes into utf-8. To get the original bytes, call tensor.bytes().");
      }
    return data;
  }
  /** Returns the underlying bytes of the tensor's data. */
  async bytes() {
    this.throwIfDisposed();
    let data = await trackerFn().read(this.dataId);
    return this.dtype === "string" ? data : new Uint8Array(data.buffer);
  }
  /**
   * Disposes `tf.Tensor` from memory.
   *
   * @doc {heading: 'Tensors', subheading: 'Classes'}
   */
  dispose() {
    this.isDisposed || (this.kerasMask && this.kerasMask.dispose(), trackerFn().disposeTensor(this), this.isDisposedInternal = !0);
  }
  get isDisposed() {
    return this.isDisposedInternal;
  }
  throwIfDisposed() {
    if (this.isDisposed)
      throw new Error("Tensor is disposed.");
  }
  /**
   * Prints the `tf.Tensor`. See `tf.print` for details.
   *
   * @param verbose Whether to print verbose information about the tensor,
   *    including dtype and size.
   *
   * @doc {heading: 'Tensors', subheading: 'Classes'}
   */
  print(verbose = !1) {
    return opHandler.print(this, verbose);
  }
  /**
   * Returns a copy of the tensor. See `tf.clone` for details.
   * @doc {heading: 'Tensors', subheading: 'Classes'}
   */
  clone() {
    return this.throwIfDisposed(), opHandler.clone(this);
  }
  /**
   * Returns a human-readable description of the tensor. Useful for logging.
   *
   * @doc {heading: 'Tensors', subheading: 'Classes'}
   */
  toString(verbose = !1) {
    let vals = this.dataSync();
    return tensorToString(vals, this.shape, this.dtype, verbose);
  }
  cast(dtype) {
    return this.throwIfDisposed(), opHandler.cast(this, dtype);
  }
  variable(trainable = !0, name, dtype) {
    return this.throwIfDisposed(), trackerFn().makeVariable(this, trainable, name, dtype);
  }
};
Object.defineProperty(Tensor, Symbol.hasInstance, {
  value: (instance) => !!instance && instance.data != null && instance.dataSync != null && instance.throwIfDisposed != null
});
function getGlobalTensorClass() {
  return getGlobal("Tensor", () => Tensor);
}
getGlobalTensorClass();
var Variable = class extends Tensor {
  constructor(initialValue, trainable, name, tensorId) {
    super(initialValue.shape, initialValue.dtype, initialValue.dataId, tensorId), this.trainable = trainable, this.name = name;
  }
  /**
   * Assign a new `tf.Tensor` to this variable. The new `tf.Tensor` must have
   * the same shape and dtype as the old `tf.Tensor`.
   *
   * @param newValue New tensor to be assigned to this variable.
   *
   * @doc {heading: 'Tensors', subheading: 'Classes'}
   */
  assign(newValue) {
    if (newValue.dtype !== this.dtype)
      throw new Error(`dtype of the new value (${newValue.dtype}) and previous value (${this.dtype}) must match`);
    if (!util.arraysEqual(newValue.shape, this.shape))
      throw new Error(`shape of the new value (${newValue.shape}) and previous value (${this.shape}) must match`);
    trackerFn().disposeTensor(this), this.dataId = newValue.dataId, trackerFn().incRef(
      this,
      null
      /* backend */
    );
  }
  dispose() {
    trackerFn().disposeVariable(this), this.isDisposedInternal = !0;
  }
};
Object.defineProperty(Variable, Symbol.hasInstance, {
  value: (instance) => instance instanceof Tensor && instance.assign != null && instance.assign instanceof Function
});

// types.js
var Rank;
(function(Rank2) {
  Rank2.R0 = "R0", Rank2.R1 = "R1", Rank2.R2 = "R2", Rank2.R3 = "R3", Rank2.R4 = "R4", Rank2.R5 = "R5", Rank2.R6 = "R6";
})(Rank || (Rank = {}));
var UpcastInt32AndMap;
(function(UpcastInt32AndMap2) {
  UpcastInt32AndMap2.float32 = "float32", UpcastInt32AndMap2.int32 = "int32", UpcastInt32AndMap2.bool = "int32", UpcastInt32AndMap2.complex64 = "complex64";
})(UpcastInt32AndMap || (UpcastInt32AndMap = {}));
var UpcastBoolAndMap;
(function(UpcastBoolAndMap2) {
  UpcastBoolAndMap2.float32 = "float32", UpcastBoolAndMap2.int32 = "int32", UpcastBoolAndMap2.bool = "bool", UpcastBoolAndMap2.complex64 = "complex64";
})(UpcastBoolAndMap || (UpcastBoolAndMap = {}));
var UpcastFloat32AndMap;
(function(UpcastFloat32AndMap2) {
  UpcastFloat32AndMap2.float32 = "float32", UpcastFloat32AndMap2.int32 = "float32", UpcastFloat32AndMap2.bool = "float32", UpcastFloat32AndMap2.complex64 = "complex64";
})(UpcastFloat32AndMap || (UpcastFloat32AndMap = {}));
var UpcastComplex64AndMap;
(function(UpcastComplex64AndMap2) {
  UpcastComplex64AndMap2.float32 = "complex64", UpcastComplex64AndMap2.int32 = "complex64", UpcastComplex64AndMap2.bool = "complex64", UpcastComplex64AndMap2.complex64 = "complex64";
})(UpcastComplex64AndMap || (UpcastComplex64AndMap = {}));
function isWebGLData(values) {
  return values != null && typeof values == "object" && "texture" in values && values.texture instanceof WebGLTexture;
}
function isWebGPUData(values) {
  return typeof GPUBuffer < "u" && values != null && typeof values == "object" && "buffer" in values && values.buffer instanceof GPUBuffer;
}

// tensor_util_env.js
var import_util3 = __toESM(require_util());

// util_base.js
function bytesPerElement(dtype) {
  if (dtype === "float32" || dtype === "int32")
    return 4;
  if (dtype === "complex64")
    return 8;
  if (dtype === "bool")
    return 1;
  throw new Error(`Unknown dtype ${dtype}`);
}

// tensor_util_env.js
function inferShape(val, dtype) {
  let firstElem = val;
  if ((0, import_util3.isTypedArray)(val))
    return dtype === "string" ? [] : [val.length];
  if (isWebGLData(val)) {
    let usedChannels = val.channels || "RGBA";
    return [val.height, val.width * usedChannels.length];
  } else if (isWebGPUData(val))
    return [val.buffer.size / (dtype == null ? 4 : bytesPerElement(dtype))];
  if (!Array.isArray(val))
    return [];
  let shape = [];
  for (; Array.isArray(firstElem) || (0, import_util3.isTypedArray)(firstElem) && dtype !== "string"; )
    shape.push(firstElem.length), firstElem = firstElem[0];
  return Array.isArray(val) && (0, import_environment.env)().getBool("TENSORLIKE_CHECK_SHAPE_CONSISTENCY") && deepAssertShapeConsistency(val, shape, []), shape;
}
function deepAssertShapeConsistency(val, shape, indices) {
  if (indices = indices || [], !Array.isArray(val) && !(0, import_util3.isTypedArray)(val)) {
    (0, import_util3.assert)(shape.length === 0, () => `Element arr[${indices.join("][")}] is a primitive, but should be an array/TypedArray of ${shape[0]} elements`);
    return;
  }
  (0, import_util3.assert)(shape.length > 0, () => `Element arr[${indices.join("][")}] should be a primitive, but is an array of ${val.length} elements`), (0, import_util3.assert)(val.length === shape[0], () => `Element arr[${indices.join("][")}] should have ${shape[0]} elements, but has ${val.length} elements`);
  let subShape = shape.slice(1);
  for (let i = 0; i < val.length; ++i)
    deepAssertShapeConsistency(val[i], subShape, indices.concat(i));
}
function assertDtype(expectedDtype, actualDType, argName, functionName) {
  if (expectedDtype !== "string_or_numeric") {
    if (expectedDtype == null)
      throw new Error("Expected dtype cannot be null.");
    if (expectedDtype !== "numeric" && expectedDtype !== actualDType || expectedDtype === "numeric" && actualDType === "string")
      throw new Error(`Argument '${argName}' passed to '${functionName}' must be ${expectedDtype} tensor, but got ${actualDType} tensor`);
  }
}
function convertToTensor(x, argName, functionName, parseAsDtype = "numeric") {
  if (x instanceof getGlobalTensorClass())
    return assertDtype(parseAsDtype, x.dtype, argName, functionName), x;
  let inferredDtype = (0, import_util3.inferDtype)(x);
  if (inferredDtype !== "string" && ["bool", "int32", "float32"].indexOf(parseAsDtype) >= 0 && (inferredDtype = parseAsDtype), assertDtype(parseAsDtype, inferredDtype, argName, functionName), x == null || !(0, import_util3.isTypedArray)(x) && !Array.isArray(x) && typeof x != "number" && typeof x != "boolean" && typeof x != "string") {
    let type = x == null ? "null" : x.constructor.name;
    throw new Error(`Argument '${argName}' passed to '${functionName}' must be a Tensor or TensorLike, but got '${type}'`);
  }
  let inferredShape = inferShape(x, inferredDtype);
  !(0, import_util3.isTypedArray)(x) && !Array.isArray(x) && (x = [x]);
  let values = inferredDtype !== "string" ? (0, import_util3.toTypedArray)(x, inferredDtype) : (0, import_util3.flatten)(x, [], !0);
  return ENGINE.makeTensor(values, inferredShape, inferredDtype);
}

// ops/avg_pool_3d_grad.js
var util2 = __toESM(require_util()), import_conv_util = __toESM(require_conv_util());

// public:ops/operation.js
var import_tfjs_core16 = require("@tensorflow/tfjs-core");

// ops/avg_pool_3d_grad.js
function avgPool3dGrad_(dy, input, filterSize, strides, pad2, dimRoundingMode) {
  let $dy = convertToTensor(dy, "dy", "avgPool3dGrad"), $input = convertToTensor(input, "input", "avgPool3dGrad"), dy5D = $dy, input5D = $input, reshapedTo5D = !1;
  $input.rank === 4 && (reshapedTo5D = !0, dy5D = (0, import_tfjs_core11.reshape)($dy, [1, $dy.shape[0], $dy.shape[1], $dy.shape[2], $dy.shape[3]]), input5D = (0, import_tfjs_core11.reshape)($input, [
    1,
    $input.shape[0],
    $input.shape[1],
    $input.shape[2],
    $input.shape[3]
  ])), util2.assert(dy5D.rank === 5, () => `Error in avgPool3dGrad: dy must be rank 5 but got rank ${dy5D.rank}.`), util2.assert(input5D.rank === 5, () => `Error in avgPool3dGrad: input must be rank 5 but got rank ${input5D.rank}.`), (0, import_conv_util.checkPadOnDimRoundingMode)("avgPool3dGrad", pad2, dimRoundingMode);
  let inputs = { dy: dy5D, input: input5D }, attrs = { filterSize, strides, pad: pad2, dimRoundingMode }, res = ENGINE.runKernel(import_tfjs_core.AvgPool3DGrad, inputs, attrs);
  return reshapedTo5D ? (0, import_tfjs_core11.reshape)(res, [res.shape[1], res.shape[2], res.shape[3], res.shape[4]]) : res;
}
var avgPool3dGrad = (0, import_tfjs_core16.op)({ avgPool3dGrad_ });

// gradients/AvgPool3D_grad.js
var avgPool3DGradConfig = {
  kernelName: import_tfjs_core.AvgPool3D,
  inputsToSave: ["x"],
  gradFunc: (dy, saved, attrs) => {
    let [x] = saved, { filterSize, strides, pad: pad2, dimRoundingMode } = attrs;
    return {
      x: () => avgPool3dGrad(dy, x, filterSize, strides, pad2, dimRoundingMode)
    };
  }
};

// ops/avg_pool_grad.js
var util3 = __toESM(require_util());
function avgPoolGrad_(dy, input, filterSize, strides, pad2) {
  let $dy = convertToTensor(dy, "dy", "avgPoolGrad"), $input = convertToTensor(input, "input", "avgPoolGrad");
  util3.assert($input.rank === $dy.rank, () => `Rank of input (${$input.rank}) does not match rank of dy (${$dy.rank})`);
  let input4D = $input, dy4D = $dy, reshapedTo4D = !1;
  $input.rank === 3 && (reshapedTo4D = !0, input4D = (0, import_tfjs_core11.reshape)($input, [1, $input.shape[0], $input.shape[1], $input.shape[2]]), dy4D = (0, import_tfjs_core11.reshape)($dy, [1, $dy.shape[0], $dy.shape[1], $dy.shape[2]])), util3.assert(dy4D.rank === 4, () => `Error in avgPoolGrad: dy must be rank 4 but got rank ${dy4D.rank}.`), util3.assert(input4D.rank === 4, () => `Error in avgPoolGrad: input must be rank 4 but got rank ${input4D.rank}.`);
  let inputs = { dy: dy4D, input: input4D }, attrs = { filterSize, strides, pad: pad2 }, res = ENGINE.runKernel(import_tfjs_core.AvgPoolGrad, inputs, attrs);
  return reshapedTo4D ? (0, import_tfjs_core11.reshape)(res, [res.shape[1], res.shape[2], res.shape[3]]) : res;
}
var avgPoolGrad = (0, import_tfjs_core16.op)({ avgPoolGrad_ });

// gradients/AvgPool_grad.js
var avgPoolGradConfig = {
  kernelName: import_tfjs_core.AvgPool,
  inputsToSave: ["x"],
  gradFunc: (dy, saved, attrs) => {
    let [x] = saved, { filterSize, strides, pad: pad2 } = attrs;
    return { x: () => avgPoolGrad(dy, x, filterSize, strides, pad2) };
  }
};

// public:ops/mat_mul.js
var import_tfjs_core17 = require("@tensorflow/tfjs-core");

// gradients/BatchMatMul_grad.js
var batchMatMulGradConfig = {
  kernelName: import_tfjs_core.BatchMatMul,
  inputsToSave: ["a", "b"],
  gradFunc: (dy, saved, attrs) => {
    let [a, b] = saved, { transposeA, transposeB } = attrs;
    return !transposeA && !transposeB ? {
      a: () => (0, import_tfjs_core17.matMul)(dy, b, !1, !0),
      b: () => (0, import_tfjs_core17.matMul)(a, dy, !0, !1)
    } : !transposeA && transposeB ? {
      a: () => (0, import_tfjs_core17.matMul)(dy, b, !1, !1),
      b: () => (0, import_tfjs_core17.matMul)(dy, a, !0, !1)
    } : transposeA && !transposeB ? {
      a: () => (0, import_tfjs_core17.matMul)(b, dy, !1, !0),
      b: () => (0, import_tfjs_core17.matMul)(a, dy, !1, !1)
    } : {
      a: () => (0, import_tfjs_core17.matMul)(b, dy, !0, !0),
      b: () => (0, import_tfjs_core17.matMul)(dy, a, !0, !0)
    };
  }
};

// public:ops/space_to_batch_nd.js
var import_tfjs_core18 = require("@tensorflow/tfjs-core");

// gradients/BatchToSpaceND_grad.js
var batchToSpaceNDGradConfig = {
  kernelName: import_tfjs_core.BatchToSpaceND,
  gradFunc: (dy, saved, attrs) => {
    let { blockShape, crops } = attrs;
    return { x: () => (0, import_tfjs_core18.spaceToBatchND)(dy, blockShape, crops) };
  }
};

// gradients/BroadcastTo_grad.js
var broadcastToGradConfig = {
  kernelName: import_tfjs_core.BroadcastTo,
  gradFunc: (dy, saved, attrs) => {
    let broadCastToAttrs = attrs, inputShape = broadCastToAttrs.inputShape, outputShape = broadCastToAttrs.shape, reps = Array.from(outputShape);
    for (let i = inputShape.length - 1; i >= 0; i--)
      if (inputShape[i] === outputShape[i])
        reps[i] = 1;
      else if (inputShape[i] !== 1)
        throw new Error(`broadcastTo(): [${inputShape}] cannot be broadcast to [${outputShape}].`);
    let axes = [];
    for (let i = 0; i < reps.length; i++)
      reps[i] > 1 && axes.push(i);
    return { x: () => (0, import_tfjs_core12.sum)(
      dy,
      axes,
      !0
      /* keepDims */
    ) };
  }
};

// gradients/Cast_grad.js
var castGradConfig = {
  kernelName: import_tfjs_core.Cast,
  gradFunc: (dy) => ({ x: () => dy.clone() })
};

// gradients/Ceil_grad.js
var ceilGradConfig = {
  kernelName: import_tfjs_core.Ceil,
  gradFunc: (dy) => ({ x: () => (0, import_tfjs_core13.zerosLike)(dy) })
};

// public:ops/greater_equal.js
var import_tfjs_core19 = require("@tensorflow/tfjs-core");

// public:ops/less_equal.js
var import_tfjs_core20 = require("@tensorflow/tfjs-core");

// public:ops/logical_and.js
var import_tfjs_core21 = require("@tensorflow/tfjs-core");

// public:ops/where.js
var import_tfjs_core22 = require("@tensorflow/tfjs-core");

// gradients/ClipByValue_grad.js
var clipByValueGradConfig = {
  kernelName: import_tfjs_core.ClipByValue,
  inputsToSave: ["x"],
  gradFunc: (dy, saved, attrs) => {
    let [x] = saved, { clipValueMin, clipValueMax } = attrs;
    return {
      x: () => (0, import_tfjs_core22.where)((0, import_tfjs_core21.logicalAnd)((0, import_tfjs_core19.greaterEqual)(x, clipValueMin), (0, import_tfjs_core20.lessEqual)(x, clipValueMax)), dy, (0, import_tfjs_core13.zerosLike)(dy))
    };
  }
};

// gradients/ComplexAbs_grad.js
var complexAbsGradConfig = {
  kernelName: import_tfjs_core.ComplexAbs,
  inputsToSave: ["x"],
  gradFunc: absGradConfig.gradFunc
};

// public:ops/split.js
var import_tfjs_core23 = require("@tensorflow/tfjs-core");

// gradients/Concat_grad.js
var import_util4 = __toESM(require_util());
var concatGradConfig = {
  kernelName: import_tfjs_core.Concat,
  saveAllInputs: !0,
  gradFunc: (dy, saved, attrs) => {
    let shapes = saved.map((t) => t.shape), { axis } = attrs, $axis = (0, import_util4.parseAxisParam)(axis, saved[0].shape)[0], sizeSplits = shapes.map((s) => s[$axis]);
    return (0, import_tfjs_core23.split)(dy, sizeSplits, $axis).map((t) => () => t);
  }
};

// ops/conv2d_backprop_filter.js
var util4 = __toESM(require_util()), conv_util = __toESM(require_conv_util());
function conv2DBackpropFilter_(x, dy, filterShape, strides, pad2, dataFormat = "NHWC", dimRoundingMode) {
  let x4D = x;
  x.rank === 3 && (x4D = (0, import_tfjs_core11.reshape)(x, [1, x.shape[0], x.shape[1], x.shape[2]]));
  let dy4D = dy;
  dy4D.rank === 3 && (dy4D = (0, import_tfjs_core11.reshape)(dy, [1, dy.shape[0], dy.shape[1], dy.shape[2]])), util4.assert(x4D.rank === 4, () => `Error in conv2dDerFilter: input must be rank 4, but got shape ${x4D.shape}.`), util4.assert(dy4D.rank === 4, () => `Error in conv2dDerFilter: dy must be rank 4, but got shape ${dy4D.shape}.`), util4.assert(filterShape.length === 4, () => `Error in conv2dDerFilter: filterShape must be length 4, but got ${filterShape}.`);
  let inDepth = dataFormat === "NHWC" ? x4D.shape[3] : x4D.shape[1], outDepth = dataFormat === "NHWC" ? dy4D.shape[3] : dy4D.shape[1];
  util4.assert(inDepth === filterShape[2], () => `Error in conv2dDerFilter: depth of input ${inDepth}) must match input depth in filter (${filterShape[2]}.`), util4.assert(outDepth === filterShape[3], () => `Error in conv2dDerFilter: depth of dy (${outDepth}) must match output depth for filter (${filterShape[3]}).`), conv_util.checkPadOnDimRoundingMode("conv2dDerFilter", pad2, dimRoundingMode);
  let inputs = { x: x4D, dy: dy4D }, attrs = { strides, pad: pad2, dataFormat, dimRoundingMode, filterShape };
  return ENGINE.runKernel(import_tfjs_core.Conv2DBackpropFilter, inputs, attrs);
}
var conv2DBackpropFilter = (0, import_tfjs_core16.op)({ conv2DBackpropFilter_ });

// ops/conv2d_backprop_input.js
var util5 = __toESM(require_util()), conv_util2 = __toESM(require_conv_util());
function conv2DBackpropInput_(xShape, dy, filter, strides, pad2, dataFormat = "NHWC", dimRoundingMode) {
  util5.assert(xShape.length === dy.rank, () => `Length of inShape (${xShape.length}) and rank of dy (${dy.rank}) must match`);
  let xShape4D = xShape, dy4D = dy, reshapedTo4D = !1;
  dy.rank === 3 && (reshapedTo4D = !0, dy4D = (0, import_tfjs_core11.reshape)(dy, [1, dy.shape[0], dy.shape[1], dy.shape[2]]), xShape4D = [1, xShape[0], xShape[1], xShape[2]]), util5.assert(xShape4D.length === 4, () => `Error in conv2dDerInput: inShape must be length 4, but got length ${xShape4D.length}.`), util5.assert(dy4D.rank === 4, () => `Error in conv2dDerInput: dy must be rank 4, but got rank ${dy4D.rank}`), util5.assert(filter.rank === 4, () => `Error in conv2dDerInput: filter must be rank 4, but got rank ${filter.rank}`);
  let inDepth = dataFormat === "NHWC" ? xShape4D[3] : xShape4D[1], outDepth = dataFormat === "NHWC" ? dy4D.shape[3] : dy4D.shape[1];
  util5.assert(inDepth === filter.shape[2], () => `Error in conv2dDerInput: depth of input (${inDepth}) must match input depth for filter ${filter.shape[2]}.`), util5.assert(outDepth === filter.shape[3], () => `Error in conv2dDerInput: depth of output (${outDepth}) must match output depth for filter ${filter.shape[3]}.`), conv_util2.checkPadOnDimRoundingMode("conv2dDerInput", pad2, dimRoundingMode);
  let inputs = { dy: dy4D, filter }, attrs = { strides, pad: pad2, dataFormat, dimRoundingMode, inputShape: xShape4D }, res = ENGINE.runKernel(import_tfjs_core.Conv2DBackpropInput, inputs, attrs);
  return reshapedTo4D ? (0, import_tfjs_core11.reshape)(res, [res.shape[1], res.shape[2], res.shape[3]]) : res;
}
var conv2DBackpropInput = (0, import_tfjs_core16.op)({ conv2DBackpropInput_ });

// gradients/Conv2D_grad.js
var conv_util3 = __toESM(require_conv_util()), util6 = __toESM(require_util());
var conv2DGradConfig = {
  kernelName: import_tfjs_core.Conv2D,
  inputsToSave: ["x", "filter"],
  gradFunc: (dy, saved, attrs) => {
    let [x4D, $filter] = saved, { dilations, strides, pad: pad2, dataFormat } = attrs;
    return util6.assert(conv_util3.tupleValuesAreOne(dilations), () => `Error in gradient of conv2D: dilation rates greater than 1 are not yet supported in gradients. Got dilations '${dilations}'`), {
      x: () => conv2DBackpropInput(x4D.shape, dy, $filter, strides, pad2, dataFormat),
      filter: () => conv2DBackpropFilter(x4D, dy, $filter.shape, strides, pad2, dataFormat)
    };
  }
};

// public:ops/conv2d.js
var import_tfjs_core24 = require("@tensorflow/tfjs-core");

// gradients/Conv2DBackpropInput_grad.js
var conv2DBackpropInputGradConfig = {
  kernelName: import_tfjs_core.Conv2DBackpropInput,
  inputsToSave: ["dy", "filter"],
  gradFunc: (ddx, saved, attrs) => {
    let [dy, filter] = saved, { strides, pad: pad2, dataFormat, dimRoundingMode } = attrs;
    return {
      dy: () => (0, import_tfjs_core24.conv2d)(ddx, filter, strides, pad2, dataFormat, 1, dimRoundingMode),
      filter: () => conv2DBackpropFilter(ddx, dy, filter.shape, strides, pad2, dataFormat, dimRoundingMode)
    };
  }
};

// ops/conv3d_backprop_filter.js
var util7 = __toESM(require_util());
function conv3DBackpropFilter_(x, dy, filterShape, strides, pad2) {
  let x5D = x;
  x.rank === 4 && (x5D = (0, import_tfjs_core11.reshape)(x, [1, x.shape[0], x.shape[1], x.shape[2], x.shape[3]]));
  let dy5D = dy;
  dy5D.rank === 4 && (dy5D = (0, import_tfjs_core11.reshape)(dy, [1, dy.shape[0], dy.shape[1], dy.shape[2], dy.shape[3]])), util7.assert(x5D.rank === 5, () => `Error in conv3dDerFilter: input must be rank 5, but got shape ${x5D.shape}.`), util7.assert(dy5D.rank === 5, () => `Error in conv3dDerFilter: dy must be rank 5, but got shape ${dy5D.shape}.`), util7.assert(filterShape.length === 5, () => `Error in conv3dDerFilter: filterShape must be length 5, but got ${filterShape}.`), util7.assert(x5D.shape[4] === filterShape[3], () => `Error in conv3dDerFilter: depth of input ${x5D.shape[4]}) must match input depth in filter (${filterShape[3]}.`), util7.assert(dy5D.shape[4] === filterShape[4], () => `Error in conv3dDerFilter: depth of dy (${dy5D.shape[4]}) must match output depth for filter (${filterShape[4]}).`);
  let inputs = { x: x5D, dy: dy5D }, attrs = { strides, pad: pad2, filterShape };
  return ENGINE.runKernel(import_tfjs_core.Conv3DBackpropFilterV2, inputs, attrs);
}
var conv3DBackpropFilter = (0, import_tfjs_core16.op)({ conv3DBackpropFilter_ });

// ops/conv3d_backprop_input.js
var util8 = __toESM(require_util());
function conv3DBackpropInput_(xShape, dy, filter, strides, pad2) {
  util8.assert(xShape.length === dy.rank, () => `Length of inShape (${xShape.length}) and rank of dy (${dy.rank}) must match`);
  let xShape5D = xShape, dy5D = dy, reshapedTo5D = !1;
  dy.rank === 4 && (reshapedTo5D = !0, dy5D = (0, import_tfjs_core11.reshape)(dy, [1, dy.shape[0], dy.shape[1], dy.shape[2], dy.shape[3]]), xShape5D = [1, xShape[0], xShape[1], xShape[2], xShape[3]]);
  let inDepth = xShape5D[4], outDepth = dy5D.shape[4];
  util8.assert(xShape5D.length === 5, () => `Error in conv3dDerInput: inShape must be length 5, but got length ${xShape5D.length}.`), util8.assert(dy5D.rank === 5, () => `Error in conv3dDerInput: dy must be rank 5, but got rank ${dy5D.rank}`), util8.assert(filter.rank === 5, () => `Error in conv3dDerInput: filter must be rank 5, but got rank ${filter.rank}`), util8.assert(inDepth === filter.shape[3], () => `Error in conv3dDerInput: depth of input (${inDepth}) must match input depth for filter ${filter.shape[3]}.`), util8.assert(outDepth === filter.shape[4], () => `Error in conv3dDerInput: depth of output (${outDepth}) must match output depth for filter ${filter.shape[4]}.`);
  let inputs = { dy: dy5D, filter }, attrs = { pad: pad2, strides, inputShape: xShape5D }, res = ENGINE.runKernel(import_tfjs_core.Conv3DBackpropInputV2, inputs, attrs);
  return reshapedTo5D ? (0, import_tfjs_core11.reshape)(res, [res.shape[1], res.shape[2], res.shape[3], res.shape[4]]) : res;
}
var conv3DBackpropInput = (0, import_tfjs_core16.op)({ conv3DBackpropInput_ });

// gradients/Conv3D_grad.js
var import_conv_util2 = __toESM(require_conv_util()), util9 = __toESM(require_util());
var conv3DGradConfig = {
  kernelName: import_tfjs_core.Conv3D,
  inputsToSave: ["x", "filter"],
  gradFunc: (dy, saved, attrs) => {
    let { dilations, strides, pad: pad2 } = attrs;
    util9.assert((0, import_conv_util2.tupleValuesAreOne)(dilations), () => `Error in gradient of conv3D: dilation rates greater than 1 are not yet supported in gradients. Got dilations '${dilations}'`);
    let [x5D, $filter] = saved;
    return {
      x: () => conv3DBackpropInput(x5D.shape, dy, $filter, strides, pad2),
      filter: () => conv3DBackpropFilter(x5D, dy, $filter.shape, strides, pad2)
    };
  }
};

// public:ops/sin.js
var import_tfjs_core25 = require("@tensorflow/tfjs-core");

// gradients/Cos_grad.js
var cosGradConfig = {
  kernelName: import_tfjs_core.Cos,
  inputsToSave: ["x"],
  gradFunc: (dy, saved) => {
    let [x] = saved;
    return { x: () => (0, import_tfjs_core3.mul)((0, import_tfjs_core6.neg)((0, import_tfjs_core25.sin)((0, import_tfjs_core2.cast)(x, "float32"))), dy) };
  }
};

// public:ops/sinh.js
var import_tfjs_core26 = require("@tensorflow/tfjs-core");

// gradients/Cosh_grad.js
var coshGradConfig = {
  kernelName: import_tfjs_core.Cosh,
  inputsToSave: ["x"],
  gradFunc: (dy, saved) => {
    let [x] = saved;
    return { x: () => (0, import_tfjs_core3.mul)((0, import_tfjs_core26.sinh)((0, import_tfjs_core2.cast)(x, "float32")), dy) };
  }
};

// gradients/Cumsum_grad.js
var import_axis_util = __toESM(require_axis_util());

// public:ops/cumsum.js
var import_tfjs_core27 = require("@tensorflow/tfjs-core");

// public:ops/transpose.js
var import_tfjs_core28 = require("@tensorflow/tfjs-core");

// gradients/Cumsum_grad.js
var cumsumGradConfig = {
  kernelName: import_tfjs_core.Cumsum,
  inputsToSave: ["x"],
  gradFunc: (dy, saved, attrs) => {
    let [x] = saved, { axis, exclusive, reverse: reverse2 } = attrs;
    return {
      x: () => {
        let permutation = (0, import_axis_util.getAxesPermutation)([axis], x.rank), out = (0, import_tfjs_core27.cumsum)(dy, axis, exclusive, !reverse2);
        return permutation != null && (out = (0, import_tfjs_core28.transpose)(out, permutation)), out;
      }
    };
  }
};

// gradients/DepthwiseConv2dNative_grad.js
var conv_util4 = __toESM(require_conv_util());

// ops/depthwise_conv2d_native_backprop_filter.js
function depthwiseConv2dNativeBackpropFilter_(x, dy, filterShape, strides, pad2, dilations = [1, 1], dimRoundingMode) {
  let x4D = x;
  x.rank === 3 && (x4D = (0, import_tfjs_core11.reshape)(x, [1, x.shape[0], x.shape[1], x.shape[2]]));
  let dy4D = dy;
  dy4D.rank === 3 && (dy4D = (0, import_tfjs_core11.reshape)(dy, [1, dy.shape[0], dy.shape[1], dy.shape[2]]));
  let inputs = { x: x4D, dy: dy4D }, attrs = { strides, pad: pad2, dimRoundingMode, dilations, filterShape };
  return ENGINE.runKernel(import_tfjs_core.DepthwiseConv2dNativeBackpropFilter, inputs, attrs);
}
var depthwiseConv2dNativeBackpropFilter = (0, import_tfjs_core16.op)({ depthwiseConv2dNativeBackpropFilter_ });

// ops/depthwise_conv2d_native_backprop_input.js
function depthwiseConv2dNativeBackpropInput_(xShape, dy, filter, strides, pad2, dilations = [1, 1], dimRoundingMode) {
  let dy4D = dy, reshapedTo4D = !1;
  dy.rank === 3 && (reshapedTo4D = !0, dy4D = (0, import_tfjs_core11.reshape)(dy, [1, dy.shape[0], dy.shape[1], dy.shape[2]]));
  let inputs = { dy: dy4D, filter }, attrs = { strides, pad: pad2, dimRoundingMode, dilations, inputShape: xShape }, res = (
    // tslint:disable-next-line: no-unnecessary-type-assertion
    ENGINE.runKernel(import_tfjs_core.DepthwiseConv2dNativeBackpropInput, inputs, attrs)
  );
  return reshapedTo4D ? (0, import_tfjs_core11.reshape)(res, [res.shape[1], res.shape[2], res.shape[3]]) : res;
}
var depthwiseConv2dNativeBackpropInput = (0, import_tfjs_core16.op)({ depthwiseConv2dNativeBackpropInput_ });

// gradients/DepthwiseConv2dNative_grad.js
var util10 = __toESM(require_util());
var depthwiseConv2dNativeGradConfig = {
  kernelName: import_tfjs_core.DepthwiseConv2dNative,
  inputsToSave: ["x", "filter"],
  gradFunc: (dy, saved, attrs) => {
    let { dilations, strides, pad: pad2, dimRoundingMode } = attrs, $dilations = dilations ?? [1, 1];
    util10.assert(conv_util4.tupleValuesAreOne($dilations), () => `Error in gradient of depthwiseConv2dNative: dilation rates greater than 1 are not yet supported. Got dilations '${$dilations}'`);
    let [x, filter] = saved;
    return util10.assert(x.rank === 4, () => `Error in gradient of depthwiseConv2dNative: input must be rank 4, but got rank ${x.rank}.`), util10.assert(filter.rank === 4, () => `Error in gradient of depthwiseConv2dNative: filter must be rank 4, but got rank ${filter.rank}.`), util10.assert(x.shape[3] === filter.shape[2], () => `Error in gradient of depthwiseConv2d: number of input channels (${x.shape[3]}) must match the inChannels dimension in filter ${filter.shape[2]}.`), util10.assert(conv_util4.eitherStridesOrDilationsAreOne(strides, $dilations), () => `Error in gradient of depthwiseConv2d: Either strides or dilations must be  1. Got strides ${strides} and dilations '${$dilations}'.`), conv_util4.checkPadOnDimRoundingMode("depthwiseConv2d", pad2, dimRoundingMode), {
      x: () => depthwiseConv2dNativeBackpropInput(x.shape, dy, filter, strides, pad2, $dilations, dimRoundingMode),
      filter: () => depthwiseConv2dNativeBackpropFilter(x, dy, filter.shape, strides, pad2, $dilations, dimRoundingMode)
    };
  }
};

// gradients/Dilation2D_grad.js
var dilation2dGradConfig = {
  kernelName: import_tfjs_core.Dilation2D,
  inputsToSave: ["x", "filter"],
  gradFunc: (dy, saved, attrs) => {
    let [x, filter] = saved, inputInputs = { x, filter, dy }, filterInputs = { x, filter, dy };
    return {
      x: () => ENGINE.runKernel(import_tfjs_core.Dilation2DBackpropInput, inputInputs, attrs),
      filter: () => ENGINE.runKernel(import_tfjs_core.Dilation2DBackpropFilter, filterInputs, attrs)
    };
  }
};

// gradients/Elu_grad.js
var eluGradConfig = {
  kernelName: import_tfjs_core.Elu,
  outputsToSave: [!0],
  gradFunc: (dy, saved) => {
    let [y] = saved, inputs = { dy, y };
    return { x: () => ENGINE.runKernel(import_tfjs_core.EluGrad, inputs) };
  }
};

// public:ops/exp.js
var import_tfjs_core29 = require("@tensorflow/tfjs-core");

// gradients/Erf_grad.js
var erfGradConfig = {
  kernelName: import_tfjs_core.Erf,
  inputsToSave: ["x"],
  gradFunc: (dy, saved) => {
    let [x] = saved, a = (0, import_tfjs_core3.mul)((0, import_tfjs_core29.exp)((0, import_tfjs_core6.neg)((0, import_tfjs_core9.square)(x))), 2 / Math.sqrt(Math.PI));
    return { x: () => (0, import_tfjs_core3.mul)(dy, a) };
  }
};

// gradients/Exp_grad.js
var expGradConfig = {
  kernelName: import_tfjs_core.Exp,
  outputsToSave: [!0],
  gradFunc: (dy, saved) => {
    let [y] = saved;
    return { x: () => (0, import_tfjs_core3.mul)(dy, y) };
  }
};

// gradients/ExpandDims_grad.js
var expandDimsGradConfig = {
  kernelName: import_tfjs_core.ExpandDims,
  inputsToSave: ["input"],
  gradFunc: (dy, saved) => {
    let [input] = saved;
    return { input: () => (0, import_tfjs_core11.reshape)(dy, input.shape) };
  }
};

// gradients/Expm1_grad.js
var expm1GradConfig = {
  kernelName: import_tfjs_core.Expm1,
  inputsToSave: ["x"],
  gradFunc: (dy, saved) => {
    let [x] = saved;
    return { x: () => (0, import_tfjs_core3.mul)(dy, (0, import_tfjs_core29.exp)(x)) };
  }
};

// gradients/Floor_grad.js
var floorGradConfig = {
  kernelName: import_tfjs_core.Floor,
  gradFunc: (dy) => ({ x: () => (0, import_tfjs_core13.zerosLike)(dy) })
};

// gradients/FloorDiv_grad.js
var import_broadcast_util2 = __toESM(require_broadcast_util());
var floorDivGradConfig = {
  kernelName: import_tfjs_core.FloorDiv,
  inputsToSave: ["a", "b"],
  gradFunc: (dy, saved) => {
    let [a, b] = saved, outShape = (0, import_broadcast_util2.assertAndGetBroadcastShape)(a.shape, b.shape);
    return { a: () => {
      let res = (0, import_tfjs_core5.div)(dy, (0, import_tfjs_core2.cast)(b, "float32")), reduceAxes = (0, import_broadcast_util2.getReductionAxes)(a.shape, outShape);
      return reduceAxes.length > 0 ? (0, import_tfjs_core11.reshape)((0, import_tfjs_core12.sum)(res, reduceAxes), a.shape) : res;
    }, b: () => {
      let res = (0, import_tfjs_core3.mul)(dy, (0, import_tfjs_core2.cast)(a, "float32")), reduceAxes = (0, import_broadcast_util2.getReductionAxes)(b.shape, outShape);
      reduceAxes.length > 0 && (res = (0, import_tfjs_core11.reshape)((0, import_tfjs_core12.sum)(res, reduceAxes), b.shape));
      let tmp = (0, import_tfjs_core9.square)(b);
      return (0, import_tfjs_core6.neg)((0, import_tfjs_core5.div)(res, (0, import_tfjs_core2.cast)(tmp, "float32")));
    } };
  }
};

// gradients/FusedBatchNorm_grad.js
var import_broadcast_util3 = __toESM(require_broadcast_util());

// public:ops/rsqrt.js
var import_tfjs_core30 = require("@tensorflow/tfjs-core");

// public:ops/tile.js
var import_tfjs_core31 = require("@tensorflow/tfjs-core");

// gradients/FusedBatchNorm_grad.js
var fusedBatchNormGradConfig = {
  kernelName: import_tfjs_core.FusedBatchNorm,
  inputsToSave: ["x", "mean", "variance", "scale"],
  gradFunc: (dy, saved, attrs) => {
    let { varianceEpsilon } = attrs, [x, mean, variance, scale] = saved, scaleValue = scale ?? (0, import_tfjs_core7.scalar)(1), reductionAxes = (0, import_broadcast_util3.getReductionAxes)(mean.shape, x.shape), tileShape = [];
    if (mean.rank === 1) {
      for (let i = 0; i < x.shape.length - 1; ++i)
        tileShape.push(x.shape[i]);
      tileShape.push(1);
    }
    let xMinusMean = (0, import_tfjs_core10.sub)(x, mean), dyTimesScaleValue = (0, import_tfjs_core3.mul)(dy, scaleValue), oneOverSqrtVariance = (0, import_tfjs_core30.rsqrt)((0, import_tfjs_core14.add)(variance, (0, import_tfjs_core7.scalar)(varianceEpsilon))), minusHalfRCube = (0, import_tfjs_core3.mul)((0, import_tfjs_core3.mul)((0, import_tfjs_core3.mul)(oneOverSqrtVariance, oneOverSqrtVariance), oneOverSqrtVariance), (0, import_tfjs_core7.scalar)(-0.5));
    return {
      x: () => mean.rank === 1 ? (0, import_tfjs_core11.reshape)((0, import_tfjs_core3.mul)((0, import_tfjs_core3.mul)(dy, (0, import_tfjs_core31.tile)((0, import_tfjs_core11.reshape)(oneOverSqrtVariance, [1, 1, 1, mean.shape[0]]), tileShape)), scaleValue), x.shape) : (0, import_tfjs_core11.reshape)((0, import_tfjs_core3.mul)((0, import_tfjs_core3.mul)(dy, oneOverSqrtVariance), scaleValue), x.shape),
      mean: () => {
        let meanDer = (0, import_tfjs_core3.mul)((0, import_tfjs_core3.mul)(oneOverSqrtVariance, (0, import_tfjs_core7.scalar)(-1)), dyTimesScaleValue);
        return mean.rank === 1 && (meanDer = (0, import_tfjs_core12.sum)(meanDer, reductionAxes)), (0, import_tfjs_core11.reshape)(meanDer, mean.shape);
      },
      variance: () => {
        let varianceDer = (0, import_tfjs_core3.mul)((0, import_tfjs_core3.mul)(minusHalfRCube, xMinusMean), dyTimesScaleValue);
        return mean.rank === 1 && (varianceDer = (0, import_tfjs_core12.sum)(varianceDer, reductionAxes)), (0, import_tfjs_core11.reshape)(varianceDer, mean.shape);
      },
      scale: () => {
        let xMinusMean2TimesRsqrt = (0, import_tfjs_core3.mul)(xMinusMean, oneOverSqrtVariance), scaleDer = (0, import_tfjs_core3.mul)(dy, xMinusMean2TimesRsqrt);
        return mean.rank === 1 && (scaleDer = (0, import_tfjs_core12.sum)(scaleDer, reductionAxes)), (0, import_tfjs_core11.reshape)(scaleDer, mean.shape);
      },
      offset: () => {
        let offsetDer = dy;
        return mean.rank === 1 && (offsetDer = (0, import_tfjs_core12.sum)(offsetDer, reductionAxes)), (0, import_tfjs_core11.reshape)(offsetDer, mean.shape);
      }
    };
  }
};

// gradients/GatherV2_grad.js
var import_axis_util2 = __toESM(require_axis_util());

// public:ops/stack.js
var import_tfjs_core32 = require("@tensorflow/tfjs-core");

// public:ops/unsorted_segment_sum.js
var import_tfjs_core33 = require("@tensorflow/tfjs-core");

// gradients/GatherV2_grad.js
var import_util5 = __toESM(require_util());
var gatherGradConfig = {
  kernelName: import_tfjs_core.GatherV2,
  inputsToSave: ["x", "indices"],
  gradFunc: (dy, saved, attrs) => {
    let [x, indices] = saved, { axis, batchDims } = attrs, parsedAxis = (0, import_util5.parseAxisParam)(axis, x.shape)[0], derXBatch = (x2, indices2, dy2) => () => {
      let paramsShape = x2.shape, indicesSize = indices2.size, outerShape = paramsShape.slice(0, parsedAxis), outerDims = outerShape.length, innerShape = paramsShape.slice(axis, paramsShape.length).slice(1), innerDims = innerShape.length, outerAxesIndices = arrayRange(0, outerDims), innerAxesIndices = arrayRange(outerDims + 1, outerDims + 1 + innerDims), valuesShape = arrayConcat([
        outerShape,
        [indicesSize],
        innerShape
      ]), values = (0, import_tfjs_core11.reshape)(dy2, valuesShape), reshapedIndices = (0, import_tfjs_core11.reshape)(indices2, [indicesSize]), transposeDims = arrayConcat([[outerDims], outerAxesIndices, innerAxesIndices]), valuesTranspose = (0, import_tfjs_core28.transpose)(values, transposeDims), paramsGrad = (0, import_tfjs_core33.unsortedSegmentSum)(valuesTranspose, reshapedIndices, x2.shape[parsedAxis]), invertTransposeDims = (0, import_axis_util2.getUndoAxesPermutation)(transposeDims);
      return paramsGrad = (0, import_tfjs_core28.transpose)(paramsGrad, invertTransposeDims), paramsGrad;
    };
    if (batchDims === 1) {
      let batchSize = x.shape[0], xBatch = x.split(batchSize, 0);
      return { x: () => (0, import_tfjs_core32.stack)(xBatch.map((x2, i) => derXBatch(x2, indices.slice(i, 1), dy.slice(i, 1))())).reshape(x.shape), indices: () => indices };
    } else
      return { x: derXBatch(x, indices, dy), indices: () => indices };
  }
};
function arrayRange(start, stop) {
  let result = [];
  for (let i = start; i < stop; ++i)
    result.push(i);
  return result;
}
function arrayConcat(arrays) {
  let result = [];
  for (let i = 0; i < arrays.length; ++i)
    for (let j = 0; j < arrays[i].length; ++j)
      result.push(arrays[i][j]);
  return result;
}

// gradients/GreaterEqual_grad.js
var greaterEqualGradConfig = {
  kernelName: import_tfjs_core.GreaterEqual,
  inputsToSave: ["a", "b"],
  gradFunc: (dy, saved) => {
    let [a, b] = saved;
    return { a: () => (0, import_tfjs_core13.zerosLike)(a), b: () => (0, import_tfjs_core13.zerosLike)(b) };
  }
};

// gradients/Identity_grad.js
var identityGradConfig = {
  kernelName: import_tfjs_core.Identity,
  gradFunc: (dy) => ({ x: () => (0, import_tfjs_core2.cast)(dy, "float32") })
};

// gradients/IsFinite_grad.js
var isFiniteGradConfig = {
  kernelName: import_tfjs_core.IsFinite,
  gradFunc: (dy) => ({ x: () => (0, import_tfjs_core13.zerosLike)(dy) })
};

// gradients/IsInf_grad.js
var isInfGradConfig = {
  kernelName: import_tfjs_core.IsInf,
  gradFunc: (dy) => ({ x: () => (0, import_tfjs_core13.zerosLike)(dy) })
};

// gradients/IsNan_grad.js
var isNanGradConfig = {
  kernelName: import_tfjs_core.IsNan,
  gradFunc: (dy) => ({ x: () => (0, import_tfjs_core13.zerosLike)(dy) })
};

// public:ops/greater.js
var import_tfjs_core34 = require("@tensorflow/tfjs-core");

// gradients/LeakyRelu_grad.js
var leakyReluGradConfig = {
  kernelName: import_tfjs_core.LeakyRelu,
  inputsToSave: ["x"],
  gradFunc: (dy, saved, attrs) => {
    let [x] = saved, { alpha } = attrs, mask = (0, import_tfjs_core34.greater)(x, 0);
    return { x: () => (0, import_tfjs_core22.where)(mask, dy, (0, import_tfjs_core3.mul)(dy, alpha)) };
  }
};

// gradients/Log1p_grad.js
var log1pGradConfig = {
  kernelName: import_tfjs_core.Log1p,
  inputsToSave: ["x"],
  gradFunc: (dy, saved) => {
    let [x] = saved;
    return { x: () => (0, import_tfjs_core5.div)(dy, (0, import_tfjs_core14.add)(x, 1)) };
  }
};

// gradients/Log_grad.js
var logGradConfig = {
  kernelName: import_tfjs_core.Log,
  inputsToSave: ["x"],
  gradFunc: (dy, saved) => {
    let [x] = saved;
    return { x: () => (0, import_tfjs_core5.div)(dy, (0, import_tfjs_core2.cast)(x, "float32")) };
  }
};

// gradients/LogSoftmax_grad.js
var logSoftmaxGradConfig = {
  kernelName: import_tfjs_core.LogSoftmax,
  inputsToSave: [],
  outputsToSave: [!0],
  gradFunc: (dy, saved, attrs) => {
    let [value] = saved, { axis } = attrs;
    return {
      logits: () => {
        let softmax = (0, import_tfjs_core29.exp)(value);
        return (0, import_tfjs_core10.sub)(dy, (0, import_tfjs_core3.mul)((0, import_tfjs_core12.sum)(dy, axis, !0), softmax));
      }
    };
  }
};

// ops/local_response_normalization_backprop.js
function localResponseNormalizationBackprop_(x, y, dy, depthRadius = 5, bias = 1, alpha = 1, beta = 0.5) {
  let inputs = { x, y, dy }, attrs = { depthRadius, bias, alpha, beta };
  return ENGINE.runKernel(import_tfjs_core.LRNGrad, inputs, attrs);
}
var localResponseNormalizationBackprop = (0, import_tfjs_core16.op)({ localResponseNormalizationBackprop_ });

// gradients/LRN_grad.js
var lrnGradConfig = {
  kernelName: import_tfjs_core.LRN,
  inputsToSave: ["x"],
  outputsToSave: [!0],
  gradFunc: (dy, saved, attrs) => {
    let [x, y] = saved, { depthRadius, bias, alpha, beta } = attrs;
    return {
      x: () => localResponseNormalizationBackprop(x, y, dy, depthRadius, bias, alpha, beta)
    };
  }
};

// gradients/Max_grad.js
var util11 = __toESM(require_util());

// gradients/min_max_grad_util.js
var axis_util = __toESM(require_axis_util());

// public:ops/equal.js
var import_tfjs_core35 = require("@tensorflow/tfjs-core");

// gradients/min_max_grad_util.js
function gradForMinAndMax(dy, y, xOrig, origAxes) {
  return y.rank < xOrig.rank && (y = (0, import_tfjs_core11.reshape)(y, axis_util.expandShapeToKeepDim(y.shape, origAxes))), dy.rank < xOrig.rank && (dy = (0, import_tfjs_core11.reshape)(dy, axis_util.expandShapeToKeepDim(dy.shape, origAxes))), {
    x: () => (0, import_tfjs_core3.mul)(dy, (0, import_tfjs_core2.cast)((0, import_tfjs_core35.equal)(xOrig, y), dy.dtype))
  };
}

// gradients/Max_grad.js
var maxGradConfig = {
  kernelName: import_tfjs_core.Max,
  inputsToSave: ["x"],
  outputsToSave: [!0],
  gradFunc: (dy, saved, attrs) => {
    let maxAttrs = attrs, { reductionIndices } = maxAttrs, x = saved[0], y = saved[1], origAxes = util11.parseAxisParam(reductionIndices, x.shape), maxGrad = gradForMinAndMax(dy, y, x, origAxes);
    return {
      x: () => maxGrad.x()
    };
  }
};

// public:ops/less.js
var import_tfjs_core36 = require("@tensorflow/tfjs-core");

// gradients/Maximum_grad.js
var maximumGradConfig = {
  kernelName: import_tfjs_core.Maximum,
  inputsToSave: ["a", "b"],
  gradFunc: (dy, saved) => {
    let [a, b] = saved;
    return { a: () => (0, import_tfjs_core3.mul)(dy, (0, import_tfjs_core2.cast)((0, import_tfjs_core19.greaterEqual)(a, b), "float32")), b: () => (0, import_tfjs_core3.mul)(dy, (0, import_tfjs_core2.cast)((0, import_tfjs_core36.less)(a, b), "float32")) };
  }
};

// ops/max_pool_3d_grad.js
var util12 = __toESM(require_util()), import_conv_util3 = __toESM(require_conv_util());
function maxPool3dGrad_(dy, input, output, filterSize, strides, pad2, dimRoundingMode) {
  let $dy = convertToTensor(dy, "dy", "maxPool3dGrad"), $input = convertToTensor(input, "input", "maxPool3dGrad"), $output = convertToTensor(output, "output", "maxPool3dGrad"), dy5D = $dy, input5D = $input, output5D = $output, reshapedTo5D = !1;
  $input.rank === 4 && (reshapedTo5D = !0, dy5D = (0, import_tfjs_core11.reshape)($dy, [1, $dy.shape[0], $dy.shape[1], $dy.shape[2], $dy.shape[3]]), input5D = (0, import_tfjs_core11.reshape)($input, [
    1,
    $input.shape[0],
    $input.shape[1],
    $input.shape[2],
    $input.shape[3]
  ]), output5D = (0, import_tfjs_core11.reshape)($output, [
    1,
    $output.shape[0],
    $output.shape[1],
    $output.shape[2],
    $output.shape[3]
  ])), util12.assert(dy5D.rank === 5, () => `Error in maxPool3dGrad: dy must be rank 5 but got rank ${dy5D.rank}.`), util12.assert(input5D.rank === 5, () => `Error in maxPool3dGrad: input must be rank 5 but got rank ${input5D.rank}.`), util12.assert(output5D.rank === 5, () => `Error in maxPool3dGrad: output must be rank 5 but got rank ${output5D.rank}.`), (0, import_conv_util3.checkPadOnDimRoundingMode)("maxPool3dGrad", pad2, dimRoundingMode);
  let inputs = { dy: dy5D, input: input5D, output: output5D }, attrs = { filterSize, strides, pad: pad2, dimRoundingMode }, res = ENGINE.runKernel(import_tfjs_core.MaxPool3DGrad, inputs, attrs);
  return reshapedTo5D ? (0, import_tfjs_core11.reshape)(res, [res.shape[1], res.shape[2], res.shape[3], res.shape[4]]) : res;
}
var maxPool3dGrad = (0, import_tfjs_core16.op)({ maxPool3dGrad_ });

// gradients/MaxPool3D_grad.js
var maxPool3DGradConfig = {
  kernelName: import_tfjs_core.MaxPool3D,
  inputsToSave: ["x"],
  outputsToSave: [!0],
  gradFunc: (dy, saved, attrs) => {
    let [x, y] = saved, { filterSize, strides, pad: pad2, dimRoundingMode } = attrs;
    return {
      x: () => maxPool3dGrad(dy, x, y, filterSize, strides, pad2, dimRoundingMode)
    };
  }
};

// ops/max_pool_grad.js
var util13 = __toESM(require_util()), conv_util5 = __toESM(require_conv_util());
function maxPoolGrad_(dy, input, output, filterSize, strides, pad2, dimRoundingMode) {
  let $dy = convertToTensor(dy, "dy", "maxPoolGrad"), $input = convertToTensor(input, "input", "maxPoolGrad"), $output = convertToTensor(output, "output", "maxPoolGrad");
  util13.assert($input.rank === $dy.rank, () => `Rank of input (${$input.rank}) does not match rank of dy (${$dy.rank})`), util13.assert($dy.rank === 4, () => `Error in maxPoolGrad: dy must be rank 4 but got rank ${$dy.rank}.`), util13.assert($input.rank === 4, () => `Error in maxPoolGrad: input must be rank 4 but got rank ${$input.rank}.`), conv_util5.checkPadOnDimRoundingMode("maxPoolGrad", pad2, dimRoundingMode);
  let inputs = { dy: $dy, input: $input, output: $output }, attrs = { filterSize, strides, pad: pad2, dimRoundingMode };
  return ENGINE.runKernel(import_tfjs_core.MaxPoolGrad, inputs, attrs);
}
var maxPoolGrad = (0, import_tfjs_core16.op)({ maxPoolGrad_ });

// gradients/MaxPool_grad.js
var maxPoolGradConfig = {
  kernelName: import_tfjs_core.MaxPool,
  inputsToSave: ["x"],
  outputsToSave: [!0],
  gradFunc: (dy, saved, attrs) => {
    let [x, y] = saved, { filterSize, strides, pad: pad2 } = attrs;
    return {
      x: () => maxPoolGrad(dy, x, y, filterSize, strides, pad2)
    };
  }
};

// gradients/Mean_grad.js
var import_axis_util3 = __toESM(require_axis_util());

// public:ops/ones.js
var import_tfjs_core37 = require("@tensorflow/tfjs-core");

// gradients/Mean_grad.js
var util14 = __toESM(require_util());
var meanGradConfig = {
  kernelName: import_tfjs_core.Mean,
  inputsToSave: ["x"],
  gradFunc: (dy, saved, attrs) => {
    let [x] = saved, { axis } = attrs, axes = util14.parseAxisParam(axis, x.shape), reduceShape = (0, import_axis_util3.computeOutAndReduceShapes)(x.shape, axes)[1], reduceSize = util14.sizeFromShape(reduceShape);
    return { x: () => {
      let expandedDyShape = x.shape.slice();
      axes.forEach((axis2) => {
        expandedDyShape[axis2] = 1;
      });
      let expandedDy = (0, import_tfjs_core11.reshape)(dy, expandedDyShape);
      return (0, import_tfjs_core5.div)((0, import_tfjs_core3.mul)(expandedDy, (0, import_tfjs_core37.ones)(x.shape, "float32")), reduceSize);
    } };
  }
};

// gradients/Min_grad.js
var util15 = __toESM(require_util());
var minGradConfig = {
  kernelName: import_tfjs_core.Min,
  inputsToSave: ["x"],
  outputsToSave: [!0],
  gradFunc: (dy, saved, attrs) => {
    let minAttrs = attrs, { axis } = minAttrs, [x, y] = saved, origAxes = util15.parseAxisParam(axis, x.shape), minGrad = gradForMinAndMax(dy, y, x, origAxes);
    return {
      x: () => minGrad.x()
    };
  }
};

// gradients/Minimum_grad.js
var minimumGradConfig = {
  kernelName: import_tfjs_core.Minimum,
  inputsToSave: ["a", "b"],
  gradFunc: (dy, saved) => {
    let [a, b] = saved;
    return { a: () => (0, import_tfjs_core3.mul)(dy, (0, import_tfjs_core2.cast)((0, import_tfjs_core20.lessEqual)(a, b), "float32")), b: () => (0, import_tfjs_core3.mul)(dy, (0, import_tfjs_core2.cast)((0, import_tfjs_core34.greater)(a, b), "float32")) };
  }
};

// public:ops/slice.js
var import_tfjs_core38 = require("@tensorflow/tfjs-core");

// gradients/MirrorPad_grad.js
var mirrorPadGradConfig = {
  kernelName: import_tfjs_core.MirrorPad,
  inputsToSave: ["x"],
  gradFunc: (dy, saved, attrs) => {
    let x = saved[0], { paddings } = attrs, begin = paddings.map((p) => p[0]);
    return { x: () => (0, import_tfjs_core38.slice)(dy, begin, x.shape) };
  }
};

// gradients/Mod_grad.js
var import_broadcast_util4 = __toESM(require_broadcast_util());

// public:ops/floor.js
var import_tfjs_core39 = require("@tensorflow/tfjs-core");

// gradients/Mod_grad.js
var modGradConfig = {
  kernelName: import_tfjs_core.Mod,
  inputsToSave: ["a", "b"],
  gradFunc: (dy, saved) => {
    let [a, b] = saved, outShape = (0, import_broadcast_util4.assertAndGetBroadcastShape)(a.shape, b.shape);
    return { a: () => {
      let reduceAxes = (0, import_broadcast_util4.getReductionAxes)(a.shape, outShape);
      return reduceAxes.length > 0 ? (0, import_tfjs_core11.reshape)((0, import_tfjs_core12.sum)(dy, reduceAxes), a.shape) : dy;
    }, b: () => {
      let res = (0, import_tfjs_core3.mul)(dy, (0, import_tfjs_core6.neg)((0, import_tfjs_core39.floor)((0, import_tfjs_core5.div)(a, b)))), reduceAxes = (0, import_broadcast_util4.getReductionAxes)(b.shape, outShape);
      return reduceAxes.length > 0 ? (0, import_tfjs_core11.reshape)((0, import_tfjs_core12.sum)(res, reduceAxes), b.shape) : res;
    } };
  }
};

// gradients/Multiply_grad.js
var import_broadcast_util5 = __toESM(require_broadcast_util());
var multiplyGradConfig = {
  kernelName: import_tfjs_core.Multiply,
  inputsToSave: ["a", "b"],
  gradFunc: (dy, saved) => {
    let [a, b] = saved, outShape = (0, import_broadcast_util5.assertAndGetBroadcastShape)(a.shape, b.shape);
    return { a: () => {
      let res = (0, import_tfjs_core3.mul)(dy, (0, import_tfjs_core2.cast)(b, "float32")), reduceAxes = (0, import_broadcast_util5.getReductionAxes)(a.shape, outShape);
      return reduceAxes.length > 0 ? (0, import_tfjs_core11.reshape)((0, import_tfjs_core12.sum)(res, reduceAxes), a.shape) : res;
    }, b: () => {
      let res = (0, import_tfjs_core3.mul)(dy, (0, import_tfjs_core2.cast)(a, "float32")), reduceAxes = (0, import_broadcast_util5.getReductionAxes)(b.shape, outShape);
      return reduceAxes.length > 0 ? (0, import_tfjs_core11.reshape)((0, import_tfjs_core12.sum)(res, reduceAxes), b.shape) : res;
    } };
  }
};

// gradients/Neg_grad.js
var negGradConfig = {
  kernelName: import_tfjs_core.Neg,
  gradFunc: (dy) => ({ x: () => (0, import_tfjs_core6.neg)(dy) })
};

// public:ops/zeros.js
var import_tfjs_core40 = require("@tensorflow/tfjs-core");

// gradients/OneHot_grad.js
var oneHotGradConfig = {
  kernelName: import_tfjs_core.OneHot,
  inputsToSave: ["indices"],
  gradFunc: (dy, saved) => {
    let indices = saved[0];
    return { indices: () => (0, import_tfjs_core40.zeros)(indices.shape, "float32") };
  }
};

// gradients/OnesLike_grad.js
var onesLikeGradConfig = {
  kernelName: import_tfjs_core.OnesLike,
  gradFunc: (dy) => ({ x: () => (0, import_tfjs_core13.zerosLike)(dy) })
};

// public:ops/unstack.js
var import_tfjs_core41 = require("@tensorflow/tfjs-core");

// gradients/Pack_grad.js
var packGradConfig = {
  kernelName: import_tfjs_core.Pack,
  saveAllInputs: !0,
  gradFunc: (dy, saved, attrs) => {
    let { axis } = attrs;
    return (0, import_tfjs_core41.unstack)(dy, axis).map((t) => () => t);
  }
};

// gradients/PadV2_grad.js
var padV2GradConfig = {
  kernelName: import_tfjs_core.PadV2,
  inputsToSave: ["x"],
  gradFunc: (dy, saved, attrs) => {
    let x = saved[0], { paddings } = attrs, begin = paddings.map((p) => p[0]);
    return { x: () => (0, import_tfjs_core38.slice)(dy, begin, x.shape) };
  }
};

// gradients/Pow_grad.js
var broadcast_util2 = __toESM(require_broadcast_util());

// public:ops/log.js
var import_tfjs_core42 = require("@tensorflow/tfjs-core");

// public:ops/pow.js
var import_tfjs_core43 = require("@tensorflow/tfjs-core");

// gradients/Pow_grad.js
var powGradConfig = {
  kernelName: import_tfjs_core.Pow,
  inputsToSave: ["a", "b"],
  outputsToSave: [!0],
  gradFunc: (dy, saved) => {
    let [a, b, y] = saved, base = a, exp2 = b, outShape = broadcast_util2.assertAndGetBroadcastShape(base.shape, exp2.shape);
    return { a: () => {
      let expFloat = (0, import_tfjs_core2.cast)(exp2, "float32"), res = (0, import_tfjs_core3.mul)(dy, (0, import_tfjs_core3.mul)(expFloat, (0, import_tfjs_core43.pow)(base, (0, import_tfjs_core10.sub)(expFloat, (0, import_tfjs_core7.scalar)(1))))), reduceAxes = broadcast_util2.getReductionAxes(base.shape, outShape);
      return reduceAxes.length > 0 && (res = (0, import_tfjs_core12.sum)(res, reduceAxes)), (0, import_tfjs_core11.reshape)(res, base.shape);
    }, b: () => {
      let condition = (0, import_tfjs_core34.greater)(base, 0), logBase = (0, import_tfjs_core22.where)(condition, (0, import_tfjs_core42.log)(base), (0, import_tfjs_core13.zerosLike)(base)), res = (0, import_tfjs_core3.mul)(dy, (0, import_tfjs_core3.mul)(y, logBase)), reduceAxes = broadcast_util2.getReductionAxes(exp2.shape, outShape);
      return reduceAxes.length > 0 && (res = (0, import_tfjs_core12.sum)(res, reduceAxes)), (0, import_tfjs_core11.reshape)(res, exp2.shape);
    } };
  }
};

// gradients/Prelu_grad.js
var import_broadcast_util6 = __toESM(require_broadcast_util());
var preluGradConfig = {
  kernelName: import_tfjs_core.Prelu,
  inputsToSave: ["x", "alpha"],
  gradFunc: (dy, saved) => {
    let [x, alpha] = saved, mask = (0, import_tfjs_core34.greater)(x, 0);
    return {
      x: () => (0, import_tfjs_core22.where)(mask, dy, (0, import_tfjs_core3.mul)(dy, alpha)),
      alpha: () => {
        let res = (0, import_tfjs_core22.where)(mask, (0, import_tfjs_core13.zerosLike)(dy), (0, import_tfjs_core3.mul)(dy, x)), reduceAxes = (0, import_broadcast_util6.getReductionAxes)(alpha.shape, dy.shape);
        return reduceAxes.length > 0 && (res = (0, import_tfjs_core12.sum)(res, reduceAxes)), (0, import_tfjs_core11.reshape)(res, alpha.shape);
      }
    };
  }
};

// gradients/Prod_grad.js
var import_base = __toESM(require_base());

// public:ops/cumprod.js
var import_tfjs_core44 = require("@tensorflow/tfjs-core");

// gradients/Prod_grad.js
function prodGradFn_(x, dy, axis) {
  let expandedYShape = x.shape.slice();
  expandedYShape[axis] = 1;
  let expandedDy = (0, import_tfjs_core11.reshape)(dy, expandedYShape), xCumProd = (0, import_tfjs_core44.cumprod)(x, axis, !0, !1), xCumRevProd = (0, import_tfjs_core44.cumprod)(x, axis, !0, !0), dx = (0, import_tfjs_core3.mul)(xCumProd, xCumRevProd);
  return (0, import_tfjs_core3.mul)(expandedDy, dx);
}
function prodsGradFn_(x, dy, axis) {
  let xRank = x.shape.length, finalProdAxis = xRank - axis.length, xPermutation = import_base.backend_util.getAxesPermutation(axis, xRank), permutedX = x;
  xPermutation != null && (permutedX = (0, import_tfjs_core28.transpose)(x, xPermutation));
  let newShape = permutedX.shape.slice(), endPartShape = newShape.splice(xRank - axis.length, axis.length).reduce((p, c) => p * c, 1);
  newShape.push(endPartShape);
  let reshapedPermutedX = permutedX.reshape(newShape), prodGrad = prodGradFn_(reshapedPermutedX, dy, finalProdAxis);
  if (prodGrad = prodGrad.reshape(permutedX.shape), xPermutation != null) {
    let undoPermutation = import_base.backend_util.getUndoAxesPermutation(xPermutation);
    prodGrad = (0, import_tfjs_core28.transpose)(prodGrad, undoPermutation);
  }
  return prodGrad;
}
var prodGradConfig = {
  kernelName: import_tfjs_core.Prod,
  inputsToSave: ["x"],
  gradFunc: (dy, saved, attrs) => {
    let [x] = saved, { axis } = attrs, axisArr = [];
    return axis == null ? axisArr = x.shape.map((_, i) => i) : typeof axis == "number" ? axisArr = [axis] : axisArr = axis, { x: () => prodsGradFn_(x, dy, axisArr) };
  }
};

// gradients/RealDiv_grad.js
var broadcast_util3 = __toESM(require_broadcast_util());
var divGradConfig = {
  kernelName: import_tfjs_core.RealDiv,
  inputsToSave: ["a", "b"],
  gradFunc: (dy, saved) => {
    let [a, b] = saved, outShape = broadcast_util3.assertAndGetBroadcastShape(a.shape, b.shape);
    return { a: () => {
      let res = (0, import_tfjs_core5.div)(dy, (0, import_tfjs_core2.cast)(b, "float32")), reduceAxes = broadcast_util3.getReductionAxes(a.shape, outShape);
      return reduceAxes.length > 0 ? (0, import_tfjs_core11.reshape)((0, import_tfjs_core12.sum)(res, reduceAxes), a.shape) : res;
    }, b: () => {
      let res = (0, import_tfjs_core3.mul)(dy, (0, import_tfjs_core2.cast)(a, "float32")), reduceAxes = broadcast_util3.getReductionAxes(b.shape, outShape);
      reduceAxes.length > 0 && (res = (0, import_tfjs_core11.reshape)((0, import_tfjs_core12.sum)(res, reduceAxes), b.shape));
      let tmp = (0, import_tfjs_core9.square)(b);
      return (0, import_tfjs_core6.neg)((0, import_tfjs_core5.div)(res, (0, import_tfjs_core2.cast)(tmp, "float32")));
    } };
  }
};

// gradients/Reciprocal_grad.js
var reciprocalGradConfig = {
  kernelName: import_tfjs_core.Reciprocal,
  inputsToSave: ["x"],
  gradFunc: (dy, saved) => {
    let [x] = saved;
    return { x: () => (0, import_tfjs_core5.div)(dy, (0, import_tfjs_core6.neg)((0, import_tfjs_core9.square)(x))) };
  }
};

// gradients/Relu6_grad.js
var relu6GradConfig = {
  kernelName: import_tfjs_core.Relu6,
  inputsToSave: ["x"],
  gradFunc: (dy, saved) => {
    let [x] = saved, mask = (0, import_tfjs_core3.mul)((0, import_tfjs_core20.lessEqual)(x, 6), (0, import_tfjs_core4.step)(x));
    return { x: () => (0, import_tfjs_core3.mul)(dy, (0, import_tfjs_core2.cast)(mask, "float32")) };
  }
};

// gradients/Relu_grad.js
var reluGradConfig = {
  kernelName: import_tfjs_core.Relu,
  inputsToSave: ["x"],
  gradFunc: (dy, saved) => {
    let [x] = saved;
    return { x: () => (0, import_tfjs_core3.mul)(dy, (0, import_tfjs_core2.cast)((0, import_tfjs_core4.step)(x), "float32")) };
  }
};

// gradients/Reshape_grad.js
var reshapeGradConfig = {
  kernelName: import_tfjs_core.Reshape,
  inputsToSave: ["x"],
  gradFunc: (dy, saved) => {
    let [x] = saved;
    return { x: () => (0, import_tfjs_core11.reshape)(dy, x.shape) };
  }
};

// gradients/ResizeBilinear_grad.js
var resizeBilinearGradConfig = {
  kernelName: import_tfjs_core.ResizeBilinear,
  inputsToSave: ["images"],
  gradFunc: (dy, saved, attrs) => {
    let [images] = saved, inputs = { dy, images };
    return { images: () => (
      // tslint:disable-next-line: no-unnecessary-type-assertion
      ENGINE.runKernel(import_tfjs_core.ResizeBilinearGrad, inputs, attrs)
    ) };
  }
};

// gradients/ResizeNearestNeighbor_grad.js
var resizeNearestNeighborGradConfig = {
  kernelName: import_tfjs_core.ResizeNearestNeighbor,
  inputsToSave: ["images"],
  gradFunc: (dy, saved, attrs) => {
    let [images] = saved, inputs = { dy, images };
    return { images: () => (
      // tslint:disable-next-line: no-unnecessary-type-assertion
      ENGINE.runKernel(import_tfjs_core.ResizeNearestNeighborGrad, inputs, attrs)
    ) };
  }
};

// public:ops/reverse.js
var import_tfjs_core45 = require("@tensorflow/tfjs-core");

// gradients/Reverse_grad.js
var import_util6 = __toESM(require_util());
var reverseGradConfig = {
  kernelName: import_tfjs_core.Reverse,
  gradFunc: (dy, saved, attrs) => {
    let { dims } = attrs, axes = (0, import_util6.parseAxisParam)(dims, dy.shape);
    return { x: () => (0, import_tfjs_core45.reverse)(dy, axes) };
  }
};

// gradients/Round_grad.js
var roundGradConfig = {
  kernelName: import_tfjs_core.Round,
  gradFunc: (dy) => ({ x: () => (0, import_tfjs_core13.zerosLike)(dy) })
};

// gradients/Rsqrt_grad.js
var rsqrtGradConfig = {
  kernelName: import_tfjs_core.Rsqrt,
  inputsToSave: ["x"],
  gradFunc: (dy, saved) => {
    let [x] = saved;
    return { x: () => (0, import_tfjs_core6.neg)((0, import_tfjs_core5.div)(dy, (0, import_tfjs_core3.mul)((0, import_tfjs_core43.pow)(x, 1.5), 2))) };
  }
};

// public:ops/logical_not.js
var import_tfjs_core46 = require("@tensorflow/tfjs-core");

// gradients/Select_grad.js
var selectGradConfig = {
  kernelName: import_tfjs_core.Select,
  inputsToSave: ["condition"],
  gradFunc: (dy, saved) => {
    let [condition] = saved;
    return {
      // TODO(julianoks): Return null for condition gradient
      // when backprop supports it.
      condition: () => (0, import_tfjs_core2.cast)((0, import_tfjs_core13.zerosLike)(condition), "float32"),
      t: () => (0, import_tfjs_core3.mul)(dy, (0, import_tfjs_core2.cast)(condition, dy.dtype)),
      e: () => (0, import_tfjs_core3.mul)(dy, (0, import_tfjs_core2.cast)((0, import_tfjs_core46.logicalNot)(condition), dy.dtype))
    };
  }
};

// ops/selu_util.js
var SELU_SCALEALPHA = 1.7580993408473768, SELU_SCALE = 1.0507009873554805;

// gradients/Selu_grad.js
var seluGradConfig = {
  kernelName: import_tfjs_core.Selu,
  inputsToSave: ["x"],
  gradFunc: (dy, saved) => {
    let [x] = saved;
    return {
      x: () => {
        let mask = (0, import_tfjs_core34.greater)(x, (0, import_tfjs_core7.scalar)(0)), scaleAlpha = (0, import_tfjs_core7.scalar)(SELU_SCALEALPHA), scale = (0, import_tfjs_core7.scalar)(SELU_SCALE), greaterThanZeroDer = (0, import_tfjs_core3.mul)(dy, scale), lessEqualZeroDer = (0, import_tfjs_core3.mul)((0, import_tfjs_core3.mul)(dy, scaleAlpha), (0, import_tfjs_core29.exp)((0, import_tfjs_core2.cast)(x, "float32")));
        return (0, import_tfjs_core22.where)(mask, greaterThanZeroDer, lessEqualZeroDer);
      }
    };
  }
};

// gradients/Sigmoid_grad.js
var sigmoidGradConfig = {
  kernelName: import_tfjs_core.Sigmoid,
  outputsToSave: [!0],
  gradFunc: (dy, saved) => {
    let [y] = saved;
    return { x: () => (0, import_tfjs_core3.mul)(dy, (0, import_tfjs_core3.mul)(y, (0, import_tfjs_core10.sub)((0, import_tfjs_core7.scalar)(1), y))) };
  }
};

// gradients/Sign_grad.js
var signGradConfig = {
  kernelName: import_tfjs_core.Sign,
  gradFunc: (dy) => ({ x: () => (0, import_tfjs_core13.zerosLike)(dy) })
};

// public:ops/cos.js
var import_tfjs_core47 = require("@tensorflow/tfjs-core");

// gradients/Sin_grad.js
var sinGradConfig = {
  kernelName: import_tfjs_core.Sin,
  inputsToSave: ["x"],
  gradFunc: (dy, saved) => {
    let [x] = saved;
    return { x: () => (0, import_tfjs_core3.mul)((0, import_tfjs_core47.cos)((0, import_tfjs_core2.cast)(x, "float32")), dy) };
  }
};

// public:ops/cosh.js
var import_tfjs_core48 = require("@tensorflow/tfjs-core");

// gradients/Sinh_grad.js
var sinhGradConfig = {
  kernelName: import_tfjs_core.Sinh,
  inputsToSave: ["x"],
  gradFunc: (dy, saved) => {
    let [x] = saved;
    return { x: () => (0, import_tfjs_core3.mul)((0, import_tfjs_core48.cosh)((0, import_tfjs_core2.cast)(x, "float32")), dy) };
  }
};

// public:ops/pad.js
var import_tfjs_core49 = require("@tensorflow/tfjs-core");

// gradients/Slice_grad.js
var import_slice_util = __toESM(require_slice_util());
var sliceGradConfig = {
  kernelName: import_tfjs_core.Slice,
  inputsToSave: ["x"],
  gradFunc: (dy, saved, attrs) => {
    let [x] = saved, { begin, size } = attrs, inputShape = x.shape, [begin_, size_] = (0, import_slice_util.parseSliceParams)(x, begin, size), paddings = [];
    for (let i = 0; i < dy.rank; i++)
      paddings.push([begin_[i], inputShape[i] - begin_[i] - size_[i]]);
    return { x: () => (0, import_tfjs_core49.pad)(dy, paddings) };
  }
};

// gradients/Softmax_grad.js
var softmaxGradConfig = {
  kernelName: import_tfjs_core.Softmax,
  outputsToSave: [!0],
  gradFunc: (dy, saved, attrs) => {
    let [y] = saved, { dim } = attrs, keepDims = !0, dyTimesY = (0, import_tfjs_core3.mul)(dy, y);
    return {
      logits: () => (0, import_tfjs_core10.sub)(dyTimesY, (0, import_tfjs_core3.mul)((0, import_tfjs_core12.sum)(dyTimesY, [dim], keepDims), y))
    };
  }
};

// public:ops/sigmoid.js
var import_tfjs_core50 = require("@tensorflow/tfjs-core");

// gradients/Softplus_grad.js
var softplusGradConfig = {
  kernelName: import_tfjs_core.Softplus,
  inputsToSave: ["x"],
  gradFunc: (dy, saved) => {
    let [x] = saved;
    return { x: () => (0, import_tfjs_core3.mul)(dy, (0, import_tfjs_core50.sigmoid)(x)) };
  }
};

// public:ops/batch_to_space_nd.js
var import_tfjs_core51 = require("@tensorflow/tfjs-core");

// gradients/SpaceToBatchND_grad.js
var spaceToBatchNDGradConfig = {
  kernelName: import_tfjs_core.SpaceToBatchND,
  gradFunc: (dy, saved, attrs) => {
    let { blockShape, paddings } = attrs;
    return { x: () => (0, import_tfjs_core51.batchToSpaceND)(dy, blockShape, paddings) };
  }
};

// public:ops/concat.js
var import_tfjs_core52 = require("@tensorflow/tfjs-core");

// gradients/SplitV_grad.js
var splitVGradConfig = {
  kernelName: import_tfjs_core.SplitV,
  gradFunc: (dy, saved, attrs) => {
    let { axis } = attrs;
    return { x: () => (0, import_tfjs_core52.concat)(dy, axis) };
  }
};

// gradients/Sqrt_grad.js
var sqrtGradConfig = {
  kernelName: import_tfjs_core.Sqrt,
  inputsToSave: ["x"],
  gradFunc: (dy, saved) => {
    let [x] = saved;
    return { x: () => (0, import_tfjs_core5.div)(dy, (0, import_tfjs_core3.mul)((0, import_tfjs_core8.sqrt)((0, import_tfjs_core2.cast)(x, "float32")), 2)) };
  }
};

// gradients/Square_grad.js
var squareGradConfig = {
  kernelName: import_tfjs_core.Square,
  inputsToSave: ["x"],
  gradFunc: (dy, saved) => {
    let [x] = saved;
    return { x: () => (0, import_tfjs_core3.mul)(dy, (0, import_tfjs_core3.mul)((0, import_tfjs_core2.cast)(x, "float32"), 2)) };
  }
};

// gradients/SquaredDifference_grad.js
var squaredDifferenceGradConfig = {
  kernelName: import_tfjs_core.SquaredDifference,
  inputsToSave: ["a", "b"],
  gradFunc: (dy, saved) => {
    let [a, b] = saved, two = (0, import_tfjs_core7.scalar)(2);
    return { a: () => (0, import_tfjs_core3.mul)(dy, (0, import_tfjs_core3.mul)(two, (0, import_tfjs_core10.sub)(a, b))), b: () => (0, import_tfjs_core3.mul)(dy, (0, import_tfjs_core3.mul)(two, (0, import_tfjs_core10.sub)(b, a))) };
  }
};

// gradients/Step_grad.js
var stepGradConfig = {
  kernelName: import_tfjs_core.Step,
  gradFunc: (dy) => ({ x: () => (0, import_tfjs_core13.zerosLike)(dy) })
};

// gradients/Sub_grad.js
var broadcast_util4 = __toESM(require_broadcast_util());
var subGradConfig = {
  kernelName: import_tfjs_core.Sub,
  inputsToSave: ["a", "b"],
  gradFunc: (dy, saved) => {
    let [a, b] = saved, outShape = broadcast_util4.assertAndGetBroadcastShape(a.shape, b.shape);
    return { a: () => {
      let res = dy, reduceAxes = broadcast_util4.getReductionAxes(a.shape, outShape);
      return reduceAxes.length > 0 && (res = (0, import_tfjs_core12.sum)(res, reduceAxes)), (0, import_tfjs_core11.reshape)(res, a.shape);
    }, b: () => {
      let res = dy, reduceAxes = broadcast_util4.getReductionAxes(b.shape, outShape);
      return reduceAxes.length > 0 && (res = (0, import_tfjs_core12.sum)(res, reduceAxes)), (0, import_tfjs_core11.reshape)((0, import_tfjs_core6.neg)(res), b.shape);
    } };
  }
};

// gradients/Sum_grad.js
var import_util7 = __toESM(require_util());
var sumGradConfig = {
  kernelName: import_tfjs_core.Sum,
  inputsToSave: ["x"],
  gradFunc: (dy, saved, attrs) => {
    let [x] = saved, expandedDyShape = x.shape.slice(), { axis } = attrs;
    (0, import_util7.parseAxisParam)(axis, x.shape).forEach((axis2) => {
      expandedDyShape[axis2] = 1;
    });
    let expandedDy = (0, import_tfjs_core11.reshape)(dy, expandedDyShape), derX = (0, import_tfjs_core3.mul)(expandedDy, (0, import_tfjs_core37.ones)(x.shape, "float32"));
    return { x: () => derX };
  }
};

// gradients/Tan_grad.js
var tanGradConfig = {
  kernelName: import_tfjs_core.Tan,
  inputsToSave: ["x"],
  gradFunc: (dy, saved) => {
    let [x] = saved;
    return { x: () => (0, import_tfjs_core5.div)(dy, (0, import_tfjs_core9.square)((0, import_tfjs_core47.cos)(x))) };
  }
};

// gradients/Tanh_grad.js
var tanhGradConfig = {
  kernelName: import_tfjs_core.Tanh,
  outputsToSave: [!0],
  gradFunc: (dy, saved) => {
    let [y] = saved;
    return { x: () => (0, import_tfjs_core3.mul)((0, import_tfjs_core10.sub)((0, import_tfjs_core7.scalar)(1), (0, import_tfjs_core9.square)(y)), dy) };
  }
};

// gradients/Tile_grad.js
var tileGradConfig = {
  kernelName: import_tfjs_core.Tile,
  inputsToSave: ["x"],
  gradFunc: (dy, saved, attrs) => {
    let [x] = saved, { reps } = attrs;
    return { x: () => {
      let xGrad = (0, import_tfjs_core13.zerosLike)(x);
      if (x.rank === 1)
        for (let i = 0; i < reps[0]; ++i)
          xGrad = (0, import_tfjs_core14.add)(xGrad, (0, import_tfjs_core38.slice)(dy, [i * x.shape[0]], [x.shape[0]]));
      else if (x.rank === 2)
        for (let i = 0; i < reps[0]; ++i)
          for (let j = 0; j < reps[1]; ++j)
            xGrad = (0, import_tfjs_core14.add)(xGrad, (0, import_tfjs_core38.slice)(dy, [i * x.shape[0], j * x.shape[1]], [
              x.shape[0],
              x.shape[1]
            ]));
      else if (x.rank === 3)
        for (let i = 0; i < reps[0]; ++i)
          for (let j = 0; j < reps[1]; ++j)
            for (let k = 0; k < reps[2]; ++k)
              xGrad = (0, import_tfjs_core14.add)(xGrad, (0, import_tfjs_core38.slice)(dy, [i * x.shape[0], j * x.shape[1], k * x.shape[2]], [x.shape[0], x.shape[1], x.shape[2]]));
      else if (x.rank === 4)
        for (let i = 0; i < reps[0]; ++i)
          for (let j = 0; j < reps[1]; ++j)
            for (let k = 0; k < reps[2]; ++k)
              for (let l = 0; l < reps[3]; ++l)
                xGrad = (0, import_tfjs_core14.add)(xGrad, (0, import_tfjs_core38.slice)(dy, [
                  i * x.shape[0],
                  j * x.shape[1],
                  k * x.shape[2],
                  l * x.shape[3]
                ], [x.shape[0], x.shape[1], x.shape[2], x.shape[3]]));
      else
        throw new Error(`Gradient for tile operation is not implemented for rank-${x.rank} tensors yet.`);
      return xGrad;
    } };
  }
};

// gradients/Transpose_grad.js
var axis_util2 = __toESM(require_axis_util());
var transposeGradConfig = {
  kernelName: import_tfjs_core.Transpose,
  gradFunc: (dy, saved, attrs) => {
    let transposeAttrs = attrs, { perm } = transposeAttrs, undoPerm = axis_util2.getUndoAxesPermutation(perm);
    return { x: () => (0, import_tfjs_core28.transpose)(dy, undoPerm) };
  }
};

// gradients/Unpack_grad.js
var unpackGradConfig = {
  kernelName: import_tfjs_core.Unpack,
  gradFunc: (dy, saved, attrs) => {
    let unpackAttrs = attrs, { axis } = unpackAttrs;
    return { value: () => (0, import_tfjs_core32.stack)(dy, axis) };
  }
};

// public:ops/expand_dims.js
var import_tfjs_core53 = require("@tensorflow/tfjs-core");

// public:ops/gather.js
var import_tfjs_core54 = require("@tensorflow/tfjs-core");

// public:ops/maximum.js
var import_tfjs_core55 = require("@tensorflow/tfjs-core");

// gradients/UnsortedSegmentSum_grad.js
var unsortedSegmentSumGradConfig = {
  kernelName: import_tfjs_core.UnsortedSegmentSum,
  inputsToSave: ["segmentIds"],
  gradFunc: (dy, saved) => {
    let [segmentIds] = saved;
    return { x: () => gatherDropNegatives(dy, segmentIds) };
  }
};
function gatherDropNegatives(x, indices) {
  let zeroClippedIndices = (0, import_tfjs_core55.maximum)(indices, (0, import_tfjs_core13.zerosLike)(indices)), gathered = (0, import_tfjs_core54.gather)(x, zeroClippedIndices), isPositive = (0, import_tfjs_core19.greaterEqual)(indices, (0, import_tfjs_core7.scalar)(0, "int32")), numIters = gathered.rank - isPositive.rank;
  for (let i = 0; i < numIters; ++i)
    isPositive = (0, import_tfjs_core53.expandDims)(isPositive, i + 1);
  isPositive = (0, import_tfjs_core21.logicalAnd)(isPositive, (0, import_tfjs_core37.ones)(gathered.shape, "bool"));
  let zeroSlice = (0, import_tfjs_core13.zerosLike)(gathered);
  return (0, import_tfjs_core22.where)(isPositive, gathered, zeroSlice);
}

// gradients/ZerosLike_grad.js
var zerosLikeGradConfig = {
  kernelName: import_tfjs_core.ZerosLike,
  gradFunc: (dy) => ({ x: () => (0, import_tfjs_core13.zerosLike)(dy) })
};

// public:kernel_registry.js
var import_tfjs_core56 = require("@tensorflow/tfjs-core");

// register_all_gradients.js
var gradConfigs = [
  absGradConfig,
  acosGradConfig,
  acoshGradConfig,
  addGradConfig,
  addNGradConfig,
  argMaxGradConfig,
  argMinGradConfig,
  asinGradConfig,
  asinhGradConfig,
  atan2GradConfig,
  atanGradConfig,
  atanhGradConfig,
  avgPool3DGradConfig,
  avgPoolGradConfig,
  batchMatMulGradConfig,
  batchToSpaceNDGradConfig,
  broadcastToGradConfig,
  castGradConfig,
  ceilGradConfig,
  clipByValueGradConfig,
  complexAbsGradConfig,
  concatGradConfig,
  conv2DBackpropInputGradConfig,
  conv2DGradConfig,
  conv3DGradConfig,
  cosGradConfig,
  coshGradConfig,
  cumsumGradConfig,
  depthwiseConv2dNativeGradConfig,
  dilation2dGradConfig,
  divGradConfig,
  eluGradConfig,
  erfGradConfig,
  expGradConfig,
  expandDimsGradConfig,
  expm1GradConfig,
  floorDivGradConfig,
  floorGradConfig,
  fusedBatchNormGradConfig,
  gatherGradConfig,
  greaterEqualGradConfig,
  identityGradConfig,
  isFiniteGradConfig,
  isInfGradConfig,
  isNanGradConfig,
  leakyReluGradConfig,
  log1pGradConfig,
  logGradConfig,
  logSoftmaxGradConfig,
  lrnGradConfig,
  maxGradConfig,
  maxGradConfig,
  maximumGradConfig,
  maxPool3DGradConfig,
  maxPoolGradConfig,
  meanGradConfig,
  minGradConfig,
  minimumGradConfig,
  mirrorPadGradConfig,
  modGradConfig,
  multiplyGradConfig,
  negGradConfig,
  oneHotGradConfig,
  onesLikeGradConfig,
  packGradConfig,
  padV2GradConfig,
  padV2GradConfig,
  powGradConfig,
  preluGradConfig,
  prodGradConfig,
  reciprocalGradConfig,
  relu6GradConfig,
  reluGradConfig,
  reshapeGradConfig,
  resizeBilinearGradConfig,
  resizeNearestNeighborGradConfig,
  reverseGradConfig,
  roundGradConfig,
  rsqrtGradConfig,
  selectGradConfig,
  seluGradConfig,
  sigmoidGradConfig,
  signGradConfig,
  sinGradConfig,
  sinhGradConfig,
  sliceGradConfig,
  softmaxGradConfig,
  softplusGradConfig,
  spaceToBatchNDGradConfig,
  spaceToBatchNDGradConfig,
  splitVGradConfig,
  splitVGradConfig,
  sqrtGradConfig,
  squaredDifferenceGradConfig,
  squareGradConfig,
  stepGradConfig,
  subGradConfig,
  sumGradConfig,
  tanGradConfig,
  tanhGradConfig,
  tileGradConfig,
  transposeGradConfig,
  unpackGradConfig,
  unsortedSegmentSumGradConfig,
  zerosLikeGradConfig
];
for (let gradientConfig of gradConfigs)
  (0, import_tfjs_core56.registerGradient)(gradientConfig);
