// Options that a command line of kube-controller-manager may have, beside those that the controllers are told by.
import {
  type FeatureSetting,
  inertProcessOptions,
  OptionError,
  type OptionTable,
  type OptionValues,
  option,
  readFeatureGates,
} from '../runtime/index.ts';

/** The only one of its kind here; others are refused, for they would be missed. */
const CIDR_ALLOCATOR = 'RangeAllocator';
const RESOURCE_LOCK = 'leases';
const EXTERNAL_CLOUD = 'external';
const EMULATED_VERSIONS: readonly string[] = ['1.34', 'v1.34', 'kube=1.34', 'kube=v1.34'];

/** Options with a meaning of the process, not of a controller. */
export const upstreamOptions = {
  'authentication-kubeconfig': option.string(
    'With whose rights tokens of who asks for metrics are reviewed; --kubeconfig unless given.',
    undefined,
    {
      placeholder: 'FILE',
    },
  ),
  'authorization-kubeconfig': option.string('With whose rights it is asked what they may; --kubeconfig unless given.', undefined, {
    placeholder: 'FILE',
  }),
  'cidr-allocator-type': option.string(`How nodes get blocks of addresses; there is ${CIDR_ALLOCATOR}.`, CIDR_ALLOCATOR),
  'cloud-provider': option.string(`Empty, or ${EXTERNAL_CLOUD}: there is no cloud.`, ''),
  'emulated-version': option.list('Version to behave like; there is 1.34.', [], { placeholder: 'VERSION' }),
  'feature-gates': option.list(
    'GATE=true|false, or AllAlpha or AllBeta. Gates of 1.34 that are not locked are taken, and without effect: features are as it has them by default.',
    [],
    { placeholder: 'GATE=BOOL' },
  ),
  'leader-elect-resource-lock': option.string(`What leaders are elected by; there is ${RESOURCE_LOCK}.`, RESOURCE_LOCK),
} satisfies OptionTable;

const NO_CLOUD = 'there is no cloud';
const RESYNC = 'caches are never synced again: they cannot miss anything';
const WIPING = "volumes are wiped by pods of upstream's own template";
const PROVISIONERS = 'volumes are made by the provisioners that StorageClasses name';

/** Options that change nothing here. */
export const inertOptions = {
  ...inertProcessOptions,
  'cloud-config': option.inert('string', NO_CLOUD),
  'cluster-name': option.inert('string', NO_CLOUD),
  'configure-cloud-routes': option.inert('boolean', NO_CLOUD),
  'enable-leader-migration': option.inert('boolean', NO_CLOUD),
  'external-cloud-volume-plugin': option.inert('string', NO_CLOUD),
  'leader-migration-config': option.inert('string', NO_CLOUD),
  'route-reconciliation-period': option.inert('duration', NO_CLOUD),
  'use-service-account-credentials': option.inert('boolean', 'all controllers act as the user of --kubeconfig'),
  'cert-dir': option.inert('string', 'the certificate is the one of --tls-cert-file, or is made'),
  'min-resync-period': option.inert('duration', RESYNC),
  'namespace-sync-period': option.inert('duration', RESYNC),
  'kube-api-content-type': option.inert('string', 'requests are JSON'),
  'concurrent-validating-admission-policy-status-syncs': option.inert('integer', 'the API server checks the types of policies'),
  'pv-recycler-pod-template-filepath-hostpath': option.inert('string', WIPING),
  'pv-recycler-pod-template-filepath-nfs': option.inert('string', WIPING),
  'enable-hostpath-provisioner': option.inert('boolean', PROVISIONERS),
  'flex-volume-plugin-dir': option.inert('string', PROVISIONERS),
} satisfies OptionTable;

/** @throws OptionError for what there is only one of, and something else is asked for. */
export function checkUpstreamOptions(values: OptionValues<typeof upstreamOptions>): void {
  only('cidr-allocator-type', values['cidr-allocator-type'], [CIDR_ALLOCATOR]);
  only('cloud-provider', values['cloud-provider'], ['', EXTERNAL_CLOUD]);
  only('leader-elect-resource-lock', values['leader-elect-resource-lock'], [RESOURCE_LOCK]);
  for (const version of values['emulated-version']) only('emulated-version', version, EMULATED_VERSIONS);
}

/**
 * The gates that are set to what they are not here.
 *
 * @throws OptionError for a gate that 1.34 does not have, or has locked.
 */
export function unheededGates(entries: readonly string[]): string[] {
  const isUnheeded = ({ isNamed, isOn, isOnByDefault }: FeatureSetting) => isNamed && isOn !== isOnByDefault;
  return [...readFeatureGates(entries)].filter(([, setting]) => isUnheeded(setting)).map(([name]) => name);
}

function only(name: string, value: string, allowed: readonly string[]): void {
  if (allowed.includes(value)) return;
  const [first, ...others] = allowed.map((text) => (text === '' ? 'nothing' : text));
  throw new OptionError(`option --${name} takes ${[first, ...others].join(' or ')}, not "${value}"`);
}
