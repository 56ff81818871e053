export { type Answer, answerOf, answerSentences, headline, withAnswer } from './answer.ts';
export { answerLines } from './answer-lines.ts';
export {
  attackSummaryTable,
  levelTable,
  queryTable,
  targetDistanceTable,
  targetTable,
} from './attack-tables.ts';
export { buildReport, type Report } from './build.ts';
export { cardMarkdown } from './card/markdown.ts';
export { type ModelCardDocument, modelCard } from './card/model-card.ts';
export { boundsTable, certificateTable } from './certificate-table.ts';
export { policyOf } from './document.ts';
export { exampleGrids } from './example-grid.ts';
export type { FlagText } from './flag-text.ts';
export { encodeGrid, type Picture, perturbationPicture, pictureOf } from './image-grid.ts';
export { junit } from './junit.ts';
export { githubAnnotations, logLine } from './log-lines.ts';
export { materialOf, readRecord, type Wording } from './material.ts';
export { playgroundPage } from './playground.ts';
export { accuracyOnAttacked, mainBudget, primaryModel } from './record-facts.ts';
export { buildReproductionReport } from './reproduction/build.ts';
export {
  type Claim,
  REPRODUCTION_SCHEMA,
  type ReproducedModel,
  type ReproductionResults,
} from './reproduction/results.ts';
export { claimTables, intervalNote } from './reproduction/tables.ts';
export { sarif } from './sarif.ts';
export type { Block, EvidenceText, Section } from './section.ts';
export { sectionsOf } from './sections.ts';
export { smoothingTable, topProbabilityTable } from './smoothing-table.ts';
export { buildSweepReport } from './sweep/build.ts';
export { type PointResult, SWEEP_RESULTS_SCHEMA, type SweepResults } from './sweep/results.ts';
export { sweepSentences } from './sweep/summary.ts';
export { pointsTable } from './sweep/tables.ts';
export {
  type Cell,
  hasUnreliableCells,
  isNumeric,
  NO_VALUE,
  numberCell,
  type Table,
  textCell,
} from './table.ts';
