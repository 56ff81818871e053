/** Charts and pictures, mark by mark: where each stands and which color it has. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PNG } from 'pngjs';
import { LOSSES } from '../../src/attacks/index.ts';
import { WORDING } from '../../src/cli/command-text.ts';
import type { EvaluationRecord } from '../../src/evaluation/index.ts';
import { attackExampleOf } from '../../src/report/attack-example.ts';
import {
  confusionChart,
  histogramChart,
  hueOf,
  hueOfLoss,
  lineChart,
  standaloneSvg,
} from '../../src/report/charts/index.ts';
import { exampleSpritesOf, initialSet, naiveSet } from '../../src/report/example-sprites.ts';
import {
  encodeGrid,
  exampleGrids,
  materialOf,
  perturbationPicture,
  pictureOf,
} from '../../src/report/index.ts';
import {
  confusionCharts,
  gradientCharts,
  logitCharts,
  minimalCharts,
  robustnessCharts,
  trainingCharts,
} from '../../src/report/record-charts.ts';
import { handmade } from './handmade.ts';

const material = materialOf(handmade, WORDING);

/** What each match of a pattern captured. */
const captured = (text: string, pattern: RegExp) =>
  [...text.matchAll(pattern)].map(([, ...groups]) => groups.join(' | '));
const tips = (svg: string) => captured(svg, /<title>([^<]*)<\/title>/g).slice(1);
const ticks = (svg: string) =>
  captured(svg, /<text class="muted" x="([\d.]+)" y="([\d.]+)"[^>]*>([^<]*)</g);
/** The tips of each line of a chart, with its class. */
const lineTips = (svg: string) =>
  captured(svg, /<circle class="fill (s\d)" cx="([\d.]+)" cy="([\d.]+)" r="3.5"><title>([^<]*)</g);

describe('a line chart', () => {
  const point = (x: number, y: number) => ({ x, y, low: y - 0.1, high: y + 0.1, tip: `${x} ${y}` });
  const svg = standaloneSvg(
    lineChart(
      'title',
      'what',
      { label: 'across', domain: [0, 2], ticks: [{ value: 1, label: 'one' }] },
      {
        label: '',
        domain: [0, 1],
        ticks: [
          { value: 0, label: 'bottom' },
          { value: 1, label: 'top' },
        ],
      },
      [{ name: 'series', hue: 3, dash: '2 3', points: [point(0, 0.1), point(2, 0.9)] }],
    ),
  );

  it('has 1 at the top and 0 at the bottom, and each label at its value', () => {
    assert.deepEqual(ticks(svg), [
      '44 | 214 | bottom',
      '44 | 34 | top',
      '189 | 225 | one',
      '189 | 242 | across',
    ]);
    assert.deepEqual(lineTips(svg), ['s3 | 50 | 192 | 0 0.1', 's3 | 328 | 48 | 2 0.9']);
    assert.match(svg, /<path class="line s3" d="M50 192L328 48" stroke-dasharray="2 3"\/>/);
  });

  it('has a band from the low to the high end of the intervals', () => {
    assert.match(svg, /<path class="band s3" d="M50 174L328 30L328 66L50 210Z"\/>/);
  });

  it('has a key in the color and dash of its line', () => {
    assert.match(
      svg,
      /<path class="line s3" d="M8 260h18" stroke-dasharray="2 3"\/><text [^>]*>series</,
    );
  });
});

describe('a histogram', () => {
  it('scales all bars to the tallest, and sets a special one apart', () => {
    const svg = standaloneSvg(
      histogramChart('t', 'd', { label: 'x', domain: [0, 4], ticks: [] }, [
        {
          name: 'row',
          hue: 1,
          bars: [
            { from: 0, to: 1, share: 0.8, tip: 'high', isSpecial: true },
            { from: 1, to: 2, share: 0, tip: 'none' },
            { from: 3, to: 4, share: 0.2, tip: 'low' },
          ],
        },
      ]),
    );
    assert.deepEqual(
      captured(
        svg,
        /<rect class="fill (s\d)" x="([\d.]+)" y="([\d.]+)" width="[\d.]+" height="([\d.]+)"><title>(\w+)/g,
      ),
      ['s2 | 12 | 52 | 64 | high', 's1 | 249 | 100 | 16 | low'],
    );
    assert.match(svg, />80\u00a0%</);
    assert.doesNotMatch(svg, />20\u00a0%</);
  });
});

