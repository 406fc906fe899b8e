// An API server that takes events, and a recorder that writes to it.
import { createClient, type EventRecorder } from '../../client/index.ts';
import type { EventRecorderOptions } from '../../client/types.ts';
import { seededRandom, silentLogger, VirtualClock } from '../../runtime/index.ts';
import { answerJson, bodyOf, listen } from './http-server.ts';

/** A request that came. */
export interface Written {
  readonly method: string | undefined;
  readonly path: string;
  readonly type: string | undefined;
  readonly body: { readonly series?: { readonly count: number; readonly lastObservedTime: string } } & Record<string, unknown>;
}

/** What is answered to a write; `break` ends the connection. */
export type Answer = { readonly status: number; readonly body?: unknown } | 'break';

/**
 * Begins to record.
 *
 * @param make the recorder
 * @param answers to the first writes; the others go well
 */
export async function recording(make: (options: Omit<EventRecorderOptions, 'component'>) => EventRecorder, answers: Answer[] = []) {
  const clock = new VirtualClock();
  const written: Written[] = [];
  const server = await listen((request, response) => {
    bodyOf(request)
      .then((text) => {
        const answer = answers.shift();
        if (answer === 'break') {
          response.destroy();
          return;
        }
        const body = JSON.parse(text);
        const { method, url: path = '', headers } = request;
        written.push({ method, path, type: headers['content-type'], body });
        answerJson(response, answer?.status ?? 200, answer?.body ?? body);
      })
      .catch((error: Error) => response.destroy(error));
  });
  const client = createClient({ server: server.url, userAgent: 'test', clock });
  const recorder = make({ client, clock, random: seededRandom(1), logger: silentLogger });
  return {
    clock,
    written,
    recorder,
    async [Symbol.asyncDispose]() {
      await recorder.close();
      await client.close();
      await server[Symbol.asyncDispose]();
    },
  };
}
