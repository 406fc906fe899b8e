// `agnhost webhook`: what it admits, denies and changes (upstream `test/images/agnhost/webhook`).

import { commandLineOption } from '../command-line.ts';
import type { ProcessContext, Program } from '../program.ts';
import { type Answer, bodyOf, json, readyz, text, tlsServer } from './path-server.ts';

const PORT = 443;
const DELAY_MS = 5000;
/** The label, or key of data, that says what is to happen. */
const MARK = 'webhook-e2e-test';
const API_VERSIONS: ReadonlySet<unknown> = new Set(['admission.k8s.io/v1', 'admission.k8s.io/v1beta1']);

/** As much of a reviewed object as is looked at. */
interface Reviewed {
  readonly metadata?: { readonly name?: string; readonly labels?: Readonly<Record<string, string>> };
  readonly data?: Readonly<Record<string, string>> | null;
  readonly spec?: { readonly containers?: readonly Named[]; readonly initContainers?: readonly Named[] };
  readonly stdin?: boolean;
  readonly container?: string;
}

interface Named {
  readonly name?: string;
}

interface AdmissionRequest {
  readonly uid: string;
  readonly name?: string;
  readonly operation: string;
  readonly object?: Reviewed | null;
  readonly oldObject?: Reviewed | null;
}

interface Verdict {
  readonly allowed: boolean;
  readonly status?: { readonly message?: string; readonly reason?: string; readonly status?: string; readonly code?: number };
  readonly patch?: readonly object[];
}

type Judge = (request: AdmissionRequest, context: ProcessContext) => Verdict | Promise<Verdict>;

const ALLOWED: Verdict = { allowed: true };
const denied = (message: string): Verdict => ({ allowed: false, status: { message } });
const deniedFor = (reason: string): Verdict => ({ allowed: false, status: { reason } });
const changed = (op: string, path: string, value: unknown): Verdict => ({ allowed: true, patch: [{ op, path, value }] });

/** What hangs: no answer is ever sent. */
const NEVER = new Promise<never>(() => undefined);

const admitPod: Judge = ({ object }) => {
  const mark = object?.metadata?.labels?.[MARK];
  if (mark === 'wait-forever') return NEVER;
  const complaints = [
    ...(mark === 'webhook-disallow' ? ['the pod contains unwanted label;'] : []),
    ...(object?.spec?.containers ?? [])
      .filter(({ name }) => name?.includes('webhook-disallow'))
      .map(() => 'the pod contains unwanted container name;'),
  ];
  return complaints.length === 0 ? ALLOWED : denied(complaints.join(' '));
};

const admitAttaching: Judge = ({ name, object }) =>
  name === 'to-be-attached-pod' && object?.stdin === true && object.container === 'container1'
    ? denied("attaching to pod 'to-be-attached-pod' is not allowed")
    : ALLOWED;

const ADDED = 'webhook-added-init-container';

const mutatePod: Judge = ({ object }) =>
  object?.metadata?.name !== 'webhook-to-be-mutated' || has(object.spec?.initContainers, ADDED)
    ? ALLOWED
    : changed('add', '/spec/initContainers', [{ image: 'webhook-added-image', name: ADDED, resources: {} }]);

const SIDECAR = 'webhook-added-sidecar';

const addSidecar =
  (image: string): Judge =>
  ({ object }) => {
    if (image === '')
      return {
        allowed: false,
        status: { status: 'Failure', message: 'No image specified by the sidecar-image parameter', code: 500 },
      };
    return has(object?.spec?.containers, SIDECAR) ? ALLOWED : changed('add', '/spec/containers/-', { image, name: SIDECAR, resources: {} });
  };

const has = (containers: readonly Named[] | undefined, wanted: string): boolean => containers?.some(({ name }) => name === wanted) ?? false;

/** Objects whose data say that they must not be, or must not go. */
const admitData =
  (unwanted: string, undeletable: string): Judge =>
  ({ operation, object, oldObject }) => {
    const mark = (operation === 'DELETE' ? oldObject : object)?.data?.[MARK];
    if (mark === 'webhook-disallow' && (operation === 'CREATE' || operation === 'UPDATE')) return deniedFor(unwanted);
    return mark === 'webhook-nondeletable' && operation === 'DELETE' ? deniedFor(undeletable) : ALLOWED;
  };

/** Two stages: what the first call adds makes the second add something. */
const mutateData: Judge = ({ object }) => {
  const { data } = object ?? {};
  if (data?.['mutation-stage-1'] === 'yes') return changed('add', '/data/mutation-stage-2', 'yes');
  return data?.['mutation-start'] === 'yes' ? changed('add', '/data/mutation-stage-1', 'yes') : ALLOWED;
};

const admitDefinition: Judge = ({ object }) =>
  object?.metadata?.labels?.[MARK] === 'webhook-disallow' ? denied('the crd contains unwanted label') : ALLOWED;

const addLabel: Judge = ({ object }) => {
  const labels = object?.metadata?.labels ?? {};
  if (Object.keys(labels).length === 0) return changed('add', '/metadata/labels', { 'added-label': 'yes' });
  if (labels['added-label'] === 'yes') return ALLOWED;
  return changed(labels['added-label'] === undefined ? 'add' : 'replace', '/metadata/labels/added-label', 'yes');
};

const allowLate: Judge = async (_, { clock }) => {
  await clock.sleep(DELAY_MS);
  return { allowed: true, status: { message: 'this webhook allows all requests' } };
};

const answered =
  (judge: Judge): Answer =>
  async (request, context) => {
    if (request.headers['content-type'] !== 'application/json') return text(200, '');
    const review = bodyOf(request) as { readonly apiVersion?: unknown; readonly kind?: unknown; readonly request: AdmissionRequest };
    const { apiVersion, kind } = review;
    if (kind !== 'AdmissionReview' || !API_VERSIONS.has(apiVersion))
      return text(400, `Unsupported group version kind: ${String(apiVersion)}, Kind=${String(kind)}\n`);
    const { allowed, status, patch } = await judge(review.request, context);
    const response = {
      uid: review.request.uid,
      allowed,
      ...(status ? { status: { metadata: {}, ...status } } : {}),
      ...(patch ? { patch: Buffer.from(JSON.stringify(patch)).toString('base64'), patchType: 'JSONPatch' } : {}),
    };
    return json({ kind, apiVersion, response });
  };

const JUDGES: Readonly<Record<string, Judge>> = {
  '/always-allow-delay-5s': allowLate,
  '/always-deny': () => denied('this webhook denies all requests'),
  '/add-label': addLabel,
  '/pods': admitPod,
  '/pods/attach': admitAttaching,
  '/mutating-pods': mutatePod,
  '/configmaps': admitData(
    'the configmap contains unwanted key and value',
    'the configmap cannot be deleted because it contains unwanted key and value',
  ),
  '/mutating-configmaps': mutateData,
  '/custom-resource': admitData(
    'the custom resource contains unwanted data',
    'the custom resource cannot be deleted because it contains unwanted key and value',
  ),
  '/mutating-custom-resource': mutateData,
  '/crd': admitDefinition,
};

export function admissionWebhook(argv: readonly string[]): Program {
  const judges = { ...JUDGES, '/mutating-pods-sidecar': addSidecar(commandLineOption(argv, 'sidecar-image')) };
  const paths = Object.fromEntries(Object.entries(judges).map(([path, judge]) => [path, answered(judge)]));
  return tlsServer({ argv, port: PORT, paths: { ...paths, '/readyz': readyz } });
}
