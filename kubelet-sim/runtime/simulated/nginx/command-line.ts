import { type Call, USUAL_FILE } from './instance.ts';

/** What a command line asks for. */
export type Asked =
  | { readonly do: 'serve'; readonly call: Call }
  | { readonly do: 'test'; readonly call: Call; readonly isQuiet: boolean; readonly isDump: boolean }
  | { readonly do: 'signal'; readonly call: Call; readonly signal: string }
  | { readonly do: 'version'; readonly isLong: boolean }
  | { readonly do: 'help' }
  | { readonly do: 'complain'; readonly text: string };

const SIGNALS: Readonly<Record<string, string>> = { stop: 'SIGTERM', quit: 'SIGQUIT', reopen: 'SIGUSR1', reload: 'SIGHUP' };
const WITH_VALUE: Readonly<Record<string, string>> = {
  p: 'option "-p" requires directory name',
  c: 'option "-c" requires file name',
  e: 'option "-e" requires file name',
  g: 'option "-g" requires parameter',
  s: 'option "-s" requires parameter',
};

/** Reads the arguments of nginx, without its name (`ngx_get_options`). */
export function readCommandLine(args: readonly string[]): Asked {
  const flags = new Set<string>();
  const values = new Map<string, string>();
  const rest = [...args];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    const wrong = word.startsWith('-') ? readWord(word.slice(1), rest, { flags, values }) : `invalid option: "${word}"`;
    if (wrong !== undefined) return { do: 'complain', text: wrong };
  }
  return asked(flags, values);
}

/** Letters of options; what is behind one with a value is that, or the next word. Answers what is wrong. */
function readWord(
  letters: string,
  rest: string[],
  { flags, values }: { readonly flags: Set<string>; readonly values: Map<string, string> },
): string | undefined {
  for (const [i, letter] of [...letters].entries()) {
    const missing = WITH_VALUE[letter];
    if (missing === undefined) {
      if (!'?hvVtTq'.includes(letter)) return `invalid option: "${letter}"`;
      flags.add(letter);
      continue;
    }
    const value = letters.slice(i + 1) || rest.shift();
    if (value === undefined) return missing;
    values.set(letter, value);
    return undefined;
  }
  return undefined;
}

function asked(flags: ReadonlySet<string>, values: ReadonlyMap<string, string>): Asked {
  const file = values.get('c');
  const call: Call = {
    file: file === undefined ? USUAL_FILE : file.startsWith('/') ? file : `/etc/nginx/${file}`,
    global: values.has('g') ? `${values.get('g')?.replace(/;?\s*$/, '')};` : '',
  };
  const signal = values.get('s');
  if (flags.has('h') || flags.has('?')) return { do: 'help' };
  if (flags.has('v') || flags.has('V')) return { do: 'version', isLong: flags.has('V') };
  if (flags.has('t') || flags.has('T')) return { do: 'test', call, isQuiet: flags.has('q'), isDump: flags.has('T') };
  if (signal === undefined) return { do: 'serve', call };
  const name = SIGNALS[signal];
  return name === undefined ? { do: 'complain', text: `invalid option: "-s ${signal}"` } : { do: 'signal', call, signal: name };
}

/** What `nginx -h` says. */
export const helpText = (version: string): string =>
  `nginx version: nginx/${version}
Usage: nginx [-?hvVtTq] [-s signal] [-p prefix]
             [-e filename] [-c filename] [-g directives]

Options:
  -?,-h         : this help
  -v            : show version and exit
  -V            : show version and configure options then exit
  -t            : test configuration and exit
  -T            : test configuration, dump it and exit
  -q            : suppress non-error messages during configuration testing
  -s signal     : send signal to a master process: stop, quit, reopen, reload
  -p prefix     : set prefix path (default: /etc/nginx/)
  -e filename   : set error log file (default: /var/log/nginx/error.log)
  -c filename   : set configuration file (default: /etc/nginx/nginx.conf)
  -g directives : set global directives out of configuration file

`;

/** What `nginx -V` says. */
export const buildText = (version: string): string =>
  `nginx version: nginx/${version}
built by gcc 12.2.0 (Debian 12.2.0-14+deb12u1) 
built with OpenSSL 3.0.16 11 Feb 2025 (running with OpenSSL 3.0.17 1 Jul 2025)
TLS SNI support enabled
configure arguments: --prefix=/etc/nginx --sbin-path=/usr/sbin/nginx --modules-path=/usr/lib/nginx/modules --conf-path=/etc/nginx/nginx.conf --error-log-path=/var/log/nginx/error.log --http-log-path=/var/log/nginx/access.log --pid-path=/run/nginx.pid --lock-path=/run/nginx.lock --user=nginx --group=nginx --with-compat --with-file-aio --with-threads --with-http_addition_module --with-http_auth_request_module --with-http_gunzip_module --with-http_gzip_static_module --with-http_realip_module --with-http_ssl_module --with-http_stub_status_module --with-http_sub_module --with-http_v2_module --with-stream --with-stream_ssl_module
`;
