import type { KindInfo, KubeObject, Live } from '../../../api/index.ts';
import type { ObjectReader } from '../../registry/objects.ts';
import { type ConfiguredWebhook, compileWebhook, type Webhook } from './webhook.ts';

interface Configuration extends KubeObject {
  readonly webhooks?: readonly ConfiguredWebhook[] | null | undefined;
}

/**
 * The webhooks of all configurations of a kind: configurations by name, in each as they stand. A change counts from the request after the one
 * that made it. Upstream: `admission/configuration/{mutating,validating}_webhook_manager.go`.
 */
export class WebhookSource {
  readonly #objects: ObjectReader;
  readonly #kind: KindInfo;
  #webhooks: readonly Webhook[] | undefined;
  #isListening = false;

  constructor(objects: ObjectReader, kind: KindInfo) {
    this.#objects = objects;
    this.#kind = kind;
  }

  /** The same array as long as no configuration changes. Webhooks without rules, which are for nothing, are left out. */
  get webhooks(): readonly Webhook[] {
    this.#webhooks ??= this.#gather();
    return this.#webhooks;
  }

  #gather(): readonly Webhook[] {
    if (!this.#isListening) {
      this.#isListening = true;
      this.#objects.onChange(this.#kind, () => this.#forget());
    }
    const configurations = [...this.#objects.list<Configuration>(this.#kind)].sort(byName);
    let index = 0;
    return configurations.flatMap(({ metadata, webhooks }) => {
      const seen = new Map<string, number>();
      return (webhooks ?? []).flatMap((webhook) => {
        const count = seen.get(webhook.name) ?? 0;
        seen.set(webhook.name, count + 1);
        const uid = `${metadata.name}/${webhook.name}/${count}`;
        const place = { uid, configuration: metadata.name, index: index++ };
        return webhook.rules?.length ? [compileWebhook(webhook, place)] : [];
      });
    });
  }

  #forget(): void {
    this.#webhooks = undefined;
  }
}

const byName = (a: Live<Configuration>, b: Live<Configuration>): number => (a.metadata.name < b.metadata.name ? -1 : 1);
