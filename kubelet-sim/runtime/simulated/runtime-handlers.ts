/** What a RuntimeClass may name unless the options say otherwise: what is in wide use, and what upstream's tests have. */
export const RUNTIME_HANDLERS: readonly string[] = [
  'runc',
  'crun',
  'runsc',
  'gvisor',
  'kata',
  'kata-qemu',
  'kata-clh',
  'kata-fc',
  'nvidia',
  'spin',
  'wasmtime',
  'wasmedge',
  'test-handler',
];
