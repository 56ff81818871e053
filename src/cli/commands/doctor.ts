import { Command } from 'commander';
import { addEngineOptions, type EngineOptions } from '../options.ts';

/** One thing that was looked at. */
interface Finding {
  readonly what: string;
  readonly ok: boolean;
  readonly detail: string;
}

async function examineData(source: string): Promise<Finding> {
  const { loadData } = await import('../../data/index.ts');
  try {
    const { train, validation, test } = await loadData(source);
    const counts = `${train.count + validation.count} training and ${test.count} test images`;
    return { what: `data ${source}`, ok: true, detail: `${counts}, checksums verified` };
  } catch (error) {
    return { what: `data ${source}`, ok: false, detail: (error as Error).message };
  }
}

/** Whether a folder can be written, or made in the nearest one that is there; changes nothing. */
async function examineFolder(name: string): Promise<Finding> {
  const { access, constants, stat } = await import('node:fs/promises');
  const { dirname, resolve } = await import('node:path');
  const what = `folder ${name}/`;
  const folder = resolve(name);
  let nearest = folder;
  let found = await stat(nearest).catch(() => undefined);
  while (!found && nearest !== dirname(nearest)) {
    nearest = dirname(nearest);
    found = await stat(nearest).catch(() => undefined);
  }
  if (!found?.isDirectory()) return { what, ok: false, detail: `${nearest} is no folder` };
  const isWritable = await access(nearest, constants.W_OK | constants.X_OK).then(
    () => true,
    () => false,
  );
  const writable = nearest === folder ? 'writable' : 'not there yet, can be made';
  return { what, ok: isWritable, detail: isWritable ? writable : `no right to write ${nearest}` };
}

/** The instruction sets that matter to the kernels, as the kernel of the system tells them. */
async function processorFeatures(): Promise<string> {
  const { readFile } = await import('node:fs/promises');
  const text = await readFile('/proc/cpuinfo', 'utf8').catch(() => '');
  const found = new Set(/^(?:flags|Features)\s*:(.*)$/m.exec(text)?.[1].trim().split(/\s+/));
  const known = ['sse4_2', 'avx', 'fma', 'avx2', 'avx512f', 'avx512vl', 'asimd', 'sve'];
  return known.filter((feature) => found.has(feature)).join(', ') || 'not told by this system';
}

async function doctor(flags: EngineOptions): Promise<void> {
  const { cpus, totalmem } = await import('node:os');
  const { NAMED_DATA_SETS } = await import('../../data/index.ts');
  const { inspectEngines } = await import('../../engine/index.ts');
  const { openSession } = await import('../session.ts');
  const { programVersion } = await import('../../version.ts');
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
  terminal.record({ schema: 'distill-doctor/1', findings });
}

export function doctorCommand(): Command {
  const command = new Command('doctor').description(
    'look at Node, engines, cores, data and folders, and say what is amiss',
  );
  return addEngineOptions(command)
    .addHelpText('after', '\nExample:\n  distill doctor')
    .action(doctor);
}
