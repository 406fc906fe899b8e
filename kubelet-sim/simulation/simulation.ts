import { apiextensionsKinds, type CustomResourceDefinition, isAlreadyExists, type KindInfo, type KubeObject } from '../../api/index.ts';
import { type ApiClient, createInformerFactory, trimManagedFields } from '../../client/index.ts';
import type { Clock, Logger, Random } from '../../runtime/index.ts';
import { POLICY_DEFINITION, SIMULATION_POLICIES, type SimulationPolicy, STAGE_DEFINITION, STAGES } from './definitions.ts';

/** Waits between tries to define the kinds. */
const RETRY_MS = 1000;
const RETRY_MS_MAX = 30_000;
/** Policies often come several at a time. */
const SETTLE_MS = 50;

export interface SimulationOptions {
  readonly client: ApiClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly onPolicies: (policies: readonly SimulationPolicy[]) => void;
  readonly onStages: (stages: readonly KubeObject[]) => void;
}

/**
 * Defines SimulationPolicies and KWOK's Stages, and follows them: two small watches. It begins when the nodes are there, so that no start waits
 * for it.
 */
export async function followSimulation(options: SimulationOptions, signal: AbortSignal): Promise<void> {
  for (const definition of [POLICY_DEFINITION, STAGE_DEFINITION]) await define(options, definition, signal);
  const factory = createInformerFactory(options);
  follow<SimulationPolicy>(SIMULATION_POLICIES, options.onPolicies);
  follow<KubeObject>(STAGES, options.onStages);
  factory.start(signal);

  function follow<T extends KubeObject>(kind: KindInfo, onChange: (objects: readonly T[]) => void): void {
    const informer = factory.informer<T>(kind, { transform: trimManagedFields });
    let isWaiting = false;
    const changed = () => {
      if (isWaiting) return;
      isWaiting = true;
      options.clock.setTimer(SETTLE_MS, () => {
        isWaiting = false;
        if (!signal.aborted) onChange([...informer.list()]);
      });
    };
    informer.addHandler({ onAdd: changed, onUpdate: changed, onDelete: changed });
  }
}

/** Resolves once a kind is served. */
async function define({ client, clock, logger }: SimulationOptions, definition: KubeObject, signal: AbortSignal): Promise<void> {
  const definitions = client.resource<CustomResourceDefinition>(apiextensionsKinds.customresourcedefinitions);
  const name = definition.metadata.name ?? '';
  for (let delayMs = RETRY_MS; ; delayMs = Math.min(2 * delayMs, RETRY_MS_MAX)) {
    try {
      // Whoever brought a definition of their own keeps it.
      await client
        .request('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', { body: definition, signal })
        .catch((error: unknown) => {
          if (!isAlreadyExists(error)) throw error;
        });
      const { status } = await definitions.get(name, { signal });
      if (status?.conditions?.some((each) => each.type === 'Established' && each.status === 'True')) return;
    } catch (error) {
      signal.throwIfAborted();
      logger.warn({ err: error, name }, 'kind not defined, will retry');
    }
    await clock.sleep(delayMs, signal);
  }
}
