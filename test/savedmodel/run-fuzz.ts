// Reads thousands of damaged model files: `npm run fuzz:formats -- [count] [seed]`.
import { fuzzFormats } from './fuzz.ts';

const [count = '10000', seed = '1'] = process.argv.slice(2);
const { read, refused, faults, slowest } = await fuzzFormats(Number(count), Number(seed));
const peak = process.resourceUsage().maxRSS / 1024;
for (const fault of faults) console.error(fault);
console.log(
  `${count} mutants (seed ${seed}): ${read} read, ${refused} refused, ${faults.length} faults; ` +
    `slowest ${slowest.toFixed(3)} s, peak memory ${peak.toFixed(0)} MiB`,
);
if (faults.length > 0 || peak > 1024) process.exitCode = 1;
