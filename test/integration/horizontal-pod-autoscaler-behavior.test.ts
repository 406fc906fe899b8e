// What upstream's e2e tests ask of the behaviour of autoscalers (test/e2e/autoscaling/horizontal_pod_autoscaling{,_behavior}.go), all at once on a virtual clock:
// each has a Deployment whose pods share a load, and is told of another load once it has come to a number of pods.
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  appsKinds,
  autoscalingKinds,
  coreKinds,
  type Deployment,
  type HorizontalPodAutoscaler,
  type Pod,
  toTime,
} from '../../api/index.ts';
import { systemClock, VirtualClock } from '../../runtime/index.ts';
import { type ControlPlane, startControlPlane } from '../support/control-plane.ts';

const STEP_MS = 5000;
/** A look every 15 s, and metrics that say nothing of a pod until it has been ready for a window of 30 s. */
const REACTION_MS = 90_000;
const MINUTE = 60_000;

const REQUEST_MILLIS = 500;
const TARGET_PERCENT = 25;
/** A load for half a pod less than so many: the advice is rounded up. */
const loadFor = (replicas: number): number => (replicas - 0.5) * REQUEST_MILLIS * (TARGET_PERCENT / 100);

/** A load, in thousandths of a processor for all pods together, and what becomes of it. */
interface Phase {
  readonly load: number;
  /** The number of pods that it leads to, which is not left before the time is over. */
  readonly to: number;
  /** Not before, and not after. */
  readonly between: readonly [fromMs: number, toMs: number];
}

interface Scenario {
  readonly name: string;
  readonly pods: number;
  readonly bounds?: readonly [min: number, max: number];
  readonly behavior?: object;
  readonly phases: readonly Phase[];
  readonly target?: number;
}

const soon = [0, REACTION_MS] as const;
const after = (ms: number) => [ms, ms + REACTION_MS] as const;
const windows = (upSeconds: number, downSeconds: number) => ({
  scaleUp: { stabilizationWindowSeconds: upSeconds },
  scaleDown: { stabilizationWindowSeconds: downSeconds },
});
const policy = (type: 'Pods' | 'Percent', value: number, periodSeconds: number) => ({
  policies: [{ type, value, periodSeconds }],
  stabilizationWindowSeconds: 0,
});

const SCENARIOS: readonly Scenario[] = [
  {
    name: 'up-1-3-5',
    pods: 1,
    bounds: [1, 5],
    target: 20,
    phases: [
      { load: 250, to: 3, between: [0, 2 * REACTION_MS] },
      { load: 700, to: 5, between: [0, 2 * REACTION_MS] },
    ],
  },
  {
    name: 'down-5-3-1',
    pods: 5,
    bounds: [1, 5],
    target: 30,
    phases: [
      { load: 325, to: 3, between: after(5 * MINUTE - 15_000) },
      { load: 10, to: 1, between: after(5 * MINUTE - 15_000) },
    ],
  },
  {
    name: 'short-downscale-window',
    pods: 1,
    bounds: [1, 5],
    behavior: windows(0, 60),
    phases: [
      { load: loadFor(3), to: 3, between: [0, 2 * REACTION_MS] },
      { load: loadFor(2), to: 2, between: after(MINUTE - 15_000) },
    ],
  },
  {
    name: 'long-upscale-window',
    pods: 2,
    behavior: windows(180, 0),
    phases: [
      { load: loadFor(1), to: 1, between: soon },
      { load: loadFor(3), to: 3, between: after(3 * MINUTE - 15_000) },
    ],
  },
  {
    name: 'no-scale-up',
    pods: 1,
    behavior: { scaleUp: { selectPolicy: 'Disabled' } },
    phases: [{ load: loadFor(8), to: 1, between: [6 * MINUTE, 6 * MINUTE] }],
  },
  {
    name: 'no-scale-down',
    pods: 3,
    behavior: { scaleDown: { selectPolicy: 'Disabled' } },
    phases: [{ load: loadFor(1), to: 3, between: [6 * MINUTE, 6 * MINUTE] }],
  },
  {
    name: 'pods-up',
    pods: 1,
    behavior: { scaleUp: policy('Pods', 1, 60) },
    phases: [
      { load: loadFor(3), to: 2, between: soon },
      { load: loadFor(3), to: 3, between: after(MINUTE - 15_000) },
    ],
  },
  {
    name: 'pods-down',
    pods: 3,
    behavior: { scaleDown: policy('Pods', 1, 60) },
    phases: [
      { load: loadFor(1), to: 2, between: soon },
      { load: loadFor(1), to: 1, between: after(MINUTE - 15_000) },
    ],
  },
  {
    name: 'percent-up',
    pods: 2,
    behavior: { scaleUp: policy('Percent', 50, 60) },
    phases: [
      { load: loadFor(8), to: 3, between: soon },
      { load: loadFor(8), to: 5, between: after(MINUTE - 15_000) },
    ],
  },
  {
    name: 'percent-down',
    pods: 7,
    behavior: { scaleDown: policy('Percent', 25, 60) },
    phases: [
      { load: loadFor(1), to: 5, between: soon },
      { load: loadFor(1), to: 3, between: after(MINUTE - 15_000) },
    ],
  },
  {
    name: 'two-windows',
    pods: 1,
    bounds: [1, 5],
    behavior: windows(180, 180),
    phases: [
      { load: loadFor(3), to: 3, between: after(3 * MINUTE - 15_000) },
      { load: loadFor(2), to: 2, between: after(3 * MINUTE - 15_000) },
    ],
  },
  {
    name: 'window-and-rate',
    pods: 2,
    bounds: [2, 5],
    behavior: { scaleUp: policy('Pods', 1, 120), scaleDown: { stabilizationWindowSeconds: 180 } },
    phases: [
      { load: loadFor(4), to: 3, between: soon },
      { load: loadFor(4), to: 4, between: after(2 * MINUTE - 15_000) },
      { load: loadFor(2), to: 2, between: after(3 * MINUTE - 15_000) },
    ],
  },
];

