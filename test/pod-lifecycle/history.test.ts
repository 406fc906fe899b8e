/**
 * Random pods with random failures, on a node where pause processes and containers are killed, configuration comes late, pods are deleted,
 * resized and evicted, and the kubelet ends and begins again at any moment: what the API is told is always what a kubelet could have told
 * (the machine of docs/pod-lifecycle.md), and no process outlives its sandbox.
 */
import { expect, test } from 'vitest';
import type { PodStatus } from '../../api/index.ts';
import { aPod } from '../../kubelet-sim/testing/builders.ts';
import { TestNode } from '../../kubelet-sim/testing/node-harness.ts';
import { seededRandom } from '../../runtime/index.ts';
import { play } from '../support/dice.ts';
import { seedOf, times } from '../support/long-run.ts';
import { PodHistory } from '../support/pod-history.ts';
import { RandomPods } from '../support/random-pods.ts';

const SEED = seedOf(1);
const PODS = times(200, 20_000);
const STEPS = 16;

test(`random pods live as pods live (seeds ${SEED} to ${SEED + PODS - 1})`, { timeout: 300_000 * times(1, 10) }, async () => {
  for (let seed = SEED; seed < SEED + PODS; seed++) {
    const wrong = await liveOf(seed);
    expect(wrong, `seed ${seed}: NANOKUBE_SEED=${seed} repeats it`).toEqual([]);
  }
});

/** Lets one pod live and end; answers what was wrong with it. */
async function liveOf(seed: number): Promise<string[]> {
  const random = seededRandom(seed);
  const pods = new RandomPods(random);
  const node = new TestNode({ seed, pullMs: pods.one(1, 1, 3000) });
  const pod = aPod(pods.spec());
  const history = new PodHistory(pod);
  const wrong: string[] = [];
  let checked = 0;
  const check = (): void => {
    for (const status of node.history.slice(checked)) wrong.push(...history.next(status).map((text) => `${text} (${brief(status)})`));
    checked = node.history.length;
    wrong.push(...strays(node));
  };
  const pass = async (seconds: number) => {
    await node.pass(seconds);
    check();
  };
  await node.run({}, pod);
  await play(random, STEPS, [
    { weight: 12, run: () => pass(pods.one(0.1, 1, 5, 20, 60, random.next() * 10)) },
    { weight: 2, run: () => node.killPause() },
    { weight: 3, run: () => node.restartAgent(pods.one(0, 1, 30)) },
    { weight: 1, run: () => node.restartProcess() },
    { weight: 2, run: () => killSome(node, random.integer(10)) },
    { weight: 1, run: () => node.source.configMaps.set('late', { x: 'y' }) },
    { weight: 1, run: () => node.change((pod) => ({ ...pod, spec: pods.changed(pod.spec) })) },
    { weight: 1, run: () => node.worker?.evict({ reason: 'Evicted', message: 'no room' }, pods.one(0, 5)) },
  ]);
  check();
  const { phase } = node.status;
  await (pods.chance(20) ? node.forceDelete() : node.delete(pods.one(1, 5, 30)));
  if (pods.chance(30)) await node.delete(1);
  if (pods.chance(30)) await node.restartAgent();
  await pass(120);
  const left = node.runtime.listContainers().filter(({ state }) => state === 'running');
  if (left.length > 0) wrong.push(`deleted in phase ${phase}, but ${left.map(({ name }) => name).join()} runs`);
  return [...new Set(wrong)];
}

/** A container's main process is killed from the node. */
function killSome({ runtime }: TestNode, at: number): void {
  const running = runtime.listProcesses().filter(({ containerId }) => containerId !== '');
  const victim = running[at % Math.max(1, running.length)];
  if (victim) runtime.signalProcess(victim.pid, 'SIGKILL');
}

/** Processes whose sandbox is dead. */
function strays({ runtime }: TestNode): string[] {
  const ready = new Set(
    runtime
      .listPodSandboxes()
      .filter((sandbox) => sandbox.ready)
      .map(({ id }) => id),
  );
  return runtime
    .listContainers()
    .filter(({ sandboxId, state }) => state === 'running' && !ready.has(sandboxId))
    .map(({ name }) => `container ${name} outlives its sandbox`);
}

function brief({ phase, reason = '', initContainerStatuses = [], containerStatuses = [] }: PodStatus): string {
  const states = [...initContainerStatuses, ...containerStatuses].map(({ name, state, restartCount, ready }) => {
    const word = state?.running ? 'running' : state?.terminated ? `ended ${state.terminated.exitCode}` : (state?.waiting?.reason ?? '?');
    return `${name}#${restartCount} ${word}${ready ? ' ready' : ''}`;
  });
  return `${phase} ${reason} ${states.join(', ')}`;
}
