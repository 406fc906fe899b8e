/** What a member keeps of itself beside the database: who it is, and its alarms. */
import { open, readFile, rename } from 'node:fs/promises';
import { type Random, UserError } from '../../runtime/index.ts';
import type { Alarm } from './alarms.ts';

export interface Member {
  readonly clusterId: bigint;
  readonly memberId: bigint;
  readonly alarms: readonly Alarm[];
}

/** A member that is new: ids that nobody else has. */
export function newMember(random: Random): Member {
  return { clusterId: newId(random), memberId: newId(random), alarms: [] };
}

const newId = (random: Random): bigint => BigInt.asUintN(64, BigInt(`0x${random.uuid().replaceAll('-', '')}`));

/** A file with the member in it, made at the first start. */
export class MemberFile {
  readonly #path: string;
  #writing: Promise<void> = Promise.resolve();

  constructor(path: string) {
    this.#path = path;
  }

  /** @throws UserError when the file is damaged. */
  async load(random: Random): Promise<Member> {
    const text = await readFile(this.#path, 'utf8').catch((error: unknown) => {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
      throw new UserError(`${this.#path} cannot be read: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
    });
    if (text !== undefined) return this.#parse(text);
    const member = newMember(random);
    await this.save(member);
    return member;
  }

  /** One after the other; beside the file first, so that there is always a whole one. */
  save(member: Member): Promise<void> {
    const saved = this.#writing.then(() => this.#write(member));
    this.#writing = saved.catch(() => undefined);
    return saved;
  }

  async #write({ clusterId, memberId, alarms }: Member): Promise<void> {
    const shown = {
      clusterId: clusterId.toString(16),
      memberId: memberId.toString(16),
      alarms: alarms.map((each) => ({ memberId: each.memberId.toString(16), alarm: each.alarm })),
    };
    const part = `${this.#path}.part`;
    const handle = await open(part, 'w');
    try {
      await handle.writeFile(`${JSON.stringify(shown, undefined, 2)}\n`);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(part, this.#path);
  }

  #parse(text: string): Member {
    try {
      const { clusterId, memberId, alarms } = JSON.parse(text) as Record<'clusterId' | 'memberId', string> & {
        alarms: { memberId: string; alarm: number }[];
      };
      return {
        clusterId: fromHex(clusterId),
        memberId: fromHex(memberId),
        alarms: alarms.map((each) => ({ memberId: fromHex(each.memberId), alarm: each.alarm })),
      };
    } catch (cause) {
      throw new UserError(`${this.#path} is damaged; without it the member gets a new id: remove the file if that is all right`, { cause });
    }
  }
}

const fromHex = (text: string): bigint => BigInt(`0x${text}`);
