// What the devices of a claim must have in common. Upstream: `matchAttributeConstraint` of the allocator.
import type { DeviceAttribute } from '../../../../api/index.ts';
import type { PoolDevice } from './inventory.ts';
import { type Claim, claimText, requestName, type Wanted } from './requests.ts';

/** Told of each device that is tried out, and of each that is given back. */
export interface Constraint {
  /** @returns false when the device will not do, whatever is added later. */
  add(wanted: Wanted, device: PoolDevice): boolean;
  /** Undoes an `add` that returned true. */
  remove(wanted: Wanted): void;
}

/** @throws when a constraint is of no known sort. */
export function constraintsOf(claim: Claim): Constraint[] {
  return (claim.spec.devices?.constraints ?? []).map(({ requests, matchAttribute }, i) => {
    if (matchAttribute !== undefined) return new MatchAttribute(matchAttribute, requests ?? []);
    throw new Error(`claim ${claimText(claim)}, constraint #${i}: empty constraint (unsupported constraint type?)`);
  });
}

/** All devices have the same value of an attribute. It is enough to know the first one's, and how many there are. */
class MatchAttribute implements Constraint {
  readonly #name: string;
  readonly #requests: ReadonlySet<string>;
  #value: string | undefined;
  #count = 0;

  constructor(name: string, requests: readonly string[]) {
    this.#name = name;
    this.#requests = new Set(requests);
  }

  add(wanted: Wanted, device: PoolDevice): boolean {
    if (!this.#concerns(wanted)) return true;
    const attribute = attributeOf(device, this.#name);
    const value = attribute && valueText(attribute);
    if (value === undefined || (this.#count > 0 && value !== this.#value)) return false;
    this.#value = value;
    this.#count++;
    return true;
  }

  remove(wanted: Wanted): void {
    if (this.#concerns(wanted)) this.#count--;
  }

  /** By its request or, of an alternative, by both names. */
  #concerns(wanted: Wanted): boolean {
    if (this.#requests.size === 0) return true;
    return this.#requests.has(wanted.parent ?? wanted.name) || this.#requests.has(requestName(wanted));
  }
}

/** The attribute of a full name; in the domain of its driver a device may have it by its short name (`lookupAttribute`). */
function attributeOf({ device, slice }: PoolDevice, name: string): DeviceAttribute | undefined {
  const found = device.attributes?.[name];
  const slash = name.indexOf('/');
  if (found || slash < 0 || name.slice(0, slash) !== slice.spec.driver) return found;
  return device.attributes?.[name.slice(slash + 1)];
}

/** A text that is the same for the same value of the same type. */
function valueText({ string, int, bool, version }: DeviceAttribute): string | undefined {
  if (string !== undefined) return `string ${string}`;
  if (int !== undefined) return `int ${int}`;
  if (bool !== undefined) return `bool ${bool}`;
  return version === undefined ? undefined : `version ${version}`;
}
