import { CLIENT_PORT } from '../../network/listener.ts';
import { portOf } from '../http-client.ts';
import type { AskedUrl } from './request.ts';
import { type Hop, headLines } from './transfer.ts';
import type { TransferFacts } from './write-out.ts';

/** The exit code of a server whose certificate nobody vouches for. */
export const MISTRUST = 60;

/** A URL as the command line has it, and how many came before it. */
interface UrlName {
  readonly text: string;
  readonly number: number;
}

/** How a transfer ended. */
interface End {
  /** Address of the pod. */
  readonly ip: string;
  readonly code: number;
  readonly message: string;
  readonly retries: number;
  /** Where the answer went, where that is a file. */
  readonly file: string | undefined;
  readonly referer: string | undefined;
}

/** How many bytes went both ways. */
export const bytesOf = (hop: Hop | undefined): { readonly received: number; readonly sent: number } => ({
  received: hop === undefined || hop.method === 'HEAD' ? 0 : hop.response.body.length + hop.streamed,
  sent: hop?.bytesOut ?? 0,
});

/** What `-w` tells of a transfer. Upstream: the table of `src/tool_writeout.c`. */
export function factsOf(url: AskedUrl | undefined, { text, number }: UrlName, hops: readonly Hop[], end: End): TransferFacts {
  const last = hops.at(-1);
  const lines = last ? headLines(last.response) : [];
  const headers = lines.slice(1).map((line): [string, string] => {
    const [name = '', value = ''] = line.split(/:\s*(.*)/s);
    return [name, value];
  });
  const values = {
    ...urlFacts(url?.url, text),
    ...(last ? answerFacts(last, end.ip) : NO_ANSWER),
    ...sizeFacts(last),
    errormsg: end.message === '' ? undefined : end.message.split('\n')[0],
    exitcode: end.code,
    filename_effective: end.file,
    num_headers: headers.length,
    num_redirects: Math.max(0, hops.length - 1),
    num_retries: end.retries,
    referer: end.referer,
    scheme: (last?.url ?? url?.url)?.protocol.slice(0, -1),
    size_header: lines.reduce((sum, line) => sum + line.length + 2, last ? 2 : 0),
    ssl_verify_result: end.code === MISTRUST ? 20 : 0,
    time_redirect: seconds(hops.at(-2)?.answeredAt),
    url_effective: last && hops.length > 1 ? last.url.href : (url?.shown ?? text),
    urlnum: number,
    xfer_id: number,
    ...ALWAYS,
  };
  return { headers, values };
}

/** What is the same of every transfer here. */
const ALWAYS = {
  certs: '',
  conn_id: 0,
  http_connect: 0,
  num_certs: 0,
  proxy_ssl_verify_result: 0,
  proxy_used: 0,
  time_namelookup: 0,
  time_queue: 0,
};

const NO_ANSWER = {
  content_type: undefined,
  http_code: 0,
  http_version: '0',
  local_ip: '',
  local_port: 0,
  method: 'GET',
  num_connects: 0,
  redirect_url: undefined,
  remote_ip: '',
  remote_port: 0,
  response_code: 0,
};

function answerFacts({ response, url, method, dialled }: Hop, ip: string): Record<keyof typeof NO_ANSWER, string | number | undefined> {
  const { location, 'content-type': type } = response.headers;
  return {
    content_type: type,
    http_code: response.status,
    http_version: '1.1',
    local_ip: ip,
    local_port: CLIENT_PORT,
    method,
    num_connects: 1,
    redirect_url: location !== undefined && isRedirect(response.status) ? new URL(location, url).href : undefined,
    remote_ip: dialled.address,
    remote_port: dialled.port,
    response_code: response.status,
  };
}

function sizeFacts(last: Hop | undefined): Record<string, number> {
  const { received, sent } = bytesOf(last);
  const connected = seconds(last?.connectedAt);
  const total = seconds(last?.answeredAt);
  const speed = (bytes: number) => Math.trunc(bytes / Math.max(total, 0.001));
  return {
    size_download: received,
    size_upload: sent,
    speed_download: speed(received),
    speed_upload: speed(sent),
    time_appconnect: last?.url.protocol === 'https:' ? connected : 0,
    time_connect: connected,
    time_posttransfer: connected,
    time_pretransfer: connected,
    time_starttransfer: total,
    time_total: total,
  };
}

const seconds = (ms: number | undefined): number => (ms ?? 0) / 1000;

const isRedirect = (status: number): boolean => status >= 300 && status < 400;

/** The URL as it was given, and its parts. */
const urlFacts = (url: URL | undefined, text: string): Record<string, string | undefined> => ({
  url: text,
  'url.host': url?.hostname,
  'url.port': url && String(portOf(url)),
  'url.path': url?.pathname,
  'url.query': url?.search.slice(1),
  'url.scheme': url?.protocol.slice(0, -1),
  'url.user': url?.username,
  'url.password': url?.password,
  'url.fragment': url?.hash.slice(1),
});
