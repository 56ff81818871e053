// Writes docs/attacks/: one page an attack, from the registry and the attack's file header, so that
// there is one place to change. A test holds the pages to what this makes.
//
//   npm run docs:attacks
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ATTACKS, type Attack } from '../src/attacks/index.ts';

const root = new URL('../', import.meta.url);

/** The file that an attack is defined in; most are named after theirs. */
const FILES: Readonly<Record<string, string>> = { 'apgd-t': 'apgd' };

const ACCESS: Readonly<Record<Attack['access'], string>> = {
  gradient: 'gradients of the model',
  scores: 'logits, no gradients',
  decision: 'predicted classes only',
  'source-gradient': 'gradients of another model only',
};

/** The header comment of an attack's file, as paragraphs of Markdown. */
function headerOf(name: string): string {
  const source = readFileSync(new URL(`src/attacks/${FILES[name] ?? name}.ts`, root), 'utf8');
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

/** The page of an attack. */
export function pageOf(attack: Attack): string {
  const options = Object.entries(attack.options).map(
    ([name, spec]) => `| \`${name}\` | ${spec.about} | ${defaultOf(spec)} |`,
  );
  const losses = attack.losses.map((loss, i) => `\`${loss}\`${i === 0 ? ' (default)' : ''}`);
  const example = [
    `distill attack --attack ${attack.name}`,
    ...(attack.budget === 'fixed' && attack.norms[0] !== 'L0' ? ['--eps 0.1'] : []),
    ...(attack.budget === 'fixed' && attack.norms[0] === 'L0' ? ['--eps 112'] : []),
    ...(attack.access === 'source-gradient'
      ? ['--model models/student --source models/baseline']
      : []),
  ].join(' ');
  return [
    `# ${attack.name}`,
    headerOf(attack.name),
    [
      '| | |',
      '| --- | --- |',
      `| sees | ${ACCESS[attack.access]} |`,
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
    `\`\`\`sh\n${example}\n\`\`\``,
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
  return `# Attacks

Every attack works on logits, within a budget in pixel values [0, 1] (L0: a number of features), and
returns candidates; whether a candidate is adversarial is decided by the evaluation on the model at
T = 1. Each example has a random stream of its own, so that neither batch size nor order changes a
result. Most attacks climb one of these losses, and on a distilled model the choice decides:

| loss | what it is | on a distilled model |
| --- | --- | --- |
| \`softmax\` | cross-entropy on float32 probabilities, clipped as Keras does | blind: the gradient is exactly zero |
| \`logits\` | cross-entropy from logits | signs go wrong past a lead of 16, all is zero past 104 |
| \`temperature\` | cross-entropy of logits / T | sees |
| \`margin\` | best other logit minus the true one | sees |
| \`dlr\` | difference of logits ratio | sees, whatever the scale |

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
