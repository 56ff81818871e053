/** The report as one ordered list of sections. Page, Markdown and terminal are renderings of it. */
import { type EvaluationRecord, evidenceTitle } from '../evaluation/index.ts';
import { counted, numberText } from '../numbers.ts';
import { answerOf } from './answer.ts';
import { answerChart } from './answer-chart.ts';
import { attackExampleOf } from './attack-example.ts';
import {
  attackTable,
  levelTable,
  minimalTable,
  queryTable,
  targetDistanceTable,
  targetTable,
} from './attack-tables.ts';
import { boundsTable } from './certificate-table.ts';
import { exampleSpritesOf } from './example-sprites.ts';
import { flagTexts } from './flag-text.ts';
import type { Material } from './material.ts';
import { missingParts } from './missing.ts';
import {
  confusionCharts,
  gradientCharts,
  logitCharts,
  minimalCharts,
  robustnessCharts,
  trainingCharts,
} from './record-charts.ts';
import { primaryModel } from './record-facts.ts';
import type { Block, ModelSource, Provenance, Section, SectionId, VerdictText } from './section.ts';
import { summarize } from './summary.ts';
import {
  accuracyTable,
  answerTable,
  classTable,
  confusionTable,
  gateTable,
  gradientTable,
  testTable,
} from './tables.ts';
import { rateText } from './text.ts';

type Renderer = 'page' | 'markdown' | 'terminal' | 'run-summary';

/** The sections that each renderer shows, in its order. */
const SHOWN: Readonly<Record<Renderer, readonly SectionId[]>> = {
  page: [
    'answer',
    'verdict',
    'robustness',
    'digits-section',
    'gradients',
    'logits',
    'minimal',
    'accuracy',
    'confusion',
    'training',
    'missing',
    'repeat',
  ],
  markdown: ['answer', 'verdict', 'accuracy', 'robustness', 'minimal', 'missing', 'repeat'],
  // The end of the output stays in view: the answer comes last.
  terminal: ['accuracy', 'confusion', 'robustness', 'gradients', 'minimal', 'verdict', 'answer'],
  'run-summary': ['accuracy', 'robustness', 'answer'],
};

/** The sections for a renderer; those that the record has nothing for are left out. */
export function sectionsOf(material: Material, renderer: Renderer): Section[] {
  const ids = SHOWN[renderer];
  const examples = ids.includes('digits-section') ? examplesOf(material.record) : undefined;
  return ids.flatMap((id): Section[] => {
    const { title, prose = [], content } = DEFINITIONS[id];
    const { blocks = [], charts = [], tables = [] } = content(material, examples);
    const filled = tables.filter(({ rows }) => rows.length > 0);
    if (blocks.length + charts.length + filled.length === 0) return [];
    return [{ id, title, prose, blocks, charts, tables: filled }];
  });
}

type Examples = Omit<Extract<Block, { kind: 'example-cards' }>, 'kind'>;

interface Definition {
  readonly title: string;
  readonly prose?: readonly string[];
  /** @param examples undefined where the record has none, or the renderer shows no pictures */
  content(
    material: Material,
    examples: Examples | undefined,
  ): Partial<Pick<Section, 'blocks' | 'charts' | 'tables'>>;
}

const DEFINITIONS: Readonly<Record<SectionId, Definition>> = {
  answer: {
    title: 'Answer',
    content: ({ record }, examples) => ({
      blocks: answerBlocks(record, examples),
      charts: answerChart(record),
      tables: [answerTable(record), gateTable(record)],
    }),
  },
  verdict: {
    title: 'Verdicts and evidence',
    content: (material) => ({ blocks: verdictBlocks(material) }),
  },
  accuracy: {
    title: 'Accuracy',
    content: ({ record }) => ({ tables: [accuracyTable(record), classTable(record)] }),
  },
  robustness: {
    title: 'Accuracy under attack',
    prose: [
      'Each line is one attack with one loss, with its 95 % interval. A line that stays high only with the *softmax* loss is no evidence of robustness: where float32 rounds the gradient of that loss to zero, the attack has no direction to follow.',
    ],
    content: (material) => ({
      charts: robustnessCharts(material),
      tables: [attackTable, boundsTable, testTable, targetTable, queryTable, levelTable].map(
        (tableOf) => tableOf(material.record),
      ),
    }),
  },
  'digits-section': {
    title: 'Attacked images',
    content: (_, examples) => ({
      blocks: examples ? [{ kind: 'example-cards', ...examples }] : [],
    }),
  },
  gradients: {
    title: 'Input gradients',
    prose: [
      'A gradient attack follows the gradient of its loss with respect to the pixels. A model trained at temperature T and served at T = 1 has logits about T times larger; in float32 its softmax then rounds to exactly 1, and the gradient of cross-entropy to exactly 0 (the bar at the left edge). The *margin* loss is the difference of two logits, so its gradient does not vanish.',
    ],
    content: (material) => ({
      charts: gradientCharts(material),
      tables: [gradientTable(material.record)],
    }),
  },
  logits: {
    title: 'Scale of the logits',
    prose: [
      'Once the largest logit exceeds the next by more than about 16, float32 rounds the probability of the predicted class to 1 and gradient signs become wrong; past about 104 the other probabilities are 0 as well.',
    ],
    content: (material) => ({ charts: logitCharts(material) }),
  },
  minimal: {
    title: 'Smallest perturbations',
    prose: [
      'The distance at which the prediction of an image becomes wrong. A curve that ends below 100 % means that the attack found nothing for the remaining images; they count as farther away, not as robust.',
    ],
    content: (material) => ({
      charts: minimalCharts(material),
      tables: [minimalTable, targetDistanceTable].map((tableOf) => tableOf(material.record)),
    }),
  },
  confusion: {
    title: 'Confusion matrices',
    content: (material) => ({
      charts: confusionCharts(material),
      tables: material.record.models.slice(-1).map(confusionTable),
    }),
  },
  training: { title: 'Training', content: (material) => ({ charts: trainingCharts(material) }) },
  missing: {
    title: 'Missing parts',
    content: (material) => {
      const sentences = missingParts(material);
      return { blocks: sentences.length > 0 ? [{ kind: 'missing', sentences }] : [] };
    },
  },
  repeat: {
    title: 'How to repeat it',
    content: (material) => ({ blocks: [provenanceBlock(material)] }),
  },
};

