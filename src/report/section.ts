/** What a report is made of, before it is rendered. */
import type { Answer } from './answer.ts';
import type { AttackExample } from './attack-example.ts';
import type { ComparedModels, ExampleSprites } from './example-sprites.ts';
import type { FlagText } from './flag-text.ts';
import type { ReportChart } from './record-charts.ts';
import type { Table } from './table.ts';

/** The ids are anchors of the page. */
export type SectionId =
  | 'answer'
  | 'verdict'
  | 'accuracy'
  | 'robustness'
  | 'digits-section'
  | 'gradients'
  | 'logits'
  | 'minimal'
  | 'confusion'
  | 'training'
  | 'missing'
  | 'repeat';

/** A verdict in words. */
export interface VerdictText {
  /** The model and the budget. */
  readonly subject: string;
  readonly settled: boolean;
  readonly text: string;
  /** What a bound needs; empty where nothing does. */
  readonly evidence: readonly EvidenceText[];
  /** The command that would supply what is missing; of several verdicts, at the first. */
  readonly command: string | null;
}

/** One kind of evidence: whether it was seen, and what was. */
export interface EvidenceText {
  readonly met: boolean;
  readonly title: string;
  readonly detail: string;
}

/** How one record was measured. */
export interface Provenance {
  readonly command: string;
  readonly facts: readonly (readonly [name: string, value: string])[];
}

/** Where a model lies, and its settings in training. */
export interface ModelSource {
  readonly name: string;
  readonly folder: string;
  readonly temperature: number;
  readonly facts: readonly (readonly [name: string, value: string])[];
}

/** Content other than prose, charts and tables. */
export type Block =
  | { readonly kind: 'answer'; readonly answer: Answer }
  | { readonly kind: 'summary'; readonly sentences: readonly string[] }
  | { readonly kind: 'verdicts'; readonly verdicts: readonly VerdictText[] }
  | { readonly kind: 'flags'; readonly flags: readonly FlagText[] }
  | {
      readonly kind: 'attack-example';
      readonly sprites: ExampleSprites;
      readonly example: AttackExample;
    }
  | {
      readonly kind: 'example-cards';
      readonly sprites: ExampleSprites;
      readonly compared: ComparedModels;
    }
  | { readonly kind: 'missing'; readonly sentences: readonly string[] }
  | {
      readonly kind: 'provenance';
      readonly records: readonly Provenance[];
      readonly models: readonly ModelSource[];
    };

/** A section; renderers show its parts in the order of these properties. */
export interface Section {
  readonly id: SectionId;
  readonly title: string;
  /** Paragraphs that explain the section, with `*` around what is emphasized. */
  readonly prose: readonly string[];
  readonly blocks: readonly Block[];
  readonly charts: readonly ReportChart[];
  /** With at least one row each. */
  readonly tables: readonly Table[];
}
