export { buildReport, type Report } from './build.ts';
export { encodeGrid, type Picture, perturbationPicture, pictureOf } from './image-grid.ts';
export { readRecord } from './material.ts';
export { playgroundPage } from './playground.ts';
export { accuracyOnAttacked, worstCases } from './tables.ts';
export { mainBudget, subjectOf, verdict } from './verdict.ts';
