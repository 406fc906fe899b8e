import { describe, expect, it } from 'vitest';
import type { Pod } from '../api/index.ts';
import { podResourcesText } from './pod-resources.ts';
import { aPod } from './testing/builders.ts';

type Amounts = Record<string, string>;
const container = (requests: Amounts, limits: Amounts = {}) => ({ name: 'c', image: 'i', resources: { requests, limits } });
/** Of a pod: resource, unit and value, limits before requests. */
const values = (spec: Partial<Pod['spec']>) =>
  [
    ...podResourcesText([aPod('p').with(spec).build()]).matchAll(/^kube_pod_resource_(\w+)\{.*resource="(.*)",sch.*,unit="(.*)"\} (.*)$/gm),
  ].map(([, ...fields]) => fields.join(' '));

describe('what pods ask for, as metrics', () => {
  const cases: [string, Partial<Pod['spec']>, string[]][] = [
    ['nothing', {}, []],
    ['requests', { containers: [container({ cpu: '1' })] }, ['request cpu cores 1']],
    ['limits', { containers: [container({}, { cpu: '1' })] }, ['limit cpu cores 1']],
    ['no amount', { containers: [container({ cpu: '0' }, { cpu: '0', 'example.com/x': '0' })] }, []],
    [
      'init containers',
      {
        initContainers: [container({ cpu: '2', custom: '3' }, { memory: '1G', custom: '5' })],
        containers: [container({ cpu: '1', custom: '0' }, { memory: '2G', custom: '6' })],
      },
      ['limit custom  6', 'limit memory bytes 2000000000', 'request cpu cores 2', 'request custom  3'],
    ],
    [
      'several containers',
      { containers: [container({ cpu: '1' }, { cpu: '2' }), container({ memory: '1G' }, { memory: '2G' }), container({ cpu: '500m' })] },
      ['limit cpu cores 2', 'limit memory bytes 2000000000', 'request cpu cores 1.5', 'request memory bytes 1000000000'],
    ],
    [
      'overhead, which is no limit where there was none',
      { overhead: { cpu: '250m', memory: '128M' }, containers: [container({ cpu: '1' }, { cpu: '2' })] },
      ['limit cpu cores 2.25', 'request cpu cores 1.25', 'request memory bytes 128000000'],
    ],
    [
      'units',
      { containers: [container({ storage: '5', 'ephemeral-storage': '6', 'hugepages-x': '1', 'attachable-volumes-aws': '4' })] },
      ['attachable-volumes-aws integer 4', 'ephemeral-storage bytes 6', 'hugepages-x bytes 1', 'storage bytes 5'].map(
        (of) => `request ${of}`,
      ),
    ],
  ];
  it.each(cases)('%s', (_, spec, wanted) => {
    expect(values(spec)).toEqual(wanted);
  });

  it('name the pod, its node, scheduler and priority; pods that are done count no more', () => {
    const pod = (name: string, phase: string) => ({ ...aPod(name).asking({ cpu: '1' }).priority(0).on('n').build(), status: { phase } });
    const text = podResourcesText([pod('p', 'Unknown'), pod('q', 'Failed'), pod('r', 'Succeeded')]);
    expect(text.split('\n').slice(1)).toEqual([
      '# TYPE kube_pod_resource_request gauge',
      'kube_pod_resource_request{namespace="default",node="n",pod="p",priority="0",resource="cpu",scheduler="default-scheduler",unit="cores"} 1',
      '',
    ]);
  });
});
