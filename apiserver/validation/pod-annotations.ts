import { type FieldError, fieldError, type PodSpec, type SeccompProfile } from '../../api/index.ts';
import { type Errors, INT32_MAX, keysOf, listOf } from './field-errors.ts';
import { checkLocalDescendingPath } from './paths.ts';
import { visitContainers } from './pod-os.ts';

export const MIRROR_POD_ANNOTATION = 'kubernetes.io/config.mirror';
export const APP_ARMOR_PREFIX = 'container.apparmor.security.beta.kubernetes.io/';
export const SECCOMP_POD_ANNOTATION = 'seccomp.security.alpha.kubernetes.io/pod';
export const SECCOMP_CONTAINER_PREFIX = 'container.seccomp.security.alpha.kubernetes.io/';
const DELETION_COST_ANNOTATION = 'controller.kubernetes.io/pod-deletion-cost';
const LOCALHOST = 'localhost/';
const RUNTIME_DEFAULT = 'runtime/default';
const DOCKER_DEFAULT = 'docker/default';
const UNCONFINED = 'unconfined';

type Annotations = Readonly<Record<string, string>> | undefined;

/** Annotations with a meaning for pods. */
export function checkPodAnnotations(errors: Errors, path: string, annotations: Annotations, spec: PodSpec): void {
  if (!annotations) return;
  const mirror = annotations[MIRROR_POD_ANNOTATION];
  if (mirror !== undefined && !spec.nodeName) {
    const message = 'must set spec.nodeName if mirror pod annotation is set';
    errors.push(fieldError.invalid(`${path}[${MIRROR_POD_ANNOTATION}]`, mirror, message));
  }
  checkDeletionCost(errors, `${path}[${DELETION_COST_ANNOTATION}]`, annotations[DELETION_COST_ANNOTATION]);
  for (const key of keysOf(annotations)) {
    const value = annotations[key] ?? '';
    if (key === SECCOMP_POD_ANNOTATION || key.startsWith(SECCOMP_CONTAINER_PREFIX)) checkSeccomp(errors, `${path}.${key}`, value);
  }
  for (const key of keysOf(annotations)) {
    if (key.startsWith(APP_ARMOR_PREFIX)) checkAppArmor(errors, `${path}[${key}]`, { key, value: annotations[key] ?? '', spec });
  }
}

function checkDeletionCost(errors: Errors, path: string, cost: string | undefined): void {
  if (cost === undefined) return;
  const value = /^(?:0|-?[1-9]\d*)$/.test(cost) ? Number(cost) : Number.NaN;
  if (!(value >= -INT32_MAX - 1 && value <= INT32_MAX)) errors.push(fieldError.invalid(path, cost, 'must be a 32bit integer'));
}

function checkSeccomp(errors: Errors, path: string, profile: string): void {
  if (profile === RUNTIME_DEFAULT || profile === DOCKER_DEFAULT || profile === UNCONFINED) return;
  if (profile.startsWith(LOCALHOST)) checkLocalDescendingPath(errors, path, profile.slice(LOCALHOST.length));
  else errors.push(fieldError.invalid(path, profile, 'must be a valid seccomp profile'));
}

interface AppArmor {
  readonly key: string;
  readonly value: string;
  readonly spec: PodSpec;
}

function checkAppArmor(errors: Errors, path: string, { key, value, spec }: AppArmor): void {
  const name = key.slice(APP_ARMOR_PREFIX.length);
  if (!hasContainer(spec, name)) errors.push(fieldError.invalid(path, name, 'container not found'));
  if (value === '' || value === RUNTIME_DEFAULT || value === UNCONFINED || value.startsWith(LOCALHOST)) return;
  errors.push(fieldError.invalid(path, value, `invalid AppArmor profile name: "${value}"`));
}

