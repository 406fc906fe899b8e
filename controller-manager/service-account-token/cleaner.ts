import {
  type ConfigMap,
  coreKinds,
  isConflict,
  isNotFound,
  type Live,
  type Pod,
  type Secret,
  type ServiceAccount,
} from '../../api/index.ts';
import type { Informer } from '../../client/index.ts';
import type { Controller, ControllerContext, ControllerDescriptor } from '../context.ts';
import { runPeriodically } from '../shared/periodic.ts';
import { ACCOUNT_NAME, dayOf, INVALID_SINCE, isTrackedLongEnough, planCleanUp, secretsOf, TOKEN_TYPE } from './plan.ts';

const PERIOD_MS = 24 * 3_600_000;
/** Where the API server says since when it notes the use of tokens. */
const TRACKING = { name: 'kube-apiserver-legacy-service-account-token-tracking', namespace: 'kube-system', key: 'since' };

export const legacyTokenCleaner: ControllerDescriptor = {
  name: 'legacy-serviceaccount-token-cleaner-controller',
  alias: 'legacy-service-account-token-cleaner',
  create: (context) => new LegacyTokenCleaner(context),
};

/** Marks and deletes tokens that were made unasked and that nobody uses. Upstream: `legacy_serviceaccount_token_cleaner.go`. */
class LegacyTokenCleaner implements Controller {
  readonly #context: ControllerContext;
  readonly #secrets: Informer<Secret>;
  readonly #accounts: Informer<ServiceAccount>;

  constructor(context: ControllerContext) {
    this.#context = context;
    this.#secrets = context.informers.secretsOfType(TOKEN_TYPE);
    this.#accounts = context.informers.serviceAccounts();
  }

  run(signal: AbortSignal): Promise<void> {
    const { clock, logger } = this.#context;
    const run = () => this.#clean();
    return runPeriodically({ name: legacyTokenCleaner.name, periodMs: PERIOD_MS, immediately: true, run, clock, logger, signal });
  }

  async #clean(): Promise<void> {
    const { clock, settings } = this.#context;
    const unusedMs = settings.legacyTokenCleanUpPeriodMs;
    if (!isTrackedLongEnough(await this.#trackedSince(), clock.now(), unusedMs)) return;
    const used = new Map<string, ReadonlySet<string>>();
    for (const secret of this.#secrets.list()) {
      const { namespace = '', name, annotations } = secret.metadata;
      const account = this.#accounts.get(namespace, annotations?.[ACCOUNT_NAME] ?? '');
      const use = { account, now: clock.now(), unusedMs };
      if (planCleanUp(secret, { ...use, isMounted: false }) === 'keep') continue;
      const names = used.get(namespace) ?? (await this.#usedIn(namespace));
      used.set(namespace, names);
      await this.#act(secret, planCleanUp(secret, { ...use, isMounted: names.has(name) }));
    }
  }

  async #trackedSince(): Promise<string | undefined> {
    try {
      const { name, namespace, key } = TRACKING;
      return (await this.#context.client.resource<ConfigMap>(coreKinds.configmaps).get(name, { namespace })).data?.[key];
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  async #usedIn(namespace: string): Promise<ReadonlySet<string>> {
    const { items } = await this.#context.client.resource<Pod>(coreKinds.pods).list({ namespace });
    return new Set(items.flatMap((pod) => [...secretsOf(pod)]));
  }

  async #act({ metadata }: Live<Secret>, action: 'keep' | 'mark' | 'delete'): Promise<void> {
    const { name, namespace, uid, resourceVersion } = metadata;
    const secrets = this.#context.client.resource<Secret>(coreKinds.secrets);
    try {
      if (action === 'mark') {
        const labels = { [INVALID_SINCE]: dayOf(this.#context.clock.now()) };
        await secrets.patch(name, { metadata: { uid, labels } }, { namespace, type: 'merge' });
      } else if (action === 'delete') await secrets.delete(name, { namespace, preconditions: { resourceVersion } });
    } catch (error) {
      if (!isNotFound(error) && !isConflict(error)) throw error;
    }
  }
}
