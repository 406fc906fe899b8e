import type { Pod } from '../../../../api/index.ts';

const LINE = '-'.repeat(79);
const UNKNOWN = 'v1.14.1';

/** The release of the image that the pod runs, by its tag. */
export function releaseOf({ spec }: Pod): string {
  const image = spec?.containers.map((container) => container.image ?? '').find((one) => /controller(?:-chroot)?[:@]/.test(one));
  return /:(v\d[^@]*)/.exec(image ?? '')?.[1] ?? UNKNOWN;
}

/** What the controller says of itself first. */
export const greeting = (release: string): string =>
  `${LINE}\nNGINX Ingress controller\n  Release:       ${release}\n  Build:         git\n  Repository:    https://github.com/kubernetes/ingress-nginx\n  nginx version: nginx/1.27.1\n\n${LINE}\n\n`;
