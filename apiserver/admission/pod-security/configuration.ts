import { z } from 'zod';
import { type FieldError, fieldError, isDns1123Label, isDns1123Subdomain } from '../../../api/index.ts';
import { type AdmissionConfiguration, listIn } from '../configuration.ts';
import { type LevelVersion, levelError, type Policy, PRIVILEGED, readLevel, readVersion, versionError } from './policy.ts';

/** What holds for namespaces that say nothing, and who is left alone. */
export interface PodSecurityConfiguration {
  readonly defaults: Policy | undefined;
  readonly exemptions: {
    readonly usernames: readonly string[];
    readonly namespaces: readonly string[];
    readonly runtimeClasses: readonly string[];
  };
}

const NO_EXEMPTIONS = { usernames: [], namespaces: [], runtimeClasses: [] };
const text = z.string().nullish();

const schema = z.strictObject({
  apiVersion: z.enum(['v1', 'v1beta1', 'v1alpha1'].map((version) => `pod-security.admission.config.k8s.io/${version}`)),
  kind: z.literal('PodSecurityConfiguration'),
  defaults: z
    .strictObject({ enforce: text, 'enforce-version': text, audit: text, 'audit-version': text, warn: text, 'warn-version': text })
    .nullish(),
  exemptions: z
    .strictObject({ usernames: listIn(z.string()), namespaces: listIn(z.string()), runtimeClasses: listIn(z.string()) })
    .nullish(),
});

/** Upstream: `ValidatePodSecurityConfiguration`. @throws UserError */
export function podSecurityConfiguration(configuration: AdmissionConfiguration): PodSecurityConfiguration {
  const given = configuration.of('PodSecurity', schema);
  if (!given) return { defaults: undefined, exemptions: NO_EXEMPTIONS };
  const errors: FieldError[] = [];
  const read = (mode: 'enforce' | 'audit' | 'warn'): LevelVersion => {
    const levelText = given.defaults?.[mode] || 'privileged';
    const versionText = given.defaults?.[`${mode}-version`] || 'latest';
    const level = readLevel(levelText);
    const version = readVersion(versionText);
    if (level === undefined) errors.push(levelError(`defaults.${mode}`, levelText));
    if (version === undefined) errors.push(versionError(`defaults.${mode}-version`, versionText));
    return { level: level ?? PRIVILEGED.level, version: version ?? PRIVILEGED.version };
  };
  const [enforce, warn, audit] = [read('enforce'), read('warn'), read('audit')];
  const exemptions = given.exemptions ?? NO_EXEMPTIONS;
  errors.push(...listErrors('namespaces', exemptions.namespaces, isDns1123Label));
  errors.push(...listErrors('runtimeClasses', exemptions.runtimeClasses, isDns1123Subdomain));
  errors.push(...listErrors('usernames', exemptions.usernames, (name) => (name === '' ? ['username must not be empty'] : [])));
  if (errors.length > 0)
    throw configuration.refuse(
      'PodSecurity',
      errors.map(({ field, body }) => `${field}: ${body}`),
    );
  return { defaults: { enforce, audit, warn }, exemptions };
}

const listErrors = (name: string, values: readonly string[], wrong: (value: string) => string[]): FieldError[] =>
  values.flatMap((value, i) => {
    const path = `exemptions.${name}[${i}]`;
    const problems = wrong(value);
    if (problems.length > 0) return [fieldError.invalid(path, value, problems.join(', '))];
    return values.indexOf(value) < i ? [fieldError.duplicate(path, value)] : [];
  });
