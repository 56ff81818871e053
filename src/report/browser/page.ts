/** The interactive parts of the report's page: chart tips, sorting, and the example controls. */
import { showChartTips } from './chart-tips.ts';
import { runExampleControls } from './example-cards.ts';
import { makeTablesSortable } from './sortable-tables.ts';

makeTablesSortable();
showChartTips();
runExampleControls();
