export { type Bar, histogramChart, type Row } from './bars.ts';
export {
  CHART_STYLE,
  type Chart,
  type Hue,
  hueOf,
  inlineSvg,
  standaloneSvg,
  type Tick,
  ticksOf,
} from './canvas.ts';
export { type Line, lineChart, type Point } from './lines.ts';
export { confusionChart } from './matrix.ts';
