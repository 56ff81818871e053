/** PyTorch files, which hold weights or pickled Python objects: what to do with them instead. */
import { basename, extname } from 'node:path';
import { ImportError } from './errors.ts';

const PICKLED = ['.pt', '.pth', '.ckpt'];

/** What to say of a PyTorch file; undefined where the name is no such file's. */
export function pytorchAdvice(path: string): ImportError | undefined {
  const extension = extname(path).toLowerCase();
  const isPickled = PICKLED.includes(extension);
  if (!isPickled && extension !== '.safetensors') return undefined;
  const file = JSON.stringify(basename(path));
  // A pickle may hold a whole model; a safetensors file never does.
  const load = isPickled
    ? `model = torch.load(${file}, map_location="cpu", weights_only=False)`
    : `from safetensors.torch import load_file; model.load_state_dict(load_file(${file}))`;
  const start = isPickled
    ? 'if that is no model but its weights, build the model and call model.load_state_dict with them'
    : 'build the model first';
  const lines = [
    'import torch',
    load,
    'model.eval()',
    'torch.onnx.export(model, (torch.zeros(1, 3, 32, 32),), "model.onnx")',
  ];
  return new ImportError(
    'pytorch-file',
    `${path} is a PyTorch file: it holds weights, or objects of Python's, and no network that can be read here`,
    `import model.onnx, which these lines of Python write: ${lines.join('; ')} (1, 3, 32, 32: one image, channels, height, width; ${start})`,
  );
}
