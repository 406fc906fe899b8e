import { describe, expect, it } from 'vitest';
import { networkingKinds } from '../../../api/index.ts';
import { StrategyHarness } from '../testing/harness.ts';
import { ingressStrategy } from './ingress.ts';
import { ingressClassStrategy } from './ingress-class.ts';
import { ipAddressStrategy, serviceCidrStrategy } from './ip-address.ts';
import { networkPolicyStrategy } from './network-policy.ts';

const CREATED = '2023-12-31T23:59:30Z';

describe('NetworkPolicy', () => {
  const policies = new StrategyHarness(networkPolicyStrategy, networkingKinds.networkpolicies);

  it('is about what comes in, and what goes out if there are rules for it', () => {
    const policy = policies.stored({ spec: { podSelector: {} } });
    expect(policy.spec.policyTypes).toEqual(['Ingress']);
    expect(policy.metadata.generation).toBe(1);
    const both = policies.stored({ spec: { podSelector: { matchLabels: { app: 'x' } }, egress: [{ ports: [{ port: 53 }] }] } });
    expect(both.spec).toMatchObject({ policyTypes: ['Ingress', 'Egress'], egress: [{ ports: [{ port: 53, protocol: 'TCP' }] }] });
    both.metadata.creationTimestamp = CREATED;
    expect(policies.row(both)).toEqual(['x', 'app=x', '30s']);
    expect(policies.patch(policy, { spec: { egress: [{}] } }).object.metadata.generation).toBe(2);
    expect(policies.patch(policy, { spec: { policyTypes: [] } }).object.metadata.generation).toBe(1);
    expect(policies.patch(policy, { spec: { ingress: [] } }).object.metadata.generation).toBe(2);
  });

  it('says twice what is wrong with a change, as upstream looks twice', () => {
    const policy = policies.stored({ spec: { podSelector: {} } });
    const wrong = 'spec.policyTypes[0]: Unsupported value: "x": supported values: "Ingress", "Egress"';
    expect(policies.patch(policy, { spec: { policyTypes: ['x'] } }).errors).toEqual([wrong, wrong]);
  });

  it('checks its rules', () => {
    const ports = [{ port: 9, endPort: 8 }, { port: 'http', endPort: 8 }, { endPort: 8 }, { protocol: 'X' }];
    const from = [
      {},
      { podSelector: {}, ipBlock: { cidr: '10.0.0.0/8', except: ['10.0.0.0/8', '11.0.0.0/16', '10.1.0.0/16'] } },
      { ipBlock: { cidr: 'x' } },
    ];
    expect(policies.create({ spec: { podSelector: {}, ingress: [{ ports, from }], policyTypes: ['Sideways'] } }).errors).toEqual([
      'spec.ingress[0].ports[0].endPort: Invalid value: 9: must be greater than or equal to `port`',
      'spec.ingress[0].ports[1].endPort: Invalid value: 8: may not be specified when `port` is non-numeric',
      'spec.ingress[0].ports[2].endPort: Invalid value: 8: may not be specified when `port` is not specified',
      'spec.ingress[0].ports[3].protocol: Unsupported value: "X": supported values: "TCP", "UDP", "SCTP"',
      'spec.ingress[0].from[0]: Required value: must specify a peer',
      'spec.ingress[0].from[1].ipBlock.except[0]: Invalid value: "10.0.0.0/8": must be a strict subset of `cidr`',
      'spec.ingress[0].from[1].ipBlock.except[1]: Invalid value: "11.0.0.0/16": must be a strict subset of `cidr`',
      'spec.ingress[0].from[1]: Forbidden: may not specify both ipBlock and another peer',
      'spec.ingress[0].from[2].ipBlock.cidr: Invalid value: "x": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)',
      'spec.policyTypes[0]: Unsupported value: "Sideways": supported values: "Ingress", "Egress"',
    ]);
  });

  it('warns of networks written ambiguously', () => {
    const spec = { podSelector: {}, ingress: [{ from: [{ ipBlock: { cidr: '10.0.0.1/8' } }] }] };
    expect(policies.create({ spec }).warnings).toEqual([
      'spec.ingress[0].from[0].ipBlock.cidr: CIDR value "10.0.0.1/8" is ambiguous in this context (should be "10.0.0.0/8" or "10.0.0.1/32"?)',
    ]);
  });
});

