// Writes test/attacks/pinned.json: what every attack does now. After a change of an attack that is
// meant to change results, run it and read the difference before committing it.
//
//   npm run pin:attacks
import { writeFileSync } from 'node:fs';
import { ATTACKS } from '../src/attacks/index.ts';
import { pinnedOf } from '../test/attacks/pinned-runs.ts';

const pinned: Record<string, Record<string, string>> = {};
for (const attack of ATTACKS) pinned[attack.name] = await pinnedOf(attack);
const file = new URL('../test/attacks/pinned.json', import.meta.url);
writeFileSync(file, `${JSON.stringify(pinned, undefined, 2)}\n`);
