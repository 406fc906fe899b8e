// Who the API server is for webhooks: upstream's `admission/plugin/webhook/config` and `util/webhook/authentication.go` (apiserver).
import { isAbsolute } from 'node:path';
import { z } from 'zod';
import { type ClientCredentials, loadKubeconfigUsers } from '../../../client/index.ts';
import type { WebhookCredentials, WebhookTarget } from '../../webhook/index.ts';
import type { AdmissionConfiguration } from '../configuration.ts';

const kubeConfigFile = z.string().default('');

const schema = z.union(
  [
    z.strictObject({
      apiVersion: z.literal('apiserver.config.k8s.io/v1'),
      kind: z.literal('WebhookAdmissionConfiguration'),
      kubeConfigFile,
    }),
    z.strictObject({ apiVersion: z.literal('apiserver.config.k8s.io/v1alpha1'), kind: z.literal('WebhookAdmission'), kubeConfigFile }),
  ],
  'a WebhookAdmissionConfiguration of apiserver.config.k8s.io/v1 with a kubeConfigFile is expected',
);

/**
 * Reads what the configuration of a plugin says of credentials: a kubeconfig file whose users have the names of webhooks' hosts.
 *
 * @returns finds the credentials for a webhook; undefined when nothing is said.
 * @throws UserError
 */
export function webhookCredentials(
  configuration: AdmissionConfiguration,
  plugin: string,
): ((target: WebhookTarget) => WebhookCredentials | undefined) | undefined {
  const path = configuration.of(plugin, schema)?.kubeConfigFile;
  if (path === undefined) return undefined;
  if (!isAbsolute(path)) {
    throw configuration.refuse(plugin, [`kubeConfigFile: Invalid value: ${JSON.stringify(path)}: must be an absolute file path`]);
  }
  const users = loadKubeconfigUsers(path);
  return (target) => credentialsFor(users, target);
}

/** By the whole host, then by its parents with a star; those on the usual port may leave it out. */
function credentialsFor(users: ReadonlyMap<string, ClientCredentials>, { url, service }: WebhookTarget): WebhookCredentials | undefined {
  const place = new URL(url ?? `https://${service?.name}.${service?.namespace}.svc:${service?.port}`);
  const port = place.port || '443';
  const hosts = [`${place.hostname}:${port}`, ...(port === '443' ? [place.hostname] : [])];
  for (const name of hosts.flatMap(namesOf)) {
    const user = users.get(name);
    if (user) return user;
  }
  return undefined;
}

function namesOf(host: string): string[] {
  const steps = host.split('.');
  return [host, ...steps.slice(1).map((_, i) => `*.${steps.slice(i + 1).join('.')}`)];
}
