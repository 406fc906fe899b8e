import { expect, test } from 'vitest';
import { parse } from 'yaml';
import type { KubeObject } from '../../../api/index.ts';
import { seededRandom } from '../../../runtime/index.ts';
import { loadCel } from './cel.ts';
import { templateFunctions } from './functions.ts';
import { readQuery } from './query.ts';
import { chooseStage, needsCel, readStage, renderPatch } from './stage.ts';
import { Template } from './template.ts';

const functions = templateFunctions({
  now: Date.UTC(2026, 0, 1),
  startedAt: 0,
  version: 'v1.34.9',
  nodeName: 'n1',
  nodeIp: () => '10.0.0.1',
  podIp: (uid, node, hostNetwork) => (hostNetwork ? '10.0.0.1' : `${uid}@${node}`),
  nodeConditions: [{ type: 'Ready', status: 'True', reason: 'KubeletReady', message: 'm' }],
});
const render = (source: string, data: unknown = {}) => new Template(source).run(data, functions);

test.each([
  ['{{ .a.b }}', { a: { b: 1 } }, '1'],
  ['{{ .a.none }}', { a: {} }, '<no value>'],
  ['{{ if eq .a "x" }}yes{{ else if .b }}perhaps{{ else }}no{{ end }}', { a: 'y', b: 1 }, 'perhaps'],
  ['{{ range .list }}[{{ . }}]{{ end }}', { list: [1, 2] }, '[1][2]'],
  ['{{ range $i, $x := .list }}{{ $i }}={{ $x.n }};{{ end }}', { list: [{ n: 'a' }, { n: 'b' }] }, '0=a;1=b;'],
  ['{{ range .none }}x{{ else }}empty{{ end }}', {}, 'empty'],
  ['{{ with .a }}{{ .b }}{{ else }}none{{ end }}', { a: { b: 'c' } }, 'c'],
  ['{{ $x := 0 }}{{ range .list }}{{ if eq . 2 }}{{ $x = . }}{{ break }}{{ end }}{{ end }}{{ $x }}', { list: [1, 2, 3] }, '2'],
  ['{{ ( index .list 1 ).n | Quote }}', { list: [{}, { n: 'a"b' }] }, '"a\\"b"'],
  ['{{ or .none .a "c" }} {{ add1 ( or .n 0 ) }}', { a: 'b', n: 4 }, 'b 5'],
  ['a {{- " b" -}} c', {}, 'a bc'],
  ['{{ define "t" }}<{{ .x }}{{ .root.y }}>{{ end }}{{ template "t" dict "x" .a "root" $ }}', { a: 1, y: 2 }, '<12>'],
  ['{{ range NodeIPsWith "n1" }}{{ . }}{{ end }} {{ with PodIPsWith "n1" false "u" "" "" }}{{ index . 0 }}{{ end }}', {}, '10.0.0.1 u@n1'],
  ['{{ Now }} {{ NodeName }}', {}, '2026-01-01T00:00:00Z n1'],
])('%s', (source, data, wanted) => {
  expect(render(source, data)).toBe(wanted);
});

test('YAML goes where it stands', () => {
  const text = render('resources:\n{{ YAML .r 1 }}\nlist:\n  {{ YAML .l 1 }}', { r: { cpu: '1', memory: '2Gi' }, l: [{ a: 1, b: 2 }] });
  expect(parse(text)).toEqual({ resources: { cpu: '1', memory: '2Gi' }, list: [{ a: 1, b: 2 }] });
});

test.each(['{{ if }}', '{{ .a', '{{ none .a }}', '{{ range .l }}', '{{ end }}'])('%s makes no sense', (source) => {
  expect(() => {
    const text = render(source);
    if (text === source) throw new Error('not an action');
  }).toThrow();
});

const pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'p', namespace: 'd', uid: 'u', annotations: { 'x.y/delay': '3s' } },
  spec: { nodeName: 'n1', containers: [{ name: 'a', image: 'i' }] },
  status: {
    conditions: [
      { type: 'Initialized', status: 'True' },
      { type: 'Ready', status: 'False' },
    ],
  },
};

test.each([
  ['.metadata.name', ['p']],
  ['.status.podIP', []],
  ['.status.conditions.[] | select( .type == "Ready" ) | .status', ['False']],
  ['.status.conditions[].type', ['Initialized', 'Ready']],
  ['.metadata.annotations["x.y/delay"]', ['3s']],
  ['.spec.containers[0].image', ['i']],
  ['.status.containerStatuses.[].state.running.startedAt', []],
])('the query %s', (text, wanted) => {
  expect(readQuery(text)(pod)).toEqual(wanted);
});

const stage = (spec: string): KubeObject =>
  ({ apiVersion: 'kwok.x-k8s.io/v1alpha1', kind: 'Stage', metadata: { name: 's' }, spec: parse(spec) }) as KubeObject;

