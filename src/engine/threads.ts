import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return undefined;
  }
}

/** Cores that the quota in one cgroup folder allows (version 2, then version 1), or Infinity. */
function quotaIn(folder: string): number {
  const [quota, period] =
    readText(join(folder, 'cpu.max'))?.split(' ') ??
    ['cpu.cfs_quota_us', 'cpu.cfs_period_us'].map((name) => readText(join(folder, name)));
  const cores = Number(quota) / Number(period);
  return cores > 0 ? cores : Number.POSITIVE_INFINITY; // 'max', -1 and absent mean no limit
}

/**
 * The tightest CPU quota of this process's control group and those above it, in cores; Infinity
 * where there is none.
 *
 * @param membership the groups of the process, in the format of /proc/self/cgroup
 * @param groups where the groups are mounted
 */
export function cgroupQuota(membership = '/proc/self/cgroup', groups = '/sys/fs/cgroup'): number {
  let tightest = Number.POSITIVE_INFINITY;
  for (const line of readText(membership)?.split('\n') ?? []) {
    const [, controllers, path] = line.split(':');
    if (controllers === undefined || path === undefined) continue;
    const isVersion2 = controllers === '';
    if (!isVersion2 && !controllers.split(',').includes('cpu')) continue;
    const root = isVersion2 ? groups : join(groups, controllers);
    for (let folder = join(root, path); folder.startsWith(root); folder = dirname(folder)) {
      tightest = Math.min(tightest, quotaIn(folder));
    }
  }
  return tightest;
}

/** How many threads this process may keep busy: CPU affinity and cgroup quotas included. */
export function allowedCores(): number {
  return Math.max(1, Math.floor(Math.min(availableParallelism(), cgroupQuota())));
}
