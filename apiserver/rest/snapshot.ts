import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Store } from '../../store/index.ts';
import { attributesOf, forbidden } from '../pipeline/authorization.ts';
import type { Exchange } from '../pipeline/exchange.ts';
import { headersFor } from '../pipeline/respond.ts';
import { methodNotAllowed } from './kinds.ts';

const SNAPSHOT_TYPE = 'application/octet-stream';

/**
 * GET of a snapshot of the whole store, as a stream. It holds every Secret there is and goes past the rules on single objects: so it is for
 * the members of the privileged group alone, whatever else has been granted. An answer that fails on its way is cut off, which its reader
 * sees by the missing end.
 */
export async function answerSnapshot(exchange: Exchange, store: Store, privilegedGroup: string): Promise<void> {
  const { user, info, response, request } = exchange;
  if (!user.groups.includes(privilegedGroup)) {
    throw forbidden(attributesOf(user, info), `snapshots are for members of ${privilegedGroup} only`);
  }
  if (request.method !== 'GET') throw methodNotAllowed();
  // Before the first bytes are there an error can still be answered.
  const chunks = store.snapshot()[Symbol.asyncIterator]();
  const first = await chunks.next();
  response.writeHead(200, headersFor(exchange, SNAPSHOT_TYPE));
  let failure: unknown;
  const all = async function* () {
    try {
      if (!first.done) yield first.value;
      yield* { [Symbol.asyncIterator]: () => chunks };
    } catch (error) {
      failure = error;
      throw error;
    } finally {
      await chunks.return?.();
    }
  };
  try {
    await pipeline(Readable.from(all(), { objectMode: false }), response.sink);
  } catch {
    // When it was not the store that failed the client has gone, and nobody is left to be told.
    if (failure !== undefined) throw failure;
  }
}
