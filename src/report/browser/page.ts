/** What the report's page does beyond being read: sorting, pointing at charts, moving the images. */
import { enliveDigits } from './digits.ts';
import { enliveTables } from './tables.ts';
import { enliveCharts } from './tips.ts';

enliveTables();
enliveCharts();
enliveDigits();
