// Writes docs/attacks/: one page an attack, from the registry and the attack's file header, so that
// there is one place to change. Tests compare the pages with what this makes, and run every example.
//
//   npm run docs:attacks
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ATTACKS, type Attack, LOSSES, lossNamed } from '../src/attacks/index.ts';
import { defaultEps } from '../src/cli/default-eps.ts';

const root = new URL('../', import.meta.url);

const ACCESS: Readonly<Record<Attack['access'], string>> = {
  gradient: 'gradients of the model',
  scores: 'logits, no gradients',
  decision: 'predicted classes only',
  'source-gradient': 'gradients of another model only',
  surrogate: 'logits, and gradients of a network distilled from them',
};

/** The header comment of an attack's file, as paragraphs of Markdown. */
function headerOf(name: string): string {
  const source = readFileSync(new URL(`src/attacks/${name}.ts`, root), 'utf8');
  const [comment] = /^\/\*\*[\s\S]*?\*\//.exec(source) ?? [''];
  return comment
    .split('\n')
    .slice(1, -1)
    .map((line) => line.replace(/^ \* ?/, ''))
    .join('\n')
    .replace(/^(Papers?|Threat|Cost|Fails): /gm, '\n**$1.** ')
    .replace(/\n{3,}/g, '\n\n')
    .trim();
}

function defaultOf(spec: Attack['options'][string]): string {
  return typeof spec.default === 'number' ? String(spec.default) : 'see left';
}

/** A command that runs the attack, its budget and its models named where it needs that. */
function exampleOf({ name, access, budget, norms }: Attack): string {
  const [norm] = norms;
  return [
    `distill attack --attack ${name}`,
    ...(budget === 'fixed' && norm !== 'Linf' ? [`--norm ${norm}`] : []),
    ...(budget === 'fixed' ? [`--eps ${defaultEps(norm)}`] : []),
    ...(access === 'source-gradient' ? ['--model models/student --source models/baseline'] : []),
  ].join(' ');
}

const yesOrNo = (value: boolean) => (value ? 'yes' : 'no');

/** The page of an attack. */
export function pageOf(attack: Attack): string {
  const options = Object.entries(attack.options).map(
    ([name, spec]) => `| \`${name}\` | ${spec.about} | ${defaultOf(spec)} |`,
  );
  const losses = attack.losses.map((loss, i) => `\`${loss}\`${i === 0 ? ' (default)' : ''}`);
  return [
    `# ${attack.name}`,
    headerOf(attack.name),
    [
      '| | |',
      '| --- | --- |',
      `| reads | ${ACCESS[attack.access]} |`,
      `| budget | ${attack.budget === 'fixed' ? 'does its worst within `--eps`' : 'looks for the smallest perturbation'} |`,
      `| norms | ${attack.norms.join(', ')} |`,
      `| goals | ${attack.goals.join(', ')} |`,
      `| losses | ${losses.length > 0 ? losses.join(', ') : 'none to choose'} |`,
      `| random | ${attack.random ? 'yes, one stream per example' : 'no'} |`,
    ].join('\n'),
    ...(options.length > 0
      ? [
          ['| option (`--set name=value`) | | default |', '| --- | --- | --- |', ...options].join(
            '\n',
          ),
        ]
      : []),
    `\`\`\`sh\n${exampleOf(attack)}\n\`\`\``,
    '<!-- Made by `npm run docs:attacks`; change the header of the source file instead. -->',
  ]
    .join('\n\n')
    .concat('\n');
}

/** The list of all attacks. */
export function indexPage(): string {
  const rows = ATTACKS.map(
    ({ name, about, norms }) => `| [${name}](${name}.md) | ${about} | ${norms.join(', ')} |`,
  );
  const losses = LOSSES.map((name) => {
    const { about, vanishes, scaleInvariant } = lossNamed(name);
    const where = vanishes(2) || !vanishes(1) ? yesOrNo(vanishes(2)) : 'at T = 1';
    return `| \`${name}\` | ${about} | ${where} | ${yesOrNo(scaleInvariant)} |`;
  });
  return `# Attacks

Every attack works on logits, within a budget in pixel values [0, 1] (L0: a number of features), and
returns candidates; whether a candidate is adversarial is decided by the evaluation on the model at
T = 1. Each example has a random stream of its own, so that neither batch size nor order changes a
result. Most attacks maximize one of these losses. On a distilled model, whose logits are far apart,
the choice decides: the first two lose their gradient in float32.

| loss | what it is | gradient can vanish | independent of scale |
| --- | --- | --- | --- |
${losses.join('\n')}

| attack | | norms |
| --- | --- | --- |
${rows.join('\n')}
`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folder = new URL('docs/attacks/', root);
  mkdirSync(folder, { recursive: true });
  writeFileSync(new URL('README.md', folder), indexPage());
  for (const attack of ATTACKS) writeFileSync(new URL(`${attack.name}.md`, folder), pageOf(attack));
}
