import { coreKinds, type DeviceClaim, type ExactDeviceRequest, type FieldError, fieldError, type Namespace } from '../../../api/index.ts';
import type { RequestContext } from '../../registry/strategy.ts';
import { listOf } from '../../validation/field-errors.ts';

const ADMIN_LABEL = 'resource.kubernetes.io/admin-access';

/** Upstream's defaults of `ExactDeviceRequest`, `DeviceSubRequest` and `DeviceToleration`. */
export function setRequestDefaults(request: Pick<Partial<ExactDeviceRequest>, 'allocationMode' | 'count' | 'tolerations'>): void {
  request.allocationMode ||= 'ExactCount';
  if (request.allocationMode === 'ExactCount') request.count ||= 1;
  setTolerationDefaults(request);
}

/** Also of what was allocated. */
export function setTolerationDefaults({ tolerations }: Pick<Partial<ExactDeviceRequest>, 'tolerations'>): void {
  for (const toleration of listOf(tolerations)) toleration.operator ||= 'Equal';
}

/** Sets them for all that a claim asks for. */
export function setClaimDefaults({ requests }: Partial<DeviceClaim> = {}): void {
  for (const { exactly, firstAvailable } of listOf(requests)) {
    if (exactly) setRequestDefaults(exactly);
    listOf(firstAvailable).forEach(setRequestDefaults);
  }
}

/** What is behind gates that are off: capacity of devices that several claims share. Tolerations and distinct attributes stay, as upstream. */
export function dropDisabledClaimFields({ requests }: Partial<DeviceClaim> = {}): void {
  for (const { exactly, firstAvailable } of listOf(requests)) {
    for (const request of [...(exactly ? [exactly] : []), ...listOf(firstAvailable)]) {
      delete request.capacity;
    }
  }
}

interface MaybeAdmin {
  readonly adminAccess?: boolean | undefined;
}

/** Access for administration is for namespaces that are marked for it. Upstream: `pkg/registry/resource/utils.go`. */
export function adminErrors(
  { objects, namespace }: RequestContext,
  requests: readonly MaybeAdmin[],
  pathOf: (index: number) => string,
): FieldError[] {
  const index = requests.findIndex(({ adminAccess }) => adminAccess === true);
  if (index < 0) return [];
  const labels = objects.get<Namespace>(coreKinds.namespaces, '', namespace)?.metadata.labels;
  if (labels?.[ADMIN_LABEL] === 'true') return [];
  const detail = `admin access to devices requires the \`${ADMIN_LABEL}: true\` label on the containing namespace`;
  return [fieldError.forbidden(pathOf(index), detail)];
}

/** The same for a claim's requests, wherever the claim is. */
export const claimAdminErrors = (context: RequestContext, { requests }: Partial<DeviceClaim> = {}): FieldError[] =>
  adminErrors(
    context,
    listOf(requests).map(({ exactly }) => ({ adminAccess: exactly?.adminAccess })),
    (index) => `spec.devices.requests[${index}].adminAccess`,
  );