test('a stage: whom it is about, when, and what it does', () => {
  const read = readStage(
    stage(`
resourceRef: { apiGroup: v1, kind: Pod }
selector:
  matchExpressions:
  - { key: .metadata.deletionTimestamp, operator: DoesNotExist }
  - jq: { key: '.status.conditions.[] | select( .type == "Initialized" ) | .status', operator: In, values: ['True'] }
weight: 1
delay:
  durationMilliseconds: 1000
  durationFrom: { expressionFrom: '.metadata.annotations["x.y/delay"]' }
  jitterDurationMilliseconds: 5000
next:
  event: { type: Normal, reason: Started, message: 'container {{ ( index .spec.containers 0 ).name }}' }
  finalizers: { remove: [{ value: a/b }] }
  statusTemplate: |
    {{ $now := Now }}
    phase: Running
    podIP: {{ PodIPWith .spec.nodeName ( or .spec.hostNetwork false ) ( or .metadata.uid "" ) "" "" | Quote }}
    containerStatuses:
    {{ range .spec.containers }}
    - name: {{ .name | Quote }}
      state:
        running:
          startedAt: {{ $now | Quote }}
    {{ end }}
`),
  );
  expect(read.kind).toBe('Pod');
  expect(read.matches(pod)).toBe(true);
  expect(read.matches({ ...pod, metadata: { ...pod.metadata, deletionTimestamp: 'now' } })).toBe(false);
  const delay = read.delayMs(pod, 0, seededRandom(1));
  expect(delay).toBeGreaterThanOrEqual(3000);
  expect(delay).toBeLessThanOrEqual(5000);
  expect(read.actions.map((action) => Object.keys(action)[0])).toEqual(['event', 'finalizers', 'patch']);
  const patch = read.actions.find((action) => 'patch' in action);
  if (!patch || !('patch' in patch)) throw new Error('there is a patch');
  expect(renderPatch(patch.patch, pod, functions)).toEqual({
    status: {
      phase: 'Running',
      podIP: 'u@n1',
      containerStatuses: [{ name: 'a', state: { running: { startedAt: '2026-01-01T00:00:00Z' } } }],
    },
  });
});

test('a JSON patch with a root has its paths below it', () => {
  const patches = "patches: [{ type: json, root: status, template: '[{ op: replace, path: /phase, value: Failed }]' }]";
  const [action] = readStage(stage(`{ resourceRef: { kind: Pod }, selector: {}, next: { ${patches} } }`)).actions;
  if (!action || !('patch' in action)) throw new Error('there is a patch');
  expect(renderPatch(action.patch, pod, functions)).toEqual([{ op: 'replace', path: '/status/phase', value: 'Failed' }]);
});

test('of several stages one is chosen by weight', () => {
  const of = (name: string, weight: number) => ({
    ...readStage(stage(`{ resourceRef: { kind: Pod }, selector: {}, weight: ${weight} }`)),
    name,
  });
  const random = seededRandom(3);
  const chosen = Array.from({ length: 400 }, () => chooseStage([of('rare', 1), of('usual', 9), of('never', 0)], pod, random)?.name);
  expect(chosen).not.toContain('never');
  const rare = chosen.filter((name) => name === 'rare').length;
  expect(rare).toBeGreaterThan(15);
  expect(rare).toBeLessThan(80);
});

test('expressions in CEL choose objects and say values; what is no truth is no match', async () => {
  const cel = await loadCel();
  const read = readStage(
    stage(`
resourceRef: { apiGroup: apps/v1, kind: Deployment }
selector:
  matchExpressions:
  - cel: { expression: "self.metadata.name == 'p' && !has(self.metadata.deletionTimestamp)" }
  - cel: { expression: "self.status.conditions.exists(one, one.type == 'Ready')" }
weightFrom: { cel: { expression: "size(self.spec.containers) * 3" } }
delay: { durationFrom: { cel: { expression: "self.metadata.annotations['x.y/delay']" } } }
steps:
- patch: { root: status, template: 'phase: Running' }
`),
    cel,
  );
  expect([read.apiVersion, read.kind]).toEqual(['apps/v1', 'Deployment']);
  expect(read.matches(pod)).toBe(true);
  expect(read.matches({ ...pod, metadata: { ...pod.metadata, name: 'q' } })).toBe(false);
  expect(read.matches({ metadata: pod.metadata })).toBe(false);
  expect(read.weight(pod)).toBe(3);
  expect(read.delayMs(pod, 0, seededRandom(1))).toBe(3000);
  expect(read.actions).toMatchObject([{ patch: { type: 'merge' } }]);
  const wrong = stage('{ resourceRef: { kind: Pod }, selector: { matchExpressions: [{ cel: { expression: "self." } }] } }');
  expect(() => readStage(wrong, cel)).toThrow(/^"self.": compilation failed/);
  expect(() => readStage(wrong)).toThrow('is CEL, which is not at hand');
  expect([needsCel(wrong), needsCel(stage('{ resourceRef: { kind: Pod } }'))]).toEqual([true, false]);
});

test('a step applies another object; whoever is deleted is not patched', () => {
  const read = readStage(
    stage(`
resourceRef: { kind: Pod }
selector: {}
steps:
- apply: { template: 'kind: ConfigMap' }
- apply: { template: 'kind: ConfigMap', subresource: status, type: merge }
- { delete: true, patch: { template: 'a: b' } }
`),
  );
  expect(read.actions).toMatchObject([
    { apply: { type: 'apply', subresource: '' } },
    { apply: { type: 'merge', subresource: 'status' } },
    { delete: true },
  ]);
});

test('a template that nests deep makes no patch, and does not end the process', () => {
  const next = { statusTemplate: `phase: ${'['.repeat(200_000)}` };
  const { actions } = readStage({ ...stage('{}'), spec: { resourceRef: { kind: 'Pod' }, next } } as KubeObject);
  const [action] = actions;
  if (!action || !('patch' in action)) throw new Error('no patch');
  expect(() => renderPatch(action.patch, pod, functions)).toThrow('exceeded max depth of 400');
});
