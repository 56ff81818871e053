export const PRESET_NAMES = ['quick'] as const;
export type PresetName = (typeof PRESET_NAMES)[number];
