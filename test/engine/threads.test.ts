import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import test from 'node:test';
import { cgroupQuota } from '../../src/engine/threads.ts';

/** Lays out control groups as Linux does and reads the quota that follows from them. */
function quotaOf(membership: string, files: Record<string, string>): number {
  const folder = mkdtempSync(join(tmpdir(), 'distill-cgroup-'));
  try {
    for (const [name, text] of Object.entries({ ...files, membership })) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), `${text}\n`);
    }
    return cgroupQuota(join(folder, 'membership'), folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('version 2: the tightest quota on the way up counts', () => {
  const files = {
    'cpu.max': 'max 100000',
    'a/cpu.max': '150000 100000',
    'a/b/cpu.max': 'max 100000',
  };
  assert.equal(quotaOf('0::/a/b', files), 1.5);
  assert.equal(quotaOf('0::/', files), Infinity);
  assert.equal(quotaOf('0::/', { 'cpu.max': '50000 100000' }), 0.5);
});

test('version 1: the cpu controller counts, others do not', () => {
  const files = {
    'cpu,cpuacct/x/cpu.cfs_quota_us': '400000',
    'cpu,cpuacct/x/cpu.cfs_period_us': '100000',
    'cpu,cpuacct/cpu.cfs_quota_us': '-1',
    'cpu,cpuacct/cpu.cfs_period_us': '100000',
  };
  assert.equal(quotaOf('5:memory:/x\n4:cpu,cpuacct:/x', files), 4);
  assert.equal(quotaOf('4:cpu,cpuacct:/', files), Infinity);
});

test('no control groups, or unreadable ones, mean no limit', () => {
  assert.equal(cgroupQuota('/nowhere', '/nowhere'), Infinity);
  assert.equal(quotaOf('0::/gone', {}), Infinity);
  assert.equal(quotaOf('nonsense', {}), Infinity);
});
