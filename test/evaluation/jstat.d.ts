/** The part of jstat, which ships no types, that serves as an oracle. */
declare module 'jstat' {
  const jstat: {
    readonly beta: { inv(p: number, alpha: number, beta: number): number };
    readonly normal: { inv(p: number, mean: number, deviation: number): number };
    readonly studentt: { inv(p: number, degrees: number): number };
    combination(n: number, k: number): number;
  };
  export default jstat;
}
