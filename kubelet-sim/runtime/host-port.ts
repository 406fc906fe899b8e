/** A host as it stands in URLs and before ports: an IPv6 address in brackets. */
export const bracketed = (host: string): string => (host.includes(':') && !host.startsWith('[') ? `[${host}]` : host);

/** A host without the brackets of {@link bracketed}. */
export const unbracketed = (host: string): string => host.replace(/^\[(.*)\]$/, '$1');

/** `HOST:PORT` (Go's `net.JoinHostPort`). */
export const hostPort = (host: string, port: number): string => `${bracketed(host)}:${port}`;
