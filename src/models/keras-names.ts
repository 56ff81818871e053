/** Keras' own rule for names in archives: `BatchNormalization` to `batch_normalization`. */
function snakeCase(className: string): string {
  return className
    .replace(/\W+/g, '')
    .replace(/(.)([A-Z][a-z]+)/g, '$1_$2')
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase();
}

/**
 * What a Keras archive calls the groups of weights of a model's layers: by class and count, whatever
 * a layer's name is, such as `conv2d`, `dense`, `conv2d_1`.
 */
export function archiveGroups(classNames: readonly string[]): string[] {
  const counts = new Map<string, number>();
  return classNames.map((className) => {
    const stem = snakeCase(className);
    const count = counts.get(stem) ?? 0;
    counts.set(stem, count + 1);
    return count === 0 ? stem : `${stem}_${count}`;
  });
}
