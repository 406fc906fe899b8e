/** Alarms, as etcd has them: raised by the quota or by a client, kept over restarts, taken back by a client only. */
import { ALARM_TYPE } from '../rpc/index.ts';
import { etcdError } from './errors.ts';

export interface Alarm {
  readonly memberId: bigint;
  /** One of etcd's `AlarmType`. */
  readonly alarm: number;
}

/** The names of the alarms, in etcd's words. */
export const ALARM_NAMES: readonly string[] = ['NONE', 'NOSPACE', 'CORRUPT'];

export class Alarms {
  readonly #save: (alarms: readonly Alarm[]) => Promise<void>;
  #raised: readonly Alarm[];

  constructor(raised: readonly Alarm[], save: (alarms: readonly Alarm[]) => Promise<void>) {
    this.#raised = raised;
    this.#save = save;
  }

  /** The alarms of a type; of type NONE all. */
  get(type: number): readonly Alarm[] {
    return this.#raised.filter(({ alarm }) => type === ALARM_TYPE.none || alarm === type);
  }

  /** @returns the alarm, whether it was there before or not; nothing for the type NONE. */
  async raise(wanted: Alarm): Promise<readonly Alarm[]> {
    if (wanted.alarm === ALARM_TYPE.none) return [];
    if (!this.#raised.some((each) => isSame(each, wanted))) await this.#set([...this.#raised, wanted]);
    return [wanted];
  }

  /** @returns the alarm that is taken back, when there was one. */
  async disarm(wanted: Alarm): Promise<readonly Alarm[]> {
    const left = this.#raised.filter((each) => !isSame(each, wanted));
    if (left.length === this.#raised.length) return [];
    await this.#set(left);
    return [wanted];
  }

  /** @param adds whether the request makes the store larger: deletes are let through when there is no space. @throws GrpcError. */
  checkWrite(adds: boolean): void {
    if (this.#raised.length === 0) return;
    if (this.get(ALARM_TYPE.corrupt).length > 0) throw etcdError.corrupt();
    if (adds && this.get(ALARM_TYPE.noSpace).length > 0) throw etcdError.noSpace();
  }

  #set(raised: readonly Alarm[]): Promise<void> {
    this.#raised = raised;
    return this.#save(raised);
  }
}

const isSame = (one: Alarm, other: Alarm): boolean => one.memberId === other.memberId && one.alarm === other.alarm;
