import { expect, it } from 'vitest';
import { startApiServer } from '../support/api-server.ts';

// Client and server must be two processes: in one, the answer's end is seen before the next request is sent.
it('a large request right behind a large answer is not taken for nonsense', async () => {
  await using server = await startApiServer({ args: ['--ephemeral'] });
  const text = 'x'.repeat(60_000);
  for (let i = 0; i < 300; i++) {
    const answer = await server.call('POST', '/api/v1/namespaces/default/configmaps', { metadata: { name: `large-${i}` }, data: { text } });
    expect(answer.status).toBe(201);
  }
});
