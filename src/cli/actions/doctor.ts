/** `distill doctor`: what this machine offers, and what is missing. */
import { access, constants, readFile, stat } from 'node:fs/promises';
import { cpus, totalmem } from 'node:os';
import { dirname, resolve } from 'node:path';
import { loadData, NAMED_DATA_SETS } from '../../data/index.ts';
import { inspectEngines } from '../../engine/index.ts';
import { counted } from '../../numbers.ts';
import { programVersion } from '../../version.ts';
import type { DoctorFlags } from '../commands/doctor.ts';
import { openSession } from '../session.ts';

/** The result of one check. */
interface Finding {
  readonly what: string;
  readonly ok: boolean;
  readonly detail: string;
}

async function examineData(source: string): Promise<Finding> {
  try {
    const { train, validation, test } = await loadData(source);
    const counts = `${train.count + validation.count} training and ${test.count} test images`;
    return { what: `data ${source}`, ok: true, detail: `${counts}, checksums verified` };
  } catch (error) {
    return { what: `data ${source}`, ok: false, detail: (error as Error).message };
  }
}

/** Whether a folder can be written, or made in its nearest existing parent; changes nothing. */
async function examineFolder(name: string): Promise<Finding> {
  const what = `folder ${name}/`;
  const folder = resolve(name);
  let nearest = folder;
  let found = await stat(nearest).catch(() => undefined);
  while (!found && nearest !== dirname(nearest)) {
    nearest = dirname(nearest);
    found = await stat(nearest).catch(() => undefined);
  }
  if (!found?.isDirectory()) return { what, ok: false, detail: `${nearest} is not a folder` };
  const isWritable = await access(nearest, constants.W_OK | constants.X_OK).then(
    () => true,
    () => false,
  );
  const writable = nearest === folder ? 'writable' : 'does not exist yet, can be made';
  return {
    what,
    ok: isWritable,
    detail: isWritable ? writable : `no permission to write ${nearest}`,
  };
}

/** The instruction sets that the kernels can use, as Linux lists them. */
async function processorFeatures(): Promise<string> {
  const text = await readFile('/proc/cpuinfo', 'utf8').catch(() => '');
  const found = new Set(/^(?:flags|Features)\s*:(.*)$/m.exec(text)?.[1].trim().split(/\s+/));
  const known = ['sse4_2', 'avx', 'fma', 'avx2', 'avx512f', 'avx512vl', 'asimd', 'sve'];
  return known.filter((feature) => found.has(feature)).join(', ') || 'not listed by this system';
}

export async function action(flags: DoctorFlags): Promise<void> {
  const { engine, terminal } = await openSession({ ...flags, quiet: true });
  const engines = await inspectEngines();
  const memory = `${(totalmem() / 2 ** 30).toFixed(0)} GiB of memory`;
  const findings: Finding[] = [
    { what: 'program', ok: true, detail: programVersion() },
    {
      what: 'Node.js',
      ok: true,
      detail: `${process.version} on ${process.platform} ${process.arch}`,
    },
    { what: 'processor', ok: true, detail: `${cpus()[0]?.model.trim() ?? 'unknown'}, ${memory}` },
    { what: 'processor features', ok: true, detail: await processorFeatures() },
    {
      what: 'engine in use',
      ok: true,
      detail: `${engine.name}, ${engine.instructionSet}, ${engine.threads} of ${cpus().length} cores`,
    },
    ...engines.map(({ name, usable, detail }) => ({ what: `engine ${name}`, ok: usable, detail })),
    ...(await Promise.all(NAMED_DATA_SETS.map(examineData))),
    await examineFolder('models'),
    await examineFolder('data'),
  ];
  for (const { what, ok, detail } of findings) {
    const mark = ok ? terminal.color.green('ok') : terminal.color.yellow('--');
    terminal.print(`${mark}  ${what.padEnd(20)}${detail}`);
  }
  const missing = findings.filter(({ ok }) => !ok).length;
  terminal.print(
    `\n${counted(findings.length - missing, 'part')} ready, ${counted(missing, 'part')} not there; the engine in use is ${engine.name}.`,
  );
  terminal.next('distill run');
  terminal.record({ schema: 'distill-doctor/1', findings });
}
