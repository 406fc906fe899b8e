import type { Secret, SecretReference } from '../../../../api/index.ts';
import type { ControllerWorld } from './sidecar.ts';

/** What is in a secret that a driver is to be given; nothing where none is named. Rejects when it is not there. */
export async function secretsOf(
  { client }: Pick<ControllerWorld, 'client'>,
  reference: SecretReference | undefined,
): Promise<Readonly<Record<string, string>>> {
  if (!reference) return {};
  const { name = '', namespace = '' } = reference;
  const { data = {} } = await client.get<Secret>(`/api/v1/namespaces/${namespace}/secrets/${name}`);
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]));
}
