// Options of etcd that command lines of a single member carry, and that change nothing here.
import { OptionError, type OptionTable, type OptionValues, option } from '../runtime/index.ts';

const ALONE = 'there are no other members';
const LOG = 'the log is files of LevelDB, which sees to them';

export const acceptedOptions = {
  'listen-peer-urls': option.inert('list', ALONE),
  'initial-advertise-peer-urls': option.inert('list', ALONE),
  'initial-cluster-state': option.inert('string', ALONE),
  'initial-cluster-token': option.inert('string', ALONE),
  'peer-cert-file': option.inert('string', ALONE),
  'peer-key-file': option.inert('string', ALONE),
  'peer-trusted-ca-file': option.inert('string', ALONE),
  'peer-client-cert-auth': option.inert('boolean', ALONE),
  'heartbeat-interval': option.inert('integer', ALONE),
  'election-timeout': option.inert('integer', ALONE),
  'snapshot-count': option.inert('integer', LOG),
  'max-snapshots': option.inert('integer', LOG),
  'max-wals': option.inert('integer', LOG),
  'unsafe-no-fsync': option.inert('boolean', 'what is answered is on the disk'),
  'initial-cluster': option.list('Members of the cluster, as name=URL: this one only, there are no others.', [], {
    placeholder: 'MEMBERS',
  }),
} satisfies OptionTable;

/** @throws OptionError when other members are hoped for. */
export function checkAlone({ 'initial-cluster': members }: Pick<OptionValues<typeof acceptedOptions>, 'initial-cluster'>): void {
  const names = new Set(members.map((member) => member.split('=', 1)[0]));
  if (names.size > 1) throw new OptionError('option --initial-cluster cannot have more than one member: the store runs alone');
}
