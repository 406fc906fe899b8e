import { randomInt } from 'node:crypto';
import { createServer, type Server } from 'node:net';

/** Below what systems give to those who ask for any port: whoever leaves one of these for a moment finds it free again. */
const FIRST = 12_000;
const END = 20_000;
const TRIES = 100;

/** Ports that are free now; all are held until the last one is found, so that they differ. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = new Map<number, Server>();
  for (let tries = 0; servers.size < count; tries++) {
    const port = randomInt(FIRST, END);
    const server = await listening(port);
    if (server) servers.set(port, server);
    else if (tries === TRIES) throw new Error(`no port from ${FIRST} to ${END} is free`);
  }
  await Promise.all([...servers.values()].map((server) => new Promise((resolve) => server.close(resolve))));
  return [...servers.keys()];
}

function listening(port: number): Promise<Server | undefined> {
  const server = createServer();
  return new Promise((resolve) => server.once('error', () => resolve(undefined)).listen(port, '127.0.0.1', () => resolve(server)));
}
