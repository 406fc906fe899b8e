import { type Place, wrongAt } from './config-error.ts';
import type { Directive } from './scope.ts';

/** A `listen` as it is read. */
export interface Listen extends Place {
  /** `0.0.0.0` or `[::]` for all of a family; `''` for a socket that is no port. */
  readonly address: string;
  readonly port: number;
  readonly isDefault: boolean;
  readonly ssl: boolean;
  readonly http2: boolean;
  readonly udp: boolean;
  /** The words of its options, to tell those who differ. */
  readonly isName: boolean;
}

const HTTP_PORT = 80;
const OPTION =
  /^(?:(?:backlog|rcvbuf|sndbuf|setfib|fastopen|so_keepalive|ipv6only|accept_filter)=\S+|bind|deferred|reuseport|default_server|default|ssl|http2|quic|proxy_protocol|multipath|udp)$/;

/** @throws ConfigError */
export function parseListen(directive: Directive): Listen {
  const [text = '', ...options] = directive.args;
  const at = addressOf(text, directive);
  const wrong = options.find((option) => !OPTION.test(option));
  if (wrong !== undefined) throw wrongAt(directive, `invalid parameter "${wrong}"`);
  return {
    ...at,
    file: directive.file,
    line: directive.line,
    isDefault: options.includes('default_server') || options.includes('default'),
    ssl: options.includes('ssl'),
    http2: options.includes('http2'),
    udp: options.includes('udp') || options.includes('quic'),
  };
}

function addressOf(text: string, directive: Directive): Pick<Listen, 'address' | 'port' | 'isName'> {
  if (text.startsWith('unix:')) return { address: '', port: 0, isName: false };
  if (/^\d+$/.test(text)) return { address: '0.0.0.0', port: portOf(text, text, directive), isName: false };
  const [, bracketed, rest] = /^(\[[0-9a-fA-F:.]+\])(?::(\d+))?$/.exec(text) ?? [];
  if (bracketed !== undefined)
    return { address: bracketed, port: rest === undefined ? HTTP_PORT : portOf(rest, text, directive), isName: false };
  const [host = '', port] = text.split(':');
  const number = port === undefined ? HTTP_PORT : portOf(port, text, directive);
  if (host === '*' || host === '') return { address: '0.0.0.0', port: number, isName: false };
  return {
    address: host === 'localhost' ? '127.0.0.1' : host,
    port: number,
    isName: !/^\d+\.\d+\.\d+\.\d+$/.test(host) && host !== 'localhost',
  };
}

function portOf(port: string, text: string, directive: Directive): number {
  const number = /^\d+$/.test(port) ? Number(port) : 0;
  if (number < 1 || number > 65_535) throw wrongAt(directive, `invalid port in "${text}" of the "listen" directive`);
  return number;
}