describe('Ingress', () => {
  const ingresses = new StrategyHarness(ingressStrategy, networkingKinds.ingresses);
  const backend = { service: { name: 's', port: { number: 80 } } };
  const ruleOf = (...paths: object[]): object => ({ spec: { rules: [{ http: { paths } }] } });

  it('needs something to send requests to', () => {
    expect(ingresses.create({ spec: {} }).errors).toEqual([
      'spec: Invalid value: null: either `defaultBackend` or `rules` must be specified',
    ]);
    expect(ingresses.create({ spec: { defaultBackend: {} } }).errors).toEqual([
      'spec.defaultBackend: Invalid value: "": resource or service backend is required',
    ]);
    expect(ingresses.create({ spec: { defaultBackend: { service: { name: 's' } } } }).errors).toEqual([
      'spec.defaultBackend: Required value: port name or number is required',
    ]);
  });

  it('checks its paths', () => {
    const { errors } = ingresses.create(
      ruleOf(
        { path: '/', backend },
        { path: 'x', pathType: 'Exact', backend },
        { path: '/a//b/..', pathType: 'Prefix', backend },
        { path: '/a//b', pathType: 'ImplementationSpecific', backend },
        { path: '/a', pathType: 'Glob', backend },
      ),
    );
    expect(errors).toEqual([
      'spec.rules[0].http.paths[0].pathType: Required value: pathType must be specified',
      'spec.rules[0].http.paths[1].path: Invalid value: "x": must be an absolute path',
      `spec.rules[0].http.paths[2].path: Invalid value: "/a//b/..": must not contain '//'`,
      `spec.rules[0].http.paths[2].path: Invalid value: "/a//b/..": cannot end with '/..'`,
      'spec.rules[0].http.paths[4].pathType: Unsupported value: "Glob": supported values: "Exact", "ImplementationSpecific", "Prefix"',
    ]);
  });

  it('warns of the annotation for its class, which must agree with the field', () => {
    const metadata = { name: 'a', annotations: { 'kubernetes.io/ingress.class': 'x' } };
    const { warnings } = ingresses.create({ metadata, spec: { defaultBackend: backend } });
    expect(warnings).toEqual([`annotation "kubernetes.io/ingress.class" is deprecated, please use 'spec.ingressClassName' instead`]);
    const both = ingresses.create({ metadata, spec: { ingressClassName: 'y', defaultBackend: backend } });
    expect(both.warnings).toEqual([]);
    expect(both.errors).toEqual([
      'annotations.kubernetes.io/ingress.class: Invalid value: "x": must match `ingressClassName` when both are specified',
    ]);
  });

  it('keeps spec and status apart, and shows both', () => {
    const stored = ingresses.stored({ spec: { defaultBackend: backend, rules: [{ host: 'a.b' }, {}, { host: '*.b' }] }, status: { x: 1 } });
    expect(stored.status).toEqual({ loadBalancer: {} });
    const status = { loadBalancer: { ingress: [{ ip: '192.0.2.3' }, { hostname: 'lb.example' }] } };
    const { object, errors } = ingresses.patch(stored, { spec: { rules: null }, status }, 'status');
    expect(errors).toEqual([]);
    expect(object.spec).toEqual(stored.spec);
    object.metadata.creationTimestamp = CREATED;
    expect(ingresses.row(object)).toEqual(['x', '<none>', 'a.b,*.b', '192.0.2.3,lb.example', '80', '30s']);
    expect(ingresses.patch(stored, { status: { loadBalancer: { ingress: [{ ip: 'x' }] } } }, 'status').errors).toEqual([
      'status.loadBalancer.ingress[0].ip: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
    ]);
  });
});

describe('IngressClass', () => {
  const classes = new StrategyHarness(ingressClassStrategy, networkingKinds.ingressclasses);

  it('belongs to one controller', () => {
    const stored = classes.stored({ spec: { controller: 'example.com/c', parameters: { apiGroup: 'g.io', kind: 'P', name: 'p' } } });
    expect(stored.spec.parameters?.scope).toBe('Cluster');
    expect(classes.patch(stored, { spec: { controller: 'example.com/d' } }).errors).toEqual([
      'spec.controller: Invalid value: "example.com/d": field is immutable',
    ]);
    stored.metadata.creationTimestamp = CREATED;
    expect(classes.row(stored)).toEqual(['x', 'example.com/c', 'P.g.io/p', '30s']);
  });

  it('checks its fields', () => {
    expect(classes.create({ spec: {} }).errors).toEqual(['spec.controller: Required value']);
    const parameters = { kind: '', name: 'a/b', scope: 'Namespace' };
    expect(classes.create({ spec: { controller: 'c', parameters } }).errors).toEqual([
      'spec.controller: Invalid value: "c": must be a domain-prefixed path (such as "acme.io/foo")',
      'spec.parameters.kind: Required value',
      `spec.parameters.name: Invalid value: "a/b": may not contain '/'`,
      "spec.parameters.namespace: Required value: `parameters.scope` is set to 'Namespace'",
    ]);
  });
});

