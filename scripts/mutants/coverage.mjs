// Loaded before everything else (`--import`) while the tests run without a mutant: writes down which
// mutants a process passed and how long it computed, child processes too.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

process.on('exit', () => {
  const passed = Object.keys(globalThis.__stryker__?.mutantCoverage?.static ?? {});
  const file = join(process.env.MUTANTS_COVERAGE_FOLDER, `${process.pid}.json`);
  const { user, system } = process.cpuUsage(); // microseconds
  writeFileSync(file, JSON.stringify({ passed, seconds: (user + system) / 1e6 }));
});
