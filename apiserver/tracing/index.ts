// Traces of requests, sent to a collector. Loaded only where they are asked for.

import type { Service } from '../../runtime/index.ts';
import { readTracingConfiguration } from './config.ts';
import { type ExporterOptions, SpanExporter } from './exporter.ts';
import { Tracer } from './tracer.ts';

export interface TracingOptions extends Pick<ExporterOptions, 'clock' | 'logger'> {
  /** `--tracing-config-file` */
  readonly path: string;
  /** Who this server is. */
  readonly identity: string;
}

/** What begins spans, and sends them until it is stopped. @throws UserError when the file cannot be followed. */
export function createTracing({ path, identity, clock, logger }: TracingOptions): Service & { readonly tracer: Tracer } {
  const { target, samplesPerMillion } = readTracingConfiguration(path);
  const who = { 'service.name': 'apiserver', 'service.instance.id': identity };
  const exporter = new SpanExporter({ target, who, clock, logger });
  return {
    tracer: new Tracer({ samplesPerMillion, clock, onEnd: (span) => exporter.take(span) }),
    start: () => Promise.resolve(),
    stop: () => exporter.close(),
  };
}
