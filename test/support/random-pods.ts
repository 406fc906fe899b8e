import type { Container, Pod, Probe } from '../../api/index.ts';
import { shell } from '../../kubelet-sim/testing/node-harness.ts';
import type { Random } from '../../runtime/index.ts';

/** Pods of all sorts, of which some things fail. */
export class RandomPods {
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  one<T>(...choices: readonly [T, ...T[]]): T {
    return choices[this.#random.integer(choices.length)] ?? choices[0];
  }

  chance(percent: number): boolean {
    return this.#random.integer(100) < percent;
  }

  spec(): Partial<Pod['spec']> {
    const volumes = [{ name: 'v', emptyDir: {} }, ...(this.chance(10) ? [{ name: 'late', configMap: { name: 'late' } }] : [])];
    return {
      restartPolicy: this.one('Always', 'OnFailure', 'Never'),
      terminationGracePeriodSeconds: this.one(0, 1, 3, 20, 40),
      ...(this.chance(10) ? { activeDeadlineSeconds: 5 + this.#random.integer(120) } : {}),
      ...(this.chance(20) ? { shareProcessNamespace: true } : {}),
      volumes,
      initContainers: Array.from({ length: this.one(0, 0, 1, 2, 3) }, (_, i) =>
        this.chance(40) ? this.#sidecar(`side-${i}`) : this.#init(`init-${i}`),
      ),
      containers: Array.from({ length: this.one(1, 1, 2, 3) }, (_, i) => this.#main(`main-${i}`)),
    };
  }

  /** What may be changed of a pod: images, resources, the deadline. */
  changed(spec: Pod['spec']): Pod['spec'] {
    const at = this.#random.integer(spec.containers.length);
    const change = this.one<Partial<Container>>(
      { image: this.one('busybox', 'busybox:1.36', 'busybox:does-not-exist') },
      { resources: { requests: { cpu: this.one('1', '2', '100') } } },
    );
    const containers = spec.containers.map((container, i) => (i === at ? { ...container, ...change } : container));
    return { ...spec, containers, ...(this.chance(10) ? { activeDeadlineSeconds: 30 } : {}) };
  }

  #init(name: string): Container {
    const tries = this.one(0, 0, 0, 1, 2);
    const succeeds = `for i in $(seq 1 ${tries}); do if [ ! -e /v/${name}-$i ]; then touch /v/${name}-$i; exit 1; fi; done; sleep ${this.one(0, 1, 5)}; exit 0`;
    return this.#container(name, this.chance(10) ? 'exit 3' : tries === 0 ? `sleep ${this.one(0, 1, 5)}` : succeeds);
  }

  #sidecar(name: string): Container {
    return { ...this.#container(name, this.#program()), restartPolicy: 'Always', ...this.#probes(), ...this.#hooks() };
  }

  #main(name: string): Container {
    return { ...this.#container(name, this.#program()), ...this.#probes(), ...this.#hooks() };
  }

  #container(name: string, script: string): Container {
    const broken = this.chance(5) ? { image: 'busybox:does-not-exist' } : this.chance(5) ? { command: ['no-such-program'] } : {};
    const env = this.chance(5) ? [{ name: 'X', valueFrom: { configMapKeyRef: { name: 'late', key: 'x' } } }] : [];
    const resizePolicy = [{ resourceName: 'cpu', restartPolicy: this.one('NotRequired', 'RestartContainer') }];
    return shell(name, script, { volumeMounts: [{ name: 'v', mountPath: '/v' }], env, resizePolicy, ...broken });
  }

  /** What a container does: end soon or late, well or badly; or never, and stop when it is asked to, or not. */
  #program(): string {
    const seconds = this.one(0, 1, 4, 15, 60);
    return this.one(
      `sleep ${seconds}; exit 0`,
      `sleep ${seconds}; exit ${1 + this.#random.integer(3)}`,
      'trap "exit 0" TERM; sleep 36000 & wait',
      'trap "sleep 2; exit 1" TERM; sleep 36000 & wait',
      'sleep 36000',
      'touch /tmp/ok; sleep 36000',
      'touch /tmp/ok; sleep 7; rm /tmp/ok; sleep 36000',
      'sleep 3; touch /tmp/ok; sleep 36000',
    );
  }

  #probe(): Probe {
    return {
      exec: { command: this.one(['true'], ['cat', '/tmp/ok'], ['false'], ['sleep', '3']) },
      periodSeconds: this.one(1, 2, 5),
      failureThreshold: this.one(1, 3, 10),
      initialDelaySeconds: this.one(0, 0, 3),
    };
  }

  #probes(): Partial<Container> {
    return {
      ...(this.chance(25) ? { startupProbe: this.#probe() } : {}),
      ...(this.chance(30) ? { readinessProbe: this.#probe() } : {}),
      ...(this.chance(25) ? { livenessProbe: this.#probe() } : {}),
    };
  }

  #hooks(): Partial<Container> {
    const hook = () => this.one({ exec: { command: ['true'] } }, { exec: { command: ['false'] } }, { sleep: { seconds: this.one(1, 4) } });
    const lifecycle = {
      ...(this.chance(20) ? { postStart: hook() } : {}),
      ...(this.chance(20) ? { preStop: hook() } : {}),
    };
    return Object.keys(lifecycle).length > 0 ? { lifecycle } : {};
  }
}
