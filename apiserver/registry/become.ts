/** Makes an object what another is, in place: whoever holds it sees the change. */
export function become(object: object, other: object): void {
  for (const key of Object.keys(object)) if (!(key in other)) Reflect.deleteProperty(object, key);
  Object.assign(object, other);
}
