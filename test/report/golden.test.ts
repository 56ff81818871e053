/** What a reader is shown of the hand-made record, literally. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Chalk } from 'chalk';
import { WORDING } from '../../src/cli/command-text.ts';
import { evaluationText } from '../../src/cli/evaluation-text.ts';
import { tableText } from '../../src/cli/table.ts';
import { Terminal } from '../../src/cli/terminal.ts';
import { attackSummaryTable, materialOf, sectionsOf } from '../../src/report/index.ts';
import { markdown } from '../../src/report/markdown.ts';
import { handmade } from './handmade.ts';

const plain = { color: new Chalk({ level: 0 }) };
const material = materialOf(handmade, WORDING);
const lines = (text: string) => text.split('\n').slice(1, -1);

const TABLES: Readonly<Record<string, string>> = {
  accuracy: `
model   T    accuracy  wrong
-----  --  ----------  -----
base    1  75.0 ±34.1      2
hard   20  87.5 ±34.6      1
`,
  classes: `
class         base         hard
-----  -----------  -----------
    0   50.0 ±40.5  100.0 ±65.8
    1   66.7 ±45.9  100.0 ±56.1
    2  100.0 ±56.1   66.7 ±45.9
`,
  'confusion-hard': `
true  0  1  2
----  -  -  -
   0  2  .  .
   1  .  3  .
   2  1  .  2
`,
  attacks: `
attack                 norm  eps  loss           base        hard
---------------------  ----  ---  -------  ----------  -----------
fgsm                   Linf  0.1  softmax  50.0 ±28.5  87.5 ±34.6?
pgd                    Linf  0.1  margin   12.5 ±34.6  37.5 ±31.9
worst case             Linf  0.1  all      12.5 ±34.6  37.5 ±31.9
cw-linf, every target  Linf  0.2  margin            –  33.3 ±45.9
fgsm                   Linf  0.3  softmax  50.0 ±28.5  87.5 ±34.6?
pgd                    Linf  0.3  margin    0.0 ±32.4   0.0 ±32.4
worst case             Linf  0.3  all       0.0 ±32.4   0.0 ±32.4
`,
  tests: `
model  metric                      gained  lost      p  Holm p  at 5 %
-----  --------------------------  ------  ----  -----  ------  -----------
hard   accuracy                         2     1  0.030   0.060  not
hard   robust accuracy (Linf 0.3)       4     0   1e-5    2e-5  significant
`,
  targets: `
attack                 norm  eps  loss    model        best     average       worst
---------------------  ----  ---  ------  -----  ----------  ----------  ----------
cw-linf, every target  Linf  0.2  margin  hard   66.7 ±45.9  50.0 ±43.9  33.3 ±45.9
`,
  gradients: `
loss           base         hard
-------  ----------  ------------
softmax  0.0 / 25.0  75.0 / 87.5?
margin   0.0 / 12.5    0.0 / 0.0
`,
  minimal: `
attack    norm  model       found  10 %  median       90 %
--------  ----  -----  ----------  ----  ------  ---------
deepfool  L2    base   87.5 ±34.6  0.00    3.00  not found
`,
  'target-distances': `
attack                 norm  eps  loss    model  images    best  average  worst
---------------------  ----  ---  ------  -----  ------  ------  -------  -----
cw-linf, every target  Linf  0.2  margin  hard        1  0.0625   0.0938  0.125
`,
  answer: `
against                      base        hard
---------------------  ----------  ----------
no attack              75.0 ±34.1  87.5 ±34.6
all attacks, Linf 0.1  12.5 ±34.6  37.5 ±31.9
all attacks, Linf 0.3   0.0 ±32.4   0.0 ±32.4
`,
  gates: `
result  metric
------  -----------------------------------------
missed  accuracy of hard: 87.50 %, not >= 90.00 %
met     accuracy of base: 75.00 %, so >= 70.00 %
`,
};

const MARKDOWN = `
## Robustness report

**No verdict: 0 of 8 images stay correct at Linf 0.3 (base: 0).** The 87.5 % under FGSM on softmax is an artifact: that gradient is zero on 75.0 % of the images. Not sure: evidence is missing (attacks without the gradients of the model do no better).

- **serious: The softmax gradient has vanished on hard.** Numbers of attacks that follow it are no evidence: they are marked in the tables. The other attacks decide the answer. To do: Attack with the margin loss.
- **note: The logits are far larger than usual on hard.** Confidence says nothing about this model; the answer rests on attacks that do not depend on the scale. To do: Compare models by attacks whose loss has no scale.

**Images that stay correct**

| against | base | hard |
| :-- | --: | --: |
| no attack | 75.00 % (40.93 to 92.85) | 87.50 % (52.91 to 97.76) |
| all attacks, Linf 0.1 | 12.50 % (2.24 to 47.09) | 37.50 % (13.68 to 69.43) |
| all attacks, Linf 0.3 | 0.00 % (0.00 to 32.44) | 0.00 % (0.00 to 32.44) |

**Gates**

| result | metric |
| :-- | :-- |
| missed | accuracy of hard: 87.50 %, not &gt;= 90.00 % |
| met | accuracy of base: 75.00 %, so &gt;= 70.00 % |

### Verdicts and evidence

On 8 test images the accuracy of the hard is 87.50 % (52.91 to 97.76), that of the base 75.00 % (40.93 to 92.85), no significant difference (exact McNemar p = 0.030, with Holm's correction 0.060).

Under fgsm softmax (Linf eps 0.3) it seems to keep 87.50 % (52.91 to 97.76), but that is no evidence: the gradient of this loss is exactly zero on 75.00 % of the images, so the attack has no direction to follow.

In the worst case over all attacks (Linf eps 0.3; the strongest is pgd margin steps=100) it keeps at most 0.00 % (0.00 to 32.44), and evidence is missing that it keeps that much; the base keeps at most 0.00 % (0.00 to 32.44), a significant difference (exact McNemar p = 0.000010, with Holm's correction 0.000020).

- **base, Linf eps 0.3:** Broken; robust accuracy at most 0.00 % (0.00 to 32.44).
- **hard, Linf eps 0.1:** Robust accuracy at most 37.50 % (13.68 to 69.43).
  - met: answers repeat (they do)
- **hard, Linf eps 0.3:** No verdict; these attacks leave robust accuracy at most 0.00 % (0.00 to 32.44), but evidence is missing. To settle it: distill evaluate --model models/hard --preset standard --norm Linf --eps 0.3 --samples 8 --seed 7
  - **missing**: attacks without the gradients of the model do no better (square not run)
  - met: answers repeat (they do)

### Accuracy

**Accuracy on 8 clean test images, %, with 95 % Wilson intervals**

| model | T | accuracy | wrong |
| :-- | --: | --: | --: |
| base | 1 | 75.00 % (40.93 to 92.85) | 2 |
| hard | 20 | 87.50 % (52.91 to 97.76) | 1 |

<details><summary>Accuracy by true class, %</summary>

| class | base | hard |
| --: | --: | --: |
| 0 | 50.00 % (9.45 to 90.55) | 100.00 % (34.24 to 100.00) |
| 1 | 66.67 % (20.77 to 93.85) | 100.00 % (43.85 to 100.00) |
| 2 | 100.00 % (43.85 to 100.00) | 66.67 % (20.77 to 93.85) |

</details>

### Accuracy under attack

**Accuracy under attack on 8 images, %, with 95 % Wilson intervals**

| attack | norm | eps | loss | base | hard |
| :-- | :-- | --: | :-- | --: | --: |
| fgsm | Linf | 0.1 | softmax | 50.00 % (21.52 to 78.48) | 87.50 % (52.91 to 97.76) ⚠ |
| pgd | Linf | 0.1 | margin | 12.50 % (2.24 to 47.09) | 37.50 % (13.68 to 69.43) |
| worst case | Linf | 0.1 | all | 12.50 % (2.24 to 47.09) | 37.50 % (13.68 to 69.43) |
| cw-linf, every target | Linf | 0.2 | margin | – | 33.33 % (6.15 to 79.23) |
| fgsm | Linf | 0.3 | softmax | 50.00 % (21.52 to 78.48) | 87.50 % (52.91 to 97.76) ⚠ |
| pgd | Linf | 0.3 | margin | 0.00 % (0.00 to 32.44) | 0.00 % (0.00 to 32.44) |
| worst case | Linf | 0.3 | all | 0.00 % (0.00 to 32.44) | 0.00 % (0.00 to 32.44) |

⚠ no gradient on more than a tenth of the images: no evidence of robustness
`;

describe('the hand-made record', () => {
  it('has these tables, each once and with every row and column', () => {
    const shown = sectionsOf(material, 'terminal').flatMap(({ tables }) =>
      tables.map((table) => [table.id, tableText(table, plain).split('\n')] as const),
    );
    assert.deepEqual(
      Object.fromEntries(shown),
      Object.fromEntries(Object.entries(TABLES).map(([id, text]) => [id, lines(text)])),
    );
    assert.equal(shown.length, Object.keys(TABLES).length);
  });

  it('has these captions', () => {
    const captions = sectionsOf(material, 'terminal').flatMap(({ tables }) =>
      tables.map(({ caption }) => caption),
    );
    assert.deepEqual(captions, [
      'Accuracy on 8 clean test images, %, with 95 % Wilson intervals',
      'Accuracy by true class, %',
      'Confusion matrix of hard: true class by row, predicted class by column',
      'Accuracy under attack on 8 images, %, with 95 % Wilson intervals',
      "Against base on the same images, under the attacks run on both: images that only the model has right (gained) or only base (lost), exact McNemar tests, Holm's correction for all 2",
      'Success of targeted attacks, %, with 95 % Wilson intervals over images: the easiest class of each image, the average over classes, the hardest',
      'Input gradients, %: images whose gradient is exactly zero / pixels whose sign is wrong in float32',
      'Smallest perturbations: share of images with one, %, with 95 % Wilson intervals, and quantiles of the distance over all images; an image on which the attack failed counts as infinitely far',
      'Mean distance of targeted attacks over the images whose targets were all reached: nearest class, average, farthest',
      'Images that stay correct',
      'Gates',
    ]);
  });

  it('has this table of one attack', () => {
    const minimal = handmade.attacks.filter(({ attack }) => attack === 'deepfool');
    const strong = handmade.attacks.filter(({ attack, eps }) => attack === 'pgd' && eps === 0.1);
    const naive = handmade.attacks.filter(({ attack, eps }) => attack === 'fgsm' && eps === 0.1);
    const text = tableText(
      attackSummaryTable({ ...handmade, attacks: [...naive, ...strong, ...minimal] }),
      plain,
    );
    assert.deepEqual(
      text.split('\n'),
      lines(`
model       clean  under attack   median distance  images/s
-----  ----------  -------------  ---------------  --------
base   75.0 ±34.1    50.0 ±28.5             0.100         2
hard   87.5 ±34.6    87.5 ±34.6?                –         2
base   75.0 ±34.1    12.5 ±34.6             0.100         2
hard   87.5 ±34.6    37.5 ±31.9             0.100         2
base   75.0 ±34.1    12.5 ±34.6             2.000         2
`),
    );
  });

  it('is this in Markdown', () => {
    const sections = sectionsOf(material, 'markdown');
    const [head] = markdown(sections).split('\n\n**Against base');
    assert.deepEqual(head.split('\n'), lines(MARKDOWN));
    const titles = sections.map(({ title }) => title);
    assert.deepEqual(titles, [
      'Answer',
      'Verdicts and evidence',
      'Accuracy',
      'Accuracy under attack',
      'Smallest perturbations',
      'Missing parts',
      'How to repeat it',
    ]);
    const tail = markdown(sections).split('### How to repeat it\n\n')[1];
    assert.deepEqual(
      tail.split('\n'),
      lines(`
<details><summary>Commands</summary>

\`\`\`sh
distill evaluate --out 'it'\\''s here'
\`\`\`

Program: distill test; Images: dots, digest d0; Seed: 7

</details>

`),
    );
  });

  it('ends in the terminal with verdicts, the answer, flags and gates', () => {
    const terminal = new Terminal({});
    const text = evaluationText(handmade, terminal);
    const end = text.slice(text.indexOf('\nVerdicts\n') + 1);
    assert.deepEqual(
      end.split('\n'),
      lines(`
Verdicts
base, Linf eps 0.3: broken; robust accuracy at most 0.00 % (0.00 to 32.44)
hard, Linf eps 0.1: robust accuracy at most 37.50 % (13.68 to 69.43)
  met      answers repeat
           they do
hard, Linf eps 0.3: no verdict; these attacks leave robust accuracy at most
0.00 % (0.00 to 32.44), but evidence is missing
  missing  attacks without the gradients of the model do no better
           square not run
  met      answers repeat
           they do
  to settle it: distill evaluate --model models/hard --preset standard --norm Linf --eps 0.3 --samples 8 --seed 7

Flags
serious  The softmax gradient has vanished on hard. Numbers of attacks that
         follow it are no evidence: they are marked in the tables. The other
         attacks decide the answer.
         to do: Attack with the margin loss.
note     The logits are far larger than usual on hard. Confidence says nothing
         about this model; the answer rests on attacks that do not depend on the
         scale.
         to do: Compare models by attacks whose loss has no scale.

No verdict: 0 of 8 images stay correct at Linf 0.3 (base: 0).
The 87.5 % under FGSM on softmax is an artifact: that gradient is zero on 75.0 %
of the images. Not sure: evidence is missing (attacks without the gradients of
the model do no better).

Images that stay correct
against                      base        hard
---------------------  ----------  ----------
no attack              75.0 ±34.1  87.5 ±34.6
all attacks, Linf 0.1  12.5 ±34.6  37.5 ±31.9
all attacks, Linf 0.3   0.0 ±32.4   0.0 ±32.4

Gates
result  metric
------  -----------------------------------------
missed  accuracy of hard: 87.50 %, not >= 90.00 %
met     accuracy of base: 75.00 %, so >= 70.00 %
`),
    );
    const [first] = text.split('\n');
    assert.equal(first, 'No verdict: 0 of 8 images stay correct at Linf 0.3 (base: 0).');
    assert.ok(
      text.slice(text.lastIndexOf(first)).split('\n').length < 24,
      'the answer and what follows it fit on a terminal of 24 lines',
    );
    for (const line of text.split('\n')) {
      // Commands are copied as they are; columns of tables stay apart.
      const isWhole = line.includes('distill evaluate') || /\S {2,}\S|--/.test(line);
      assert.ok(isWhole || line.length <= 80, line);
    }
    assert.match(
      text,
      /\? no gradient on more than a tenth of the images: no evidence of robustness/,
    );
  });
});
