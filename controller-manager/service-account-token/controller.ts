import { coreKinds, isConflict, isNotFound, keyOf, type Live, type Secret, type ServiceAccount } from '../../api/index.ts';
import { type Informer, runController, WorkQueue } from '../../client/index.ts';
import { createTokenSigner, type TokenSigner } from '../../runtime/index.ts';
import type { Controller, ControllerContext, ControllerDescriptor } from '../context.ts';
import { ACCOUNT_NAME, isOfAccount, legacyClaims, planToken, TOKEN_TYPE } from './plan.ts';

/** Before the account and the key of a Secret that is gone: its account must not refer to it any more. */
const GONE = 'gone:';

export const serviceAccountTokenController: ControllerDescriptor = {
  name: 'serviceaccount-token-controller',
  alias: 'serviceaccount-token',
  create: (context) => new ServiceAccountTokenController(context),
};

/** Fills Secrets of type service-account-token, and deletes them with their accounts. Upstream: `pkg/controller/serviceaccount/tokens_controller.go`. */
class ServiceAccountTokenController implements Controller {
  readonly #context: ControllerContext;
  readonly #queue: WorkQueue;
  readonly #secrets: Informer<Secret>;
  readonly #accounts: Informer<ServiceAccount>;
  /** Tokens that went, by their uids, until their accounts have forgotten them. */
  readonly #gone = new Map<string, Live<Secret>>();

  constructor(context: ControllerContext) {
    this.#context = context;
    this.#queue = new WorkQueue({ clock: context.clock });
    this.#secrets = context.informers.secretsOfType(TOKEN_TYPE);
    this.#accounts = context.informers.serviceAccounts();
    const enqueue = (secret: Live<Secret>) => this.#queue.add(keyOf(secret));
    const onDelete = (secret: Live<Secret>) => {
      this.#gone.set(secret.metadata.uid, secret);
      this.#queue.add(GONE + secret.metadata.uid);
    };
    this.#secrets.addHandler({ onAdd: enqueue, onUpdate: enqueue, onDelete });
    this.#accounts.addHandler({
      onDelete: (account) => {
        for (const secret of this.#secrets.list(account.metadata.namespace)) if (isOfAccount(secret, account)) enqueue(secret);
      },
    });
  }

  run(signal: AbortSignal): Promise<void> {
    const { clock, logger, settings } = this.#context;
    if (settings.serviceAccountKey === undefined) {
      logger.info({ controller: serviceAccountTokenController.name }, 'there is no key to sign tokens with, Secrets of tokens stay empty');
      return Promise.resolve();
    }
    const signer = createTokenSigner(settings.serviceAccountKey);
    return runController({
      name: serviceAccountTokenController.name,
      queue: this.#queue,
      workers: settings.concurrentServiceAccountTokenSyncs,
      reconcile: (key) => (key.startsWith(GONE) ? this.#dropReferences(key.slice(GONE.length)) : this.#reconcile(key, signer)),
      clock,
      logger,
      signal,
    });
  }

  async #reconcile(key: string, signer: TokenSigner): Promise<void> {
    const secret = this.#secrets.getByKey(key);
    if (!secret || secret.metadata.deletionTimestamp !== undefined) return;
    const account = await this.#accountOf(secret);
    const secrets = this.#context.client.resource<Secret>(coreKinds.secrets);
    const { name, namespace, uid } = secret.metadata;
    try {
      if (!account) {
        await secrets.delete(name, { namespace, preconditions: { uid } });
        return;
      }
      const { rootCa } = this.#context.settings;
      const plan = planToken(secret, account, { rootCa, sign: () => signer.sign(legacyClaims(account, secret)) });
      if (plan) await secrets.update({ ...secret, ...plan });
    } catch (error) {
      // Somebody else changed it: their change brings it back here.
      if (!isNotFound(error) && !isConflict(error)) throw error;
    }
  }

  /** The account may be newer than the cache: before a token is deleted the API server is asked. */
  async #accountOf(secret: Live<Secret>): Promise<Live<ServiceAccount> | undefined> {
    const { namespace, annotations } = secret.metadata;
    const name = annotations?.[ACCOUNT_NAME];
    if (!name) return undefined;
    const cached = this.#accounts.get(namespace, name);
    if (cached && isOfAccount(secret, cached)) return cached;
    try {
      const found = await this.#context.client.resource<ServiceAccount>(coreKinds.serviceaccounts).get(name, { namespace });
      return isOfAccount(secret, found) ? found : undefined;
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  /** A token that is gone is no longer its account's; one that said to be of another account of that name is left there. */
  async #dropReferences(uid: string): Promise<void> {
    const gone = this.#gone.get(uid);
    if (!gone) return;
    const { name, namespace, annotations } = gone.metadata;
    const account = this.#accounts.get(namespace, annotations?.[ACCOUNT_NAME] ?? '');
    const kept = account?.secrets?.filter((secret) => secret.name !== name);
    const isNamed = account !== undefined && isOfAccount(gone, account) && kept?.length !== account.secrets?.length;
    if (isNamed && !this.#secrets.getByKey(keyOf(gone))) {
      await this.#context.client.resource<ServiceAccount>(coreKinds.serviceaccounts).update({ ...account, secrets: kept });
    }
    this.#gone.delete(uid);
  }
}
