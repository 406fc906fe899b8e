// Metrics of PodSecurity, under upstream's names (k8s.io/pod-security-admission, `metrics/metrics.go`).
import { coreKinds } from '../../../api/index.ts';
import { EMULATION_VERSION } from '../../discovery/index.ts';
import { CounterFamily } from '../../registry/metric-families.ts';
import type { AdmissionAttributes } from '../plugin.ts';
import type { LevelVersion, Policy } from './policy.ts';

/** The minor version that this is: levels of later ones are counted as one. */
const MINOR = Number(EMULATION_VERSION.split('.')[1]);
/** Series that are there before anything is counted. */
const OPERATIONS = ['create', 'update'] as const;

export class PodSecurityMetrics {
  readonly #evaluations = new CounterFamily('pod_security_evaluations_total', 'Pods that were held against a level, without exempt ones.');
  readonly #exemptions = new CounterFamily('pod_security_exemptions_total', 'Requests that were exempt.');
  readonly #errors = new CounterFamily(
    'pod_security_errors_total',
    'Errors that kept pods from being held against the level that was meant.',
  );

  constructor() {
    for (const operation of OPERATIONS) {
      const pods = { request_operation: operation, resource: 'pod', subresource: '' };
      this.#evaluations.start({ decision: 'allow', policy_level: 'privileged', policy_version: 'latest', mode: 'enforce', ...pods });
      this.#exemptions.start(pods);
      this.#exemptions.start({ ...pods, resource: 'controller' });
    }
  }

  evaluated(mode: keyof Policy, level: LevelVersion, { isAllowed, request }: { isAllowed: boolean; request: AdmissionAttributes }): void {
    this.#evaluations.add({
      decision: isAllowed ? 'allow' : 'deny',
      policy_level: level.level,
      policy_version: versionOf(level),
      mode,
      ...labelsOf(request),
    });
  }

  exempted(request: AdmissionAttributes): void {
    this.#exemptions.add(labelsOf(request));
  }

  /** @param fatal whether nothing was held against any level. */
  failed(request: AdmissionAttributes, fatal: boolean): void {
    this.#errors.add({ fatal, ...labelsOf(request) });
  }

  lines(): string[] {
    return [this.#evaluations, this.#exemptions, this.#errors].flatMap((family) => family.lines());
  }
}

/** Of privileged all versions are one. */
function versionOf({ level, version }: LevelVersion): string {
  if (version === 'latest' || level === 'privileged') return 'latest';
  return version > MINOR ? 'future' : `v1.${version}`;
}

const labelsOf = ({ operation, kind, subresource }: AdmissionAttributes) => ({
  request_operation: operation.toLowerCase(),
  resource: kind === coreKinds.pods ? 'pod' : 'controller',
  subresource,
});
