import { ApiError, type ClusterRole, keyOf, rbacKinds } from '../../api/index.ts';
import { type Informer, runController, WorkQueue } from '../../client/index.ts';
import type { Controller, ControllerContext, ControllerDescriptor } from '../context.ts';
import { planRules } from './plan.ts';

const WORKERS = 5;
const FIELD_MANAGER = 'clusterrole-aggregation-controller';

export const clusterRoleAggregationController: ControllerDescriptor = {
  name: 'clusterrole-aggregation-controller',
  alias: 'clusterrole-aggregation',
  create: (context) => new ClusterRoleAggregationController(context),
};

/** Fills ClusterRoles that aggregate others with the rules of those. */
class ClusterRoleAggregationController implements Controller {
  readonly #context: ControllerContext;
  readonly #queue: WorkQueue;
  readonly #roles: Informer<ClusterRole>;

  constructor(context: ControllerContext) {
    this.#context = context;
    this.#queue = new WorkQueue({ clock: context.clock });
    this.#roles = context.informers.clusterRoles();
    // Any role may be one that others aggregate.
    const wakeAll = () => this.#wakeAll();
    this.#roles.addHandler({ onAdd: wakeAll, onUpdate: wakeAll, onDelete: wakeAll });
  }

  run(signal: AbortSignal): Promise<void> {
    const { clock, logger } = this.#context;
    return runController({
      name: clusterRoleAggregationController.name,
      queue: this.#queue,
      workers: WORKERS,
      reconcile: (key) => this.#reconcile(key),
      clock,
      logger,
      signal,
    });
  }

  #wakeAll(): void {
    for (const role of this.#roles.list()) if (role.aggregationRule) this.#queue.add(keyOf(role));
  }

  async #reconcile(key: string): Promise<void> {
    const role = this.#roles.getByKey(key);
    if (!role?.aggregationRule || role.metadata.deletionTimestamp) return;
    const rules = planRules(role, this.#roles.list());
    if (!rules) return;
    const resource = this.#context.client.resource<ClusterRole>(rbacKinds.clusterroles);
    const { name } = role.metadata;
    const body = {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata: { name },
      ...(rules.length > 0 ? { rules } : {}),
    };
    try {
      await resource.patch(name, body, { type: 'apply', force: true, fieldManager: FIELD_MANAGER });
    } catch (error) {
      // A server without server-side apply.
      if (!(error instanceof ApiError) || error.code !== 415) throw error;
      await resource.update({ ...role, rules });
    }
  }
}
