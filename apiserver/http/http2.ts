import type { IncomingHttpHeaders } from 'node:http';
import http2, { constants, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import type { TLSSocket } from 'node:tls';
import type { Clock, Timer } from '../../runtime/index.ts';
import { Http2Request, Http2Response } from './http2-messages.ts';
import type { HandleRequest } from './messages.ts';

/** Bytes of the body that a client may send ahead on one stream: most requests whole. Upstream: `resourceBody99Percentile`. */
const BODY_AHEAD_BYTES = 256 * 1024;
/** Bytes of the largest frame that is read: upstream's as well. */
const FRAME_BYTES_MAX = 256 * 1024;
/** What clients are told that all headers of a request may have: a megabyte, and Go's reserve for ten of them. */
const HEADER_LIST_BYTES = 1024 * 1024 + 320;
/** Megabytes that one connection may keep waiting in the protocol's own buffers, before it is refused new streams. */
const SESSION_MEGABYTES_MAX = 256;

/** What HTTP/2 connections may take. */
export interface Http2Limits {
  /** Streams that a client may have open on one connection. */
  readonly streamsMax: number;
  readonly headerBytesMax: number;
  /** Whether a client is to send what comes after a request over another connection. Upstream: `filters/goaway.go`. */
  readonly movesOn?: (() => boolean) | undefined;
  /** A connection on which nothing was open for so long, or up to twice as long, is closed. */
  readonly idleMs: number;
  readonly clock: Clock;
}

/** The connections that speak HTTP/2. */
export interface Http2Connections {
  /** Speaks HTTP/2 on a connection that was agreed to. */
  take(socket: TLSSocket): void;
  /** Tells clients to send no more; connections are closed when what they asked for is answered. */
  close(): void;
  /** Ends all of them at once. */
  destroy(): void;
}

/** What a connection was used for lately. */
interface Use {
  /** Streams that are open. */
  open: number;
  /** Whether one was opened since it was looked at last. */
  isFresh: boolean;
}

/** Serves HTTP/2 with the limits of Go's server as upstream sets it up (apiserver/pkg/server/secure_serving.go). */
export function createHttp2(handle: HandleRequest, { streamsMax, headerBytesMax, movesOn, idleMs, clock }: Http2Limits): Http2Connections {
  const sessions = new Map<ServerHttp2Session, Use>();
  let isClosing = false;
  const server = http2.createServer({
    maxSessionMemory: SESSION_MEGABYTES_MAX,
    maxHeaderListPairs: headerBytesMax >> 5, // each counts 32 bytes more than it has
    settings: {
      maxFrameSize: FRAME_BYTES_MAX,
      maxConcurrentStreams: streamsMax,
      maxHeaderListSize: HEADER_LIST_BYTES,
      headerTableSize: 4096,
      initialWindowSize: BODY_AHEAD_BYTES,
    },
  });
  server.on('session', (session) => {
    const use: Use = { open: 0, isFresh: true };
    sessions.set(session, use);
    session.once('close', () => sessions.delete(session));
    session.setLocalWindowSize(BODY_AHEAD_BYTES * streamsMax);
    session.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, _flags: number, rawHeaders: readonly string[]) => {
      use.open++;
      use.isFresh = true;
      stream.once('close', () => use.open--);
      if (movesOn?.()) session.close(); // what is open goes on
      stream.on('error', ignore); // its client gave it up, or we did: the answer is closed, which who writes it sees
      if (isMisdirected(headers)) {
        stream.close(constants.NGHTTP2_PROTOCOL_ERROR);
        return;
      }
      handle(new Http2Request(stream, headers, rawHeaders), new Http2Response(stream, headers[':method'] === 'HEAD'));
    });
    if (isClosing) session.close();
  });
  const sweep = (): Timer =>
    clock.setTimer(idleMs, () => {
      for (const [session, use] of sessions) {
        if (use.open === 0 && !use.isFresh) session.close();
        use.isFresh = false;
      }
      timer = sweep();
    });
  let timer = sweep();
  return {
    take: (socket) => void server.emit('connection', socket),
    close: () => {
      isClosing = true;
      timer.cancel();
      for (const session of sessions.keys()) session.close();
    },
    destroy: () => {
      for (const session of sessions.keys()) session.destroy(undefined, constants.NGHTTP2_NO_ERROR);
    },
  };
}

/** A sequence that begins as an escape, and is none. */
const BAD_ESCAPE = /%(?![0-9a-f]{2})/i;

/** Whether a request says where it goes in a way that Go's server does not read (`newWriterAndRequest` in golang.org/x/net/http2). */
function isMisdirected({ ':scheme': scheme, ':authority': authority, ':path': path }: IncomingHttpHeaders): boolean {
  if (scheme !== undefined && scheme !== 'https' && scheme !== 'http') return true;
  if (typeof authority === 'string' && authority.includes('@')) return true;
  return typeof path === 'string' && path.includes('%') && BAD_ESCAPE.test(path.split('?', 1)[0] ?? '');
}

const ignore = (): void => undefined;
