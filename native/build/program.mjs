// Builds a C++ program of the kernels and a few more sources: the kernels' check and bench.
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { addonUnits, commonFlags, outputFolder, sourceFolder } from './sources.mjs';

const compiler = process.env.CXX ?? 'g++';

function compile(args) {
  const { status, error } = spawnSync(compiler, args, { stdio: 'inherit' });
  if (error) throw new Error(`${compiler} does not run: install a C++ compiler or set CXX`);
  if (status !== 0) throw new Error(`${compiler} failed (exit code ${status})`);
}

/**
 * Compiles and links; returns the program's path.
 * `sources` are compiled once, `perInstructionSet` once for each instruction set, and `flags` are
 * added to the kernels' own.
 */
export function buildProgram({ name, sources, perInstructionSet = [], flags = [] }) {
  const folder = join(outputFolder, name);
  mkdirSync(folder, { recursive: true });
  const units = addonUnits().filter(({ source }) => source !== 'node.cc');
  const objects = [];
  const compileUnit = (source, object, unitFlags) => {
    const file = join(folder, object);
    objects.push(file);
    const all = [...commonFlags, '-pthread', `-I${sourceFolder}`, ...unitFlags, ...flags];
    compile([...all, '-c', source, '-o', file]);
  };
  for (const unit of units) {
    compileUnit(join(sourceFolder, unit.source), unit.object, unit.flags);
    if (unit.source !== 'variant.cc') continue;
    for (const [index, source] of perInstructionSet.entries()) {
      compileUnit(source, `${index}_${unit.object}`, unit.flags);
    }
  }
  for (const [index, source] of sources.entries()) compileUnit(source, `${index}.o`, []);
  const program = join(folder, name);
  compile([...flags, '-pthread', ...objects, '-o', program]);
  return program;
}
