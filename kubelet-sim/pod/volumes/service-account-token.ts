import type { Pod, ServiceAccountTokenProjection } from '../../../api/index.ts';
import type { IssuedToken } from '../config-source.ts';
import type { Collect } from './payload.ts';
import type { VolumeScope } from './volume.ts';

const SECONDS_DEFAULT = 3600;
/** A token is asked for anew when this part of its life is left, or when it is this old. */
const LIFE_LEFT = 0.2;
const AGE_MS_MAX = 86_400_000;
/** Mode of a token's file when it has an owner. */
const MODE_OWNED = 0o600;

/**
 * A token of the pod's service account, refreshed at 80 % of its life; when that fails, the old one serves as long as it is good.
 * Upstream: `pkg/kubelet/token/token_manager.go`, `pkg/volume/projected`.
 */
export function tokenFile(projection: ServiceAccountTokenProjection, mode: number, scope: VolumeScope): Collect {
  const { audience = '', expirationSeconds = SECONDS_DEFAULT, path } = projection;
  let held: IssuedToken | undefined;
  return async () => {
    const now = scope.node.clock.now();
    const lifeMs = expirationSeconds * 1000;
    if (!held || isDue(held, lifeMs, now)) held = await ask();
    const { pod } = scope.facts();
    const uid = commonUser(pod);
    const isOwned = uid !== undefined || pod.spec.securityContext?.fsGroup !== undefined;
    return new Map([
      [path, { content: Buffer.from(held.token), mode: isOwned ? MODE_OWNED : mode, ...(uid === undefined ? {} : { uid }) }],
    ]);
  };

  async function ask(): Promise<IssuedToken> {
    try {
      return await scope.node.source.serviceAccountToken(scope.facts().pod, { audience, expirationSeconds });
    } catch (error) {
      if (held && held.expiresAt > scope.node.clock.now()) return held;
      throw new Error(`failed to fetch token: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}

const isDue = ({ expiresAt }: IssuedToken, lifeMs: number, now: number): boolean =>
  now > expiresAt - lifeMs * LIFE_LEFT || now > expiresAt - lifeMs + AGE_MS_MAX;

/** The user that all containers of a pod run as, when the spec says so. Upstream: `FsUserFrom`, `pkg/volume/util/util.go`. */
function commonUser({ spec }: Pod): number | undefined {
  const users = [...(spec.initContainers ?? []), ...spec.containers].map(
    ({ securityContext }) => securityContext?.runAsUser ?? spec.securityContext?.runAsUser,
  );
  return users.every((user) => user === users[0]) ? users[0] : undefined;
}
