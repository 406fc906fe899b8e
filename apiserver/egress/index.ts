import type { Dial } from '../../runtime/index.ts';
import { type EgressName, readEgressConfiguration } from './config.ts';
import { tunnelBy } from './tunnel.ts';

/** Ways out, by what is reached; those that are direct have no dialer. */
export type Egress = ReadonlyMap<EgressName, Dial | undefined>;

/** What `--egress-selector-config-file` asks for. @throws UserError */
export const readEgress = (path: string): Egress =>
  new Map([...readEgressConfiguration(path)].map(([name, proxy]) => [name, proxy && tunnelBy(proxy)]));
