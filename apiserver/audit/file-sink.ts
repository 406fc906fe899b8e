import { stringifyJson } from '../../api/index.ts';
import type { AuditEvent } from './event.ts';
import type { RotatingFile } from './rotating-file.ts';
import type { AuditSink } from './sink.ts';

/** Writes events to a file, one JSON line each: with the operating system when {@link take} returns. Upstream: apiserver/plugin/pkg/audit/log. */
export class FileSink implements AuditSink {
  readonly plugin = 'log';
  readonly strict: boolean;
  readonly #file: RotatingFile;

  constructor(file: RotatingFile, strict: boolean) {
    this.#file = file;
    this.strict = strict;
  }

  take(event: AuditEvent): void {
    this.#file.write(`${stringifyJson(event)}\n`);
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}
