import { type OptionTable, option, processOptions } from '../runtime/index.ts';
import { acceptedOptions } from './accepted-options.ts';
import { autoCompactionOptions } from './compaction/auto-compaction.ts';

/** What `nanokube store` takes; names are etcd's. */
export const storeOptions = {
  'data-dir': option.string('Where the database is, in its folder store: the same as the cluster’s.', '.nanokube', { placeholder: 'DIR' }),
  name: option.string('Name of this member.', 'default', { placeholder: 'NAME' }),
  'listen-client-urls': option.list('Where to serve; http or https, port 0 picks a free one.', ['http://127.0.0.1:2379'], {
    placeholder: 'URLS',
  }),
  'advertise-client-urls': option.list('What clients are told to reach this member by; default where it listens.', [], {
    placeholder: 'URLS',
  }),
  'cert-file': option.string('Certificate of the https URLs.', undefined, { placeholder: 'FILE' }),
  'key-file': option.string('Key of --cert-file.', undefined, { placeholder: 'FILE' }),
  'trusted-ca-file': option.string('CA of client certificates; https clients must then show one.', undefined, { placeholder: 'FILE' }),
  'client-cert-auth': option.boolean('Ask https clients for a certificate of --trusted-ca-file.', false),
  ...autoCompactionOptions,
  'quota-backend-bytes': option.integer(
    'Bytes the database may take before puts are refused and an alarm is raised; 0 for 2 GiB, below 0 for no limit.',
    0,
  ),
  'max-request-bytes': option.integer('Largest request that changes something, in bytes.', 1_572_864, { min: 1, max: 1_572_864 }),
  'max-txn-ops': option.integer('Operations that a transaction may have.', 128, { min: 1 }),
  'watch-progress-notify-interval': option.duration('How often idle watchers that want it are told the revision.', 600_000),
  ...acceptedOptions,
  ...processOptions,
} satisfies OptionTable;
