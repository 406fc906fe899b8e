// Commands that say when they begin and end, and what can be read of it (test/e2e_node/container_lifecycle_pod_construction.go).
import type { Container, Pod } from '../../../api/index.ts';
import { TestNode } from '../../../kubelet-sim/testing/node-harness.ts';
import { BUSYBOX } from './world.ts';

export interface Course {
  readonly exitCode?: number;
  /** Seconds before it says that it has started. */
  readonly startDelay?: number;
  /** Seconds before it ends. */
  readonly delay?: number;
  readonly loopsForever?: boolean;
  /** Seconds that it takes to end when it is asked to. */
  readonly terminationSeconds?: number;
  /** The container whose log it writes to; its own, unless it is a hook or a probe. */
  readonly container?: string;
}

const sleep = (seconds: number | undefined): string => (seconds ? `exec sleep ${seconds} & wait $!; ` : '');

/** The command line of upstream's `ExecCommand`: a line for each step, with its time, in the log of the container and in a file. */
export function course(
  name: string,
  { exitCode = 0, startDelay, delay, loopsForever, terminationSeconds = 0, container }: Course,
): string[] {
  const file = `/persistent/${container ?? name}.log`;
  // busybox' date knows no fractions of a second; its nmeter does.
  const say = (what: string) => `echo \`date -u +%FT$(nmeter -d0 '%3t' | head -n1)Z\` '${name} ${what}' | tee -a ${file} >> /proc/1/fd/1; `;
  const parts = [
    `touch ${file}; `,
    container === undefined ? `cat ${file} >> /proc/1/fd/1; ` : '',
    say(`Starting ${startDelay ?? 0}`),
    `_term() { sleep ${terminationSeconds}; ${say('Exiting')}exit ${exitCode}; }; trap _term TERM; `,
    sleep(startDelay),
    'touch started; ',
    say('Started'),
    say(`Delaying ${delay ?? 0}`),
    sleep(delay),
    loopsForever ? `while true; do ${say('Looping')}sleep 1 ; done; ` : '',
    say('Exiting'),
    `exit ${exitCode}`,
  ];
  return ['sh', '-c', parts.join('')];
}

/** A container of such a command; its files outlive it. */
export const steps = (name: string, own: Course, more: Partial<Container> = {}): Container => ({
  name,
  image: BUSYBOX,
  command: course(name, own),
  volumeMounts: [{ name: 'persistent', mountPath: '/persistent' }],
  ...more,
});

export const sidecar = (name: string, own: Course, more: Partial<Container> = {}): Container =>
  steps(name, own, { restartPolicy: 'Always', ...more });

/** Turns of the event loop that the commands of all containers take at most before they wait again. */
const TURNS = 500;

/** Time goes on, a second after the other; all that is to be done in one is done before the next. */
export async function live(node: TestNode, seconds: number): Promise<void> {
  for (let i = 0; i < seconds; i++) {
    await node.pass(Math.min(1, seconds - i));
    for (let turn = 0; turn < TURNS; turn++) await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Runs a pod on a node of its own. */
export async function started(spec: Partial<Pod['spec']>): Promise<TestNode> {
  const node = new TestNode();
  await node.run({ volumes: [{ name: 'persistent', emptyDir: {} }], ...spec });
  await live(node, 0.1);
  return node;
}

/** What containers, hooks and probes said, in the order of its time. */
export async function record(node: TestNode): Promise<Record> {
  const { initContainerStatuses = [], containerStatuses = [] } = node.status;
  const texts = await Promise.all([...initContainerStatuses, ...containerStatuses].map(({ name }) => node.log(name)));
  const lines = texts.flatMap((text) => text.split('\n').filter((line) => line !== ''));
  const said = lines.map((line) => {
    const [time = '', name = '', what = ''] = line.split(' ');
    if (Number.isNaN(Date.parse(time))) throw new Error(`no time at the beginning of: ${line}`);
    return { time: Date.parse(time), name, what };
  });
  return new Record(said.sort((a, b) => a.time - b.time));
}

interface Said {
  readonly time: number;
  readonly name: string;
  readonly what: string;
}

export class Record {
  readonly said: readonly Said[];

  constructor(said: readonly Said[]) {
    this.said = said;
  }

  /** The times at which something was said. */
  times(name: string, what: string): number[] {
    return this.said.filter((one) => one.name === name && one.what === what).map(({ time }) => time);
  }

  /** Who began, in order. */
  get starts(): string[] {
    return this.said.filter(({ what }) => what === 'Started').map(({ name }) => name);
  }

  /** Who ended, in order. */
  get ends(): string[] {
    return this.said.filter(({ what }) => what === 'Exiting').map(({ name }) => name);
  }

  /** Whether one had ended before the other began. */
  isAfter(later: string, earlier: string): boolean {
    return (this.times(later, 'Starting')[0] ?? Number.NaN) >= (this.times(earlier, 'Exiting')[0] ?? Number.NaN);
  }

  /** Whether the second began while the first had not ended. */
  overlap(first: string, second: string): boolean {
    const began = this.times(second, 'Started').at(-1) ?? Number.NaN;
    const end = this.times(first, 'Exiting')[0] ?? Number.POSITIVE_INFINITY;
    return began >= (this.times(first, 'Started')[0] ?? Number.NaN) && began <= end;
  }
}