function hasContainer(spec: PodSpec, name: string): boolean {
  const all = [...listOf(spec.initContainers), ...listOf(spec.containers), ...listOf(spec.ephemeralContainers)];
  return all.some((container) => container.name === name);
}

/** Seccomp and AppArmor profiles that are given by field and by annotation have to agree. */
export function checkProfileAnnotations(errors: Errors, path: string, annotations: Annotations, spec: PodSpec): void {
  if (!annotations) return;
  const podProfile = spec.securityContext?.seccompProfile;
  const podAnnotation = annotations[SECCOMP_POD_ANNOTATION];
  if (podProfile && podAnnotation !== undefined) {
    pushMismatch(errors, seccompMismatch(`${path}.securityContext.seccompProfile`, podAnnotation, podProfile));
  }
  visitContainers(spec, path, ({ name, securityContext }, at) => {
    const annotation = annotations[`${SECCOMP_CONTAINER_PREFIX}${name}`];
    const profile = securityContext?.seccompProfile;
    if (profile && annotation !== undefined) {
      pushMismatch(errors, seccompMismatch(`${at}.securityContext.seccompProfile`, annotation, profile));
    }
  });
  if (spec.os?.name === 'windows') return;
  visitContainers(spec, path, ({ name, securityContext }, at) => {
    const annotation = annotations[`${APP_ARMOR_PREFIX}${name}`];
    const profile = securityContext?.appArmorProfile ?? spec.securityContext?.appArmorProfile;
    if (profile && annotation !== undefined) {
      pushMismatch(errors, mismatch(`${at}.securityContext.appArmorProfile`, annotation, { ...profile, what: 'apparmor' }));
    }
  });
}

function pushMismatch(errors: Errors, error: FieldError | undefined): void {
  if (error) errors.push(error);
}

const seccompMismatch = (path: string, annotation: string, profile: SeccompProfile): FieldError | undefined =>
  mismatch(path, annotation === DOCKER_DEFAULT ? RUNTIME_DEFAULT : annotation, { ...profile, what: 'seccomp' });

interface Profile {
  readonly what: 'seccomp' | 'apparmor';
  readonly type: string;
  readonly localhostProfile?: string | undefined;
}

function mismatch(path: string, annotation: string, { what, type, localhostProfile }: Profile): FieldError | undefined {
  const wrongType = fieldError.forbidden(`${path}.type`, `${what} type in annotation and field must match`);
  if (type === 'Unconfined') return annotation === UNCONFINED ? undefined : wrongType;
  if (type === 'RuntimeDefault') return annotation === RUNTIME_DEFAULT ? undefined : wrongType;
  if (type !== 'Localhost') return undefined;
  if (!annotation.startsWith(LOCALHOST)) return wrongType;
  if (annotation.slice(LOCALHOST.length) === localhostProfile) return undefined;
  return fieldError.forbidden(`${path}.localhostProfile`, `${what} profile in annotation and field must match`);
}

/** What an update may not do to them. */
export function checkPodAnnotationsUpdate(errors: Errors, path: string, annotations: Annotations, old: Annotations): void {
  for (const key of keysOf(old)) {
    if (annotations?.[key] === old?.[key]) continue;
    if (key.startsWith(APP_ARMOR_PREFIX))
      errors.push(fieldError.forbidden(`${path}[${key}]`, 'may not remove or update AppArmor annotations'));
    if (key === MIRROR_POD_ANNOTATION)
      errors.push(fieldError.forbidden(`${path}[${key}]`, 'may not remove or update mirror pod annotation'));
  }
  for (const key of keysOf(annotations)) {
    if (old?.[key] !== undefined) continue;
    if (key.startsWith(APP_ARMOR_PREFIX)) errors.push(fieldError.forbidden(`${path}[${key}]`, 'may not add AppArmor annotations'));
    if (key === MIRROR_POD_ANNOTATION) errors.push(fieldError.forbidden(`${path}[${key}]`, 'may not add mirror pod annotation'));
  }
}
