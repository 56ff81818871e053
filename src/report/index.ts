export { buildReport, type Report } from './build.ts';
export { exampleGrids } from './example-grid.ts';
export { encodeGrid, type Picture, perturbationPicture, pictureOf } from './image-grid.ts';
export { readRecord } from './material.ts';
export { playgroundPage } from './playground.ts';
export { mainBudget, primaryModel, verdict } from './summary.ts';
export {
  accuracyOnAttacked,
  accuracyTable,
  attackSummaryTable,
  attackTable,
  type Cell,
  classTable,
  confusionTable,
  gateTable,
  gradientTable,
  isNumeric,
  minimalTable,
  type Table,
  targetDistanceTable,
  targetTable,
  testTable,
} from './tables.ts';
