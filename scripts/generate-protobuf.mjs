// Regenerates the protobuf code under gen/ from the .proto files beside it.
// Needs `protoc` (Debian: protobuf-compiler) and the dev dependency @bufbuild/protoc-gen-es.
import { execFileSync } from 'node:child_process';
import { dirname, join } from 'node:path';

const plugin = join('node_modules', '.bin', 'protoc-gen-es');
for (const file of ['src/savedmodel/tensorflow.proto', 'src/models/onnx/onnx.proto']) {
  const folder = dirname(file);
  execFileSync(
    'protoc',
    [
      `--plugin=protoc-gen-es=${plugin}`,
      `--proto_path=${folder}`,
      `--es_out=${join(folder, 'gen')}`,
      '--es_opt=target=ts',
      file,
    ],
    { stdio: 'inherit' },
  );
}