it('an IPAddress has an owner that stays', () => {
  const addresses = new StrategyHarness(ipAddressStrategy, networkingKinds.ipaddresses);
  expect(ipAddressStrategy.validateName?.('010.0.0.1', false)).toEqual(['must not have leading 0s']);
  expect(addresses.create({ spec: {} }).errors).toEqual(['spec.parentRef: Required value']);
  expect(addresses.create({ spec: { parentRef: {} } }).errors).toEqual([
    'spec.parentRef.resource: Required value',
    'spec.parentRef.name: Required value',
  ]);
  const stored = addresses.stored({ spec: { parentRef: { resource: 'services', namespace: 'default', name: 'k' } } });
  expect(addresses.row(stored).slice(0, 2)).toEqual(['x', 'services/default/k']);
  expect(addresses.patch(stored, { spec: { parentRef: { name: 'l' } } }).errors).toEqual([
    'spec.parentRef: Invalid value: {"Group":"","Resource":"services","Namespace":"default","Name":"l"}: field is immutable',
  ]);
});

it('what is wrong with the changed owner of an IPAddress is said too', () => {
  const addresses = new StrategyHarness(ipAddressStrategy, networkingKinds.ipaddresses);
  const stored = addresses.stored({ spec: { parentRef: { resource: 'services', name: 'k' } } });
  expect(addresses.patch(stored, { spec: { parentRef: null } }).errors).toEqual([
    'spec.parentRef: Required value',
    'spec.parentRef: Invalid value: null: field is immutable',
  ]);
});

it('a ServiceCIDR keeps a status that comes with it', () => {
  const cidrs = new StrategyHarness(serviceCidrStrategy, networkingKinds.servicecidrs);
  const condition = { type: 'Ready', status: 'True', reason: 'R', message: '', lastTransitionTime: '2024-01-01T00:00:00Z' };
  const stored = cidrs.stored({ spec: { cidrs: ['10.97.0.0/24'] }, status: { conditions: [condition] } });
  expect(stored.status).toEqual({ conditions: [condition] });
  expect(cidrs.patch(stored, { status: { conditions: [] } }).object.status).toEqual({});
});

it('a ServiceCIDR has a network of each family at most, and only gains', () => {
  const cidrs = new StrategyHarness(serviceCidrStrategy, networkingKinds.servicecidrs);
  expect(cidrs.create({ spec: {} }).errors).toEqual(['spec.cidrs: Required value: at least one CIDR required']);
  expect(cidrs.create({ spec: { cidrs: ['10.97.0.0/24', '10.98.0.0/24'] } }).errors).toEqual([
    'spec.cidrs: Invalid value: ["10.97.0.0/24","10.98.0.0/24"]: may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64',
  ]);
  const stored = cidrs.stored({ spec: { cidrs: ['10.97.0.0/24'] }, status: { conditions: [] } });
  expect(stored.status).toEqual({});
  expect(cidrs.patch(stored, { spec: { cidrs: ['10.97.0.0/24', '2001:db8::/64'] } }).errors).toEqual([]);
  expect(cidrs.patch(stored, { spec: { cidrs: ['10.98.0.0/24'] } }).errors).toEqual([
    'spec.cidrs[0]: Invalid value: "10.98.0.0/24": field is immutable',
  ]);
});

describe('a backend that is a resource of the core group', () => {
  it('is checked without its group', () => {
    const ingresses = new StrategyHarness(ingressStrategy, networkingKinds.ingresses);
    const resource = { kind: 'K/', name: '' };
    expect(ingresses.create({ spec: { defaultBackend: { resource } } }).errors).toEqual([
      'spec.defaultBackend.resource.kind: Invalid value: "K/": may not contain \'/\'',
      'spec.defaultBackend.resource.name: Required value',
    ]);
  });
});
