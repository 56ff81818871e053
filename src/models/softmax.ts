/**
 * softmax(logits / T) row by row, computed in double precision.
 * @param temperature T > 0
 */
export function softmaxOf(
  logits: Float32Array,
  classes: number,
  temperature: number,
): Float32Array {
  const probabilities = new Float32Array(logits.length);
  for (let start = 0; start < logits.length; start += classes) {
    const row = logits.subarray(start, start + classes);
    const top = Math.max(...row);
    let sum = 0;
    for (const logit of row) sum += Math.exp((logit - top) / temperature);
    for (let c = 0; c < classes; c++) {
      probabilities[start + c] = Math.exp((row[c] - top) / temperature) / sum;
    }
  }
  return probabilities;
}
