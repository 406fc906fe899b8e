// Which versions of which kinds are served: `--runtime-config`. Upstream: apiserver, `pkg/server/resourceconfig/helpers.go`,
// `pkg/server/options/api_enablement.go`.
import { apiVersionOf, type KindInfo } from '../api/index.ts';
import { OptionError } from '../runtime/index.ts';
import { EMULATION_VERSION } from './discovery/index.ts';

const OPTION = 'option --runtime-config';

/** Whether the version is one that upstream has no more in the release that this is. */
const isRemoved = ({ lifecycle }: KindInfo): boolean =>
  lifecycle !== undefined && lifecycle.removed.localeCompare(EMULATION_VERSION, 'en', { numeric: true }) <= 0;
const present = (versions: RegExp) => (kind: KindInfo) => versions.test(kind.version) && !isRemoved(kind);

/** Keys that stand for many versions, in the order in which they are looked at. The last is ours: upstream cannot serve what it has no more. */
const MATCHERS: readonly (readonly [key: string, matches: (kind: KindInfo) => boolean])[] = [
  ['api/all', present(/^/)],
  ['api/ga', present(/^v\d+$/)],
  ['api/beta', present(/^v\d+beta\d+$/)],
  ['api/alpha', present(/^v\d+alpha\d+$/)],
  ['api/removed', isRemoved],
];
/** Other names of the core group, whatever is behind them (`pkg/controlplane/apiserver/options/options.go`). */
const CORE = /^(?:api\/)?v1(?:\/|$)/;
/** Once turned off what upstream has left since; it is taken, and says nothing. */
const LEGACY = 'api/legacy';
/** Versions of which 1.34 has the types, and serves nothing unless an alpha or beta feature is on, if ever: they are taken, and say nothing. */
const UNSERVED: ReadonlySet<string> = new Set([
  'admission.k8s.io/v1',
  'admission.k8s.io/v1beta1',
  'apps/v1beta1',
  'apps/v1beta2',
  'authentication.k8s.io/v1alpha1',
  'authentication.k8s.io/v1beta1',
  'authorization.k8s.io/v1beta1',
  'certificates.k8s.io/v1alpha1',
  'certificates.k8s.io/v1beta1',
  'extensions/v1beta1',
  'flowcontrol.apiserver.k8s.io/v1beta1',
  'flowcontrol.apiserver.k8s.io/v1beta2',
  'flowcontrol.apiserver.k8s.io/v1beta3',
  'imagepolicy.k8s.io/v1alpha1',
  'node.k8s.io/v1alpha1',
  'node.k8s.io/v1beta1',
  'rbac.authorization.k8s.io/v1alpha1',
  'rbac.authorization.k8s.io/v1beta1',
  'scheduling.k8s.io/v1alpha1',
  'scheduling.k8s.io/v1beta1',
]);
/** Served unless told otherwise: what is stable. */
const STABLE = /^v\d+$/;
const TRUE: readonly string[] = ['1', 't', 'T', 'true', 'TRUE', 'True'];
const FALSE: readonly string[] = ['0', 'f', 'F', 'false', 'FALSE', 'False'];

/**
 * Reads the option.
 *
 * @param entries `key=true|false`, where a key is `GROUP/VERSION`, `GROUP/VERSION/RESOURCE` or one that stands for many; the core group is empty.
 * @param kinds all there are.
 * @throws OptionError that says what to change.
 */
export function runtimeConfig(entries: readonly string[], kinds: readonly KindInfo[]): (kind: KindInfo) => boolean {
  const values = new Map(entries.map(readEntry).filter(([key]) => key !== LEGACY));
  if (values.size === 1 && values.get('api/all') === 'false')
    throw new OptionError(`${OPTION} with only api/all=false leaves nothing to serve`);
  const many = MATCHERS.flatMap(([key, matches]) => {
    const value = values.get(key);
    return value === undefined ? [] : [{ matches, enabled: readMany(key, value) }];
  });
  const chosen = new Map<string, boolean>();
  for (const [key, value] of values) {
    if (MATCHERS.some(([known]) => known === key)) continue;
    checkKey(key, kinds);
    chosen.set(key, readOne(key, value));
  }
  return (kind) => {
    const version = `${kind.group}/${kind.version}`;
    const own = chosen.get(`${version}/${kind.resource}`) ?? chosen.get(version);
    return own ?? many.findLast(({ matches }) => matches(kind))?.enabled ?? STABLE.test(kind.version);
  };
}

function readEntry(entry: string): [key: string, value: string] {
  const [key = '', ...value] = entry.split('=');
  return [CORE.test(key.trim()) ? '/v1' : key.trim(), value.join('=').trim()];
}

function readMany(key: string, value: string): boolean {
  if (value === 'true' || value === 'false') return value === 'true';
  throw new OptionError(`${OPTION} takes ${key}=true or ${key}=false, not "${key}=${value}"`);
}

/** As Go's `strconv.ParseBool`; nothing is true. */
function readOne(key: string, value: string): boolean {
  if (value === '' || TRUE.includes(value)) return true;
  if (FALSE.includes(value)) return false;
  throw new OptionError(`${OPTION} takes ${key}=true or ${key}=false, not "${key}=${value}"`);
}

function checkKey(key: string, kinds: readonly KindInfo[]): void {
  const [group = '', version = '', resource, ...more] = key.split('/');
  if (!key.includes('/') || more.length > 0) {
    throw new OptionError(`${OPTION} takes GROUP/VERSION=true|false, such as batch/v1beta1=true, or /v1 for the core group, not "${key}"`);
  }
  if (UNSERVED.has(`${group}/${version}`)) return;
  const inGroup = kinds.filter((kind) => kind.group === group);
  if (inGroup.length === 0) throw new OptionError(`${OPTION} names an unknown API group "${group}"`);
  const inVersion = inGroup.filter((kind) => kind.version === version);
  if (inVersion.length === 0) {
    const known = [...new Set(inGroup.map(apiVersionOf))].join(', ');
    throw new OptionError(`${OPTION} names group version ${group}/${version}, which is not there; there is ${known}`);
  }
  if (resource !== undefined && !inVersion.some((kind) => kind.resource === resource)) {
    const known = inVersion.map((kind) => kind.resource).join(', ');
    throw new OptionError(`${OPTION} names the resource "${resource}", which is not in ${group}/${version}; there is ${known}`);
  }
}