/** The sprites, and the models that they compare; undefined where the record has no examples. */
function examplesOf(record: EvaluationRecord): Examples | undefined {
  const sprites = exampleSpritesOf(record);
  const first = record.models.at(0)?.name;
  const primary = primaryModel(record)?.name;
  if (!sprites || first === undefined || primary === undefined) return undefined;
  return { sprites, compared: { first, primary } };
}

function answerBlocks(record: EvaluationRecord, examples: Examples | undefined): Block[] {
  const flags = flagTexts(record.flags);
  const example = examples && attackExampleOf(examples.sprites, examples.compared);
  return [
    { kind: 'answer', answer: answerOf(record) },
    ...(examples && example
      ? [{ kind: 'attack-example' as const, sprites: examples.sprites, example }]
      : []),
    ...(flags.length > 0 ? [{ kind: 'flags' as const, flags }] : []),
  ];
}

function verdictBlocks({ record, commandText }: Material): Block[] {
  const verdicts = verdictTexts(record, commandText);
  return [
    { kind: 'summary', sentences: summarize(record) },
    ...(verdicts.length > 0 ? [{ kind: 'verdicts' as const, verdicts }] : []),
  ];
}

function verdictTexts(
  { verdicts }: EvaluationRecord,
  commandText: Material['commandText'],
): VerdictText[] {
  const told = new Set<string>();
  return verdicts.map(({ model, norm, eps, ruling, settled, rate, evidence, reason, request }) => {
    const command = request && commandText(request);
    const isNew = command !== null && !told.has(command);
    if (isNew) told.add(command);
    const bound = rate ? `robust accuracy at most ${rateText(rate)}` : reason;
    return {
      subject: norm === null || eps === null ? model : `${model}, ${norm} eps ${numberText(eps)}`,
      settled,
      text: settled
        ? `${ruling === 'broken' ? 'broken; ' : ''}${bound}`
        : `no verdict; ${rate ? `these attacks leave ${bound}, but evidence is missing` : bound}`,
      evidence:
        ruling === 'broken'
          ? []
          : evidence.map(({ code, met, detail }) => ({ met, title: evidenceTitle(code), detail })),
      command: isNew ? command : null,
    };
  });
}

function provenanceBlock({ record, parts, cards, commandLine }: Material): Block {
  const models = record.models.map(({ name, folder, digest, temperature }): ModelSource => {
    const settings = Object.entries(cards.get(name)?.settings ?? {});
    return {
      name,
      folder,
      temperature,
      facts: [['digest', shortDigest(digest)], ...factsOf(settings)],
    };
  });
  const records = parts.map((part): Provenance => {
    const { data, engine, versions, seed, startedAt, seconds, configuration, command } = part;
    return {
      command: commandLine(command),
      facts: [
        ['Program', part.program],
        ['Images', `${data.name}, digest ${shortDigest(data.digest)}`],
        ['Engine', engineText(engine)],
        ...factsOf(Object.entries(versions)),
        ['Seed', String(seed)],
        ['Started', startedAt],
        ['Duration', `${seconds.toFixed(1)} s`],
        ...factsOf(Object.entries(configuration)),
      ],
    };
  });
  return { kind: 'provenance', records, models };
}

/** Enough of a digest to tell two apart; `results.json` has all of it. */
const shortDigest = (digest: string): string => digest.slice(0, 12);

const engineText = ({ name, instructionSet, threads }: EvaluationRecord['engine']): string =>
  `${name} (${instructionSet}), ${counted(threads, 'thread')}`;

/** Names with their values as texts; those without a value are left out. */
const factsOf = (entries: readonly (readonly [string, unknown])[]): [string, string][] =>
  entries.filter(([, value]) => value !== null).map(([name, value]) => [name, String(value)]);
