import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeHdf5 } from '../../src/models/export/hdf5.ts';
import { readHdf5 } from '../../src/models/import/hdf5.ts';
import { FormatError } from '../../src/storage/index.ts';
import { hdf5File } from './hdf5-file.ts';

const refused = (message: RegExp) => (error: unknown) =>
  error instanceof FormatError && message.test(error.message) && !error.message.includes('\n');

test('groups, attributes and numbers come in', () => {
  const bytes = hdf5File({
    attributes: { one: 'text', many: ['a', 'bc'] },
    groups: { inner: { datasets: { w: { shape: [2, 1], values: [0.5, -1] } } }, skipped: {} },
  });
  const root = readHdf5('file.h5', bytes, ['skipped']);
  assert.deepEqual(
    [...root.attributes],
    [
      ['one', 'text'],
      ['many', ['a', 'bc']],
    ],
  );
  assert.deepEqual([...root.groups.keys()], ['inner']);
  assert.deepEqual(root.groups.get('inner')?.datasets.get('w'), {
    kind: 'constant',
    shape: [2, 1],
    values: Float32Array.of(0.5, -1),
  });
});

test('a damaged file, an endless one and one that takes too long end in one line', () => {
  const bytes = encodeHdf5([{ path: 'a/b', shape: [4], values: new Float32Array(4) }]);
  assert.throws(() => readHdf5('cut.h5', bytes.slice(0, 400)), refused(/cut.h5: cannot be read/));
  const endless = hdf5File({ cycles: ['a', 'b'] });
  assert.throws(
    () => readHdf5('endless.h5', endless),
    refused(/more than (32 deep|100000 objects)/),
  );
  assert.throws(
    () => readHdf5('slow.h5', bytes, [], 0.01),
    refused(/slow.h5: .* more than 0.01 s/),
  );
});

test('a data set that claims more than there can be is refused', () => {
  const huge = hdf5File({ datasets: { w: { shape: [2 ** 20, 2 ** 20], values: [1] } } });
  assert.throws(() => readHdf5('huge.h5', huge), refused(/not possible here/));
  const short = hdf5File({ datasets: { w: { shape: [2 ** 20], values: [1] } } });
  assert.throws(() => readHdf5('short.h5', short), refused(/cannot be read as HDF5/));
});
