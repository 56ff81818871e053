export { histogramChart, type Row } from './bars.ts';
export {
  type Chart,
  type Hue,
  hueOf,
  inlineSvg,
  standaloneSvg,
  type Tick,
  ticksOf,
} from './canvas.ts';
export { type Line, lineChart } from './lines.ts';
export { confusionChart } from './matrix.ts';
