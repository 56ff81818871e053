/** `distill certify`: what is proven about a model's answers. */
import type { CertificateRecord } from '../../certification/index.ts';
import { certify, writeFiles } from '../../library/index.ts';
import { counted, countText, numberText, percent } from '../../numbers.ts';
import { certificateTable } from '../../report/index.ts';
import { commandLine } from '../command-text.ts';
import type { CertifyFlags } from '../commands/certify.ts';
import { tableSection } from '../evaluation-text.ts';
import { parseEps } from '../parsers.ts';
import { openSession, openTestData } from '../session.ts';
import { duration } from '../terminal.ts';

/** Such as `Within Linf 0.1, between 912 and 954 of 1,000 images keep their answer: 91.2 to 95.4 %.` */
const answers = ({ budgets }: CertificateRecord): string[] =>
  budgets.map(({ eps, certified, attacked }) => {
    const [low, high] = [certified, attacked].map(({ hits }) => hits);
    const shares = [certified, attacked].map(({ rate }) => percent(rate, 1));
    const images = counted(certified.total, 'image');
    return low === high
      ? `Within Linf ${numberText(eps)}, exactly ${countText(low)} of ${images} keep their right answer: ${shares[0]}.`
      : `Within Linf ${numberText(eps)}, at least ${countText(low)} and at most ${countText(high)} of ${images} keep their right answer: ${shares.join(' to ')}.`;
  });

export async function action(model: string, flags: CertifyFlags): Promise<void> {
  const eps = flags.eps.map((text) => parseEps(text, 'Linf')); // a mistake before anything is loaded
  const { terminal } = await openSession(flags);
  const { test } = await openTestData(flags, model, terminal);
  const progress = terminal.progress('certify');
  const started = performance.now();
  const record = await certify(
    {
      model,
      data: test,
      eps,
      samples: Math.min(flags.samples, test.count),
      method: flags.method,
      seed: flags.seed,
      onProgress(done, total) {
        const left = ((performance.now() - started) / 1000 / done) * (total - done);
        progress.update(done, total, `about ${duration(left)} left`);
      },
    },
    process.argv.slice(2),
  ).finally(progress.stop);
  await writeFiles(flags.out, { 'certificate.json': JSON.stringify(record) });
  for (const line of tableSection(certificateTable(record), terminal)) terminal.print(line);
  terminal.print('');
  for (const line of answers(record)) terminal.print(line);
  terminal.note(`record: ${flags.out}/certificate.json`);
  terminal.next(commandLine(['evaluate', '--model', model, '--preset', 'standard']));
  terminal.record(record);
}
