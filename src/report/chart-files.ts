/** Charts as files of their own: SVG and, where a rasterizer is installed, PNG. */
import { standaloneSvg } from './charts/index.ts';
import { loadRasterizer } from './png.ts';
import type { ReportChart } from './record-charts.ts';

export async function addCharts(
  files: Map<string, string | Uint8Array>,
  charts: readonly ReportChart[],
): Promise<void> {
  const rasterize = await loadRasterizer();
  for (const { file, chart } of charts) {
    const svg = standaloneSvg(chart);
    files.set(`charts/${file}.svg`, svg);
    if (rasterize) files.set(`charts/${file}.png`, rasterize(svg));
  }
}
