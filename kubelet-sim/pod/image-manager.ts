import type { Container, Pod, Secret } from '../../api/index.ts';
import type { Clock } from '../../runtime/index.ts';
import { RuntimeError } from '../runtime/cri.ts';
import type { Image, ImageService, RegistryCredential } from '../runtime/image-service.ts';
import type { ConfigSource } from './config-source.ts';
import { IMAGE_PULLS, imageSizeLabel } from './count-families.ts';
import type { KubeletCounts } from './kubelet-counts.ts';
import type { PodScripts } from './node-services.ts';
import type { Waiting } from './observed.ts';
import type { EventContainer, PodEvents } from './pod-events.ts';
import { RestartBackoff } from './restart-backoff.ts';

/** An image that is there, or why it is not and when to look again. */
export type ImageOutcome = { readonly image: Image } | { readonly waiting: Waiting; readonly retryMs: number };

/** How long a problem that only the user can mend is left alone. */
const RETRY_MS = 15_000;

export interface ImageManagerOptions {
  readonly images: ImageService;
  readonly events: PodEvents;
  readonly source: ConfigSource;
  readonly clock: Clock;
  readonly scripts?: PodScripts | undefined;
  readonly counts: KubeletCounts;
  readonly onPulled: () => void;
}

/** Brings images to a node as pods ask for them. */
export class ImageManager {
  readonly #options: ImageManagerOptions;
  readonly #backoff = new RestartBackoff();
  /** When, and with what error, each pull last failed. */
  readonly #failures = new Map<string, { readonly at: number; readonly message: string }>();

  /** How long the pulls of a pod's images took, by its UID. */
  readonly #pulledMs = new Map<string, number>();

  constructor(options: ImageManagerOptions) {
    this.#options = options;
  }

  /** Makes sure that a container's image is on the node, by its pull policy. */
  async ensure(pod: Pod, container: Container, subject: EventContainer, signal: AbortSignal): Promise<ImageOutcome> {
    const { images, events, counts, clock } = this.#options;
    const name = container.image ?? '';
    let present: Image | undefined;
    try {
      present = counts.operation('image_status', clock, () => images.imageStatus(name));
    } catch (error) {
      const message = `Failed to apply default image tag "${name}": couldn't parse image name "${name}": ${textOf(error)}`;
      events.warning(pod, 'InspectFailed', message, subject);
      return { waiting: { reason: 'InvalidImageName', message }, retryMs: RETRY_MS };
    }
    const policy = container.imagePullPolicy ?? 'IfNotPresent';
    if (present && policy !== 'Always') {
      events.normal(pod, 'Pulled', `Container image "${name}" already present on machine`, subject);
      return { image: present };
    }
    if (policy === 'Never') {
      const message = `Container image "${name}" is not present with pull policy of Never`;
      events.warning(pod, 'ErrImageNeverPull', message, subject);
      return { waiting: { reason: 'ErrImageNeverPull', message }, retryMs: RETRY_MS };
    }
    return this.#waits(pod, name, subject) ?? (await this.#pull(pod, name, subject, signal));
  }

  /** How long the pulls of a pod's images have taken. */
  pulledMs({ metadata }: Pod): number {
    return this.#pulledMs.get(metadata.uid ?? '') ?? 0;
  }

  /** Lets go of what is remembered of a pod's pulls. */
  forget(pod: Pod): void {
    this.#pulledMs.delete(pod.metadata.uid ?? '');
    for (const { image = '' } of [...(pod.spec.initContainers ?? []), ...pod.spec.containers]) {
      const key = keyOf(pod, image);
      this.#backoff.forget(key);
      this.#failures.delete(key);
    }
  }