/** Where a scenario is. */
interface Course {
  readonly scenario: Scenario;
  phase: number;
  sinceMs: number;
  readonly took: { readonly to: number; readonly ms: number }[];
}

const inDefault = { namespace: 'default' };
let clock: VirtualClock;
let plane: ControlPlane;
const courses = new Map<string, Course>();
const podsOf = new Map<string, readonly string[]>();

beforeAll(async () => {
  clock = new VirtualClock(systemClock.now());
  const controllers = ['deployment', 'replicaset', 'horizontalpodautoscaling', 'serviceaccount'];
  plane = await startControlPlane({ clock, stepMs: STEP_MS, nodes: ['n1'], answer: metricsOf, controllers });
});
afterAll(() => plane[Symbol.asyncDispose]());

/** The metrics API: a load is shared out evenly among the pods there are. */
function metricsOf(path: string, query: Readonly<Record<string, unknown>>): object | undefined {
  if (path !== '/apis/metrics.k8s.io/v1beta1/namespaces/default/pods') return undefined;
  const app = String(query.labelSelector).replace('app=', '');
  const course = courses.get(app);
  const pods = podsOf.get(app) ?? [];
  const { load = 0 } = course?.scenario.phases[course.phase] ?? course?.scenario.phases.at(-1) ?? {};
  const usage = { cpu: `${Math.round((load / pods.length) * 1e6)}n` };
  const timestamp = toTime(clock.now());
  return {
    items: pods.map((name) => ({ metadata: { name, ...inDefault }, timestamp, window: '30s', containers: [{ name: 'app', usage }] })),
  };
}

async function begin(scenario: Scenario): Promise<void> {
  const { name, pods, bounds = [1, 10], behavior, target = TARGET_PERCENT } = scenario;
  const containers = [{ name: 'app', image: 'web:1', resources: { requests: { cpu: `${REQUEST_MILLIS}m` } } }];
  const template = { metadata: { labels: { app: name } }, spec: { containers } };
  const spec = { replicas: pods, selector: { matchLabels: { app: name } }, template };
  await plane.create<Deployment>(appsKinds.deployments, { metadata: { name, ...inDefault }, spec });
  await plane.eventually<Deployment>(appsKinds.deployments, name, ({ status }) => status.readyReplicas === pods);
  const metrics = [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: target } } }];
  const [minReplicas, maxReplicas] = bounds;
  const scaleTargetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name };
  courses.set(name, { scenario, phase: 0, sinceMs: clock.now(), took: [] });
  await plane.create<HorizontalPodAutoscaler>(autoscalingKinds.horizontalpodautoscalers, {
    metadata: { name, ...inDefault },
    spec: { scaleTargetRef, minReplicas, maxReplicas, metrics, behavior },
  });
}

async function lookAtPods(): Promise<void> {
  const pods = (await plane.list<Pod>(coreKinds.pods, 'default')).filter(({ metadata }) => !metadata.deletionTimestamp);
  for (const { name } of SCENARIOS)
    podsOf.set(
      name,
      pods.filter(({ metadata }) => metadata.labels?.app === name).map(({ metadata }) => metadata.name),
    );
}

/** Goes on to the next phase when the number of pods is that of this one, or its time is over. */
function follow(course: Course, replicas: number): void {
  const phase = course.scenario.phases[course.phase];
  if (!phase) return;
  const ms = clock.now() - course.sinceMs;
  const [from, to] = phase.between;
  const holds = from === to;
  if (holds ? ms < to && replicas === phase.to : replicas !== phase.to && ms < to + 5 * MINUTE) return;
  course.took.push({ to: replicas, ms });
  course.phase += 1;
  course.sinceMs = clock.now();
}

it('autoscalers come to the right number of pods when their behaviour lets them, and not before', { timeout: 900_000 }, async () => {
  for (const scenario of SCENARIOS) await begin(scenario);
  while ([...courses.values()].some(({ phase, scenario }) => phase < scenario.phases.length)) {
    await lookAtPods();
    await clock.advance(STEP_MS);
    const deployments = await plane.list<Deployment>(appsKinds.deployments, 'default');
    for (const { metadata, spec } of deployments) {
      const course = courses.get(metadata.name);
      if (course) follow(course, spec.replicas ?? 0);
    }
  }
  for (const { scenario, took } of courses.values())
    scenario.phases.forEach(({ to, between: [from, end] }, i) => {
      const what = `${scenario.name}: ${JSON.stringify(took)}`;
      expect(took[i]?.to, what).toBe(to);
      expect(took[i]?.ms, what).toBeGreaterThanOrEqual(from);
      expect(took[i]?.ms, what).toBeLessThanOrEqual(end + STEP_MS);
    });
});
