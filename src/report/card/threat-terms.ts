/**
 * Attacks in the terms of NIST AI 100-2 E2025, "Adversarial Machine Learning: A Taxonomy and
 * Terminology of Attacks and Mitigations", and with the ids of MITRE ATLAS.
 */
import { type Access, attackNamed } from '../../attacks/index.ts';

export interface Technique {
  readonly id: string;
  readonly name: string;
}

/** What an attacker of one kind knows and may do. */
interface Attacker {
  readonly knowledge: 'white-box' | 'black-box';
  readonly capabilities: readonly string[];
  readonly techniques: readonly Technique[];
}

const EVADE: Technique = { id: 'AML.T0015', name: 'Evade AI Model' };
const TESTING_DATA = 'testing data control';
const QUERIES = 'query access';
const QUERY_TECHNIQUES: readonly Technique[] = [
  { id: 'AML.T0040', name: 'AI Model Inference API Access' },
  { id: 'AML.T0043.001', name: 'Craft Adversarial Data: Black-Box Optimization' },
  EVADE,
];

const ATTACKERS: Readonly<Record<Access, Attacker>> = {
  gradient: {
    knowledge: 'white-box',
    capabilities: [TESTING_DATA],
    techniques: [
      { id: 'AML.T0044', name: 'Full AI Model Access' },
      { id: 'AML.T0043.000', name: 'Craft Adversarial Data: White-Box Optimization' },
      EVADE,
    ],
  },
  scores: {
    knowledge: 'black-box',
    capabilities: [TESTING_DATA, QUERIES],
    techniques: QUERY_TECHNIQUES,
  },
  decision: {
    knowledge: 'black-box',
    capabilities: [TESTING_DATA, QUERIES],
    techniques: QUERY_TECHNIQUES,
  },
  'source-gradient': {
    knowledge: 'black-box',
    capabilities: [TESTING_DATA],
    techniques: [
      { id: 'AML.T0043.002', name: 'Craft Adversarial Data: Black-Box Transfer' },
      EVADE,
    ],
  },
  surrogate: {
    knowledge: 'black-box',
    capabilities: [TESTING_DATA, QUERIES],
    techniques: [
      { id: 'AML.T0005.001', name: 'Create Proxy AI Model: Train Proxy via Replication' },
      { id: 'AML.T0043.002', name: 'Craft Adversarial Data: Black-Box Transfer' },
      EVADE,
    ],
  },
};

/** The attacker of an attack; of one that only another version knows, undefined. */
export function attackerOf(attack: string): Attacker | undefined {
  try {
    return ATTACKERS[attackNamed(attack).access];
  } catch {
    return undefined;
  }
}

/** What no evaluation of this program measures, in the same terms. */
export const OUT_OF_SCOPE: readonly string[] = [
  'poisoning and backdoors (NIST AI 100-2: integrity violations by training data control)',
  'privacy attacks, such as membership inference and model extraction',
  'availability attacks',
  'perturbations without a norm, such as rotations, patches and changes of light',
  'physical attacks, and images from other sources than the test images',
  'attackers who know how this model was evaluated and attack that knowledge',
];
