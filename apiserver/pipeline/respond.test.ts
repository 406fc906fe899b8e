import { describe, expect, it } from 'vitest';
import { apiError } from '../../api/index.ts';
import { VirtualClock } from '../../runtime/index.ts';
import type { HttpRequest, HttpResponse } from '../http/messages.ts';
import { Deadlines } from './deadlines.ts';
import { Exchange } from './exchange.ts';
import { requestInfo } from './request-info.ts';
import { RequestMetrics } from './request-metrics.ts';
import { headersFor, sendError } from './respond.ts';

const warningsOf = (...warnings: string[]): string[] => {
  // Neither is looked at.
  const [request, response] = [{} as HttpRequest, {} as HttpResponse];
  const info = requestInfo('GET', '/api', undefined);
  const exchange = new Exchange({ request, response, info, auditId: 'a', query: undefined, now: 0 });
  for (const warning of warnings) exchange.warn(warning);
  const headers = headersFor(exchange, 'application/json');
  return headers.filter((_, i) => headers[i - 1] === 'Warning');
};

describe('warnings of an answer', () => {
  it('are quoted, and nothing in them ends the header', () => {
    expect(warningsOf('a "b" \\ c')).toEqual(['299 - "a \\"b\\" \\\\ c"']);
    expect(warningsOf('', 'a\nb', 'c')).toEqual(['299 - "c"']);
  });

  it('are whole as long as they are not too many', () => {
    const [whole = ''] = warningsOf('x'.repeat(4096));
    expect(whole).toHaveLength(4096 + '299 - ""'.length);
  });

  it('are each cut when they are too many, and left out when there is no room', () => {
    const many = Array.from({ length: 20 }, (_, i) => `${i}${'é'.repeat(300)}`);
    const shown = warningsOf(...many);
    expect(shown).toHaveLength(16);
    expect([...Buffer.from(shown[0] ?? '', 'latin1').toString()]).toHaveLength(256 + '299 - ""'.length);
  });
});

/** An answer that was begun, or given whole, and whether it is broken off. */
function begun(writableEnded: boolean) {
  const state = { isBroken: false };
  const response = { headersSent: true, writableEnded, destroy: () => (state.isBroken = true) } as unknown as HttpResponse;
  const request = { headers: {}, method: 'GET' } as unknown as HttpRequest;
  const info = requestInfo('GET', '/api/v1/pods', undefined);
  return { state, exchange: new Exchange({ request, response, info, auditId: 'a', query: undefined, now: 0 }) };
}

describe('an error behind an answer', () => {
  it.each([
    ['half', false, true],
    ['whole', true, false],
  ])('that is out %s', (_, isWhole, isBroken) => {
    const { state, exchange } = begun(isWhole);
    sendError(exchange, apiError.internal('too late'));
    expect(state.isBroken).toBe(isBroken);
  });

  it('that takes too long is counted when it is broken off', async () => {
    const clock = new VirtualClock();
    const metrics = new RequestMetrics();
    const deadlines = new Deadlines({ clock, timeoutMs: 1000, onAborted: (exchange) => metrics.aborted(exchange) });
    const { state, exchange } = begun(false);
    deadlines.begin(exchange);
    await clock.advance(3000);
    deadlines.stop();
    expect(state.isBroken).toBe(true);
    const labels = 'verb="LIST",group="",version="v1",resource="pods",subresource="",scope="cluster"';
    expect(metrics.text()).toContain(`\napiserver_request_aborts_total{${labels}} 1\n`);
  });
});
