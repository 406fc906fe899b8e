import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../runtime/index.ts';
import { aNode, aPod } from '../testing/builders.ts';
import { SchedulerCache } from './cache.ts';
import { podInfoOf } from './pod-info.ts';

describe('the cache', () => {
  it('counts an assumed pod, and forgets it when the binding fails', () => {
    const cache = new SchedulerCache(new VirtualClock());
    cache.setNode(aNode('a').build());
    const info = podInfoOf(aPod('p').requests('500m', '1Gi').build());
    cache.assume(info, 'a');
    expect(cache.get('a')?.requested.milliCpu).toBe(500);
    cache.forget(info.uid);
    expect(cache.get('a')?.requested.milliCpu).toBe(0);
  });

  it('counts a pod once when the watch shows what was assumed', () => {
    const cache = new SchedulerCache(new VirtualClock());
    cache.setNode(aNode('a').build());
    const pod = aPod('p').requests('500m', '1Gi');
    cache.assume(podInfoOf(pod.build()), 'a');
    cache.addPod(pod.on('a').build());
    expect(cache.get('a')?.requested.milliCpu).toBe(500);
    cache.removePod(pod.build().metadata.uid);
    expect(cache.get('a')?.requested.milliCpu).toBe(0);
  });

  it('gives up an assumed pod that was never seen bound', () => {
    const clock = new VirtualClock();
    const cache = new SchedulerCache(clock);
    cache.setNode(aNode('a').build());
    const info = podInfoOf(aPod('p').build());
    cache.assume(info, 'a');
    cache.finishBinding(info.uid);
    expect(cache.expireAssumed(clock.now())).toEqual([]);
    expect(cache.expireAssumed(clock.now() + 3_600_000)).toHaveLength(1);
    expect(cache.podCount).toBe(0);
  });

  it('remembers pods of a node that comes back', () => {
    const cache = new SchedulerCache(new VirtualClock());
    const node = aNode('a').build();
    cache.addPod(aPod('p').on('a').requests('1', '1Gi').build());
    expect(cache.nodes).toEqual([]);
    cache.setNode(node);
    expect(cache.get('a')?.requested.milliCpu).toBe(1000);
    cache.removeNode('a');
    expect(cache.get('a')).toBeUndefined();
    cache.setNode(node);
    expect(cache.get('a')?.pods.size).toBe(1);
  });
});
