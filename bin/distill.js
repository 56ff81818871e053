#!/usr/bin/env node
import { existsSync } from 'node:fs';

const program = new URL('../dist/src/cli/program.js', import.meta.url);
if (existsSync(program)) {
  const { main } = await import(program);
  await main(process.argv);
} else {
  console.error('error: distill is not built yet\nhint: run `npm ci` in its folder first');
  process.exitCode = 2;
}
