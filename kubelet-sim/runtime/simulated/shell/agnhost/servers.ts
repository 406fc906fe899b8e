import type { HttpResponse } from '../../../cri.ts';
import { hostPort } from '../../../host-port.ts';
import { normalizePath } from '../../files/tree.ts';
import { BadAnswer, type ByteStream, CLIENT_PORT, type ServedRequest } from '../../network/listener.ts';
import { readOptions } from '../command-options.ts';
import { rawListener } from '../nc.ts';
import type { CommandContext, CommandFunction } from '../shell-context.ts';
import { GoProgram, plain } from './go-program.ts';

/** How long `serve-hostname` stays once it is asked to end, for its endpoint to be forgotten. */
const LINGER_MS = 60_000;

/** `agnhost serve-hostname`: says its host name over HTTP, or over plain TCP and UDP. */
export const serveHostname: CommandFunction = async (context) => {
  const { values } = readOptions(context.args, new Set(['port']));
  const port = Number(values.get('port') ?? 9376);
  const { host } = context;
  const { hostname } = host.process;
  const isOn = (name: string) => values.has(name) && values.get(name) !== 'false';
  const program: GoProgram = new GoProgram(context, () => {
    program.log('Shutting down after receiving signal: terminated.');
    program.log('Awaiting pod deletion.');
    host.sleep(LINGER_MS).then(
      () => program.exit(0),
      () => undefined, // it was killed meanwhile
    );
  });
  const says = (stream: ByteStream) => {
    stream.output(hostname);
    return Promise.resolve();
  };
  if (isOn('tcp')) program.listen(port, rawListener(says), 'TCP');
  if (isOn('udp')) program.listenForDatagrams(port, () => hostname);
  if (!isOn('tcp') && !isOn('udp') && values.get('http') !== 'false')
    program.listenHttp(port, ({ from }) => {
      program.log(`HTTP request from ${hostPort(from, CLIENT_PORT)}`);
      return plain(hostname);
    });
  program.log(`Serving on port ${port}.`);
  return await program.run();
};

const SERVED = /^SERVE_(TCP_|UDP_|TLS_|SCTP_|)PORT_(\d+)$/;

/** `agnhost porter`: says on ports what variables named after them hold (upstream `test/images/agnhost/porter/porter.go`). */
export const porter: CommandFunction = async (context) => {
  const isJson = context.args.some((arg) => /^--json-response(?:=true)?$/.test(arg));
  const program = new GoProgram(context);
  const answerOf = (value: string) => (request: ServedRequest) =>
    isJson
      ? { status: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify({ Method: request.method, Body: value }) }
      : plain(value);
  for (const [name, text] of context.state.environment(context.assigned)) {
    const [, protocol, digits] = SERVED.exec(name) ?? [];
    if (protocol === undefined) continue;
    const port = Number(digits);
    const value = text;
    if (protocol === 'UDP_') {
      program.log(`Started UDP server on port ${port}`);
      program.listenForDatagrams(port, () => value);
    } else if (protocol === 'SCTP_') {
      program.log('Started SCTP server');
      program.listen(
        port,
        rawListener((stream) => Promise.resolve(stream.output(value))),
        'SCTP',
      );
    } else program.listenHttp(port, answerOf(value), { tls: protocol === 'TLS_' });
  }
  return await program.run();
};

/** `agnhost test-webserver`: the files of its container. */
export const testWebserver: CommandFunction = async (context) => {
  const { values } = readOptions(context.args, new Set(['port']));
  const program = new GoProgram(context);
  program.listenHttp(Number(values.get('port') ?? 80), (request) =>
    file(context, decodeURIComponent(new URL(request.path, 'http://x').pathname)),
  );
  return await program.run();
};

async function file({ host }: CommandContext, path: string): Promise<HttpResponse> {
  const files = await host.files();
  const stat = await files.stat(normalizePath(path)).catch(() => undefined);
  if (!stat) return plain('404 page not found\n', 404);
  if (stat.type !== 'directory') return plain((await files.readFile(normalizePath(path))).toString('latin1'));
  if (!path.endsWith('/')) return { status: 301, headers: { location: `${path.split('/').at(-1)}/` }, body: '' };
  const names = await files.readdir(normalizePath(path));
  const links = await Promise.all(
    names.sort().map(async (name) => {
      const isDirectory = (await files.stat(normalizePath(`${path}${name}`)).catch(() => undefined))?.type === 'directory';
      const shown = isDirectory ? `${name}/` : name;
      return `<a href="${encodeURI(shown)}">${shown}</a>\n`;
    }),
  );
  return { status: 200, headers: { 'content-type': 'text/html; charset=utf-8' }, body: `<pre>\n${links.join('')}</pre>\n` };
}

/** `agnhost tcp-reset`: takes one byte of each connection and ends it. */
export const tcpReset: CommandFunction = async (context) => {
  const { values } = readOptions(context.args, new Set(['port']));
  const program = new GoProgram(context);
  const takeOne = async ({ input }: ByteStream) => {
    for await (const _ of input) return;
  };
  const listener = { stream: takeOne, http: () => Promise.reject(new BadAnswer('read: connection reset by peer')) };
  program.listen(Number(values.get('port') ?? 8080), listener, 'TCP');
  return await program.run();
};
