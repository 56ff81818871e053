/** The report and the playground in a real browser. `npm run test:browser` runs it. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { distill } from '../e2e/distill.ts';
import { findChromium, startChromium } from './chromium.ts';

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const executable = findChromium();
if (!executable) {
  process.stderr.write(
    'skipped: no Chromium on the PATH (CHROMIUM names one; on Debian: apt-get install chromium)\n',
  );
}

const SIZES = {
  desktop: { width: 1280, height: 800 },
  wide: { width: 1920, height: 1080 },
  tablet: { width: 768, height: 1024 },
  phone: { width: 390, height: 844 },
} as const;
/** How many screens a report may take before anything is unfolded. */
const MOST_SCREENS = { desktop: 5, wide: 5, tablet: 8, phone: 8 } as const;
/** Size of a report, and of what a browser builds of it: it is ready in well under a second. */
const MOST_BYTES = 1_500_000;
const MOST_NODES = 8000;
const VIEWS = (['desktop', 'wide', 'tablet', 'phone'] as const).flatMap((size) =>
  (['light', 'dark'] as const).map((theme) => ({ size, theme })),
);

describe('in a browser', { skip: !executable }, () => {
  let folder: string;
  let browser: Browser;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'distill-browser-'));
    const size = ['--train-size', '3300', '--epochs', '3', '--samples', '100'];
    const run = await distill(folder, ['run', ...size, '--quiet']);
    assert.equal(run.code, 0, run.stderr);
    browser = await startChromium(executable as string);
  });
  after(async () => {
    await browser?.close();
    await rm(folder, { recursive: true });
  });

  const fileUrl = (name: string) => pathToFileURL(join(folder, 'report', name)).href;

  /** Opens a page and afterwards asserts that nothing went wrong and nothing was fetched. */
  async function visit(
    url: string,
    { size, theme }: (typeof VIEWS)[number],
    look: (page: Page) => Promise<void>,
  ): Promise<void> {
    const context = await browser.newContext({
      viewport: SIZES[size],
      colorScheme: theme,
      reducedMotion: 'reduce',
    });
    const page = await context.newPage();
    const faults: string[] = [];
    const requests: string[] = [];
    page.on('console', (message) => {
      if (message.type() !== 'log') faults.push(message.text());
    });
    page.on('pageerror', (error) => faults.push(String(error)));
    page.on('request', (request) => {
      if (!request.url().startsWith('data:')) requests.push(request.url());
    });
    await page.goto(url);
    await look(page);
    assert.deepEqual(faults, []);
    assert.deepEqual(requests, [url]);
    await context.close();
  }

  async function assertAccessible(page: Page): Promise<void> {
    await page.evaluate(axe);
    const violations = await page.evaluate(async () => {
      const { violations } = await (
        globalThis as unknown as { axe: typeof import('axe-core') }
      ).axe.run();
      return violations.map(
        ({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(' | ')}`,
      );
    });
    assert.deepEqual(violations, []);
  }

  /** Nothing sticks out of the page sideways. */
  async function assertFits(page: Page): Promise<void> {
    const [inner, outer] = await page.evaluate(() => [
      document.documentElement.scrollWidth,
      document.documentElement.clientWidth,
    ]);
    assert.ok(inner <= outer, `the page is ${inner} wide in a window of ${outer}`);
  }

  /** No two texts lie on one another, and no text is cut off at a side. */
  async function assertTextsApart(page: Page): Promise<void> {
    const faults = await page.evaluate(() => {
      const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
      const found: { text: string; box: DOMRect }[] = [];
      for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        const text = node.textContent?.trim() ?? '';
        const parent = node.parentElement;
        if (text === '' || !parent?.checkVisibility() || parent.closest('script, .skip')) continue;
        const range = document.createRange();
        range.selectNodeContents(node);
        for (const box of range.getClientRects()) {
          if (box.width > 0 && box.right > 0) found.push({ text: text.slice(0, 40), box });
        }
      }
      const width = document.documentElement.clientWidth;
      const cut = found.filter(({ box }) => box.left < -1 || box.right > width + 1);
      const overlapping = found.flatMap((a, i) =>
        found.slice(i + 1).flatMap((b) => {
          const across = Math.min(a.box.right, b.box.right) - Math.max(a.box.left, b.box.left);
          const down = Math.min(a.box.bottom, b.box.bottom) - Math.max(a.box.top, b.box.top);
          const least = 0.3 * Math.min(a.box.height, b.box.height);
          return across > 1.5 && down > least ? [`${a.text} / ${b.text}`] : [];
        }),
      );
      return [...cut.map(({ text }) => `cut off: ${text}`), ...overlapping];
    });
    assert.deepEqual(faults, []);
  }

  /** A table that must be moved sideways hides numbers. */
  async function assertTablesFit(page: Page): Promise<void> {
    const wide = await page.evaluate(() =>
      [...document.querySelectorAll('#answer .table')]
        .filter(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth)
        .map(({ id }) => id),
    );
    assert.deepEqual(wide, []);
  }

  /** What the design asks of the page besides how it looks. */
  async function assertDesigned(page: Page): Promise<void> {
    const found = await page.evaluate(() => {
      const legends = [...document.querySelectorAll('#robustness .legend')];
      return {
        nodes: [...document.querySelectorAll('*')].length,
        blocking: [
          ...document.querySelectorAll('script[src], link[rel=stylesheet], script:not([type])'),
        ].length,
        digests: /\b[0-9a-f]{24,}\b/.exec(document.body.textContent ?? '')?.[0],
        hasResults: [...document.querySelectorAll('a[href="results.json"]')].length > 0,
        attack:
          document.querySelector<HTMLSelectElement>('select[name=attack]')?.selectedOptions[0]
            .textContent,
        arrows: [...document.querySelectorAll('thead')].filter(({ textContent }) =>
          /[↑↓↕]/.test(textContent ?? ''),
        ).length,
        lines: [...document.querySelectorAll('#answer .chart .line')].length,
        legends: legends.length,
        names: legends.map((one) => [...one.children].map(({ textContent }) => textContent)),
        inCharts: [...document.querySelectorAll('#robustness .chart text')].filter(
          ({ textContent }) => /margin|softmax/.test(textContent ?? ''),
        ).length,
      };
    });
    assert.ok(found.nodes < MOST_NODES, `${found.nodes} nodes`);
    assert.equal(found.blocking, 0, 'nothing holds up the first picture');
    assert.equal(found.digests, undefined, 'digests are shortened');
    assert.ok(found.hasResults);
    assert.match(found.attack ?? '', /margin/, 'the gallery opens on the strongest attack');
    assert.equal(found.arrows, 0);
    assert.ok(found.lines >= 4, 'two models, naive and adaptive');
    assert.ok(found.legends > 0, 'charts of one kind share a legend');
    assert.equal(found.inCharts, 0, 'and have none of their own');
    for (const names of found.names) assert.equal(new Set(names).size, names.length);
    assert.ok(found.names.flat().some((name) => name?.startsWith('dotted: the gradient')));
  }

  const unfoldAll = (page: Page) =>
    page.evaluate(() => {
      for (const details of document.querySelectorAll('details')) details.open = true;
    });

  const visibleCards = (page: Page) => page.locator('#digits .card:not([hidden])');

  for (const view of VIEWS) {
    it(`the report works at ${view.size} width in the ${view.theme} theme`, () =>
      visit(fileUrl('index.html'), view, async (page) => {
        const first = await page.evaluate(() => ({
          screens: document.documentElement.scrollHeight / window.innerHeight,
          headline: document.querySelector('h1')?.getBoundingClientRect().bottom ?? 1e9,
          lead:
            [...document.querySelectorAll('.lead')].at(-1)?.getBoundingClientRect().bottom ?? 1e9,
        }));
        const { height } = SIZES[view.size];
        assert.ok(first.screens <= MOST_SCREENS[view.size], `${first.screens} screens`);
        assert.ok(first.headline < height / 2 && first.lead < height, JSON.stringify(first));
        await assertFits(page);
        await assertTablesFit(page);
        await assertTextsApart(page);
        await assertAccessible(page);
        const chart = await page.locator('#answer .chart').first().boundingBox();
        assert.ok(chart && chart.y < height, 'the chart begins on the first screen');
        await assertDesigned(page);
        await unfoldAll(page);
        await assertFits(page);
        await assertAccessible(page);
        assert.equal(await visibleCards(page).count(), 24);

        const slider = page.locator('input[name=eps]');
        const change = page.locator('#digits [data-model="0"] use').first();
        const atMost = await change.getAttribute('href');
        await slider.focus();
        await page.keyboard.press('ArrowLeft');
        assert.equal(await page.locator('output[name=eps-value]').textContent(), '0.1');
        assert.notEqual(await change.getAttribute('href'), atMost);
        await page.keyboard.press('ArrowRight');

        await page.selectOption('select[name=attack]', '0');
        const counts: number[] = [];
        for (const who of ['first', 'both', 'primary', 'none']) {
          await page.check(`input[value=${who}]`);
          counts.push(await visibleCards(page).count());
          assert.match(
            (await page.locator('#digit-status').textContent()) ?? '',
            new RegExp(`^${counts.at(-1)} of 24`),
          );
        }
        assert.equal(
          counts.reduce((a, b) => a + b),
          24,
        );
        assert.ok(counts[0] > 0, 'the naive attack fools only the baseline on some images');

        await page.check('input[value=all]');
        await page.selectOption('select[name=attack]', '1');
        const shown = await page.evaluate(() => {
          const data = JSON.parse(document.querySelector('#digit-data')?.textContent ?? '');
          const set = data.sets.find(
            ({ attack, eps }: { attack: number; eps: number }) => attack === 1 && eps === 0.3,
          );
          const wanted = set.perModel[0].predictions.map(
            ([predicted, confidence, isFooled]: readonly number[]) =>
              `${predicted} (${(100 * confidence).toFixed(1)} %) ${isFooled === 1}`,
          );
          const found = [...document.querySelectorAll('[data-model="0"] .predicted')].map(
            (one) => `${one.textContent} ${one.classList.contains('fooled')}`,
          );
          return { wanted, found };
        });
        assert.deepEqual(shown.found, shown.wanted);

        if (view.size !== 'phone') {
          // There, rows are cards without headings.
          const cells = page.locator('#table-accuracy tbody tr > :first-child');
          await page.click('#table-accuracy th:nth-child(1) button');
          assert.deepEqual(await cells.allTextContents(), ['baseline', 'student', 'teacher']);
          await page.click('#table-accuracy th:nth-child(1) button');
          assert.deepEqual(await cells.allTextContents(), ['teacher', 'student', 'baseline']);
        }

        const mark = page.locator('.chart circle').last();
        await mark.scrollIntoViewIfNeeded();
        await page.waitForTimeout(200); // a tip goes when the page scrolls
        await mark.hover();
        assert.match((await page.locator('#tip').textContent()) ?? '', /^student, epoch 3/);
        assert.ok(await page.locator('#tip').isVisible());
      }));

    it(`the playground works at ${view.size} width in the ${view.theme} theme`, () =>
      visit(fileUrl('playground.html'), view, async (page) => {
        const status = page.locator('#status');
        await status.getByText('Computed here').waitFor();
        await assertFits(page);
        await assertTextsApart(page);
        await assertAccessible(page);

        // A 1, drawn by hand.
        await page.click('#clear');
        await page.locator('#pad').scrollIntoViewIfNeeded();
        const box = await page.locator('#pad').boundingBox();
        assert.ok(box);
        await page.mouse.move(box.x + box.width / 2, box.y + box.height * 0.2);
        await page.mouse.down();
        await page.mouse.move(box.x + box.width / 2, box.y + box.height * 0.8, { steps: 8 });
        await page.mouse.up();
        assert.equal(await page.inputValue('select[name=label]'), '1');

        const outcome = async (attack: string, loss: string, model: number) => {
          await page.selectOption('select[name=attack]', attack);
          await page.selectOption('select[name=loss]', loss);
          return page.locator(`#model-${model} [data-part=after]`).textContent();
        };
        const gradient = page.locator('#model-1 [data-part=gradient-text]');
        await page.fill('input[name=eps]', '0.5');
        assert.match((await outcome('pgd', 'margin', 0)) ?? '', /^[^1] \(/);
        assert.match((await outcome('pgd', 'margin', 1)) ?? '', /^[^1] \(/);
        assert.match((await gradient.textContent()) ?? '', /^largest/);
        await page.fill('input[name=eps]', '0');
        assert.match((await outcome('pgd', 'margin', 0)) ?? '', /^1 \(.*correct$/);

        // Another model on one side: all else stays as it is.
        const text = (selector: string) => page.locator(selector).textContent();
        await page.fill('input[name=eps]', '0.5');
        const [first, second] = await Promise.all([0, 1].map((m) => text(`#model-${m}`)));
        assert.deepEqual(await page.locator('#choice-1 option').allTextContents(), [
          'baseline (trained at T = 1)',
          'teacher (trained at T = 40)',
          'student (trained at T = 40)',
        ]);
        await page.getByRole('combobox', { name: 'Second model' }).selectOption('0');
        for (const name of ['before', 'after', 'gradient-text', 'change-text']) {
          const [a, b] = await Promise.all(
            [0, 1].map((m) => text(`#model-${m} [data-part=${name}]`)),
          );
          assert.equal(a, b, 'one model, one answer');
        }
        assert.match((await status.textContent()) ?? '', /^baseline .*; baseline /);
        assert.equal(await text('#model-0'), first);
        assert.equal(await page.inputValue('select[name=attack]'), 'pgd');
        assert.equal(await page.inputValue('select[name=label]'), '1');
        await page.getByRole('combobox', { name: 'Second model' }).selectOption('2');
        assert.equal(await text('#model-1'), second);
        await assertAccessible(page);
      }));
  }

  it('opens on the contrast, refuses an empty image, undoes, and is carried by a link', () =>
    visit(fileUrl('playground.html'), VIEWS[0], async (page) => {
      const status = page.locator('#status');
      await status.getByText('Computed here').waitFor();
      const result = (model: number) => page.locator(`#model-${model} [data-part=after]`);
      assert.match((await result(0).textContent()) ?? '', /, fooled$/);
      assert.match((await result(1).textContent()) ?? '', /, correct$/);

      await page.click('#clear');
      assert.match((await status.textContent()) ?? '', /^The image is empty: draw a digit/);
      assert.ok(await page.locator('#model-0').isHidden());
      await page.click('#undo');
      assert.match((await status.textContent()) ?? '', /Computed here/);
      assert.ok(await page.locator('#model-0').isVisible());

      await page.selectOption('select[name=attack]', 'pgd');
      await page.selectOption('select[name=loss]', 'margin');
      await page.fill('input[name=eps]', '0.21');
      const link = await page.evaluate(
        () => document.querySelector<HTMLAnchorElement>('#link')?.href ?? '',
      );
      const other = await page.context().newPage();
      await other.goto(link);
      await other.locator('#status').getByText('Computed here').waitFor();
      assert.equal(await other.inputValue('select[name=attack]'), 'pgd');
      assert.equal(await other.inputValue('select[name=loss]'), 'margin');
      assert.equal(await other.inputValue('input[name=eps]'), '0.21');
      for (const model of [0, 1]) {
        assert.equal(
          await other.locator(`#model-${model} [data-part=before]`).textContent(),
          await page.locator(`#model-${model} [data-part=before]`).textContent(),
        );
      }
      await other.close();
    }));

  it('a digit can be drawn, erased and attacked by keyboard alone', () =>
    visit(fileUrl('playground.html'), VIEWS[0], async (page) => {
      await page.locator('#status').getByText('Computed here').waitFor();
      const { keyboard } = page;
      const tabTo = async (selector: string) => {
        for (let step = 0; step < 20; step++) {
          if (await page.locator(`${selector}:focus`).count()) return;
          await keyboard.press('Tab');
        }
        assert.fail(`${selector} is out of the keyboard's reach`);
      };
      const press = async (key: string, times = 1) => {
        for (let i = 0; i < times; i++) await keyboard.press(key);
      };
      const ink = () =>
        page.evaluate(() => {
          const canvas = document.querySelector('#pad') as HTMLCanvasElement;
          const { width, height } = canvas;
          const copy = new OffscreenCanvas(width, height).getContext('2d', {
            willReadFrequently: true,
          }) as OffscreenCanvasRenderingContext2D;
          copy.drawImage(canvas, 0, 0);
          const { data } = copy.getImageData(0, 0, width, height);
          return data.filter((value, i) => i % 4 === 0 && value > 127).length;
        });
      const status = page.locator('#pad-status');
      const cursor = page.locator('#cursor');

      assert.ok(await cursor.isHidden());
      await tabTo('#clear');
      await press('Enter');
      assert.equal(await ink(), 0);
      await keyboard.press('Shift+Tab');
      assert.ok(await page.locator('#pad:focus').count());
      assert.ok(await cursor.isVisible());
      assert.equal(await status.textContent(), 'Row 15, column 15');

      // A 1: up, pen down, down, pen up.
      await press('ArrowUp', 9);
      assert.equal(await ink(), 0, 'the cursor alone leaves no trace');
      await press('Space');
      assert.equal(await status.textContent(), 'Row 6, column 15, pen down');
      await press('ArrowDown', 16);
      await press('Space');
      assert.equal(await status.textContent(), 'Row 22, column 15');
      assert.equal(await page.inputValue('select[name=label]'), '1');
      assert.match((await page.locator('#model-0 [data-part=before]').textContent()) ?? '', /^1 /);
      await assertAccessible(page);

      // A foot, rubbed out again; the cursor stops at the edge.
      const stem = await ink();
      assert.ok(stem > 30, `${stem} pixels`);
      await press('Enter');
      await press('ArrowRight', 20);
      assert.equal(await status.textContent(), 'Row 22, column 28, pen down');
      assert.ok((await ink()) > stem + 20);
      await press('Delete');
      assert.equal(await status.textContent(), 'Row 22, column 28, eraser down');
      await press('ArrowLeft', 9);
      await keyboard.press('Delete');
      assert.ok((await ink()) < stem + 20);

      // Leaving lifts the pen, and the keys then scroll the page as ever.
      await press('Space');
      await keyboard.press('Tab');
      assert.ok(await cursor.isHidden());
      assert.equal(await status.textContent(), '');

      // Attacked by keyboard.
      await page.locator('select[name=loss]').focus();
      await keyboard.type('margin');
      assert.equal(await page.inputValue('select[name=loss]'), 'margin');
      assert.match((await page.locator('#about-loss').textContent()) ?? '', /^margin: /);
    }));

  it('the report can be read without JavaScript', async () => {
    const context = await browser.newContext({ javaScriptEnabled: false, viewport: SIZES.phone });
    const page = await context.newPage();
    await page.goto(fileUrl('index.html'));
    assert.ok(await page.locator('.lead').first().isVisible());
    assert.ok(await page.locator('#table-answer').isVisible());
    for (const id of ['robustness', 'digits-section']) await page.click(`#${id} > summary`);
    assert.ok(await page.locator('#table-attacks').isVisible());
    assert.equal(await visibleCards(page).count(), 24);
    assert.ok(await page.locator('#digits .tile').first().isVisible());
    assert.ok(await page.locator('#digit-controls').isHidden());
    await context.close();
  });

  it('the report is small, and prints on four pages', async () => {
    const { size } = await stat(join(folder, 'report/index.html'));
    assert.ok(size < MOST_BYTES, `${size} bytes`);
    const page = await browser.newPage();
    await page.goto(fileUrl('index.html'));
    const pdf = await page.pdf({ format: 'A4' });
    const pages = pdf.toString('latin1').match(/\/Type\s*\/Page\b/g)?.length ?? 0;
    assert.ok(pages >= 1 && pages <= 4, `${pages} pages`);
    await page.close();
  });

  it('every part can be reached by keyboard, in order', async () => {
    await visit(fileUrl('index.html'), VIEWS[0], async (page) => {
      const seen: string[] = [];
      for (let step = 0; step < 40; step++) {
        await page.keyboard.press('Tab');
        seen.push(
          await page.evaluate(() => {
            const { activeElement } = document;
            return `${activeElement?.tagName} ${activeElement?.textContent?.slice(0, 20)}`;
          }),
        );
      }
      assert.match(seen[0], /^A Skip to the answer/);
      assert.ok(seen.some((one) => one.startsWith('BUTTON student')));
      assert.ok(seen.some((one) => one.startsWith('SUMMARY Verdicts')));
      assert.equal(new Set(seen.slice(0, 12)).size, 12, 'no trap');
    });
  });

  it('distill playground serves the same page, on this machine only', async () => {
    const program = fileURLToPath(new URL('../../bin/distill.js', import.meta.url));
    const server = spawn(process.execPath, [program, 'playground', '--json', '--quiet'], {
      cwd: folder,
    });
    const [line] = await once(server.stdout, 'data');
    const { url } = JSON.parse(String(line));
    assert.match(url, /^http:\/\/127\.0\.0\.1:\d+\/$/);
    await visit(url, VIEWS[0], (page) => page.locator('#status').getByText('Computed').waitFor());
    const { status } = await fetch(`${url}../../etc/passwd`);
    assert.equal(status, 404);
    server.kill();
    await once(server, 'exit');
  });
});
