import { expect, test, vi } from 'vitest';
import { type ConfigMap, coreKinds, type Live } from '../api/index.ts';
import { seededRandom, silentLogger, VirtualClock } from '../runtime/index.ts';
import { until } from '../test/support/wait.ts';
import { createClient } from './api-client.ts';
import { Reflector } from './reflector.ts';

/** A clock that work moves on. */
class WorkedClock extends VirtualClock {
  workedMs = 0;
  override monotonic(): number {
    return super.monotonic() + this.workedMs;
  }
}

/** A reflector that is given all events in one batch, and what it told its sink. */
function setUp(count: number, clock: WorkedClock, onEvent: (told: number) => void) {
  const client = createClient({ server: 'http://127.0.0.1:1', userAgent: 'test', clock });
  const resource = client.resource<ConfigMap>(coreKinds.configmaps);
  const stop = new AbortController();
  const events = Array.from({ length: count }, (_, i) => ({ type: 'ADDED' as const, object: configMap(String(i + 2)) }));
  vi.spyOn(resource, 'list').mockResolvedValue({ apiVersion: 'v1', kind: 'ConfigMapList', metadata: { resourceVersion: '1' }, items: [] });
  vi.spyOn(resource, 'watchBatches').mockImplementation(async function* () {
    yield events;
    await new Promise((resolve) => stop.signal.addEventListener('abort', resolve));
  });
  const nothing = () => undefined;
  let told = 0;
  const event = () => {
    told++;
    clock.workedMs += 4;
    onEvent(told);
  };
  const sink = { listBegins: nothing, page: nothing, listed: nothing, event };
  const reflector = new Reflector({ resource, selection: {}, sink, clock, random: seededRandom(1), logger: silentLogger });
  return { reflector, stop, told: () => told, close: () => client.close() };
}

const configMap = (resourceVersion: string): Live<ConfigMap> => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: {
    name: `c${resourceVersion}`,
    namespace: 'default',
    uid: resourceVersion,
    resourceVersion,
    creationTimestamp: '2026-01-01T00:00:00Z',
  },
});

test('a thousand events that come at once leave others a turn after each 20 ms of work', async () => {
  let turn = 0;
  const perTurn = new Map<number, number>();
  const t = setUp(1000, new WorkedClock(), () => perTurn.set(turn, (perTurn.get(turn) ?? 0) + 1));
  const count = () => {
    turn++;
    if (!t.stop.signal.aborted) setImmediate(count);
  };
  setImmediate(count);
  const running = t.reflector.run(t.stop.signal);
  await until('all are told', () => t.told() === 1000);
  expect(t.reflector.resourceVersion).toBe('1001');
  expect(Math.max(...perTurn.values())).toBeLessThanOrEqual(12);
  t.stop.abort();
  await running;
  await t.close();
});

test('nothing is told any more once it was stopped between two turns', async () => {
  const t = setUp(1000, new WorkedClock(), (told) => {
    if (told === 500) t.stop.abort();
  });
  await t.reflector.run(t.stop.signal);
  expect(t.told()).toBeLessThan(510);
  await t.close();
});
