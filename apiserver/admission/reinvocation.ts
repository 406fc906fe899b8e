// Mutating plugins that are called again because another changed the object after them: upstream's `admission/reinvocation.go`, and what
// its webhooks and policies do with it (`plugin/webhook/mutating/reinvocationcontext.go`, `plugin/policy/mutating/reinvocationcontext.go`).
//
//   round 0  all plugins, all their members (webhooks, policies) that match
//            a member that changed the object ──> those of its plugin that came before and may be called again are due; a round is wanted
//   round 1  all plugins; of members only those that are due, or, if others changed the object since, all that may be called again
import type { KubeObject } from '../../api/index.ts';
import { cloneJson, ownership } from '../../api/schema.ts';

/** What is known of a request from one round of mutating plugins to the next. */
export class Reinvocation {
  #round = 0;
  #isWanted = false;
  readonly #members = new Map<string, ReinvocableMembers>();

  /** 0, or 1 when plugins are called again. */
  get round(): number {
    return this.#round;
  }

  get isWanted(): boolean {
    return this.#isWanted;
  }

  /** Has all plugins called again, once. */
  want(): void {
    this.#isWanted = true;
  }

  /** For the chain: the next round begins. */
  begin(): void {
    this.#round += 1;
  }

  /** The members of a plugin. */
  membersOf(plugin: string): ReinvocableMembers {
    const known = this.#members.get(plugin);
    if (known) return known;
    const members = new ReinvocableMembers();
    this.#members.set(plugin, members);
    return members;
  }
}

/** The webhooks or policies of one plugin, by ids that tell them apart. */
export class ReinvocableMembers {
  #output: unknown;
  #called = new Set<string>();
  readonly #due = new Set<string>();

  /** Whether a member is to be called in the second round. */
  isDue(id: string): boolean {
    return this.#due.has(id);
  }

  /** A member was called that may be called again. */
  addCalled(id: string): void {
    this.#called.add(id);
  }

  /** The object changed: who was called before and may be called again is due. */
  requireCalled(): void {
    for (const id of this.#called) this.#due.add(id);
    this.#called = new Set();
  }

  /** Remembers how the plugin left the object. */
  setOutput(object: KubeObject | undefined): void {
    this.#output = object && cloneJson(object);
  }

  /** Whether anybody changed the object since the plugin left it. */
  isOutputChanged(object: KubeObject | undefined): boolean {
    return !ownership.equalValues(this.#output, object);
  }
}
