import { expect, it } from 'vitest';
import { createMetrics, silentLogger, VirtualClock } from '../runtime/index.ts';
import { runController } from './controller.ts';
import { countClientMetrics, leadershipChanged, requestAnswered, requestPaced, requestRetried } from './observation.ts';
import { WorkQueue } from './work-queue.ts';

it('counts queues, requests and leadership by upstream’s names', async () => {
  const metrics = createMetrics();
  countClientMetrics(metrics, { 'thing-controller': 'things' });
  const clock = new VirtualClock();
  const queue = new WorkQueue({ clock });
  const end = new AbortController();
  let failures = 1;
  const running = runController({
    name: 'thing-controller',
    queue,
    workers: 1,
    reconcile: async (key) => {
      await clock.sleep(2000);
      if (key === 'stuck') await clock.sleep(60_000);
      if (failures-- > 0) throw new Error('try again');
    },
    clock,
    logger: silentLogger,
    signal: end.signal,
  });
  queue.add('a');
  await clock.advance(10_000);
  queue.add('stuck');
  queue.add('waits');
  await clock.advance(5000);
  requestAnswered.publish({ method: 'GET', host: 'h:1', code: '200', tookMs: 30, sentBytes: 0, receivedBytes: 300 });
  requestAnswered.publish({ method: 'POST', host: 'h:1', code: '201', tookMs: 30, sentBytes: 70, receivedBytes: undefined });
  requestPaced.publish({ method: 'GET', host: 'h:1', delayMs: 300 });
  requestRetried.publish({ method: 'GET', host: 'h:1', code: '429' });
  leadershipChanged.publish({ name: 'lease', leads: true });
  const text = await metrics.text();
  for (const line of [
    'workqueue_adds_total{name="things"} 4',
    'workqueue_retries_total{name="things"} 1',
    'workqueue_queue_duration_seconds_bucket{le="10",name="things"} 3',
    'workqueue_depth{name="things"} 1',
    'workqueue_work_duration_seconds_count{name="things"} 2',
    'workqueue_work_duration_seconds_sum{name="things"} 4',
    'workqueue_queue_duration_seconds_count{name="things"} 3',
    'workqueue_unfinished_work_seconds{name="things"} 5',
    'workqueue_longest_running_processor_seconds{name="things"} 5',
    'rest_client_requests_total{code="200",host="h:1",method="GET"} 1',
    'rest_client_request_duration_seconds_bucket{le="0.1",host="h:1",verb="GET"} 1',
    'rest_client_request_size_bytes_bucket{le="256",host="h:1",verb="POST"} 1',
    'rest_client_response_size_bytes_bucket{le="512",host="h:1",verb="GET"} 1',
    'rest_client_rate_limiter_duration_seconds_bucket{le="0.5",host="h:1",verb="GET"} 1',
    'rest_client_request_retries_total{code="429",host="h:1",verb="GET"} 1',
    'leader_election_master_status{name="lease"} 1',
  ]) {
    expect(text).toContain(line);
  }
  expect(text).not.toContain('workqueue_queue_duration_seconds_bucket{le="100"');
  // What is not known is not counted.
  expect(text).not.toContain('rest_client_response_size_bytes_count{host="h:1",verb="POST"}');
  end.abort();
  await clock.advance(120_000);
  await running;
});