  #waits(pod: Pod, name: string, subject: EventContainer): ImageOutcome | undefined {
    const key = keyOf(pod, name);
    const failure = this.#failures.get(key);
    if (!failure) return undefined;
    const retryMs = this.#backoff.remaining(key, failure.at, this.#options.clock.now());
    if (retryMs <= 0) return undefined;
    this.#options.events.normal(pod, 'BackOff', `Back-off pulling image "${name}"`, subject);
    return {
      waiting: { reason: 'ImagePullBackOff', message: `Back-off pulling image "${name}": ErrImagePull: ${failure.message}` },
      retryMs,
    };
  }

  async #pull(pod: Pod, name: string, subject: EventContainer, signal: AbortSignal): Promise<ImageOutcome> {
    const { images, events, clock, counts, onPulled } = this.#options;
    events.normal(pod, 'Pulling', `Pulling image "${name}"`, subject);
    const startedAt = clock.monotonic();
    const key = keyOf(pod, name);
    try {
      const credentials = await this.#credentials(pod);
      const behaviour = this.#options.scripts?.pullOf?.(pod, subject.name);
      const image = await counts.longOperation('pull_image', clock, () => images.pullImage(name, credentials, signal, behaviour));
      const tookMs = clock.monotonic() - startedAt;
      counts.tallies.observe(IMAGE_PULLS, tookMs / 1000, imageSizeLabel(image.sizeBytes));
      this.#pulledMs.set(pod.metadata.uid ?? '', this.pulledMs(pod) + tookMs);
      const took = goDuration(tookMs);
      events.normal(
        pod,
        'Pulled',
        `Successfully pulled image "${name}" in ${took} (${took} including waiting). Image size: ${image.sizeBytes} bytes.`,
        subject,
      );
      this.#backoff.forget(key);
      this.#failures.delete(key);
      onPulled();
      return { image };
    } catch (error) {
      signal.throwIfAborted();
      const message = pullErrorText(error);
      events.warning(pod, 'Failed', `Failed to pull image "${name}": ${message}`, subject);
      const now = clock.now();
      this.#backoff.next(key, now, now);
      this.#failures.set(key, { at: now, message });
      return { waiting: { reason: 'ErrImagePull', message }, retryMs: this.#backoff.current(key) };
    }
  }

  async #credentials(pod: Pod): Promise<readonly RegistryCredential[]> {
    const secrets = await this.#secretsOf(pod);
    return secrets.flatMap(({ secret }) => (secret ? credentialsOf(secret) : []));
  }

  async #secretsOf({ spec: { imagePullSecrets = [] }, metadata }: Pod): Promise<{ name: string; secret: Secret | undefined }[]> {
    const { source } = this.#options;
    return await Promise.all(
      imagePullSecrets.map(async ({ name = '' }) => ({ name, secret: await source.secret(metadata.namespace ?? '', name) })),
    );
  }

  /** Tells of the image pull secrets that are not there, whether anything is to be pulled or not. Upstream: `getPullSecretsForPod`. */
  async tellOfAbsentSecrets(pod: Pod): Promise<void> {
    if (!pod.spec.imagePullSecrets?.length) return;
    const { events } = this.#options;
    const absent = (await this.#secretsOf(pod)).filter(({ secret }) => !secret).map(({ name }) => name);
    if (absent.length > 0)
      events.warning(
        pod,
        'FailedToRetrieveImagePullSecret',
        `Unable to retrieve some image pull secrets (${absent.join(', ')}); attempting to pull the image may not succeed.`,
      );
  }
}

const keyOf = (pod: Pod, image: string): string => `${pod.metadata.uid}_${image}`;

/** The code of an error without one says nothing, and is left out. Upstream: `PullImage`, `cri-client/pkg/remote_image.go`. */
const pullErrorText = (error: unknown): string =>
  error instanceof RuntimeError && error.code === 'Unknown' ? error.description : textOf(error);

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** As Go prints it, to the millisecond. */
const goDuration = (ms: number): string => (ms >= 1000 ? `${Number((ms / 1000).toFixed(3))}s` : `${Math.max(1, Math.round(ms))}ms`);

interface DockerAuth {
  readonly username?: unknown;
  readonly password?: unknown;
  readonly auth?: unknown;
}

/** What an image pull secret holds; one that cannot be read holds nothing. */
export function credentialsOf({ data = {} }: Pick<Secret, 'data'>): RegistryCredential[] {
  const text = data['.dockerconfigjson'] ?? data['.dockercfg'];
  if (text === undefined) return [];
  const parsed = parse(Buffer.from(text, 'base64').toString('utf8'));
  const auths = parsed && 'auths' in parsed ? parsed.auths : parsed;
  if (typeof auths !== 'object' || auths === null) return [];
  return Object.entries(auths).map(([registry, entry]: [string, DockerAuth | null]) => {
    const [user = '', password = ''] = Buffer.from(String(entry?.auth ?? ''), 'base64')
      .toString('utf8')
      .split(':');
    return { registry, username: String(entry?.username ?? user), password: String(entry?.password ?? password) };
  });
}

function parse(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined; // as upstream: a secret that is no docker config is passed over
  }
}
