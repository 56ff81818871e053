export const WEIGHT_ROLES = ['kernel', 'bias', 'scale', 'offset'] as const;
export type WeightRole = (typeof WEIGHT_ROLES)[number];

/** A weight's name, shape and role, in the order in which weights are created and stored. */
export interface WeightSpec {
  /** `layer/role`, such as `conv1/kernel`. */
  readonly name: string;
  readonly shape: readonly number[];
  readonly layer: string;
  readonly role: WeightRole;
  /** Inputs to one unit, for the initial scale. */
  readonly fanIn: number;
  /** Units one input feeds, for the initial scale. */
  readonly fanOut: number;
}

/** A weight's values outside the engine: what is saved, loaded and compared. */
export interface Weight {
  readonly spec: WeightSpec;
  /** Row-major, as many as `spec.shape` has elements. */
  readonly values: Float32Array;
}

/** Looks weights up by layer and role. */
type WeightLookup = (layer: string, role: WeightRole) => Weight;

/** @throws Error from the lookup when there is no such weight */
export function weightLookup(weights: readonly Weight[]): WeightLookup {
  const byName = new Map(weights.map((weight) => [weight.spec.name, weight]));
  return (layer, role) => {
    const found = byName.get(`${layer}/${role}`);
    if (!found) throw new Error(`there is no weight ${layer}/${role}`);
    return found;
  };
}
