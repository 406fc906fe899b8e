import { describe, expect, it } from 'vitest';
import type { HttpRequest, HttpResponse } from '../http/messages.ts';
import { Exchange } from './exchange.ts';
import { requestInfo } from './request-info.ts';
import { headersFor } from './respond.ts';

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
