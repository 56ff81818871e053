/** The model card as Markdown. */
import { numberText, percent } from '../../numbers.ts';
import { plain } from '../markdown.ts';
import { sentence } from '../text.ts';
import type { ModelCardDocument } from './model-card.ts';

const list = (items: readonly string[]): string =>
  items.length === 0 ? 'None.' : items.map((item) => `- ${plain(item)}`).join('\n');

function table(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map(plain).join(' | ')} |`;
  return [line(columns), `|${' --- |'.repeat(columns.length)}`, ...rows.map(line)].join('\n');
}

const classesText = ({ classes, classNames }: ModelCardDocument['model']): string =>
  classNames ? `${classes}: ${classNames.join(', ')}` : String(classes);

type Evaluation = ModelCardDocument['evaluations'][number];
type Rate = Evaluation['accuracy'];

const withInterval = ({ rate, low, high, total }: Rate): readonly string[] => [
  percent(rate),
  `${percent(low)} to ${percent(high)}`,
  String(total),
];

function evaluationMarkdown(evaluation: Evaluation): string[] {
  const { startedAt, program, data, seed, accuracy, worstCases, verdicts, failures, flags } =
    evaluation;
  const { certified = [] } = evaluation;
  const at = (norm: string | null, eps: number | null) =>
    norm === null || eps === null ? 'no budget' : `${norm} ${numberText(eps)}`;
  return [
    `### ${plain(data.name)}, ${startedAt.slice(0, 10)}`,
    plain(`${program}, seed ${seed}, data ${data.digest.slice(0, 16)}.`),
    table(
      ['metric', 'value', '95 % interval', 'images'],
      [
        ['accuracy', ...withInterval(accuracy)],
        ...worstCases.map((one) => [
          `accuracy under all attacks, ${at(one.norm, one.eps)}`,
          ...withInterval(one),
        ]),
        ...certified.map((one) => [
          `certified accuracy, ${at(one.norm, one.eps)}`,
          ...withInterval(one),
        ]),
        ...evaluation.attacks.map(({ name, robust }) => [
          `accuracy under ${name}`,
          ...withInterval(robust),
        ]),
      ],
    ),
    '#### What this is evidence for',
    list(
      verdicts.flatMap(({ norm, eps, ruling, reason, evidence }) => [
        `${at(norm, eps)}: ${ruling}: ${sentence(reason)}`,
        ...evidence.map(
          ({ code, met, detail }) =>
            `${at(norm, eps)}: ${code} ${met ? 'seen' : 'missing'}: ${detail}`,
        ),
      ]),
    ),
    ...(failures.length > 0
      ? [
          '#### Attacks that ended with an error',
          list(failures.map(({ attack, message }) => `${attack}: ${message}`)),
        ]
      : []),
    '#### Flags',
    list(flags.map(({ code, severity, advice }) => `${code} (${severity}): ${advice}`)),
  ];
}

/** The card for people. It says what was measured, never that a model is safe. */
export function cardMarkdown(card: ModelCardDocument): string {
  const { model, training, threatModel, evaluations, notTested } = card;
  const settings = Object.entries(training.settings).map(([name, value]) => [name, String(value)]);
  return `${[
    `# Model card: ${plain(model.name)}`,
    '## The model',
    table(
      ['fact', 'value'],
      [
        ['role', model.role],
        ['architecture', `${model.architecture}, ${model.parameters} parameters`],
        ['input', `${model.inputShape.join(' x ')}, pixel values 0 to 1`],
        ['classes', classesText(model)],
        ['temperature of training', numberText(model.temperature)],
        ['digest of the weights', model.digest],
      ],
    ),
    '## Training',
    table(
      ['fact', 'value'],
      [
        [
          'data',
          training.data
            ? `${training.data.source}, ${training.data.trainSize} images`
            : 'not known',
        ],
        ...(training.softLabels ? [['soft labels of', training.softLabels.teacher]] : []),
        ['epochs', String(training.epochs)],
        ...(training.last
          ? [['validation accuracy', percent(training.last.validationAccuracy)]]
          : []),
        ...settings,
      ],
    ),
    '## Threat model',
    'In the terms of NIST AI 100-2 and with the ids of MITRE ATLAS.',
    threatModel.length === 0
      ? 'No attack was run.'
      : table(
          ['objective', 'goal', 'knowledge', 'capabilities', 'ATLAS', 'budgets', 'attacks'],
          threatModel.map((one) => [
            one.objective,
            one.goal,
            one.knowledge,
            one.capabilities.join(', '),
            one.atlas.map(({ id, name }) => `${id} ${name}`).join('; '),
            one.budgets.join('; '),
            one.attacks.join(', '),
          ]),
        ),
    '## Evaluations',
    ...(evaluations.length === 0 ? ['None.'] : evaluations.flatMap(evaluationMarkdown)),
    '## Not tested',
    list(notTested),
    'This card is evidence for the measurements it lists, on these images and budgets, and for nothing else.',
  ].join('\n\n')}\n`;
}
