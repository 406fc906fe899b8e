import type { Clock } from '../../../../../runtime/index.ts';
import type { Output } from '../io.ts';

const HEAD =
  '  % Total    % Received % Xferd  Average Speed   Time    Time     Time  Current\n' +
  '                                 Dload  Upload   Total   Spent    Left  Speed\n';
const NO_TIME = '--:--:--';
const KIB = 1024;
const BAR_COLUMNS = 72;

/** What went both ways, in bytes; how many are to come, where that is known. */
export interface Progress {
  readonly received: number;
  readonly receivedOf?: number | undefined;
  readonly sent: number;
}

/** The lines that tell how far a transfer is, where its output is no terminal: at its beginning and its end. Upstream: `lib/progress.c`. */
export class ProgressMeter {
  readonly #output: Output;
  readonly #clock: Clock;
  readonly #isBar: boolean;
  readonly #started: number;

  constructor(output: Output, clock: Clock, isBar: boolean) {
    this.#output = output;
    this.#clock = clock;
    this.#isBar = isBar;
    this.#started = clock.monotonic();
  }

  async begin(): Promise<void> {
    if (!this.#isBar) await this.#output.write(`${HEAD}${meterLine({ received: 0, sent: 0 }, 0)}`);
  }

  /** @param isFailed nothing more is known than at the beginning */
  async end(progress: Progress, isFailed: boolean): Promise<void> {
    if (!this.#isBar) await this.#output.write(`${meterLine(progress, this.#clock.monotonic() - this.#started)}\n`);
    else if (!isFailed) await this.#output.write(`\r${'#'.repeat(BAR_COLUMNS)} 100.0%\n`);
  }
}

function meterLine({ received, receivedOf, sent }: Progress, ms: number): string {
  const perSecond = (bytes: number) => Math.trunc((bytes * 1000) / Math.max(ms, 1));
  const percent = (part: number, whole: number | undefined) =>
    String(whole === undefined || whole === 0 ? 0 : Math.trunc((part * 100) / whole)).padStart(3);
  const whole = receivedOf ?? received;
  const columns = [
    percent(received + sent, receivedOf === undefined && sent === 0 ? undefined : whole + sent),
    `${shortSize(whole + sent)} `,
    percent(received, receivedOf),
    `${shortSize(received)} `,
    percent(sent, sent),
    `${shortSize(sent)} `,
    shortSize(perSecond(received)),
    ` ${shortSize(perSecond(sent))}`,
    NO_TIME,
    ms < 1000 ? NO_TIME : clockTime(ms),
    NO_TIME,
    shortSize(perSecond(received + sent)),
  ];
  return `\r${columns.join(' ')}`;
}

function clockTime(ms: number): string {
  const seconds = Math.trunc(ms / 1000);
  const two = (value: number) => String(value).padStart(2, '0');
  return `${String(Math.trunc(seconds / 3600)).padStart(2)}:${two(Math.trunc(seconds / 60) % 60)}:${two(seconds % 60)}`;
}

/** Bytes in five letters. */
function shortSize(bytes: number): string {
  if (bytes < 100_000) return String(bytes).padStart(5);
  if (bytes < 10_000 * KIB) return `${String(Math.trunc(bytes / KIB)).padStart(4)}k`;
  if (bytes >= 100 * KIB ** 2) return `${String(Math.trunc(bytes / KIB ** 2)).padStart(4)}M`;
  const tenths = Math.trunc((bytes % KIB ** 2) / (KIB ** 2 / 10));
  return `${String(Math.trunc(bytes / KIB ** 2)).padStart(2)}.${tenths}M`;
}
