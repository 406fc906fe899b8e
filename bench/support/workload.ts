import type { Deployment } from '../../api/index.ts';

/** A Deployment of small pods that end at once when they are told to. */
export const deployment = (name: string, replicas: number, { image = 'nginx:1.27', containers = 1 } = {}): Deployment => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, namespace: 'default' },
  spec: {
    replicas,
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name } },
      spec: {
        terminationGracePeriodSeconds: 0,
        containers: Array.from({ length: containers }, (_, i) => ({
          name: i === 0 ? 'web' : `beside-${i}`,
          // Two servers of one pod would want the same port.
          image: i === 0 ? image : 'registry.k8s.io/pause:3.10',
          resources: { requests: { cpu: '10m', memory: '16Mi' } },
        })),
      },
    },
  },
  status: {},
});

/** The value below which this share of a sorted list lies. */
export const quantile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
