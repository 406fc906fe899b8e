import { expect, it } from 'vitest';
import { type Ingress, type IngressClass, networkingKinds } from '../../api/index.ts';
import type { ObjectReader } from '../registry/objects.ts';
import { contextOf } from '../strategies/testing/harness.ts';
import { defaultIngressClass } from './default-ingress-class.ts';

const classOf = (name: string, creationTimestamp: string, mark = 'true'): IngressClass => ({
  metadata: { name, creationTimestamp, annotations: { 'ingressclass.kubernetes.io/is-default-class': mark } },
  spec: { controller: 'example.com/c' },
});

function admitted(ingress: Ingress, classes: readonly IngressClass[]): string | undefined {
  const objects = { list: () => classes } as unknown as ObjectReader;
  const request = { operation: 'CREATE', kind: networkingKinds.ingresses, namespace: 'ns', name: 'x', subresource: '' } as const;
  void defaultIngressClass(objects).admit?.(contextOf().context, { ...request, object: ingress, old: undefined });
  return ingress.spec.ingressClassName;
}

const ingressOf = (own: Partial<Ingress>): Ingress => ({ metadata: { name: 'x' }, spec: {}, status: {}, ...own });

it('fills in the newest default class, by name among those of one moment', () => {
  const old = classOf('old', '2024-01-01T00:00:00Z');
  const b = classOf('b', '2024-01-02T00:00:00Z');
  const a = classOf('a', '2024-01-02T00:00:00Z');
  const none = classOf('none', '2024-01-03T00:00:00Z', 'false');
  expect(admitted(ingressOf({}), [old, b, a, none])).toBe('a');
  expect(admitted(ingressOf({}), [none])).toBeUndefined();
});

it('leaves an Ingress alone that names its class, by field or annotation', () => {
  const classes = [classOf('a', '2024-01-02T00:00:00Z')];
  expect(admitted(ingressOf({ spec: { ingressClassName: '' } }), classes)).toBe('');
  const metadata = { name: 'x', annotations: { 'kubernetes.io/ingress.class': 'y' } };
  expect(admitted(ingressOf({ metadata }), classes)).toBeUndefined();
});
