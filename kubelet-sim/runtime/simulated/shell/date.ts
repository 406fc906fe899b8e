const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const MONTHS = ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December'];
const DEFAULT_FORMAT = '%a %b %e %H:%M:%S UTC %Y';

/** An operand of `date` that is no time. */
export function wrongTime(args: readonly string[]): string | undefined {
  return args.find((arg, i) => !/^(?:[-+]|[\d.]+$)/.test(arg) && !/^(?:-[drsD]|--(?:date|reference|set))$/.test(args[i - 1] ?? ''));
}

/** What `date` prints, in UTC: `+FORMAT`, `-I[seconds]`, `-R`, `-d @SECONDS`, `-r` and the like aside. */
export function formatDate(args: readonly string[], now: number): string {
  const given =
    args.find((arg, i) => /^@\d+$/.test(arg) && /^(?:-d|--date)$/.test(args[i - 1] ?? '')) ??
    args.find((arg) => /^(?:-d|--date=)@\d+$/.test(arg));
  const date = new Date(given === undefined ? now : Number(/\d+/.exec(given)?.[0]) * 1000);
  const iso = args.find((arg) => /^-I|^--iso-8601/.test(arg));
  if (iso !== undefined) return strftime(/s/.test(iso.replace(/^--iso-8601/, '')) ? '%Y-%m-%dT%H:%M:%S+00:00' : '%Y-%m-%d', date);
  if (args.includes('-R')) return strftime('%a, %d %b %Y %H:%M:%S +0000', date);
  const format = args.find((arg) => arg.startsWith('+'))?.slice(1);
  return strftime(format ?? DEFAULT_FORMAT, date);
}

function strftime(format: string, date: Date): string {
  const two = (value: number) => String(value).padStart(2, '0');
  const day = DAYS[date.getUTCDay()] ?? '';
  const month = MONTHS[date.getUTCMonth()] ?? '';
  const hours = date.getUTCHours();
  const startOfYear = Date.UTC(date.getUTCFullYear(), 0, 1);
  const values: Readonly<Record<string, string>> = {
    a: day.slice(0, 3),
    A: day,
    b: month.slice(0, 3),
    B: month,
    c: '%a %b %e %H:%M:%S %Y',
    d: two(date.getUTCDate()),
    D: '%m/%d/%y',
    e: String(date.getUTCDate()).padStart(2),
    F: '%Y-%m-%d',
    H: two(hours),
    h: month.slice(0, 3),
    I: two(hours % 12 || 12),
    j: String(Math.floor((date.getTime() - startOfYear) / 86_400_000) + 1).padStart(3, '0'),
    m: two(date.getUTCMonth() + 1),
    M: two(date.getUTCMinutes()),
    n: '\n',
    N: `${String(date.getUTCMilliseconds()).padStart(3, '0')}000000`,
    p: hours < 12 ? 'AM' : 'PM',
    R: '%H:%M',
    s: String(Math.floor(date.getTime() / 1000)),
    S: two(date.getUTCSeconds()),
    t: '\t',
    T: '%H:%M:%S',
    u: String(date.getUTCDay() || 7),
    w: String(date.getUTCDay()),
    y: two(date.getUTCFullYear() % 100),
    Y: String(date.getUTCFullYear()),
    z: '+0000',
    Z: 'UTC',
    '%': '%',
  };
  return format.replace(/%(-?)([a-zA-Z%])/g, (whole, bare: string, c: string) => {
    const value = values[c];
    if (value === undefined) return whole;
    const text = c !== '%' && value.includes('%') ? strftime(value, date) : value;
    return bare === '-' ? text.replace(/^[0 ]+(?=.)/, '') : text;
  });
}
