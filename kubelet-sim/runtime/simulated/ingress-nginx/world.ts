import type { ConfigMap, EndpointSlice, Ingress, Live, Secret, Service } from '../../../../api/index.ts';

/** The objects that a configuration is made of. */
export interface World {
  /** By namespace and name. */
  service(key: string): Live<Service> | undefined;
  slices(key: string): readonly Live<EndpointSlice>[];
  secret(key: string): Live<Secret> | undefined;
  configMap(key: string): Live<ConfigMap> | undefined;
}

export type LiveIngress = Live<Ingress>;

/** `namespace/name`, whatever the object. */
export const nameOf = ({ metadata }: { readonly metadata: { readonly namespace?: string | undefined; readonly name: string } }): string =>
  `${metadata.namespace ?? ''}/${metadata.name}`;

/** A value of a Secret as text. */
export const secretText = (secret: Live<Secret> | undefined, key: string): string | undefined => {
  const value = secret?.data?.[key];
  return value === undefined ? undefined : Buffer.from(String(value), 'base64').toString();
};
