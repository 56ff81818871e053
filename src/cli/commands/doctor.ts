import { Command } from 'commander';
import type { Action } from '../lazily.ts';
import { addEngineOptions, type EngineOptions } from '../options.ts';

export type DoctorFlags = EngineOptions;

export function doctorCommand(action: Action<[DoctorFlags]>): Command {
  const command = new Command('doctor').description(
    'check Node.js, engines, processor, data and folders, and report problems',
  );
  return addEngineOptions(command)
    .addHelpText('after', '\nExample:\n  distill doctor')
    .action(action);
}
