export const PRESET_NAMES = ['quick', 'standard', 'paper'] as const;
export type PresetName = (typeof PRESET_NAMES)[number];

/** Test images that a preset attacks by default. */
export const PRESET_SAMPLES: Readonly<Record<PresetName, number>> = {
  quick: 1000,
  standard: 1000,
  paper: 100,
};
