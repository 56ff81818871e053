import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';

/** SVG to PNG at twice the size, for screens and slides. */
export type Rasterize = (svg: string) => Uint8Array;

/**
 * The rasterizer with its font, or undefined where these optional packages are not installed, such as
 * on a machine for which the rasterizer was not built.
 */
export async function loadRasterizer(): Promise<Rasterize | undefined> {
  const require = createRequire(import.meta.url);
  let resvg: typeof import('@resvg/resvg-js');
  let files: string[];
  try {
    resvg = await import('@resvg/resvg-js');
    files = ['DejaVuSans.ttf', 'DejaVuSans-Bold.ttf'].map((name) =>
      require.resolve(`dejavu-fonts-ttf/ttf/${name}`),
    );
  } catch {
    return undefined;
  }
  await Promise.all(files.map((file) => readFile(file))); // resvg is silent about a missing font
  return (svg) =>
    new resvg.Resvg(svg, {
      font: { fontFiles: files, loadSystemFonts: false, defaultFontFamily: 'DejaVu Sans' },
      fitTo: { mode: 'zoom', value: 2 },
    })
      .render()
      .asPng();
}
