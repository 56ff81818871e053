// One peer of the benchmark: reads `{"task", "repeat"}` lines, answers with the milliseconds of each
// repetition and the mean milliseconds of processor time, all threads together. The first line that it prints says what it is.
//
//   node --import tsx bench/worker.ts ENGINE THREADS BATCH
import { createInterface } from 'node:readline';
import { type EngineChoice, startEngine } from '../src/engine/index.ts';
import { makeTasks, type Task } from './tasks.ts';

const [engine, threads, batch] = process.argv.slice(2);

function print(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

try {
  const { name, instructionSet } = await startEngine(engine as EngineChoice, Number(threads));
  const tasks = makeTasks(Number(batch));
  print({ name: `${name} (${instructionSet})` });
  for await (const line of createInterface({ input: process.stdin })) {
    const { task, repeat } = JSON.parse(line) as { task: Task; repeat: number };
    const before = process.cpuUsage();
    const times = Array.from({ length: repeat }, () => {
      const start = performance.now();
      tasks[task]();
      return performance.now() - start;
    });
    const { user, system } = process.cpuUsage(before);
    print({ times, cpu: (user + system) / 1000 / repeat });
  }
} catch (error) {
  print({ failure: (error as Error).message });
}