describe('a confusion chart', () => {
  it('has true classes as rows, predicted ones as columns, errors in another color', () => {
    const svg = standaloneSvg(
      confusionChart('t', 'd', [
        [5, 3],
        [0, 7],
      ]),
    );
    assert.deepEqual(
      captured(
        svg,
        /<title>(true[^<]*)<\/title><rect class="fill (s\d)" fill-opacity="([\d.]+)" x="(\d+)" y="(\d+)"/g,
      ),
      [
        'true 0, predicted 0: 5 | s1 | 0.53 | 34 | 48',
        'true 0, predicted 1: 3 | s2 | 0.73 | 181 | 48',
        'true 1, predicted 1: 7 | s1 | 0.85 | 181 | 195',
      ],
    );
    assert.deepEqual(
      captured(svg, /<text class="cell[^"]*" x="([\d.]+)" y="([\d.]+)"[^>]*>(\d+)</g),
      ['107.5 | 125.5 | 5', '254.5 | 125.5 | 3', '254.5 | 272.5 | 7'],
    );
    assert.deepEqual(captured(svg, /<text class="(cell[^"]*)"/g), [
      'cell',
      'cell on-dark',
      'cell on-dark',
    ]);
  });
});

describe('the charts of the hand-made record', () => {
  it('draw accuracy over eps from the clean accuracy on', () => {
    const [base, hard] = robustnessCharts(material);
    assert.deepEqual(
      [base.file, base.chart.title, hard.file, hard.chart.title],
      [
        'robustness-linf-base-fgsm-pgd',
        'base under fgsm, pgd',
        'robustness-linf-hard-fgsm-pgd',
        'hard under fgsm, pgd',
      ],
    );
    assert.deepEqual(
      lineTips(standaloneSvg(base.chart)).map((text) => text.replaceAll('\u00a0', ' ')),
      [
        's1 | 50 | 75 | no attack: 75.00 % (40.93 to 92.85)',
        's1 | 142.67 | 120 | fgsm softmax, eps 0.1: base keeps 50.00 % (21.52 to 78.48)',
        's1 | 328 | 120 | fgsm softmax, eps 0.3: base keeps 50.00 % (21.52 to 78.48)',
        's2 | 50 | 75 | no attack: 75.00 % (40.93 to 92.85)',
        's2 | 142.67 | 187.5 | pgd margin steps=100, eps 0.1: base keeps 12.50 % (2.24 to 47.09)',
        's2 | 328 | 210 | pgd margin steps=100, eps 0.3: base keeps 0.00 % (0.00 to 32.44)',
      ],
    );
    assert.deepEqual(ticks(standaloneSvg(hard.chart)), [
      '44 | 214 | 0\u00a0%',
      '44 | 169 | 25\u00a0%',
      '44 | 124 | 50\u00a0%',
      '44 | 79 | 75\u00a0%',
      '44 | 34 | 100\u00a0%',
      '50 | 225 | 0',
      '142.67 | 225 | 0.1',
      '235.33 | 225 | 0.2',
      '328 | 225 | 0.3',
      '189 | 242 | eps (Linf)',
    ]);
  });

  it('give a loss one color, by its position in the registry', () => {
    assert.deepEqual(
      LOSSES.map((loss) => [loss, hueOfLoss(loss)]),
      [
        ['softmax', 2],
        ['logits', 5],
        ['temperature', 3],
        ['margin', 1],
        ['dlr', 4],
      ],
    );
    assert.equal(hueOfLoss(null), 6);
    assert.deepEqual([0, 1, 5, 6, 7].map(hueOf), [1, 2, 6, 1, 2]);
    const naive = handmade.attacks.filter(({ attack }) => attack === 'fgsm');
    const [chart] = robustnessCharts(materialOf({ ...handmade, attacks: naive }, WORDING));
    assert.match(standaloneSvg(chart.chart), /<path class="line s2" d="M50 75/);
  });

  it('show gradients by powers of ten, and exact zeros apart', () => {
    const charts = gradientCharts(material);
    assert.deepEqual(
      charts.map(({ file }) => file),
      ['gradients-softmax', 'gradients-margin'],
    );
    assert.deepEqual(tips(standaloneSvg(charts[0].chart)), [
      'base: largest gradient from 1e-3 to 1e-2 on 8 of 8 images',
      'hard: exactly zero gradient on 6 of 8 images',
      'hard: largest gradient from 1e-9 to 1e-8 on 2 of 8 images',
    ]);
    assert.match(
      charts[0].chart.description,
      /base: exactly zero on 0\.00 % of the images, hard: exactly zero on 75\.00 % of/,
    );
    assert.deepEqual(
      ticks(standaloneSvg(charts[1].chart)).map((text) => text.split(' | ')[2]),
      ['0', '1e-40', '1e-30', '1e-20', '1e-10', '1', 'largest |gradient| of an image'],
    );
  });

  it('show logit gaps in bins of half a power of two', () => {
    const [{ chart }] = logitCharts(material);
    assert.deepEqual(tips(standaloneSvg(chart)), [
      'base: gap of 2 to 2.828 on 5 of 8 images',
      'base: gap of 4 to 5.657 on 3 of 8 images',
      'hard: gap of 32 to 45.25 on 8 of 8 images',
    ]);
  });

  it('show minimal distances as steps that end at the share found', () => {
    const [{ chart, file }] = minimalCharts(material);
    assert.equal(file, 'minimal-deepfool-l2');
    assert.match(chart.description, /found in all: base 87\.50 %$/);
    // Distances 0, 0, 1, 2, 3, 4, 5 of eight images: the last step is at 7/8.
    assert.match(
      standaloneSvg(chart),
      /<path class="line s1" d="M50 210H50V187\.5H50V165H105\.6V142\.5H161\.2V120H216\.8V97\.5H272\.4V75H328V52\.5"/,
    );
  });

  it('count the wrong images below each confusion matrix', () => {
    const charts = confusionCharts(material);
    assert.deepEqual(
      charts.map(({ chart: { title, description } }) => [title, description.split(';')[0]]),
      [
        ['base: accuracy 75.00 %', 'confusion matrix of base on 8 images, 2 of them wrong'],
        ['hard: accuracy 87.50 %', 'confusion matrix of hard on 8 images, 1 of them wrong'],
      ],
    );
    assert.deepEqual(tips(standaloneSvg(charts[1].chart)), [
      'true 0, predicted 0: 2',
      'true 1, predicted 1: 3',
      'true 2, predicted 0: 1',
      'true 2, predicted 2: 2',
    ]);
  });

  it('have files of different names, whatever the names of models', () => {
    const models = ['m', 'M', 'm-2'].map((name) => ({ ...handmade.models[0], name }));
    const charts = confusionCharts(materialOf({ ...handmade, models }, WORDING));
    assert.deepEqual(
      charts.map(({ file }) => file),
      ['confusion-m', 'confusion-m-2', 'confusion-m-2-2'],
    );
    assert.deepEqual(trainingCharts(material), []);
  });
});

describe('pictures', () => {
  it('of perturbations are red where lighter, blue where darker, white where unchanged', () => {
    const { rgb } = perturbationPicture(Float32Array.of(0.5, -0.5, 0, 0.25), [2, 2], 0.5);
    assert.deepEqual([...rgb], [255, 0, 0, 0, 0, 255, 255, 255, 255, 255, 128, 128]);
    const ofColors = perturbationPicture(Float32Array.of(0.3, 0, 0, -0.1, -0.1, -0.1), [1, 2], 0.1);
    assert.deepEqual([...ofColors.rgb], [255, 0, 0, 0, 0, 255]);
  });

  it('have the pixels of gray and of RGB images, clipped to [0, 1]', () => {
    assert.deepEqual(
      [...pictureOf(Float32Array.of(0, 1.5, 0.2), [1, 3, 1]).rgb],
      [0, 0, 0, 255, 255, 255, 51, 51, 51],
    );
    assert.deepEqual([...pictureOf(Float32Array.of(0, 1, 0.2), [1, 1, 3]).rgb], [0, 255, 51]);
  });

  it('stand in a grid from the left and the top', () => {
    const gray = (value: number) => pictureOf(Float32Array.of(value), [1, 1, 1]);
    const png = PNG.sync.read(encodeGrid([[gray(0), gray(0.2)], [gray(0.4)]], 1, 1));
    const values = [0, 1, 2, 3, 4].map((y) =>
      [0, 1, 2, 3, 4].map((x) => png.data[4 * (5 * y + x)]),
    );
    assert.deepEqual(values, [
      [255, 255, 255, 255, 255],
      [255, 0, 255, 51, 255],
      [255, 255, 255, 255, 255],
      [255, 102, 255, 255, 255],
      [255, 255, 255, 255, 255],
    ]);
    for (const shape of [
      [1, 2, 1],
      [2, 1, 1],
    ] as const) {
      const other = pictureOf(Float32Array.of(0, 0), shape);
      for (const row of [
        [gray(0), other],
        [other, gray(0)],
        [gray(0), gray(0), other],
      ]) {
        assert.throws(() => encodeGrid([row]), RangeError);
        assert.throws(() => encodeGrid(row.map((picture) => [picture])), RangeError);
      }
    }
  });

  it('have the predicted class in red where fooled and in green where right', () => {
    const grids = exampleGrids(handmade);
    const file = grids.get('base-fgsm-Linf-0.1-softmax.png');
    assert.ok(file);
    const png = PNG.sync.read(Buffer.from(file));
    const colorsOf = (left: number, top: number, width: number, height: number) => {
      const colors = new Set<string>();
      for (let y = top; y < top + height; y++) {
        for (let x = left; x < left + width; x++) {
          const from = 4 * (y * png.width + x);
          const [r, g, b] = png.data.subarray(from, from + 3);
          if (r !== g || g !== b || r === 70) colors.add([r, g, b].join());
        }
      }
      return [...colors];
    };
    // Tiles of 2 x 10 pixels, three times enlarged, six apart: the class stands below the first row.
    const captionOf = (row: number, column: number) =>
      colorsOf(6 + column * 12, 6 + row * 36 + 3, 6, 27);
    const [right, wrong, neutral] = ['0,110,40', '190,0,30', '70,70,70'];
    // Clean: image 1 is wrong. Attacked: 0, 1 and 2 are wrong, 3 is right.
    assert.deepEqual(
      [0, 1, 2, 3].map((column) => captionOf(0, column)),
      [[neutral], [wrong], [neutral], [neutral]],
    );
    assert.deepEqual(
      [0, 1, 2, 3].map((column) => captionOf(1, column)),
      [[wrong], [wrong], [wrong], [right]],
    );
  });
});

describe('the example sprites', () => {
  const sprites = exampleSpritesOf(handmade);
  assert.ok(sprites);
  const pixels = (png: Buffer) => {
    const { data, width } = PNG.sync.read(png);
    return Array.from({ length: width }, (_, x) => [...data.subarray(4 * x, 4 * x + 3)].join());
  };

  it('have the naive attack first, then the strongest, by rising eps', () => {
    assert.deepEqual(sprites.attacks, ['fgsm softmax (Linf)', 'pgd margin steps=100 (Linf)']);
    assert.deepEqual(
      sprites.sets.map(({ attack, eps }) => [attack, eps]),
      [
        [0, 0.1],
        [0, 0.3],
        [1, 0.1],
        [1, 0.3],
      ],
    );
    assert.equal(naiveSet(sprites), 1);
    assert.equal(initialSet(sprites), 3, 'the strongest, at the eps of the naive one');
    assert.deepEqual(
      [sprites.count, sprites.labels, sprites.indices],
      [4, [0, 0, 1, 1], [10, 11, 12, 13]],
    );
  });

  it('have the pixels of originals, attacked images and changes', () => {
    const gray = (value: number) => [value, value, value].join();
    assert.deepEqual(pixels(sprites.originals), [0, 255, 51, 102, 153, 204, 102, 51].map(gray));
    const [{ attacked, change }] = sprites.sets[0].perModel;
    assert.deepEqual(pixels(attacked), [51, 255, 51, 102, 153, 102, 102, 51].map(gray));
    const [white, red, blue] = ['255,255,255', '255,0,0', '0,0,255'];
    assert.deepEqual(pixels(change), [red, white, white, white, white, blue, white, white]);
  });

  it('say who was fooled: a success on an image that was right before', () => {
    const [{ predictions }, hard] = sprites.sets[0].perModel;
    assert.deepEqual(predictions, [
      { predicted: 2, confidence: 0.5, isFooled: true },
      { predicted: 1, confidence: 0.55, isFooled: false },
      { predicted: 0, confidence: 0.65, isFooled: true },
      { predicted: 1, confidence: 0.75, isFooled: false },
    ]);
    assert.deepEqual(
      hard.predictions.map(({ isFooled }) => isFooled),
      [false, false, false, false],
    );
    assert.deepEqual(sprites.clean.get('hard')?.at(1), { predicted: 0, confidence: 0.98 });
    const lucky: EvaluationRecord = {
      ...handmade,
      attacks: handmade.attacks.map((attack) => ({
        ...attack,
        success: attack.success.map(() => true),
      })),
    };
    const [ofBase] = exampleSpritesOf(lucky)?.sets[0].perModel ?? [];
    assert.deepEqual(
      ofBase.predictions.map(({ isFooled }) => isFooled),
      [true, false, true, true],
    );
  });

  it('give an example that the naive attack fails on and another one does not', () => {
    const example = attackExampleOf(sprites, { primary: 'hard' });
    assert.ok(example);
    const { image, clean, pictures } = example;
    assert.deepEqual(
      [image, clean],
      [0, { model: 'hard', prediction: { predicted: 0, confidence: 0.99 } }],
    );
    assert.deepEqual(
      pictures.map(({ set, model, name, caption, prediction }) => [
        set,
        model,
        name,
        caption,
        prediction.predicted,
        prediction.isFooled,
      ]),
      [
        [1, 1, 'hard', 'fgsm softmax (Linf), eps 0.3', 0, false],
        [3, 1, 'hard', 'pgd margin steps=100 (Linf), eps 0.3', 1, true],
      ],
    );
    assert.equal(attackExampleOf(sprites, { primary: 'none' }), undefined);
  });
});
