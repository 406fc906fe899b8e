/** The most bytes of a stream in a message, as upstream's, which are of what `io.Copy` reads at once; some clients take no more than 64 KiB. */
const STREAM_BYTES_MAX = 32 * 1024;

/** Bytes of a stream, as its messages carry them. */
export function* piecesOf(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += STREAM_BYTES_MAX) yield bytes.subarray(at, at + STREAM_BYTES_MAX);
}
