/** A process of the cluster. */
export type Component = 'apiserver' | 'scheduler' | 'controller-manager' | 'kubelet-sim';

/** What every process folder's `main.ts` exports. */
export interface ProcessModule {
  main(argv: readonly string[]): Promise<void>;
}

interface ComponentInfo {
  readonly about: string;
  /** Loaded on use: a command pays for nothing but itself. */
  readonly load: () => Promise<ProcessModule>;
}

/** Every process there is, in the order they are started. */
export const COMPONENTS: Readonly<Record<Component, ComponentInfo>> = {
  apiserver: { about: 'the API server, with the store inside it', load: () => import('../apiserver/main.ts') },
  'controller-manager': { about: 'the controllers', load: () => import('../controller-manager/main.ts') },
  scheduler: { about: 'the scheduler', load: () => import('../scheduler/main.ts') },
  'kubelet-sim': { about: 'simulated nodes, many in one process', load: () => import('../kubelet-sim/main.ts') },
};

export const isComponent = (name: string | undefined): name is Component => name !== undefined && Object.hasOwn(COMPONENTS, name);
