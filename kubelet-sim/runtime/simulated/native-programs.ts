import { coreDns } from './coredns/coredns.ts';
import { CSI_PROGRAMS } from './csi/index.ts';
import type { Program } from './program.ts';
import { TEST_PROGRAMS } from './test-images/index.ts';

/** Programs of this code by their names in descriptions of images; made from the command line. */
export const NATIVE_PROGRAMS: Readonly<Record<string, (argv: readonly string[]) => Program>> = {
  coredns: coreDns,
  ...CSI_PROGRAMS,
  ...TEST_PROGRAMS,
};
