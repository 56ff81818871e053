export {
  type Chart,
  dashed,
  inlineSvg,
  type Key,
  standaloneSvg,
  type Tick,
  ticksOf,
} from './canvas.ts';
export { type Hue, hueOf, hueOfLoss } from './colors.ts';
export { type Bar, type Histogram, histogramChart } from './histogram.ts';
export { type Axis, type Line, lineChart, type Point } from './lines.ts';
export { confusionChart } from './matrix.ts';
export { parallelChart } from './parallel.ts';
