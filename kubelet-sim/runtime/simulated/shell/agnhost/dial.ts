import type { HttpResponse } from '../../../cri.ts';
import { hostPort } from '../../../host-port.ts';
import { BadAnswer, CLIENT_PORT, ConnectError } from '../../network/listener.ts';
import { askFollowing, TimedOut } from '../http-client.ts';
import { patiently } from '../resolving.ts';
import type { ShellHost } from '../shell-context.ts';
import { goJson, plain } from './go-program.ts';

/** How long an answer is waited for. */
const ANSWER_MS = 5000;

type Dialler = (host: ShellHost, address: string, port: number, request: string) => Promise<string>;

/** Why a dial failed, in Go's words. */
class DialError extends Error {
  override readonly name = 'DialError';
}

/** `/dial` of netexec: asks another server over HTTP, UDP or SCTP, as often as it is told, and tells what it heard. */
export async function dial(host: ShellHost, form: URLSearchParams, log: (text: string) => void): Promise<HttpResponse> {
  const [name = '', port = '', request = '', protocol = '', tryText = ''] = ['host', 'port', 'request', 'protocol', 'tries'].map(
    (key) => form.get(key) ?? '',
  );
  log(`GET /dial?host=${name}&protocol=${protocol}&port=${port}&request=${request}&tries=${tryText}`);
  const tries = tryText === '' ? 1 : Number(tryText);
  if (!Number.isInteger(tries)) return plain(`tries parameter is invalid. strconv.Atoi: parsing "${tryText}": invalid syntax\n`, 400);
  if (request === '') return plain('request parameter not specified. <nil>\n', 400);
  const dialler = DIALLERS[protocol.toLowerCase()];
  if (!dialler) return plain(`unsupported protocol. ${protocol}\n`, 400);
  const address = await patiently(host, host.process.network.resolve(name)).then(
    ({ addresses }) => addresses[0] ?? '',
    (error: unknown) => {
      if (!(error instanceof ConnectError)) throw error;
      return undefined;
    },
  );
  if (address === undefined) return plain(`host and/or port param are invalid. lookup ${name}: no such host\n`, 400);
  const responses: string[] = [];
  const errors: string[] = [];
  let last = '';
  for (let i = 0; i < tries; i++) {
    try {
      last = await dialler(host, address, Number(port), request);
      responses.push(last);
    } catch (error) {
      if (!(error instanceof DialError)) throw error;
      last = '';
      errors.push(error.message);
    }
  }
  return plain(goJson({ ...(last === '' ? {} : { responses }), ...(errors.length > 0 ? { errors } : {}) }));
}

const dialHttp: Dialler = async (host, address, port, request) => {
  const url = new URL(`http://${hostPort(address, port)}/${request}`);
  const call = { method: 'GET', headers: { 'user-agent': 'Go-http-client/1.1', 'accept-encoding': 'gzip' }, timeoutMs: ANSWER_MS };
  try {
    return (await askFollowing(host, url, call, true)).response.body;
  } catch (error) {
    const why = `Get "${url.href}": `;
    if (error instanceof TimedOut) throw new DialError(`${why}context deadline exceeded (Client.Timeout exceeded while awaiting headers)`);
    if (error instanceof ConnectError || error instanceof BadAnswer) throw new DialError(`${why}${error.message}`);
    throw error;
  }
};

const dialUdp: Dialler = async (host, address, port, request) => {
  const failed = (why: string) =>
    new DialError(
      `reading from udp connection failed. err:'read udp ${hostPort(host.process.ip, CLIENT_PORT)}->${hostPort(address, port)}: ${why}'`,
    );
  const answer = await host.process.network.send(address, port, request).catch((error: unknown) => {
    if (error instanceof ConnectError) throw failed(error.failure === 'refused' ? 'read: connection refused' : 'connect: no route to host');
    throw error;
  });
  if (answer !== undefined) return answer;
  await host.sleep(ANSWER_MS);
  throw failed('i/o timeout');
};

const dialSctp: Dialler = async (host, address, port, request) => {
  try {
    const dialled = await host.process.network.dial(address, port, 'SCTP');
    let text = '';
    const input = (async function* () {
      yield await Promise.resolve(request);
    })();
    await dialled.stream({ input, output: (piece) => (text += piece), signal: host.signal });
    return text;
  } catch (error) {
    if (!(error instanceof ConnectError)) throw error;
    if (error.failure === 'timeout') await host.sleep(ANSWER_MS);
    const why = { refused: 'connection refused', timeout: 'connection timed out' }[error.failure as string] ?? 'no route to host';
    throw new DialError(`sctp dial failed. err:${why}`);
  }
};

const DIALLERS: Readonly<Record<string, Dialler>> = { '': dialHttp, http: dialHttp, udp: dialUdp, sctp: dialSctp };
