import { CERTIFICATES, type CertificateName, type CertificateState, certificateStates, renewCertificates } from '../apiserver/index.ts';
import { helpText, OptionError, type OptionTable, option, parseOptions, systemClock } from '../runtime/index.ts';
import { runCommand } from './command.ts';

const OPTIONS = {
  'data-dir': option.string('The data directory of the cluster.', '.nanokube', { placeholder: 'DIR' }),
} satisfies OptionTable;

const CHECK = 'check-expiration';
const RENEW = 'renew';
const ABOUT: Readonly<Record<string, string>> = {
  [CHECK]: 'Says until when the certificates of a cluster are good.',
  [RENEW]: 'Makes new certificates in place of those there are: of all, or of one.',
};

/** `nanokube certs check-expiration` and `nanokube certs renew all|NAME`, as kubeadm has them. */
export async function main([name, ...argv]: readonly string[]): Promise<void> {
  await runCommand(async () => {
    if (name === undefined || name === '--help' || name === '-h') {
      process.stdout.write(usage());
      return;
    }
    const about = Object.hasOwn(ABOUT, name) ? ABOUT[name] : undefined;
    if (about === undefined) throw new OptionError(`unknown command "certs ${name}"; "nanokube certs --help" lists the commands there are`);
    const { values, positionals, help } = parseOptions(OPTIONS, argv);
    if (help) {
      process.stdout.write(helpText(`nanokube certs ${name}${name === RENEW ? ' all|NAME' : ''} [OPTIONS]`, about, OPTIONS));
      return;
    }
    if (name === CHECK) check(values['data-dir'], positionals);
    else await renew(values['data-dir'], positionals);
  });
}

const usage = (): string =>
  `Certificates of a cluster.\n\nUsage: nanokube certs COMMAND [OPTIONS]\n\nCommands:\n${Object.entries(ABOUT)
    .map(([name, about]) => `  ${name.padEnd(20)}${about}`)
    .join('\n')}\n\nCertificates: ${CERTIFICATES.join(', ')}\n`;

function check(directory: string, [stray]: readonly string[]): void {
  if (stray !== undefined) throw new OptionError(`certs ${CHECK} takes no argument "${stray}"`);
  const { certificates, authorities } = certificateStates(directory);
  const now = systemClock.now();
  const rows = certificates.map((state) => [state.name, ...lifeOf(state, now), state.authority ?? '', yes(state.isExternal)]);
  const last = authorities.map((state) => [state.name, ...lifeOf(state, now), yes(state.isExternal)]);
  process.stdout.write(
    `${table(['CERTIFICATE', 'EXPIRES', 'RESIDUAL TIME', 'CERTIFICATE AUTHORITY', 'EXTERNALLY MANAGED'], rows)}\n${table(
      ['CERTIFICATE AUTHORITY', 'EXPIRES', 'RESIDUAL TIME', 'EXTERNALLY MANAGED'],
      last,
    )}`,
  );
}

async function renew(directory: string, [name, stray]: readonly string[]): Promise<void> {
  const names = CERTIFICATES.filter((each) => name === 'all' || name === each);
  if (names.length === 0)
    throw new OptionError(`certs ${RENEW} takes all, or one of ${CERTIFICATES.join(', ')}${name === undefined ? '' : `, not "${name}"`}`);
  if (stray !== undefined) throw new OptionError(`certs ${RENEW} takes one name, and "${stray}" is too many`);
  await renewCertificates({ dataDirectory: directory, names, clock: systemClock });
  for (const each of names) process.stdout.write(`certificate ${DESCRIPTIONS[each]} renewed\n`);
  process.stdout.write(
    '\nThe API server takes its serving certificate up by itself; all other processes must be restarted to use the new ones.\n',
  );
}

const DESCRIPTIONS: Readonly<Record<CertificateName, string>> = {
  admin: 'embedded in the kubeconfig file for the admin to use',
  apiserver: 'for serving the Kubernetes API',
  'apiserver-kubelet-client': 'for the API server to connect to kubelet',
  'controller-manager': 'embedded in the kubeconfig file for the controller manager to use',
  'front-proxy-client': 'for the front proxy client',
  kubelet: 'embedded in the kubeconfig file for the kubelets to use',
  scheduler: 'embedded in the kubeconfig file for the scheduler to use',
};

const yes = (value: boolean): string => (value ? 'yes' : 'no');

const lifeOf = ({ notAfterMs }: CertificateState, now: number): [string, string] => [expires(notAfterMs), residual(notAfterMs - now)];

/** As Go's layout `Jan 02, 2006 15:04 MST` prints it, in UTC. */
function expires(ms: number): string {
  const [, day, month, year, time] = /^\w+, (\d+) (\w+) (\d+) (\d+:\d+)/.exec(new Date(ms).toUTCString()) ?? [];
  return `${month} ${day}, ${year} ${time} UTC`;
}

const HOUR_MS = 3600 * 1000;
const UNITS: readonly (readonly [string, number])[] = [
  ['y', 365 * 24 * HOUR_MS],
  ['d', 24 * HOUR_MS],
  ['h', HOUR_MS],
  ['m', 60 * 1000],
  ['s', 1000],
];

/** Upstream: `duration.ShortHumanDuration` (apimachinery). */
function residual(ms: number): string {
  if (ms < 0) return '<invalid>';
  const [unit, size] = UNITS.find(([, each]) => ms >= each) ?? ['s', 1000];
  return `${Math.floor(ms / size)}${unit}`;
}

/** Columns as wide as their widest cell, three blanks apart. */
function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [header, ...rows];
  const widths = header.map((_, i) => Math.max(...all.map((row) => row[i]?.length ?? 0)));
  const line = (row: readonly string[]) => row.map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd((widths[i] ?? 0) + 3))).join('');
  return `${all.map(line).join('\n')}\n`;
}
