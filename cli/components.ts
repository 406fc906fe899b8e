/** A process of the cluster. */
export type Component = 'apiserver' | 'scheduler' | 'controller-manager' | 'kubelet-sim' | 'store';

/** What every process folder's `main.ts` exports. */
export interface ProcessModule {
  main(argv: readonly string[]): Promise<void>;
}

interface ComponentInfo {
  readonly about: string;
  /** Loaded on use: a command pays for nothing but itself. */
  readonly load: () => Promise<ProcessModule>;
}

/** Every process there is, in the order they are started; `up` starts no store, which the API server has inside it. */
export const COMPONENTS: Readonly<Record<Component, ComponentInfo>> = {
  apiserver: { about: 'the API server, with the store inside it', load: () => import('../apiserver/main.ts') },
  'controller-manager': { about: 'the controllers', load: () => import('../controller-manager/main.ts') },
  scheduler: { about: 'the scheduler', load: () => import('../scheduler/main.ts') },
  'kubelet-sim': { about: 'simulated nodes, many in one process', load: () => import('../kubelet-sim/main.ts') },
  store: { about: 'the store alone, for clients of etcd', load: () => import('../store/main.ts') },
};

export const isComponent = (name: string | undefined): name is Component => name !== undefined && Object.hasOwn(COMPONENTS, name);
