/**
 * What on the command line helps against an error, by the error's code. The parts below the command
 * line advise in words (`lower the learning rate`); this adds what to type (`--learning-rate`).
 */
export const REMEDIES: Readonly<Record<string, string>> = {
  'bad-checkpoint': '--resume',
  'bad-data': '--data',
  'bad-eps': '--eps',
  'bad-goal': '--target',
  'bad-image-shape': '--image-shape',
  'bad-input-range': '--input-range',
  'bad-loss': '--loss',
  'bad-model': '`distill run`, --model',
  'bad-network': '--architecture',
  'bad-norm': '--norm',
  'bad-option': '--set',
  'bad-output': '--output',
  'bad-signature': '--signature',
  'bad-soft-labels': '`distill soft-labels`',
  'bad-sweep': '--out',
  'bad-train-size': '--train-size',
  'cannot-export': '--format',
  diverged: '--learning-rate',
  'engine-unavailable': '`distill doctor`, --engine',
  'foreign-checkpoint': '--resume',
  'foreign-format': '`distill import`',
  'foreign-model': '--model, --data',
  'foreign-soft-labels': '`distill soft-labels`, --data, --train-size',
  'foreign-state': '--resume',
  'foreign-sweep': '--out',
  'gpu-fault': '--engine',
  'gpu-memory': '--batch-size, --engine',
  'gpu-waits': '--engine',
  'lost-worker': '--workers',
  'no-data': '--data',
  'no-kernel': '--engine',
  'no-record': '`distill evaluate`, --from',
  'no-soft-labels': '`distill soft-labels`, --soft-labels',
  'no-queue': '--queue',
  'no-robust-teacher': '--robust-teacher',
  'no-run': '`distill list`, --runs',
  'no-store': '--store',
  'no-source': '--source',
  'no-webgpu': '`distill doctor`, --engine',
  'not-built': '`npm run build`',
  'stale-soft-labels': '`distill soft-labels`',
  'temperature-mismatch': '--temperature, --allow-temperature-mismatch',
  'too-many-copies': '--noise-copies, --train-size',
  'unknown-option': '--set',
};

/** An error's own hint with what to type, such as `lower the learning rate (--learning-rate)`. */
export function hintText(code: string, hint: string | undefined): string | undefined {
  const remedy = REMEDIES[code];
  if (remedy === undefined || hint === undefined) return hint ?? remedy;
  const missing = remedy.split(', ').filter((word) => !hint.includes(word));
  return missing.length === 0 ? hint : `${hint} (${missing.join(', ')})`;
}
