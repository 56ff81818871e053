/** What a bundler makes of it: the address of the file. */
declare module 'distill/kernels.wasm' {
  const address: string;
  export default address;
}
